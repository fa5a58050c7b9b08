package cards

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"playcaller/playbooks"
	"playcaller/playbooks/words"
	"playcaller/rules"
)

// Log draws the thread's lines for the entries of Run.Log from one index up to
// another, which is not included; ok is false where none of them is to be said.
func Log(s *Scene, from, to int) (m Message, ok bool) {
	var lines []string
	to = min(max(to, 0), len(s.Run.Log))
	for _, e := range s.Run.Log[min(max(from, 0), to):to] {
		if !e.Quiet() && s.Voice.Has(e.What) {
			lines = append(lines, s.Voice.Say(e.What, s.entryArgs(e)))
		}
	}
	if len(lines) == 0 {
		return Message{}, false
	}
	const most = 30
	lines = lines[max(0, len(lines)-most):]
	return Message{Text: fallback(lines...), Blocks: Fit(paragraphs(lines))}, true
}

// entryArgs writes an entry's arguments for people.
func (s *Scene) entryArgs(e playbooks.Entry) words.Args {
	args := words.Args{"by": "", "person": s.person(e.By), "customer": s.customer(),
		"account": s.customer(), "title": line(s.titleOf(s.Run)), "at": e.At}
	if e.By != "" {
		args["by"] = s.person(e.By)
	}
	step := Step(s.Book, s.playbook(), s.Run.Variant, e.Step)
	args["step"] = s.stepText(e.Step)
	args["task"], args["question"] = args["step"], args["step"]
	for name, value := range e.Args {
		args[name] = s.arg(step, name, value)
	}
	if why, ok := e.Args["reason"].(string); ok && e.What == callFailed {
		args["reason"] = s.callReason(why)
	}
	if field, ok := e.Args["field"].(string); ok {
		args["field"], args["value"] = s.fieldSet(field, e.Args["value"])
	}
	if id, ok := e.Args["answer"].(string); ok && step != nil {
		args["answer"] = s.answerGiven(step, id, s.givenWith(e, e.By))
	}
	if id, ok := e.Args["first"].(string); ok && step != nil {
		who, _ := e.Args["person"].(string)
		args["first"] = s.answerGiven(step, id, s.givenWith(e, who))
	}
	return args
}

// fieldSet names a field of the account that a play set, and writes its new value.
func (s *Scene) fieldSet(field string, value any) (name, written string) {
	of, name, _ := strings.Cut(field, ".")
	switch {
	case of == "contract":
		name = s.Voice.Say("set.contract."+name, nil)
	case of == "milestone":
		name = s.arg(nil, "milestone", name).(string)
	case of == "stage":
		name = s.Voice.Say("set.stage", nil)
		if id, _ := value.(string); s.Book != nil && s.Book.Journey.Stage(id) != nil {
			value = s.Book.Journey.Stage(id).Title.In(s.Voice.Lang())
		}
	case of == "attributes" && s.Book != nil && s.Book.AttributeTitle(name).In(s.Voice.Lang()) != "":
		name = line(s.Book.AttributeTitle(name).In(s.Voice.Lang()))
	case of == "attributes" && s.Voice.Has("attribute."+name):
		name = s.Voice.Say("attribute."+name, nil)
	default:
		name = line(strings.ReplaceAll(name, "_", " "))
	}
	switch v := value.(type) {
	case bool:
		return name, s.Voice.Say(map[bool]string{true: "yes", false: "no"}[v], nil)
	case float64:
		return name, s.Voice.Number(v)
	case string:
		if d, err := rules.ParseDate(v); err == nil {
			return name, s.Voice.Date(d)
		}
	}
	return name, Clip(line(textOf(value)), 500)
}

// givenWith returns what a person gave with the answer that an entry of the log tells of.
func (s *Scene) givenWith(e playbooks.Entry, who string) map[string]any {
	for i := len(s.Run.Visits) - 1; i >= 0; i-- {
		v := &s.Run.Visits[i]
		if v.Step != e.Step || v.Entered.After(e.At) {
			continue
		}
		if who == v.By {
			return v.Collected
		}
		return v.Others[who].Collected
	}
	return nil
}

// stepText is what a step asked when it was last put to somebody, in one line.
func (s *Scene) stepText(id string) string {
	for i := len(s.Run.Visits) - 1; i >= 0; i-- {
		if s.Run.Visits[i].Step == id {
			return s.visitText(&s.Run.Visits[i])
		}
	}
	step := Step(s.Book, s.playbook(), s.Run.Variant, id)
	return s.inOneLine(s.said(nil, wording(step)))
}

// arg writes one argument of a log entry or an effect: ids become names.
func (s *Scene) arg(step *playbooks.Step, name string, value any) any {
	text, isText := value.(string)
	if !isText {
		return value
	}
	switch name {
	case "approver":
		if text == "" { // the team has nobody to ask
			return ""
		}
		return s.person(text)
	case "person", "assignee", "by", "accepter", "sales", "to", "cover":
		return s.person(text)
	case "playbook", "title":
		return line(s.title(text))
	case "outcome":
		was := s.Run.Outcome
		defer func() { s.Run.Outcome = was }()
		s.Run.Outcome = text
		return s.outcome()
	case "answer", "first":
		if step != nil {
			return s.answerLabel(step, text)
		}
	case "reason":
		if text == playbooks.NoDraft {
			return s.Voice.Say("stop.no_draft", nil)
		}
		if slices.Contains(DismissReasons, text) {
			return s.Voice.Say("dismiss."+text, nil)
		}
	case "step":
		if t := s.stepText(text); t != "" {
			return t
		}
	case "due":
		if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
			return s.Voice.Day(at)
		}
	case "fields":
		return s.Voice.List(s.fieldLabels(strings.Split(text, ", ")))
	case "milestone":
		if s.Book != nil {
			if m := s.Book.Journey.Milestone(text); m != nil {
				return line(m.Title.In(s.Voice.Lang()))
			}
		}
	}
	return Clip(Escape(text), 500)
}

// callFailed is the entry of a run's log that a call of another system failed for good; its
// reason is one of the bot's own, while those of other entries are people's words.
const callFailed = "log.call_failed"

// Why a call failed, as its entry has it.
const (
	CallStatus       = "status " // and the code that it answered
	CallUnconfigured = "unconfigured"
)

// callReason says why a call failed.
func (s *Scene) callReason(reason string) string {
	if status, ok := strings.CutPrefix(reason, CallStatus); ok {
		return s.Voice.Say("call.reason.status", words.Args{"status": Escape(status)})
	}
	if reason == CallUnconfigured {
		return s.Voice.Say("call.reason.unconfigured", nil)
	}
	return Clip(Escape(reason), 500)
}

// A Nudge is one reason to speak to a person.
type Nudge struct {
	Scene  *Scene
	Effect playbooks.Effect
	Link   string // address of the run's card, or ""
}

// Nudges draws one direct message for all that a person must hear. Reminders of
// several tasks become one line that counts them.
func Nudges(v *Voice, nudges []Nudge) Message {
	nudges = nudges[:min(len(nudges), 12)]
	var blocks []slack.Block
	var lines []string
	overdue, today, open := countTasks(v, nudges)
	if open > 1 {
		var parts []string
		if today > 0 {
			parts = append(parts, v.Say("digest.due", words.Args{"count": today}))
		}
		if overdue > 0 {
			parts = append(parts, v.Say("digest.overdue", words.Args{"count": overdue}))
		}
		head := v.Say("dm.reminder", words.Args{"count": open, "parts": strings.Join(parts, v.Say("dm.separator", nil))})
		lines = append(lines, head)
		blocks = append(blocks, section(head))
	}
	for i := range nudges {
		n := &nudges[i]
		said := n.say(open > 1)
		lines = append(lines, said)
		blocks = append(blocks, section(said))
		if row := n.buttons(len(nudges) == 1, i); row != nil {
			blocks = append(blocks, row)
		}
	}
	return Message{Text: fallback(lines...), Blocks: Fit(blocks)}
}

// countTasks counts the unfinished tasks among reminders.
func countTasks(v *Voice, nudges []Nudge) (overdue, today, open int) {
	for _, n := range nudges {
		visit := visitOf(n.Scene.Run, n.Effect.Visit)
		if n.Effect.What != playbooks.NudgeReminder && n.Effect.What != playbooks.NudgeOverdue ||
			visit == nil || visit.Kind != playbooks.TaskStep {
			continue
		}
		open++
		switch {
		case visit.Due.IsZero():
		case visit.Due.Before(n.Scene.Now):
			overdue++
		case v.dateOf(visit.Due) == v.dateOf(n.Scene.Now):
			today++
		}
	}
	return overdue, today, open
}

func visitOf(r *playbooks.Run, n int) *playbooks.Visit {
	if n < 0 || n >= len(r.Visits) {
		return r.Current()
	}
	return &r.Visits[n]
}

// say is the nudge's sentence. A task that is listed under a heading does not say
// again what to press.
func (n *Nudge) say(listed bool) string {
	s := n.Scene
	visit := visitOf(s.Run, n.Effect.Visit)
	step := s.step(visit)
	what := s.visitText(visit)
	args := words.Args{
		"account": s.customer(), "customer": s.customer(), "title": line(s.titleOf(s.Run)),
		"question": what, "task": what, "text": what, "step": what, "due": "", "reason": "", "by": "",
		"person": s.person(n.Effect.Person), "assignee": "", "outcome": s.outcome(), "count": 1, "period": s.waited(visit),
	}
	if visit != nil {
		args["assignee"] = s.person(visit.Assignee)
		if !visit.Due.IsZero() {
			args["due"] = s.dueDay(visit)
		}
		if visit.By != "" {
			args["person"] = s.person(visit.By)
		}
	}
	for name, value := range n.Effect.Args {
		args[name] = s.arg(step, name, value)
	}
	s.handoffArgs(n.Effect.What, args)
	if n.Effect.What == playbooks.NudgeRefused && visit != nil && step != nil {
		args["task"] = s.answer(step, visit)
	}
	id := "nudge." + n.Effect.What
	if n.Effect.What == playbooks.NudgeReminder && visit != nil && visit.Kind == playbooks.AskStep {
		id, args["question"] = "nudge.reminder_question", s.ofVisit(visit)
	}
	if n.Effect.What == playbooks.NudgeEscalation && visit != nil && visit.Kind == playbooks.TaskStep {
		id = "nudge.escalation_task"
	}
	if h := s.Run.Handoff; h != nil && n.Effect.What == playbooks.NudgeHandoff && len(h.Questions) > 0 && len(h.Open()) == 0 {
		q := h.Questions[len(h.Questions)-1]
		id, args["question"], args["answer"] = "nudge.handoff_again", Clip(line(q.Text), 500), Clip(line(q.Answer), 500)
	}
	if reminds := n.Effect.What == playbooks.NudgeReminder || n.Effect.What == playbooks.NudgeOverdue; listed && reminds &&
		visit != nil && visit.Kind == playbooks.TaskStep {
		id = "dm.task"
		if visit.Due.Before(s.Now) {
			id = "dm.task_overdue"
		}
	}
	if !s.Voice.Has(id) {
		id = "dm.plain"
	}
	said := s.Voice.Say(id, args)
	if h := s.Run.Handoff; h != nil && n.Effect.What == playbooks.NudgeHandoff {
		if gaps := s.gaps(h); gaps != "" {
			said += "\n" + gaps
		}
	}
	if open := link(n.Link, s.Voice.Say("nudge.link", nil)); open != "" {
		said += "  " + open
	}
	return said
}

// handoffArgs adds who handed over, who takes over, and what was asked.
func (s *Scene) handoffArgs(what string, args words.Args) {
	h := s.Run.Handoff
	if h == nil {
		return
	}
	sales, accepter := s.person(h.Sales), s.person(h.Accepter)
	switch what {
	case playbooks.NudgeHandoff, playbooks.NudgeWithdrawn, playbooks.NudgeFill:
		args["person"], args["assignee"] = sales, accepter
	case playbooks.NudgeCall:
		args["person"], args["assignee"] = accepter, sales
	case playbooks.NudgeAccepted, playbooks.NudgeDeclined, playbooks.NudgeAskedBack:
		args["person"], args["assignee"] = accepter, sales
	default:
		return
	}
	args["reason"], args["count"], args["start"] = Escape(h.Reason), max(h.Rounds, 1), s.startDate(h)
	if open := h.Open(); len(open) > 0 && what == playbooks.NudgeAskedBack {
		q := h.Questions[open[len(open)-1]]
		args["question"], args["person"] = Clip(Escape(q.Text), 1000), s.person(q.By)
	}
}

// waited is how long the person has had the step, in working days.
func (s *Scene) waited(visit *playbooks.Visit) rules.Period {
	if visit == nil {
		return rules.Period{}
	}
	since := visit.Delivered
	if since.IsZero() {
		since = visit.Entered
	}
	day := s.Team.Calendar(visit.Assignee)
	n := 0
	for d := day.Day(since) + 1; d <= day.Day(s.Now) && n < 60; d++ {
		if day.WorkingDay(d) {
			n++
		}
	}
	if n == 0 {
		return rules.Period{Minutes: 60 * max(1, int(s.Now.Sub(since).Hours()))}
	}
	return rules.Period{WorkingDays: n}
}

// buttons are what the person can do without opening the card: all of a single
// nudge's, only "done" among several.
func (n *Nudge) buttons(alone bool, index int) slack.Block {
	s := n.Scene
	visit := s.Run.Current()
	if visit == nil || visit.N != n.Effect.Visit || !s.Run.Open() || s.Run.Ending() {
		return nil
	}
	step := s.step(visit)
	role := fmt.Sprintf("nudge%d", index)
	say := func(id string) string { return s.Voice.Say("button."+id, nil) }
	ref := s.ref(visit)
	switch n.Effect.What {
	case playbooks.NudgeEscalation:
		return s.actions(role, button(ReassignAction, say("change_owner"), ref),
			button(MoveAction, say("extend"), ref), button(SkipAction, say("skip"), ref))
	case playbooks.NudgeApproval:
		elements := []slack.BlockElement{primary(button(ApproveAction, say("approve"), ref)), button(RefuseAction, say("refuse"), ref)}
		return s.actions(role, append(elements, s.showText(visit)...)...)
	case playbooks.NudgeAskedBack:
		return s.actions(role, primary(button(ReplyAction, say("reply"), ref)))
	case playbooks.NudgeFill:
		return s.actions(role, primary(button(FillAction, say("fill"), ref)))
	case playbooks.NudgeHandoff:
		if s.Run.Handoff != nil && s.Run.Handoff.State == playbooks.HandoffSent {
			return s.handoffButtons(s.Run.Handoff, visit)
		}
		return nil
	case playbooks.NudgeRefused, playbooks.NudgeNotApproved, playbooks.NudgeTold, playbooks.NudgeCall, playbooks.NudgeAccepted, playbooks.NudgeDeclined, playbooks.NudgeWithdrawn:
		return nil
	}
	switch {
	case step == nil:
		return nil
	case step.Task != nil:
		return s.actions(role, append(s.doneButtons(visit, step), s.more(visit, step)...)...)
	case step.Ask != nil && alone && len(step.Ask.Answers) < maxElements-2:
		elements := s.answerButtons(visit, step)
		if s.Run.TakenBy == "" {
			elements = append(elements, button(TakenAction, say("taken"), ref))
		}
		return s.actions(role, append(elements, s.more(visit, step)...)...)
	}
	return nil
}

// Say draws the message of a say step.
func Say(s *Scene, e playbooks.Effect) Message {
	said := Escape(e.Text)
	if step := Step(s.Book, s.playbook(), s.Run.Variant, e.Step); step != nil && step.Say != nil {
		said = s.text(step.Say.Text)
	}
	head := "*" + s.customer() + "* · " + line(s.titleOf(s.Run))
	return Message{Text: fallback(s.headline(), said), Blocks: Fit([]slack.Block{section(said), context(head)})}
}
