package playbooks

import (
	"slices"
	"strings"
	"time"

	"playcaller/rules"
)

// form returns the form of the run's handoff step; nil where the book has none.
func (a *advance) form() *Form {
	step := a.step()
	if step == nil || a.env.Book == nil {
		return nil
	}
	return a.env.Book.Forms[step.Handoff]
}

// beginHandoff opens the document of a handoff step, with what Begin brings of it.
// It is sales' turn until it is submitted.
func (a *advance) beginHandoff(step *Step) {
	form := a.form()
	if form == nil {
		a.log("log.step_gone", "step", step.ID)
		a.end(Unclear)
		return
	}
	h := &Handoff{Kind: step.Handoff, State: HandoffDraft}
	a.run.Handoff = h
	h.Sales = firstOf(a.event.By, a.run.salesperson(a.env.Team), a.resolve(firstOf(form.From, "ae"), a.run.Assignee), a.run.Assignee)
	if len(a.event.Fields) > 0 {
		a.fill(form, a.event.Fields)
	} else { // nobody has seen the form yet
		a.fill(form, a.known(form))
	}
	h.Accepter, h.Proposed = a.accepter(form)
	a.log("log.handoff_begun", "person", h.Sales)
	a.turn(a.present(h.Sales), NudgeFill)
}

// HandoffContract returns the id of the contract that a handoff is about: the account's
// current one, or else the one that begins next; "" where there is none.
func HandoffContract(f *rules.Facts) string {
	if f == nil {
		return ""
	}
	if c := f.Contract(); c != nil {
		return c.ID
	}
	next := ""
	var begins rules.Date
	for _, c := range f.Account().Contracts {
		if c.Start > f.Today() && (next == "" || c.Start < begins) {
			next, begins = c.ID, c.Start
		}
	}
	return next
}

// Proposes reports whether the run may have to propose somebody for a handoff, so that it
// wants to know who has how much to do.
func (p *Playbook) Proposes(run *Run) bool {
	return run.Handoff == nil && p != nil && slices.ContainsFunc(p.Steps, func(s *Step) bool { return s.Kind == HandoffStep })
}

// Proposed returns who can be proposed for the handoffs of the playbook: those who can do
// what their forms ask for.
func (p *Playbook) Proposed(book *Book, team *Team) []string {
	var who []string
	for _, s := range p.Steps {
		form := book.Forms[s.Handoff]
		if s.Kind != HandoffStep || form == nil || team == nil {
			continue
		}
		for i := range team.People {
			if slices.Contains(team.People[i].Roles, form.To) && !slices.Contains(who, team.People[i].ID) {
				who = append(who, team.People[i].ID)
			}
		}
	}
	return who
}

// salesperson returns who began the run, if that was a person.
func (r *Run) salesperson(t *Team) string {
	if p := t.Person(r.StartedBy); p != nil {
		return p.ID
	}
	return ""
}

// accepter returns who takes over: the account's own, or else a proposal - the one
// with the fewest open plays among those who can, or whoever the team names.
func (a *advance) accepter(form *Form) (who string, proposed bool) {
	sales := a.run.Handoff.Sales
	if p := a.env.Team.Person(a.chosen(form)); p != nil {
		return a.present(p.ID), false
	}
	if acc := a.account(); acc != nil {
		if p := a.env.Team.Person(rolePlayer(acc, form.Role, a.day(""))); p != nil && p.ID != sales {
			return a.present(p.ID), false
		}
	}
	if a.env.Team != nil && a.env.Load != nil {
		for i := range a.env.Team.People {
			p := &a.env.Team.People[i]
			if !slices.Contains(p.Roles, form.To) || p.ID == sales || p.AwayOn(a.day(p.ID)) != nil {
				continue
			}
			if who == "" || a.env.Load[p.ID] < a.env.Load[who] {
				who = p.ID
			}
		}
	}
	if who == "" {
		who = firstOf(a.resolve(form.To, a.run.Assignee), a.present(""))
	}
	return who, true
}

// chosen returns whom the form's own field names to take over, "" where it has none.
func (a *advance) chosen(form *Form) string {
	who, _ := a.run.Handoff.Fields[form.Receiver].(string)
	return who
}

// fill puts values into the form and counts what is missing.
func (a *advance) fill(form *Form, values map[string]any) {
	h := a.run.Handoff
	for id, value := range values {
		if h.Fields == nil {
			h.Fields = map[string]any{}
		}
		h.Fields[id] = fieldValue(value)
	}
	h.Hidden = a.hidden(form)
	asked := form.Without(h.Hidden)
	h.Missing = nil
	for _, f := range asked.Missing(h.Fields, AtWin) {
		h.Missing = append(h.Missing, f.ID)
	}
	h.Stars = len(h.Missing)
	for _, f := range asked.Missing(h.Fields, ByKickoff) {
		h.Missing = append(h.Missing, f.ID)
	}
	h.Score = asked.Score(h.Fields)
	a.changed = true
}

// known returns what the form is prefilled with.
func (a *advance) known(form *Form) map[string]any {
	facts := a.facts()
	if facts != nil {
		defer facts.ForContract(a.run.Subject)
	}
	return form.Known(facts, a.run.Subject)
}

// hidden returns the fields of the form that are not asked as it stands.
func (a *advance) hidden(form *Form) []string {
	facts := a.facts()
	if facts != nil {
		defer facts.ForContract(a.run.Subject)
	}
	return form.Hidden(facts, a.run.Subject, a.run.Handoff.Fields)
}

// fieldValue returns a form value as JSON brings it back: lists of []any.
func fieldValue(value any) any {
	switch v := value.(type) {
	case []string:
		list := make([]any, len(v))
		for i := range v {
			list[i] = v[i]
		}
		return list
	case []any:
		return slices.Clone(v)
	}
	return plain(value)
}

// handOver works in what a person did to the handoff.
func (a *advance) handOver() {
	h, form, step := a.run.Handoff, a.form(), a.step()
	if h == nil || form == nil || step == nil {
		return
	}
	switch a.event.Kind {
	case Submitted:
		a.fill(form, a.event.Fields)
		switch {
		case a.event.Draft:
			a.log("log.handoff_saved")
		case h.State == HandoffAskedBack:
			a.reply(form)
		default:
			a.send(form)
		}
	case AskedBack:
		a.askBack(form)
	case Replied:
		a.fill(form, a.event.Fields)
		a.reply(form)
	case Accepted:
		a.accept(form, step)
	case Declined:
		a.decide(HandoffDeclined, "declined")
		a.log("log.handoff_declined", "reason", h.Reason)
		a.nudge(h.Sales, NudgeDeclined, "reason", h.Reason)
		a.follow(orStopped(step.Declined), nil)
	case Withdrawn:
		told := h.State != HandoffDraft
		a.decide(HandoffWithdrawn, "withdrawn")
		a.log("log.handoff_withdrawn", "reason", h.Reason)
		if told {
			a.nudge(h.Accepter, NudgeWithdrawn, "reason", h.Reason)
		}
		a.follow(orStopped(step.Withdrawn), nil)
	}
}

func orStopped(t Target) Target {
	if t == (Target{}) {
		return Target{Outcome: Stopped}
	}
	return t
}

// send gives the handoff to onboarding.
func (a *advance) send(form *Form) {
	h := a.run.Handoff
	if who := a.chosenAccepter(form); who != "" {
		h.Accepter, h.Proposed = who, false
	}
	h.State = HandoffSent
	h.Version++
	if h.Sent.IsZero() {
		h.Sent = a.now
	}
	a.log("log.handoff_sent", "person", h.Accepter, "count", len(h.Missing), "percent", percent(h.Score))
	a.turn(a.present(h.Accepter), NudgeHandoff)
}

// chosenAccepter returns whom the form names to take over: in the field that it says
// does, else in its first person field that is prefilled from the role that accepts.
func (a *advance) chosenAccepter(form *Form) string {
	if form.Receiver != "" {
		if p := a.env.Team.Person(a.chosen(form)); p != nil {
			return p.ID
		}
		return ""
	}
	for _, f := range form.Without(a.run.Handoff.Hidden).Fields() {
		if role, ok := a.roleOf(f); ok && role == form.Role {
			who, _ := a.run.Handoff.Fields[f.ID].(string)
			if p := a.env.Team.Person(who); p != nil {
				return p.ID
			}
		}
	}
	return ""
}

func percent(share float64) float64 { return float64(int(share*100 + 0.5)) }

// askBack gives the handoff back to sales with a question; after so many rounds
// both managers are asked to bring the two together.
func (a *advance) askBack(form *Form) {
	h := a.run.Handoff
	h.Questions = append(h.Questions, Question{
		Fields: slices.Clone(a.event.Marked), Text: a.event.Text, By: a.event.By, At: a.now,
	})
	a.log("log.handoff_asked", "text", a.event.Text, "fields", strings.Join(a.event.Marked, ", "), "person", h.Sales)
	if h.State == HandoffAskedBack {
		a.nudge(h.Sales, NudgeAskedBack, "question", len(h.Questions)-1)
		return
	}
	h.State = HandoffAskedBack
	h.Rounds++
	a.turn(a.present(h.Sales), NudgeAskedBack, "question", len(h.Questions)-1)
	if form.Rounds > 0 && h.Rounds == form.Rounds {
		a.log("log.handoff_call", "count", h.Rounds)
		told := map[string]bool{}
		for _, who := range []string{h.Sales, h.Accepter} {
			if m := a.resolve("manager", who); m != "" && !told[m] {
				told[m] = true
				a.nudge(m, NudgeCall, "count", h.Rounds)
			}
		}
	}
}

// reply answers questions; when none is open, the ball is with onboarding again.
func (a *advance) reply(form *Form) {
	h := a.run.Handoff
	for _, i := range h.Open() {
		if a.event.Items == nil || slices.Contains(a.event.Items, i) {
			q := &h.Questions[i]
			q.Answer, q.AnswerBy, q.Answered = a.event.Text, a.event.By, a.now
		}
	}
	a.log("log.handoff_replied", "text", a.event.Text, "count", len(a.event.Fields))
	if len(h.Open()) > 0 {
		return
	}
	h.State = HandoffSent
	h.Version++
	a.turn(a.present(h.Accepter), NudgeHandoff, "replied", true)
}

// accept starts the journey: the account's stage, its people, and its milestones
// dated from the contract.
func (a *advance) accept(form *Form, step *Step) {
	h := a.run.Handoff
	a.decide(HandoffAccepted, "accepted")
	h.Accepter, h.Proposed = a.event.By, false
	before := a.before(form)
	h.OpenItems = slices.Clone(a.event.OpenItems)
	a.log("log.handoff_accepted", "count", len(h.OpenItems))
	a.setField("role."+form.Role, h.Accepter)
	for _, f := range form.Without(h.Hidden).Fields() {
		if role, ok := a.roleOf(f); ok && role != form.Role {
			a.setField("role."+role, h.Fields[f.ID])
		}
		if f.Writes != "" && !Blank(h.Fields[f.ID]) {
			a.setField(f.Writes, inOne(h.Fields[f.ID]))
		}
	}
	a.fallBack(form, before)
	a.setContract(form)
	if form.Stage != "" {
		a.setField("stage", form.Stage)
	}
	if form.Journey && a.env.Book != nil {
		dated := 0
		for _, m := range a.env.Book.Journey.Of(form.Stage) {
			if day := a.dated(m); day != 0 {
				a.setField("milestone."+m.ID, day)
				dated++
			}
		}
		a.log("log.handoff_dated", "count", dated)
	}
	if form.Plays && before != "" {
		a.emit(Effect{Kind: PassOn, Person: h.Accepter, Args: map[string]any{"from": before}})
		a.log("log.handoff_plays", "person", h.Accepter)
	}
	a.nudge(h.Sales, NudgeAccepted, "count", len(h.OpenItems))
	a.run.Assignee = h.Accepter
	a.follow(step.Then, step)
}

// fallBack lets whoever had the account stand in for a while: for an accepter who is away,
// and where a step asks the fallback for help. For one who has left the team it is who
// handed over.
func (a *advance) fallBack(form *Form, before string) {
	h := a.run.Handoff
	if a.env.Team.Person(before) == nil {
		before = h.Sales
	}
	if form.Fallback.IsZero() || before == h.Accepter {
		return
	}
	cal := a.calendar(before)
	until := cal.Day(cal.Add(a.now, form.Fallback))
	a.emit(Effect{Kind: SetIt, Field: "role." + FallbackRole, Value: map[string]any{"person": before, "to": until.String()}})
	a.log("log.handoff_fallback", "person", before, "until", until)
}

// inOne writes the entries of a list in one text, and leaves other values as they are.
func inOne(value any) any {
	list, isList := value.([]any)
	if !isList {
		return value
	}
	all := make([]string, len(list))
	for i := range list {
		all[i], _ = list[i].(string)
	}
	return strings.Join(all, ", ")
}

// setField emits one assignment.
func (a *advance) setField(field string, value any) {
	if value = plain(value); value != nil && value != "" {
		a.emit(Effect{Kind: SetIt, Field: field, Value: value})
	}
}

// setContract sends what the form says of the contract, in the fields prefilled
// from it, to the account: to the contract that the facts are of, or to a new one.
func (a *advance) setContract(form *Form) {
	contract := map[string]any{}
	for _, f := range form.Without(a.run.Handoff.Hidden).Fields() {
		if f.Prefill == nil || f.Shows || Blank(a.run.Handoff.Fields[f.ID]) {
			continue
		}
		name, ok := strings.CutPrefix(f.Prefill.String(), "contract.")
		if ok && contract[name] == nil {
			contract[name] = inOne(a.run.Handoff.Fields[f.ID])
		}
	}
	if len(contract) > 0 {
		a.emit(Effect{Kind: SetIt, Field: "contract." + firstOf(a.run.Subject, HandoffContract(a.facts()), a.run.ID), Value: contract})
	}
}

// roleOf returns the account's role that a person field of the form is about:
// the one it is prefilled from.
func (a *advance) roleOf(f *Field) (role string, ok bool) {
	if f.Kind != PersonField || f.Prefill == nil || Blank(a.run.Handoff.Fields[f.ID]) {
		return "", false
	}
	return strings.CutPrefix(f.Prefill.String(), "account.")
}

// decide closes the document.
func (a *advance) decide(state HandoffState, answer string) {
	h, v := a.run.Handoff, a.run.Current()
	a.ball("")
	h.State, h.Decided = state, a.now
	h.Reason = firstOf(a.event.Text, a.event.Reason)
	v.Answer, v.By, v.Reason = answer, a.event.By, h.Reason
	if v.Delivered.IsZero() {
		v.Delivered = a.now
	}
}

// turn gives the ball to a person and lets them know.
func (a *advance) turn(who, what string, args ...any) {
	a.ball(who)
	v := a.run.Current()
	v.Assignee, v.Due, v.Escalated, v.Delivered = who, noTime, noTime, noTime
	a.dropVisit(v.N)
	a.run.TakenBy = ""
	if a.event.By == who && who != "" && a.event.Kind != Tick {
		a.given(a.step())
		return
	}
	cal := a.calendar(who)
	a.set(OtherwiseTimer, cal.Add(cal.Add(a.now, a.otherwise(a.step()).After), undelivered), 0)
	a.nudge(who, what, args...)
}

// ball moves the ball and counts how long, in working time, it lay with whoever
// had it.
func (a *advance) ball(who string) {
	h := a.run.Handoff
	if h.Turn != "" {
		if h.Worked == nil {
			h.Worked = map[string]time.Duration{}
		}
		h.Worked[h.Turn] += a.calendar(h.Turn).WorkingTime(h.TurnSince, a.now)
	}
	h.Turn, h.TurnSince = who, a.now
}

// reassignHandoff gives the ball of whoever has it to somebody else.
func (a *advance) reassignHandoff(to string) {
	h := a.run.Handoff
	a.log("log.reassigned", "person", to, "text", a.event.Text)
	if h.State == HandoffSent {
		h.Accepter, h.Proposed = to, false
		a.turn(to, NudgeHandoff)
		return
	}
	h.Sales = to
	if h.State == HandoffDraft {
		a.turn(to, NudgeFill)
	} else {
		a.turn(to, NudgeAskedBack, "question", len(h.Questions)-1)
	}
}

// handoffTurn returns the form's word on the turn that it is.
func (a *advance) handoffTurn() Turn {
	form := a.form()
	if form == nil || a.run.Handoff == nil {
		return Turn{}
	}
	if a.run.Handoff.State == HandoffSent {
		return form.Accept
	}
	return form.Fill
}

// givenHandoff starts the clock of whoever has the ball.
func (a *advance) givenHandoff(step *Step, cal Calendar) {
	v, turn := a.run.Current(), a.handoffTurn()
	within := turn.Within
	if within.IsZero() {
		within = defaultFill
	}
	v.Due = cal.Due(a.now, within).UTC()
	if v.FirstDue.IsZero() {
		v.FirstDue = v.Due
	}
	for i, after := range turn.Remind {
		a.set(RemindTimer, cal.NextWorking(cal.Add(a.now, after)), i)
	}
	if turn.Late != nil {
		a.set(EscalateTimer, cal.NextWorking(cal.Add(a.now, turn.Late.After)), 0)
	}
	a.set(OtherwiseTimer, cal.Add(a.now, a.otherwise(step).After), 0)
}
