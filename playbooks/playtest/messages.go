package playtest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"playcaller/playbooks"
)

// look compares what is with what is expected at a time; nil where all of it holds.
func (w *world) look(x Expectation) *Failure {
	a := w.account(x.Account)
	v := view{w: w, a: a, subject: x.Subject, playbook: w.Book.Playbooks[x.Playbook], run: latest(a, x.Playbook, x.Subject)}
	v.since, v.first = w.before(x)
	f := Failure{Line: x.Line, At: x.At, About: x.Account + " " + x.Playbook}
	failed := false
	for _, c := range x.checks {
		got, ok := c.test(v)
		failed = failed || !ok
		f.Details = append(f.Details, Detail{What: c.what, Expected: c.want, Got: got, OK: ok})
	}
	if !failed {
		return nil
	}
	return &f
}

// before returns when the same account and playbook were looked at before.
func (w *world) before(x Expectation) (since time.Time, first bool) {
	first = true
	for _, o := range w.c.Expect {
		if o.Account == x.Account && o.Playbook == x.Playbook && o.At.Before(x.At) {
			since, first = o.At, false
		}
	}
	return since, first
}

// visit returns where the run stands, or nil.
func (v view) visit() *playbooks.Visit {
	if v.run == nil {
		return nil
	}
	return v.run.Current()
}

// state says whether there is a run, and whether it is open.
func (v view) state() string {
	switch {
	case v.run == nil:
		return none
	case v.run.Open():
		return "open"
	}
	return "ended"
}

// An escalation is somebody who was asked for help.
type escalation struct {
	who   string
	sense sense
}

// escalations returns who was asked for help since the expectation before, and who was
// only told of an outcome that has an escalation.
func (v view) escalations() (all []escalation, told []string) {
	for _, r := range v.a.Runs {
		if r.Playbook != v.playbook.Name {
			continue
		}
		for _, e := range r.Log {
			who, ok := e.Args["person"].(string)
			if !ok || !v.news(e.At) {
				continue
			}
			s := v.w.sense(v.a.Account, r.Assignee)
			s.at = e.At
			switch e.What {
			case "log.escalated":
				s.of, _ = e.Args["assignee"].(string)
				all = append(all, escalation{who, s})
			case "log.told":
				told = append(told, who)
			}
		}
	}
	return all, told
}

// escalated adds a check that those who were asked for help are the wanted ones; none
// means that nobody was.
func (w *wants) escalated(n ast.Node) {
	var want []string
	if s, _ := scalar(n); s != none {
		for _, n := range w.r.list(n) {
			want = append(want, w.r.somebody(n))
		}
	}
	w.x.checks = append(w.x.checks, check{"escalated", joined(want), func(v view) (string, bool) {
		all, told := v.escalations()
		ok := !slices.ContainsFunc(want, func(word string) bool {
			return !slices.ContainsFunc(all, func(e escalation) bool { return e.sense.is(word, e.who) })
		})
		var got []string
		for _, e := range all {
			got = append(got, e.who)
			ok = ok && slices.ContainsFunc(want, func(word string) bool { return e.sense.is(word, e.who) })
		}
		text := joined(got) + v.sense().meant(want...)
		if !ok && len(told) > 0 {
			text += fmt.Sprintf("; an outcome told %s, which is a message with what: told", joined(told))
		}
		return text, ok
	}})
}

// news reports whether a time is after the expectation before.
func (v view) news(at time.Time) bool { return v.first || at.After(v.since) }

// told returns the messages of the account and playbook since the expectation before.
func (v view) told() []message { return v.those(v.w.messages) }

// drafted returns likewise what a silent draft would have told.
func (v view) drafted() []message { return v.those(v.w.drafts) }

func (v view) those(messages []message) []message {
	var all []message
	for _, m := range messages {
		if (m.account == v.a.ID || slices.Contains(m.accounts, v.a.ID)) && m.of == v.playbook.Name && v.news(m.at) {
			all = append(all, m)
		}
	}
	return all
}

// messages adds a check for each message that must have come, in any order, since the
// expectation before; none means that nobody was told anything.
func (w *wants) messages(name string, n ast.Node, those func(view) []message) {
	if s, _ := scalar(n); s == none {
		w.add(name, none, func(v view) string { return toldLines(those(v)) })
		return
	}
	for i, n := range w.r.list(n) {
		var to, what string
		var contains []string
		var at time.Time
		w.r.fields(n, "a message",
			field{"to", func(n ast.Node) { to = w.recipient(n) }},
			field{"what", func(n ast.Node) { what = w.r.oneOf(n, "kind of message", kinds()) }},
			field{"contains", func(n ast.Node) {
				for _, n := range w.r.list(n) {
					contains = append(contains, w.r.text(n, "a text"))
				}
			}},
			field{"at", func(n ast.Node) { at = w.r.moment(n, w.c.Start, w.c.zone) }},
		)
		want := strings.TrimSpace(what+" to "+orWord(to, "anybody")) + prefixed(", containing ", strings.Join(contains, " and "))
		if !at.IsZero() {
			want += ", at " + shown(at, w.c.Start, w.c.zone)
		}
		w.x.checks = append(w.x.checks, check{fmt.Sprintf("%s %d", strings.TrimSuffix(name, "s"), i+1), want, func(v view) (string, bool) {
			told := those(v)
			for _, m := range told {
				if (to == "" || m.sense.is(to, m.to)) && (what == "" || m.what == what) && (at.IsZero() || m.at.Equal(at)) && holds(m.text, contains) {
					return want, true
				}
			}
			return toldLines(told) + v.sense().meant(to) + v.untold(to, what), false
		}})
	}
}

// untold says why the step of the run was told to nobody: whoever does one step and has the
// next one too sees it at once, and no message is sent. "" where that is not why.
func (v view) untold(to, what string) string {
	now := v.visit()
	if now == nil || len(v.run.Visits) < 2 || what != "" && what != nudgeOf(now.Kind) || to != "" && !v.sense().is(to, now.Assignee) {
		return ""
	}
	if before := v.run.Visits[len(v.run.Visits)-2]; before.By == "" || before.By != now.Assignee {
		return ""
	}
	return fmt.Sprintf("; %s did the step before and has %s in front of them at once, so no message is sent: expect step: %[2]s", now.Assignee, now.Step)
}

// nudgeOf is the message by which a step is handed to somebody.
func nudgeOf(kind playbooks.StepKind) string {
	switch kind {
	case playbooks.AskStep:
		return playbooks.NudgeQuestion
	case playbooks.TaskStep:
		return playbooks.NudgeTask
	}
	return ""
}

func holds(text string, all []string) bool {
	return !slices.ContainsFunc(all, func(s string) bool { return !strings.Contains(text, s) })
}

// toldLines lists messages with the beginnings of their texts.
func toldLines(all []message) string {
	var lines []string
	for _, m := range all {
		lines = append(lines, fmt.Sprintf("%s to %s: %s", m.what, m.to, clip(strings.ReplaceAll(m.text, "\n", " / "), 90)))
	}
	return strings.Join(orNone(lines), "\n")
}

func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// recipient reads a person's id, a role, a channel, or a system that is called.
func (w *wants) recipient(n ast.Node) string {
	s := w.r.text(n, "a recipient")
	if strings.HasPrefix(s, "#") || slices.Contains(w.r.systems(), s) {
		return s
	}
	return w.r.somebody(n)
}

// kinds are what a message can be: what a person is told, and card, say and group in a
// channel; webhook is a call of another system.
func kinds() []string {
	return []string{"card", "say", "group", "webhook", playbooks.NudgeQuestion, playbooks.NudgeTask, playbooks.NudgeReminder, playbooks.NudgeOverdue,
		playbooks.NudgeEscalation, playbooks.NudgeApproval, playbooks.NudgeRefused, playbooks.NudgeNotApproved, playbooks.NudgeTold, playbooks.NudgeOutcome, playbooks.NudgeSnoozeOver,
		playbooks.NudgeHandoff, playbooks.NudgeFill, playbooks.NudgeAskedBack, playbooks.NudgeCall, playbooks.NudgeAccepted,
		playbooks.NudgeDeclined, playbooks.NudgeWithdrawn}
}

// jsonField returns a field of an account or a contract as the HTTP API shows it.
func jsonField(of any, field string) any {
	data, err := json.Marshal(of)
	if err != nil {
		return nil
	}
	all := map[string]any{}
	if err := json.Unmarshal(data, &all); err != nil {
		return nil
	}
	return all[field]
}
