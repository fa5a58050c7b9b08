package playtest

import (
	"slices"
	"strings"
	"time"

	"playcaller/playbooks"
	"playcaller/playbooks/replay"
)

// usualBudget is how many new questions a day somebody is given of whom team.yaml
// does not say it.
const usualBudget = 10

// A person is somebody of the team while a case is played: what waits to be given to
// them.
type person struct {
	id    string
	queue []line
	due   time.Time // when they are told next
	day   string    // on which given questions were counted
	given int
}

// A line is one thing that a person is told.
type line struct {
	account  *replay.Account
	run      *replay.Run
	visit    int
	what     string
	severity playbooks.Severity
	sense    sense // of roles, when it was asked for
}

// A message is what somebody was told, or what was posted in a channel.
type message struct {
	at               time.Time
	to               string // person id, or "#channel"
	what             string // question, task, reminder, escalation, …; card and say in a channel
	text             string
	account, run, of string   // of: playbook
	accounts         []string // of a message about many
	sense            sense    // of roles, when it was asked for
}

// nudge puts a line on the list of a person, and tells them if they work now.
func (w *world) nudge(a *replay.Account, r *replay.Run, e playbooks.Effect) {
	p := w.people[e.Person]
	if p == nil {
		p = &person{id: e.Person}
		w.people[e.Person] = p
	}
	p.queue = append(p.queue, line{a, r, e.Visit, e.What, r.Severity, w.sense(a, assigneeOf(r, e.Visit))})
	w.tell(p)
}

// assigneeOf returns whose step a visit is, and before and after all of them whose run.
func assigneeOf(r *replay.Run, visit int) string {
	if visit < 0 || visit >= len(r.Visits) {
		return r.Assignee
	}
	return orWord(r.Visits[visit].Assignee, r.Assignee)
}

// tell gives a person what waits for them, if they work now. What is new and over
// their daily budget waits for their next working day; nothing is dropped.
func (w *world) tell(p *person) {
	p.due = time.Time{}
	if len(p.queue) == 0 {
		return
	}
	cal := w.Team.Calendar(p.id)
	if !cal.Working(w.Now) {
		if p.due = cal.NextWorking(w.Now); p.due.After(w.Now) {
			return
		}
	}
	if day := cal.Day(w.Now).String(); p.day != day {
		p.day, p.given = day, 0
	}
	left := usualBudget - p.given
	if of := w.Team.Person(p.id); of != nil && of.Budget > 0 {
		left = of.Budget - p.given
	}
	slices.SortStableFunc(p.queue, func(a, b line) int { return weight(b) - weight(a) })
	var later []line
	for _, l := range p.queue {
		if l.what == playbooks.NudgeQuestion && l.severity != playbooks.High {
			if left <= 0 {
				later = append(later, l)
				continue
			}
			left--
			p.given++
		}
		w.given(p, l)
	}
	if p.queue = later; len(later) > 0 {
		_, end := cal.Open(cal.Day(w.Now))
		p.due = cal.NextWorking(end)
	}
}

func weight(l line) int {
	switch l.severity {
	case playbooks.High:
		return 2
	case playbooks.Medium:
		return 1
	}
	return 0
}

// given tells a person one thing. Where that is the delivery of a step, its run hears
// of it, because delays count from there.
func (w *world) given(p *person, l line) {
	step := l.run.Step
	if l.visit < len(l.run.Visits) {
		step = l.run.Visits[l.visit].Step
	}
	w.post(l.account, l.run, p.id, l.what, step)
	w.messages[len(w.messages)-1].sense = l.sense
	if replay.Delivers(l.what) {
		e := playbooks.Event{Kind: playbooks.Delivered, At: w.Now, Run: l.run.ID, Visit: l.visit, Person: p.id}
		w.Later(func() {
			e.At = w.Now
			w.Settle(l.account, replay.Change{Events: []playbooks.Event{e}})
		})
	}
}

// post keeps a message.
func (w *world) post(a *replay.Account, r *replay.Run, to, what, step string) {
	w.messages = append(w.messages, w.message(a, r, to, what, step))
	w.Happened(to, "told: %s of %s, %s%s", what, a.ID, r.Playbook, prefixed(", step ", step))
}

// message makes a message. Its text is the playbook's title and what the step says, in
// the reader's language, with the text for the customer that it brings; in a channel in
// each language.
func (w *world) message(a *replay.Account, r *replay.Run, to, what, step string) message {
	m := message{at: w.Now, to: to, what: what, account: a.ID, run: r.ID, of: r.Playbook, sense: w.sense(a, assigneeOf(r, visitOf(r, step)))}
	languages := []string{"en", "ja"}
	if p := w.Team.Person(to); p != nil && p.Language != "" {
		languages = []string{p.Language}
	}
	f := w.Env(a, r).Facts
	p := w.Book.Playbooks[r.Playbook]
	p.Prepare(&r.Run, f)
	var texts []string
	for _, lang := range languages {
		text := orWord(a.Data.Name, a.ID)
		s := w.Book.Step(&r.Run, step)
		told := []playbooks.Text{p.Title, textOf(s)}
		if s != nil && s.Attach != nil && what != "card" {
			told = append(told, s.Attach.Text)
		}
		for _, t := range told {
			if template := t.In(lang); template != nil {
				text += "\n" + template.Render(f, lang)
			}
		}
		if !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	m.text = strings.Join(texts, "\n")
	return m
}

// textOf returns what a step says.
func textOf(s *playbooks.Step) playbooks.Text {
	switch {
	case s == nil:
	case s.Ask != nil:
		return s.Ask.Text
	case s.Task != nil:
		return s.Task.Text
	case s.Say != nil:
		return s.Say.Text
	}
	return playbooks.Text{}
}
