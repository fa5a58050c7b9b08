package cards

import (
	"slices"

	"github.com/slack-go/slack"

	"playcaller/playbooks"
	"playcaller/playbooks/words"
)

// maxListed is how many runs a list shows; each takes two blocks.
const maxListed = 20

// A Todo is a run in a person's list, and where its card is.
type Todo struct {
	Scene *Scene
	Link  string
}

// Digest draws a person's list of the day; ok is false where there is nothing.
func Digest(v *Voice, todos []Todo, now words.Args) (m Message, ok bool) {
	mine := waitingFor(todos)
	if len(mine) == 0 {
		return Message{}, false
	}
	head := v.Say("digest.head", count(v, mine, now))
	return Message{Text: head, Blocks: Fit(list(v, head, mine))}, true
}

// Tasks draws the same list for somebody who asks for it at any time of day.
func Tasks(v *Voice, todos []Todo, now words.Args) Message {
	mine := waitingFor(todos)
	head := v.Say("tasks.none", nil)
	if len(mine) > 0 {
		head = v.Say("tasks.head", count(v, mine, now))
	}
	return Message{Text: head, Blocks: Fit(list(v, head, mine))}
}

// Home draws a person's home tab.
func Home(v *Voice, todos []Todo, now words.Args) []slack.Block {
	mine := waitingFor(todos)
	head := v.Say("home.none", nil)
	if len(mine) > 0 {
		head = v.Say("tasks.head", count(v, mine, now))
	}
	blocks := list(v, head, mine)
	return append(blocks,
		slack.NewDividerBlock(),
		context(v.Say("home.help", nil)),
		slack.NewActionBlock("home", button(HandoffAction, v.Say("button.new_handoff", nil), Ref{})))
}

// waitingFor leaves out what needs nobody now, and sorts what is late first.
func waitingFor(todos []Todo) []Todo {
	mine := slices.Clone(todos)
	mine = slices.DeleteFunc(mine, func(t Todo) bool {
		switch StateOf(t.Scene.Run, t.Scene.Now) {
		case EndedState, EndingState, WaitingState, SnoozedState, HeldState:
			return true
		}
		return false
	})
	slices.SortStableFunc(mine, func(a, b Todo) int {
		x, y := a.Scene.Run.Current(), b.Scene.Run.Current()
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

// count counts a list for its heading: due today, overdue, new questions, and
// what is left from before.
func count(v *Voice, mine []Todo, now words.Args) words.Args {
	today, overdue, questions, carried := 0, 0, 0, 0
	for _, t := range mine {
		visit := t.Scene.Run.Current()
		day := v.dateOf(t.Scene.Now)
		switch {
		case !visit.Due.IsZero() && visit.Due.Before(t.Scene.Now):
			overdue++
		case !visit.Due.IsZero() && v.dateOf(visit.Due) == day:
			today++
		case visit.Kind == playbooks.AskStep && v.dateOf(visit.Entered) == day:
			questions++
		default:
			carried++
		}
	}
	args := words.Args{"count": len(mine), "today": today, "overdue": overdue, "new": questions, "questions": questions, "carried": carried}
	for name, value := range now {
		args[name] = value
	}
	return args
}

// list draws the runs below a heading.
func list(v *Voice, head string, mine []Todo) []slack.Block {
	blocks := []slack.Block{section(head)}
	for i, t := range mine {
		if i == maxListed {
			blocks = append(blocks, context(v.Say("tasks.more", words.Args{"count": len(mine) - maxListed})))
			break
		}
		blocks = append(blocks, section(t.line()))
		if row := t.buttons(); row != nil {
			blocks = append(blocks, row)
		}
	}
	return blocks
}

// line is a run in a list.
func (t *Todo) line() string {
	s := t.Scene
	visit := s.Run.Current()
	args := words.Args{"headline": "*" + s.customer() + "* · " + line(s.title(s.Run.Playbook)),
		"what": s.stepText(s.step(visit)), "due": s.Voice.Day(visit.Due)}
	if s.Run.Handoff != nil {
		args["what"] = s.Voice.Say("handoff.state."+string(s.Run.Handoff.State), nil)
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
	if open := link(t.Link, s.Voice.Say("dm.open", nil)); open != "" {
		said += "  " + open
	}
	return said
}

// buttons are the one or two things to do about a run in a list.
func (t *Todo) buttons() slack.Block {
	s := t.Scene
	visit := s.Run.Current()
	step := s.step(visit)
	say := func(id string) string { return s.Voice.Say("button."+id, nil) }
	switch {
	case s.Run.Handoff != nil && visit.Kind == playbooks.HandoffStep:
		return s.handoffButtons(s.Run.Handoff, visit)
	case StateOf(s.Run, s.Now) == ApprovalState:
		return s.actions("todo", primary(button(ApproveAction, say("approve"), s.ref(visit))), button(RefuseAction, say("refuse"), s.ref(visit)))
	case step == nil:
		return nil
	case step.Task != nil:
		return s.actions("todo", append([]slack.BlockElement{primary(button(DoneAction, say("done"), s.ref(visit)))}, s.more(visit, step)...)...)
	case step.Ask != nil && len(step.Ask.Answers) < maxElements-1:
		return s.actions("todo", append(s.answerButtons(visit, step), s.more(visit, step)...)...)
	}
	return nil
}
