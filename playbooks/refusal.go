package playbooks

import "fmt"

// A Refusal says why an event of a person changes nothing. Its code is the part
// after "refusal." of a message id of the words catalogue, which Args fill in.
type Refusal struct {
	Code string
	Args map[string]any
}

// Error returns the code and its arguments, for logs; people are told by words.
func (r *Refusal) Error() string {
	if len(r.Args) == 0 {
		return "refused: " + r.Code
	}
	return fmt.Sprintf("refused: %s %v", r.Code, r.Args)
}

// The codes of refusals, and their arguments.
const (
	RefusedEnded         = "ended"          // outcome: the run has ended
	RefusedAnswered      = "answered_by"    // person, answer: somebody was faster
	RefusedNotCurrent    = "not_current"    // the run has moved on from that step
	RefusedAnswer        = "unknown_answer" // answer: the question has none of that name
	RefusedMissing       = "missing_value"  // name: a value that the answer collects
	RefusedValue         = "bad_value"      // name, kind: a value of another kind
	RefusedPast          = "date_past"      // date
	RefusedFar           = "date_far"       // date: more than a year ahead
	RefusedUndoOver      = "undo_over"
	RefusedUndoOther     = "undo_other" // person: only who answered can take it back
	RefusedNotAllowed    = "not_allowed"
	RefusedPerson        = "unknown_person" // person
	RefusedSamePerson    = "same_person"    // person: it is theirs already
	RefusedReason        = "missing_reason"
	RefusedText          = "missing_text"
	RefusedWrongStep     = "wrong_step"      // the step does not take that kind of answer
	RefusedApproval      = "awaits_approval" // person
	RefusedHeld          = "held"            // the run waits behind another question
	RefusedHandoffClosed = "handoff_closed"  // state: decided already
	RefusedHandoffTurn   = "handoff_turn"    // person: whose turn it is
)

// refuse makes a refusal; args are name, value, name, value…
func refuse(code string, args ...any) *Refusal {
	r := &Refusal{Code: code}
	for i := 0; i+1 < len(args); i += 2 {
		if r.Args == nil {
			r.Args = map[string]any{}
		}
		r.Args[args[i].(string)] = args[i+1]
	}
	return r
}
