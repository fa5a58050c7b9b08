package playbooks

import (
	"encoding/json"
	"fmt"
	"time"

	"playcaller/rules"
)

// undoFor is how long the outward effects of an answer wait, so that it can be
// taken back.
const undoFor = time.Minute

// maxVisits bounds how often a run may enter a step: one that goes round for ever
// ends as unclear and says so.
const maxVisits = 400

// Advance returns the run after an event, and what the world must do because of
// it. It is pure: run and event stay as they are, the time is the event's, and the
// same arguments always give the same result. An event that no longer means
// anything - a click on a step that is over, a timer that was removed - gives
// back the run unchanged and no effects; Check tells a person why.
//
// The first event of a run is Begin, on a Run as NewRun makes it. Facts are those
// of the run's account at the event's time; where they are nil, every condition
// is unknown. Advance sets the run's contract and collected values on them.
func (p *Playbook) Advance(run Run, ev Event, env Env) (Run, []Effect) {
	if p.Check(run, ev, env) != nil {
		return run, nil
	}
	next := run.clone()
	a := &advance{playbook: p, run: &next, event: ev, env: env, now: ev.At.UTC()}
	a.handle()
	if !a.changed {
		return run, nil
	}
	next.Version++
	return next, a.effects
}

// NewRun returns a run that awaits its Begin event. The caller adds StartedBy and
// Fired, and Began where it is not the time of Begin.
func (p *Playbook) NewRun(book, account, subject string, episode int64) Run {
	return Run{
		ID:       RunID(account, p.Name, subject, episode),
		Account:  account,
		Playbook: p.Name,
		Subject:  subject,
		Episode:  episode,
		Book:     book,
		Severity: p.Severity,
		Draft:    p.Draft,
		Visits:   []Visit{},
	}
}

// Snap returns the part of an account that reports need as at the time of the facts.
func Snap(f *rules.Facts) Snapshot {
	if f == nil || f.Account() == nil {
		return Snapshot{}
	}
	account := f.Account()
	return Snapshot{
		Owner:    rolePlayer(account, "owner", f.Today()),
		Stage:    account.Stage,
		ARR:      account.ARR,
		Segments: f.Segments(),
	}
}

// An advance is one event being worked into a copy of a run.
type advance struct {
	playbook *Playbook
	run      *Run
	event    Event
	env      Env
	now      time.Time
	effects  []Effect
	changed  bool
	passed   map[string]bool // steps entered since something happened, to notice going round
	prepared bool            // the facts know the run's values
}

// handle works the event in. Check has let it through.
func (a *advance) handle() {
	if a.byPerson() && a.event.Kind != Undone {
		a.settle()
	}
	switch a.event.Kind {
	case Begin:
		a.begin()
	case Tick:
		a.tick()
	case Facts:
		a.look()
	case RuleEnded:
		a.ruleEnded()
	case Delivered:
		a.deliver()
	case Joined:
		a.joined()
	case HeldBack:
		a.heldBack()
	case Released:
		a.released()
	case HandedOn:
		a.handedOn()
	case StoppedRun:
		a.log("log.stopped", "reason", a.event.Reason)
		a.end(Stopped)
	case Undone:
		a.undo()
	case Noted:
		a.log("log.noted", "text", a.event.Text)
	case LateData:
		what := map[string]string{"true": "log.late_true", "false": "log.late_false"}[a.event.Reason]
		a.log(firstOf(what, "log.late_unknown"), "count", len(a.event.Items), "signals", a.event.Text)
	case Called, CallFailed:
		if step := a.step(); a.event.Kind == Called {
			a.called(step)
		} else {
			a.callFailed(step, a.event.Reason)
		}
	case Submitted, Accepted, AskedBack, Replied, Declined, Withdrawn:
		a.handOver()
	default:
		a.answer()
	}
}

// byPerson reports whether the event is something a person did to the run.
func (a *advance) byPerson() bool {
	switch a.event.Kind {
	case Tick, Facts, RuleEnded, Delivered, Joined, HeldBack, Released, HandedOn, Begin, Called, CallFailed, LateData:
		return false
	}
	return true
}

// log adds a line to the timeline; args are name, value, name, value… Empty
// strings are left out.
func (a *advance) log(what string, args ...any) {
	e := Entry{At: a.now, What: what, By: a.event.By, Step: a.run.Step}
	for i := 0; i+1 < len(args); i += 2 {
		value := plain(args[i+1])
		if value == nil || value == "" {
			continue
		}
		if e.Args == nil {
			e.Args = map[string]any{}
		}
		e.Args[args[i].(string)] = value
	}
	a.run.Log = append(a.run.Log, e)
	a.changed = true
}

// emit adds an effect, or holds it while an answer can be undone.
func (a *advance) emit(e Effect) {
	if v := a.run.Current(); v != nil {
		e.Visit = v.N
	}
	if e.Person == "" && (e.Kind == SetIt || e.Kind == Snooze) {
		e.Person = a.event.By
	}
	e.Key = fmt.Sprintf("%s/%d/%s/%d", a.run.ID, e.Visit, e.Kind, a.run.Sent)
	a.run.Sent++
	a.changed = true
	if a.run.Undo != nil {
		a.run.Undo.Held = append(a.run.Undo.Held, e)
		return
	}
	a.effects = append(a.effects, e)
}

// nudge tells a person something; nobody cannot be told.
func (a *advance) nudge(person, what string, args ...any) {
	if person == "" {
		return
	}
	e := Effect{Kind: Nudge, Person: person, What: what}
	for i := 0; i+1 < len(args); i += 2 {
		if e.Args == nil {
			e.Args = map[string]any{}
		}
		e.Args[args[i].(string)] = plain(args[i+1])
	}
	a.emit(e)
}

// plain turns a value into one that JSON brings back as it was: a string, a
// float64, a bool or nil.
func plain(value any) any {
	switch v := value.(type) {
	case rules.Date:
		return v.String()
	case time.Time:
		if v.IsZero() {
			return nil
		}
		return v.UTC().Format(time.RFC3339)
	case int:
		return float64(v)
	case int64:
		return float64(v)
	case string, float64, bool, nil:
		return v
	case fmt.Stringer:
		return v.String()
	}
	return fmt.Sprint(value)
}

// person returns who is meant by an expression, or by a word of the book: the
// person's id, or "" for nobody.
func (a *advance) person(who *rules.Expr, otherwise string) string {
	word := otherwise
	if who != nil {
		if f := a.facts(); f != nil {
			if said, ok := who.Text(f); ok {
				word = said
			}
		}
		if word == "" || word == otherwise {
			word = firstOf(word, who.String())
		}
	}
	return a.resolve(word, a.run.Assignee)
}

// resolve returns the id of whoever a word means today, seen from a person; "" for
// nobody.
func (a *advance) resolve(word, of string) string {
	if a.env.Team == nil || word == "" {
		return ""
	}
	if p := a.env.Team.Resolve(word, a.account(), of, a.day(of)); p != nil {
		return p.ID
	}
	return ""
}

// present returns who answers for a person today.
func (a *advance) present(who string) string {
	if a.env.Team == nil {
		return who
	}
	if p := a.env.Team.Present(who, a.day(who)); p != nil {
		return p.ID
	}
	return who
}

// day returns today as a person's calendar has it.
func (a *advance) day(who string) rules.Date { return a.calendar(who).Day(a.now) }

func (a *advance) calendar(who string) Calendar { return a.env.Team.Calendar(who) }

func (a *advance) account() *rules.Account {
	if a.env.Facts == nil {
		return nil
	}
	return a.env.Facts.Account()
}

// facts returns the facts, knowing the run's contract and values; nil where there
// are none.
func (a *advance) facts() *rules.Facts {
	if a.env.Facts != nil && !a.prepared {
		a.playbook.Prepare(a.run, a.env.Facts)
		a.prepared = true
	}
	return a.env.Facts
}

// truth judges a condition; without facts it is unknown.
func (a *advance) truth(c *rules.Condition) rules.Truth {
	f := a.facts()
	if f == nil {
		return rules.Unknown
	}
	return c.Truth(f)
}

// Prepare makes the facts speak of the run: its contract, and the values that
// answers have collected. Do it before its texts are rendered.
func (p *Playbook) Prepare(run *Run, f *rules.Facts) {
	if run.Subject != "" {
		f.ForContract(run.Subject)
	}
	for name, value := range run.Values {
		if s, ok := value.(string); ok && p.collects(name) == "date" {
			if d, err := rules.ParseDate(s); err == nil {
				f.Set(name, d)
				continue
			}
		}
		f.Set(name, value)
	}
}

// collects returns the kind of value that the playbook's answers collect under a
// name, or "".
func (p *Playbook) collects(name string) string {
	kind := ""
	p.eachStep(func(s *Step) {
		if s.Ask == nil {
			return
		}
		for _, answer := range s.Ask.Answers {
			for _, c := range answer.Collect {
				if c.Name == name {
					kind = c.Kind
				}
			}
		}
	})
	return kind
}

// firstOf returns the first string that is not empty.
func firstOf(all ...string) string {
	for _, s := range all {
		if s != "" {
			return s
		}
	}
	return ""
}

// clone returns a copy that shares nothing that Advance changes.
func (r Run) clone() Run {
	c := r
	c.Visits = make([]Visit, len(r.Visits), len(r.Visits)+2)
	for i, v := range r.Visits {
		c.Visits[i] = v.clone()
	}
	c.Timers = append([]Timer(nil), r.Timers...)
	c.Evidence = append([]Evidence(nil), r.Evidence...)
	c.Log = r.Log[:len(r.Log):len(r.Log)] // only ever appended to
	c.Values = cloneMap(r.Values)
	if r.Handoff != nil {
		h := *r.Handoff
		h.Fields = cloneMap(h.Fields)
		h.Questions = append([]Question(nil), h.Questions...)
		h.OpenItems = append([]OpenItem(nil), h.OpenItems...)
		h.Worked = cloneMap(h.Worked)
		c.Handoff = &h
	}
	if r.Undo != nil {
		u := *r.Undo
		u.Held = append([]Effect(nil), u.Held...)
		c.Undo = &u
	}
	return c
}

func (v Visit) clone() Visit {
	v.Collected = cloneMap(v.Collected)
	v.Others = cloneMap(v.Others)
	v.Checked = append([]int(nil), v.Checked...)
	return v
}

func cloneMap[K comparable, V any](m map[K]V) map[K]V {
	if m == nil {
		return nil
	}
	c := make(map[K]V, len(m))
	for k, v := range m {
		c[k] = v
	}
	return c
}

// marshal writes a run; it cannot fail, because a run holds nothing but what JSON
// has.
func marshal(r Run) []byte {
	data, err := json.Marshal(r)
	if err != nil {
		panic(fmt.Sprintf("playbooks: run %s cannot be written: %v", r.ID, err))
	}
	return data
}
