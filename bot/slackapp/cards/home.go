package cards

import (
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"playcaller/playbooks"
	"playcaller/playbooks/words"
)

// A Todo is a run in a person's list, and where its card is.
type Todo struct {
	Scene *Scene
	Link  string

	// Second is the question that the person is asked beside another, whether or not
	// the run is still at it; nil where the run waits for the person.
	Second *playbooks.Visit
}

// visit is what the person has to do.
func (t *Todo) visit() *playbooks.Visit {
	if t.Second != nil {
		return t.Second
	}
	return t.Scene.Run.Current()
}

// room is how much a list may fill.
type room struct{ blocks, characters int }

var (
	messageRoom = room{maxMessageBlocks - 1, maxAllText - 600}
	homeRoom    = room{maxViewBlocks - 4, maxView / 3}
)

// Digest draws a person's list of the day; ok is false where there is nothing.
func Digest(v *Voice, todos []Todo, now words.Args) (m Message, ok bool) {
	mine := waitingFor(todos)
	if len(mine) == 0 {
		return Message{}, false
	}
	head := v.Say("digest.head", counted(v, mine, now))
	return Message{Text: head, Blocks: Fit(list(v, head, mine, messageRoom))}, true
}

// Tasks draws the same list for somebody who asks for it at any time of day.
func Tasks(v *Voice, todos []Todo, now words.Args) Message {
	mine := waitingFor(todos)
	head := v.Say("tasks.none", nil)
	if len(mine) > 0 {
		head = v.Say("tasks.head", counted(v, mine, now))
	}
	return Message{Text: head, Blocks: Fit(list(v, head, mine, messageRoom))}
}

// Home draws a person's home tab.
func Home(v *Voice, todos []Todo, now words.Args) []slack.Block {
	mine := waitingFor(todos)
	head := v.Say("home.none", nil)
	if len(mine) > 0 {
		head = v.Say("tasks.head", counted(v, mine, now))
	}
	blocks := list(v, head, mine, homeRoom)
	return distinct(append(blocks,
		slack.NewDividerBlock(),
		context(v.Say("home.help", nil)),
		slack.NewActionBlock("home", button(HandoffAction, v.Say("button.new_handoff", nil), Ref{}))))
}

// waitingFor leaves out what needs nobody now, and sorts what is late first.
func waitingFor(todos []Todo) []Todo {
	mine := slices.Clone(todos)
	mine = slices.DeleteFunc(mine, func(t Todo) bool {
		switch StateOf(t.Scene.Run, t.Scene.Now) {
		case EndedState, EndingState:
			return true
		case WaitingState, SnoozedState, HeldState:
			return t.Second == nil || t.Second.By == ""
		}
		return false
	})
	slices.SortStableFunc(mine, func(a, b Todo) int {
		x, y := a.visit(), b.visit()
		switch {
		case x.Due.IsZero() != y.Due.IsZero():
			if x.Due.IsZero() {
				return 1
			}
			return -1
		case !x.Due.Equal(y.Due):
			return x.Due.Compare(y.Due)
		}
		return x.Entered.Compare(y.Entered)
	})
	return mine
}

// counted counts a list for its heading: what is overdue, due today, new, and left
// from before. Nothing is said of what there is none of.
func counted(v *Voice, mine []Todo, now words.Args) words.Args {
	kinds := []string{"overdue", "due", "new", "new_tasks", "carried"}
	n := map[string]int{}
	for _, t := range mine {
		visit := t.visit()
		day := v.dateOf(t.Scene.Now)
		fresh := visit.Delivered.IsZero() || v.dateOf(visit.Delivered) == day
		switch {
		case !visit.Due.IsZero() && visit.Due.Before(t.Scene.Now):
			n["overdue"]++
		case !visit.Due.IsZero() && v.dateOf(visit.Due) == day:
			n["due"]++
		case fresh && visit.Kind == playbooks.TaskStep:
			n["new_tasks"]++
		case fresh:
			n["new"]++
		default:
			n["carried"]++
		}
	}
	var parts []string
	for _, kind := range kinds {
		if n[kind] > 0 {
			parts = append(parts, v.Say("digest."+kind, words.Args{"count": n[kind]}))
		}
	}
	args := words.Args{"count": len(mine), "parts": strings.Join(parts, v.Say("digest.separator", nil))}
	for name, value := range now {
		args[name] = value
	}
	return args
}

// list draws the runs below a heading, with buttons while there is room for them,
// and says how many more there are.
func list(v *Voice, head string, mine []Todo, most room) []slack.Block {
	blocks := []slack.Block{section(head)}
	used := size(blocks)
	for i, t := range mine {
		item := []slack.Block{section(Clip(t.line(), 700))}
		if row := t.buttons(); row != nil {
			item = append(item, row)
		}
		left := len(mine) - i - 1 // each needs a line of its own at least
		if len(blocks)+len(item)+left >= most.blocks || used+size(item)+left*lineSize > most.characters {
			item = item[:1]
		}
		if len(blocks)+len(item) >= most.blocks || used+size(item) > most.characters {
			return append(blocks, context(v.Say("digest.more", words.Args{"count": len(mine) - i})))
		}
		blocks = append(blocks, item...)
		used += size(item)
	}
	return blocks
}

// lineSize is about how many characters a line of a list takes without buttons.
const lineSize = 350

// line is a run in a list.
func (t *Todo) line() string {
	s := t.Scene
	visit := t.visit()
	args := words.Args{"headline": "*" + s.customer() + "* · " + line(s.titleOf(s.Run)),
		"what": s.visitText(visit), "due": s.dueDay(visit)}
	if s.Run.Handoff != nil && visit.Kind == playbooks.HandoffStep {
		args["what"] = s.handoffLine(s.Run.Handoff)
	}
	id := "tasks.line"
	switch {
	case visit.Due.IsZero():
	case visit.Due.Before(s.Now):
		id = "tasks.line_overdue"
	default:
		id = "tasks.line_due"
	}
	said := s.Voice.Say(id, args)
	if t.Second != nil {
		said += "\n" + t.besides()
	}
	if open := link(t.Link, s.Voice.Say("dm.open", nil)); open != "" {
		said += "  " + open
	}
	return said
}

// besides says beside whom the person is asked, and what that one has answered.
func (t *Todo) besides() string {
	s, v := t.Scene, t.Second
	if v.By == "" {
		return s.Voice.Say("tasks.second", words.Args{"person": s.person(v.Assignee)})
	}
	return s.Voice.Say("tasks.second_answered", words.Args{"person": s.person(v.By), "answer": s.answer(s.step(v), v)})
}

// buttons are the one or two things to do about a run in a list.
func (t *Todo) buttons() slack.Block {
	s := t.Scene
	visit := t.visit()
	step := s.step(visit)
	say := func(id string) string { return s.Voice.Say("button."+id, nil) }
	switch {
	case t.Second != nil:
		if step == nil || step.Ask == nil {
			return nil
		}
		answers := s.answerButtons(visit, step)
		return s.actions("second", answers[:min(len(answers), maxElements)]...)
	case s.Run.Handoff != nil && visit.Kind == playbooks.HandoffStep:
		return s.handoffButtons(s.Run.Handoff, visit)
	case StateOf(s.Run, s.Now) == ApprovalState:
		return s.actions("todo", primary(button(ApproveAction, say("approve"), s.ref(visit))), button(RefuseAction, say("refuse"), s.ref(visit)))
	case step == nil:
		return nil
	case step.Task != nil:
		return s.actions("todo", append(s.doneButtons(visit, step), s.more(visit, step)...)...)
	case step.Ask != nil && len(step.Ask.Answers) < maxElements-1:
		return s.actions("todo", append(s.answerButtons(visit, step), s.more(visit, step)...)...)
	}
	return nil
}

// RowRef returns which run and visit a row of buttons is about; ok is false where
// it is about none.
func RowRef(row *slack.ActionBlock) (ref Ref, ok bool) {
	if row.Elements != nil {
		for _, e := range row.Elements.ElementSet {
			b, isButton := e.(*slack.ButtonBlockElement)
			if !isButton || b.Value == "" {
				continue
			}
			if ref, err := ParseRef(b.Value); err == nil && ref.Run != "" {
				return ref, true
			}
		}
	}
	return ParseBlockID(row.BlockID)
}

// Settled stands in place of a row of buttons that have nothing left to do.
func Settled(said string) slack.Block { return context(said) }
