package cards

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"playcaller/playbooks"
	"playcaller/playbooks/words"
)

// Card draws the message of a run as it now stands: what happened, how that is
// known, and the one next step.
func Card(s *Scene) Message {
	if s.Run.Handoff != nil {
		return handoffCard(s)
	}
	state := StateOf(s.Run, s.Now)
	blocks := []slack.Block{section(s.head(state))}
	what := s.what()
	if what != "" {
		blocks = append(blocks, section(what))
	}
	if state != EndedState {
		if chart := s.chart(s.shown()); chart != nil {
			blocks = append(blocks, chart)
		}
	}
	if also := s.evidence(); also != "" {
		blocks = append(blocks, context(also))
	}
	if before := s.answers(); before != nil {
		blocks = append(blocks, before)
	}
	body, next := s.body(state)
	blocks = append(blocks, body...)
	blocks = append(blocks, s.second()...)
	if undo := s.undo(); undo != nil && !s.answered() {
		blocks = append(blocks, s.actions("undo", undo))
	}
	blocks = append(blocks, context(s.why()))
	return Message{Text: fallback(s.headline(), what, next), Blocks: Fit(blocks)}
}

// what tells what happened, with its numbers, once: in the words of the playbook,
// which stand above the question in the text of its first one, or in the bot's own
// where the text at hand has none.
func (s *Scene) what() string {
	var first *playbooks.Step
	var asked *playbooks.Visit // the latest time that the first question was put
	for i := range s.Run.Visits {
		visit := &s.Run.Visits[i]
		step := s.step(visit)
		if step == nil || step.Ask == nil || first != nil && step.ID != first.ID {
			continue
		}
		first, asked = step, visit
	}
	if asked != nil {
		if what, _ := s.parts(asked, first); what != "" {
			return what
		}
	}
	if s.Run.Open() && !s.Run.Ending() && s.speaksOfNumbers(s.step(s.Run.Current())) {
		return ""
	}
	return strings.Join(s.sentences(s.Run.Fired, s.Began), " ")
}

// speaksOfNumbers reports whether a step's text computes something itself.
func (s *Scene) speaksOfNumbers(step *playbooks.Step) bool {
	t := wording(step).In(s.Voice.Lang())
	return t != nil && strings.Contains(t.String(), "{{") && computes.MatchString(t.String())
}

var computes = regexp.MustCompile(`\.(drop|spike|days_since|expected|mean|sum|max|distinct|trend|last)\(`)

// head is the title line, with the severity.
func (s *Scene) head(state State) string {
	severity := s.Voice.Say("severity."+string(s.Run.Severity), nil)
	label := s.Voice.Say("card.label."+string(state), nil)
	return s.Voice.Say("card.head", words.Args{
		"label": label, "customer": s.customer(),
		"title": line(s.titleOf(s.Run)), "severity": severity,
	})
}

// headline is the title in one line without formatting, escaped.
func (s *Scene) headline() string {
	return s.Voice.Say("card.headline", words.Args{"customer": s.customer(), "title": line(s.titleOf(s.Run))})
}

// fallback joins what notifications show.
func fallback(parts ...string) string {
	parts = slices.DeleteFunc(parts, func(p string) bool { return strings.TrimSpace(p) == "" })
	return Clip(strings.Join(parts, "\n"), maxPlain)
}

// shown returns the signal that the current step, or the last one with a chart,
// shows.
func (s *Scene) shown() string {
	if _, step := s.charted(); step != nil {
		return step.Show
	}
	return ""
}

// charted returns the last visit whose step shows a chart, and the step; nil where
// there is none.
func (s *Scene) charted() (*playbooks.Visit, *playbooks.Step) {
	for i := len(s.Run.Visits) - 1; i >= 0; i-- {
		v := &s.Run.Visits[i]
		if step := s.step(v); step != nil && step.Show != "" {
			return v, step
		}
	}
	return nil, nil
}

// AskedAt returns when the text beside the card's chart was put to somebody, for
// the last time: its numbers are of then. It is the zero time without a chart.
func (s *Scene) AskedAt() time.Time {
	v, _ := s.charted()
	if v == nil {
		return time.Time{}
	}
	at := v.Entered
	for _, e := range s.Run.Log { // it was asked anew, with the numbers of that day
		if e.Step == v.Step && e.At.After(at) && (v.Left.IsZero() || !e.At.After(v.Left)) && (e.What == "log.asked_again" || e.What == "log.snooze_over") {
			at = e.At
		}
	}
	return at
}

// evidence tells what else fired while the card was open.
func (s *Scene) evidence() string {
	var lines []string
	for _, e := range s.Run.Evidence {
		what := s.title(e.Playbook)
		for _, r := range s.Also {
			if r == nil || r.ID != e.Run {
				continue
			}
			what = s.titleOf(r)
			if said := s.sentences(r.Fired, nil); len(said) > 0 {
				lines = append(lines, s.Voice.Say("card.also_numbers", words.Args{"title": line(what), "numbers": said[0]}))
				what = ""
			}
		}
		if what != "" {
			lines = append(lines, s.Voice.Say("card.also", words.Args{"title": line(what)}))
		}
	}
	slices.Sort(lines)
	lines = slices.Compact(lines)
	return strings.Join(lines[:min(len(lines), 8)], "\n")
}

// answers tells what was answered and done so far, the last three, with the way
// back while there is one.
func (s *Scene) answers() slack.Block {
	var lines []string
	said := func(answer, person string) {
		lines = append(lines, s.Voice.Say("card.answered", words.Args{"answer": answer, "person": s.person(person)}))
	}
	for i := range s.Run.Visits {
		v := &s.Run.Visits[i]
		step := s.step(v)
		switch {
		case v.Undone || v.By == "" || step == nil:
			continue
		case v.Answer == "": // nobody answered, or there is no approval yet
		case step.Task != nil && v.Answer == "approved": // before it was sent
			said(s.answerLabel(step, v.Answer), v.Approver)
		case step.Task != nil:
			lines = append(lines, s.Voice.Say("card.did", words.Args{"answer": s.answer(step, v), "person": s.person(v.By)}))
		default:
			said(s.answer(step, v), v.By)
		}
		for _, person := range slices.Sorted(maps.Keys(v.Others)) {
			said(s.answerGiven(step, v.Others[person].Answer, v.Others[person].Collected), person)
		}
		if v.Approval == "refused" {
			said(s.Voice.Say("answer.refused", nil), v.Approver)
		}
	}
	text := strings.Join(lines[max(0, len(lines)-3):], "\n")
	undo := s.undo()
	switch {
	case undo != nil && text != "":
		b := section(text)
		b.Accessory = slack.NewAccessory(undo)
		return b
	case text != "":
		return context(text)
	}
	return nil
}

// answered reports whether anybody answered a question or finished a task.
func (s *Scene) answered() bool { return s.answers() != nil }

// answer names what was answered or done at a visit, escaped.
func (s *Scene) answer(step *playbooks.Step, v *playbooks.Visit) string {
	if step.Task != nil {
		return Clip(s.visitText(v), 200)
	}
	return s.answerGiven(step, v.Answer, v.Collected)
}

// answerGiven names an answer together with what was given with it, escaped.
func (s *Scene) answerGiven(step *playbooks.Step, id string, values map[string]any) string {
	label := s.answerLabel(step, id)
	if step.Ask != nil {
		label += s.collected(step.Ask.Answer(id), values)
	}
	return label
}

func (s *Scene) answerLabel(step *playbooks.Step, id string) string {
	if step.Ask != nil {
		if a := step.Ask.Answer(id); a != nil {
			return line(s.plainText(a.Label, s.Facts))
		}
	}
	if key := "answer." + id; s.Voice.Has(key) {
		return s.Voice.Say(key, nil)
	}
	return line(id)
}

// body draws what the state needs of people, and returns it in a line as well.
func (s *Scene) body(state State) (blocks []slack.Block, next string) {
	visit := s.Run.Current()
	step := s.step(visit)
	switch state {
	case EndedState, EndingState:
		return s.ending(state)
	case SnoozedState:
		next = s.Voice.Say("card.snoozed", words.Args{"until": s.Voice.Day(s.Run.SnoozedUntil)})
		return []slack.Block{section(next), s.actions("more", s.more(visit, step)...)}, next
	case ApprovalState:
		return s.approval(visit, step)
	case HeldState:
		next = s.Voice.Say("card.held", nil)
		return []slack.Block{section(next)}, next
	}
	if step == nil {
		return nil, ""
	}
	switch {
	case step.Ask != nil:
		return s.question(visit, step)
	case step.Task != nil:
		return s.task(visit, step)
	}
	return s.waiting(step)
}

// question draws the question of an ask step and its answers.
func (s *Scene) question(visit *playbooks.Visit, step *playbooks.Step) (blocks []slack.Block, next string) {
	what, next := s.parts(visit, step)
	if what != "" && what != s.what() {
		next = what + "\n" + next // of a later question
	}
	blocks = append(blocks, section(next))
	if s.Run.TakenBy != "" {
		blocks = append(blocks, context(s.Voice.Say("card.taken", words.Args{"person": s.person(s.Run.TakenBy)})))
	}
	buttons := s.answerButtons(visit, step)
	if s.Run.TakenBy == "" {
		buttons = append(buttons, button(TakenAction, s.Voice.Say("button.taken", nil), s.ref(visit)))
	}
	buttons = append(buttons, s.more(visit, step)...)
	for i := 0; len(buttons) > 0; i++ {
		n := min(len(buttons), maxElements)
		blocks = append(blocks, s.actions("answers"+strconv.Itoa(i), buttons[:n]...))
		buttons = buttons[n:]
	}
	return blocks, next
}

func (s *Scene) answerButtons(visit *playbooks.Visit, step *playbooks.Step) []slack.BlockElement {
	var buttons []slack.BlockElement
	for i := range step.Ask.Answers {
		a := &step.Ask.Answers[i]
		ref := s.ref(visit)
		ref.Answer = a.ID
		label := s.plainText(a.Label, s.Facts)
		if label == "" {
			label = a.ID
		}
		buttons = append(buttons, button(Clip(AnswerAction+a.ID, 255), label, ref))
	}
	return buttons
}

// second draws the latest question once more for the other of the two people who may
// answer it, as long as nothing else is asked.
func (s *Scene) second() []slack.Block {
	current := s.step(s.Run.Current())
	if s.Run.Also == "" || !s.Run.Open() || s.Run.Ending() || current == nil || current.Ask != nil {
		return nil
	}
	v, other := s.Run.Second()
	if v == nil || !s.Asks(v) {
		return nil
	}
	step := s.step(v)
	_, question := s.parts(v, step)
	text := s.Voice.Say("card.second", words.Args{"person": s.person(other), "question": question})
	return []slack.Block{section(text), s.actions("second", s.answerButtons(v, step)...)}
}

// Asks reports whether a visit asks whose play it is, and not somebody whom the step
// names.
func (s *Scene) Asks(v *playbooks.Visit) bool {
	step := s.step(v)
	return step != nil && step.Ask != nil && step.To == nil
}

// task draws what a person must do.
func (s *Scene) task(visit *playbooks.Visit, step *playbooks.Step) (blocks []slack.Block, next string) {
	args := words.Args{"task": s.said(visit, step.Task.Text), "person": s.person(visit.Assignee), "due": "–"}
	id := "card.task_no_due"
	if !visit.Due.IsZero() {
		id, args["due"] = "card.task", s.dueDay(visit)
		if visit.Due.Before(s.Now) {
			id = "card.task_overdue"
		}
	}
	next = s.Voice.Say(id, args)
	blocks = append(blocks, section(next))
	if s.Run.TakenBy != "" {
		blocks = append(blocks, context(s.Voice.Say("card.taken", words.Args{"person": s.person(s.Run.TakenBy)})))
	}
	blocks = append(blocks, s.checklist(visit, step)...)
	blocks = append(blocks, s.attached(visit, step)...)
	elements := s.doneButtons(visit, step)
	if s.Run.TakenBy == "" {
		elements = append(elements, button(TakenAction, s.Voice.Say("button.taken", nil), s.ref(visit)))
	}
	elements = append(elements, s.more(visit, step)...)
	return append(blocks, s.actions("task", elements...)), next
}

// dueDay writes the day on which a visit is due: the day of whoever has it, which it
// is for every reader, since six in the evening in New York is the next day in Tokyo.
func (s *Scene) dueDay(v *playbooks.Visit) string {
	if v.Due.IsZero() {
		return s.Voice.Day(v.Due)
	}
	return s.Voice.Date(s.Team.Calendar(v.Assignee).Day(v.Due))
}

// checklist draws a task's items as boxes to tick, ten to a block.
func (s *Scene) checklist(visit *playbooks.Visit, step *playbooks.Step) []slack.Block {
	var blocks []slack.Block
	items := step.Task.Checklist
	for from := 0; from < len(items) && from < 5*maxChecks; from += maxChecks {
		var all, ticked []*slack.OptionBlockObject
		for i := from; i < min(from+maxChecks, len(items)); i++ {
			o := option(strconv.Itoa(i), oneLine(s.plainText(items[i], s.Facts)))
			all = append(all, o)
			if slices.Contains(visit.Checked, i) {
				ticked = append(ticked, o)
			}
		}
		boxes := slack.NewCheckboxGroupsBlockElement(ChecksAction+":"+strconv.Itoa(from), all...)
		boxes.InitialOptions = ticked
		blocks = append(blocks, s.actions("checks"+strconv.Itoa(from), boxes))
	}
	return blocks
}

// waiting tells until when, or for what, the run waits.
func (s *Scene) waiting(step *playbooks.Step) ([]slack.Block, string) {
	next := s.waitingFor(step)
	blocks := []slack.Block{section(next)}
	if more := s.more(s.Run.Current(), step); len(more) > 0 {
		blocks = append(blocks, s.actions("more", more...))
	}
	return blocks, next
}

// waitingFor says until when, or for what, a step waits.
func (s *Scene) waitingFor(step *playbooks.Step) string {
	var until string
	for _, t := range s.Run.Timers {
		if t.Kind == playbooks.WaitTimer {
			until = s.Voice.Day(t.At)
		}
	}
	id := "card.waiting"
	if step.Webhook != nil {
		return s.Voice.Say("card.calling", words.Args{"system": line(step.Webhook.Name)})
	}
	switch {
	case until != "" && step.Wait != nil && step.Wait.Until != nil:
		id = "card.waiting_until_or"
		if len(step.Wait.Until.Signals()) == 0 { // no number is to recover
			id = "card.waiting_until_met"
		}
	case until != "":
		id = "card.waiting_until"
	case step.Wait != nil && step.Wait.Until != nil:
		id = "card.waiting_for"
	}
	return s.Voice.Say(id, words.Args{"until": until})
}

// approval asks a second person.
func (s *Scene) approval(visit *playbooks.Visit, step *playbooks.Step) ([]slack.Block, string) {
	args := words.Args{"person": s.person(visit.By), "approver": s.person(visit.Approver), "answer": line(visit.Answer)}
	if step != nil {
		args["answer"] = s.answer(step, visit)
	}
	next := s.Voice.Say("card.approval", args)
	elements := []slack.BlockElement{
		primary(button(ApproveAction, s.Voice.Say("button.approve", nil), s.ref(visit))),
		button(RefuseAction, s.Voice.Say("button.refuse", nil), s.ref(visit))}
	return []slack.Block{section(next), s.actions("approval", append(elements, s.showText(visit)...)...)}, next
}

// ending tells the outcome, with the way back while there is one.
func (s *Scene) ending(state State) ([]slack.Block, string) {
	id := "card.ended"
	if state == EndingState {
		id = "card.ending"
	}
	next := s.Voice.Say(id, words.Args{"outcome": s.outcome(), "when": s.Voice.Day(s.Run.Ended)})
	return []slack.Block{section(next)}, next
}

// undo is the button of the way back while there is one, or nil.
func (s *Scene) undo() *slack.ButtonBlockElement {
	u := s.Run.Undo
	if u == nil || !u.Until.After(s.Now) {
		return nil
	}
	visit := s.Run.Current()
	if visit == nil && len(s.Run.Visits) > 0 {
		visit = &s.Run.Visits[len(s.Run.Visits)-1]
	}
	return button(UndoAction, s.Voice.Say("button.undo", nil), s.ref(visit))
}

// outcome names how the run ended, escaped.
func (s *Scene) outcome() string {
	if def, ok := s.playbook().Outcomes[s.Run.Outcome]; ok && !def.Title.IsZero() {
		return line(s.plainText(def.Title, s.Facts))
	}
	if id := "outcome." + s.Run.Outcome; s.Voice.Has(id) {
		return s.Voice.Say(id, nil)
	}
	return line(strings.ReplaceAll(s.Run.Outcome, "_", " "))
}

// more is the menu of what every step allows.
func (s *Scene) more(visit *playbooks.Visit, step *playbooks.Step) []slack.BlockElement {
	if visit == nil {
		return nil
	}
	say := func(id string) string { return s.Voice.Say("button."+id, nil) }
	var options []*slack.OptionBlockObject
	handoff := s.Run.Handoff != nil
	if step != nil && (step.Ask != nil || step.Task != nil) {
		options = append(options, option(SnoozeAction, say("snooze")))
		if !handoff { // nobody doubts that a won deal is one
			options = append(options, option(DismissAction, say("dismiss")))
		}
		options = append(options, option(ReassignAction, say("reassign")))
	}
	if step != nil && step.Task != nil {
		options = append(options, option(MoveAction, say("move")))
	}
	if handoff {
		options = append(options, option(ReadAction, say("read")))
	}
	options = append(options, option(DetailsAction, say("details"))) // Slack takes five at most
	return []slack.BlockElement{slack.NewOverflowBlockElement(MoreAction, options...)}
}

// why is the last line: why the card is there, whose it is, what matters besides.
func (s *Scene) why() string {
	parts := s.reasons()
	if s.Run.Draft {
		parts = append([]string{s.Voice.Say("why.draft", nil)}, parts...)
	}
	if s.Private {
		parts = append(parts, s.Voice.Say("why.yours", nil))
	} else if s.Run.Assignee != "" {
		parts = append(parts, s.Voice.Say("why.owner", words.Args{"person": s.person(s.Run.Assignee)}))
	}
	if began := s.beganBefore(); began != "" {
		parts = append(parts, began)
	}
	if renewal := s.renewal(); renewal != "" {
		parts = append(parts, renewal)
	}
	if s.Account != nil {
		if crm := link(s.Account.URL, s.Voice.Say("why.crm", nil)); crm != "" {
			parts = append(parts, crm)
		}
	}
	return s.Voice.Say("why.line", words.Args{"parts": strings.Join(parts, s.Voice.Say("why.separator", nil))})
}

// beganBefore tells on which day the play began, where it asks on another: what waited for
// another question, for working hours or for a daily budget. "" where it is the same day.
func (s *Scene) beganBefore() string {
	visit := s.Run.Current()
	if visit == nil || visit.N > 0 || s.Run.Began.IsZero() {
		return ""
	}
	asked := visit.Delivered
	if asked.IsZero() {
		asked = s.Now
	}
	if s.Voice.dateOf(asked) == s.Voice.dateOf(s.Run.Began) {
		return ""
	}
	return s.Voice.Say("why.began", words.Args{"at": s.Voice.Day(s.Run.Began)})
}

// ref says which run and visit a button means.
func (s *Scene) ref(visit *playbooks.Visit) Ref {
	ref := Ref{Run: s.Run.ID}
	if visit != nil {
		ref.Visit = visit.N
	}
	return ref
}

// actions makes a row of buttons and menus about the current visit.
func (s *Scene) actions(role string, elements ...slack.BlockElement) *slack.ActionBlock {
	return slack.NewActionBlock(s.ref(s.Run.Current()).blockID(role), elements...)
}
