package cards

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// A Ref is what a button, a menu or a form is about. It never names a message:
// a click means a run and a visit, wherever it was made.
type Ref struct {
	Run     string `json:"r,omitempty"`
	Visit   int    `json:"v,omitempty"`
	Answer  string `json:"a,omitempty"`
	Account string `json:"c,omitempty"` // where there is no run yet
	Form    string `json:"f,omitempty"` // kind of handoff form
	Purpose string `json:"p,omitempty"`
	ID      string `json:"i,omitempty"` // of a request to start something, so that it is done once

	Kept map[string]any `json:"k,omitempty"` // what was filled into fields of a form that are not asked at the moment
}

// Keeping returns the Ref with as many of the values, by name, as a view holds beside it.
func (r Ref) Keeping(values map[string]any) Ref {
	r.Kept = nil
	kept := map[string]any{}
	for _, id := range slices.Sorted(maps.Keys(values)) {
		kept[id] = values[id]
		with := r
		with.Kept = kept
		if b, err := json.Marshal(with); err != nil || len(b) > maxValue {
			delete(kept, id)
		}
	}
	if len(kept) > 0 {
		r.Kept = kept
	}
	return r
}

// String writes the Ref as a button's value or a view's private metadata.
func (r Ref) String() string {
	b, err := json.Marshal(r)
	if err != nil || len(b) > maxValue {
		return "{}"
	}
	return string(b)
}

// ParseRef reads what String wrote. The error says that the value is not ours.
func ParseRef(s string) (Ref, error) {
	var r Ref
	if err := json.Unmarshal([]byte(s), &r); err != nil {
		return Ref{}, fmt.Errorf("button value %q is not one of ours: %w", Clip(s, 80), err)
	}
	return r, nil
}

// blockID names an actions block so that its menus, whose options have short
// values, say which run and visit they mean.
func (r Ref) blockID(role string) string {
	return role + ":" + strconv.Itoa(r.Visit) + ":" + r.Run
}

// ParseBlockID reads the run and visit from the id of an actions block.
func ParseBlockID(id string) (Ref, bool) {
	_, rest, ok := strings.Cut(id, ":") // before it: the block's role, perhaps numbered
	if !ok {
		return Ref{}, false
	}
	visit, run, ok := strings.Cut(rest, ":")
	n, err := strconv.Atoi(visit)
	if !ok || err != nil || run == "" {
		return Ref{}, false
	}
	return Ref{Run: run, Visit: n}, true
}

// numbered stands between an id and its number where a message has it several times.
const numbered = "#"

// Action returns what an action id means, without the number that makes it unique
// within its message.
func Action(id string) string {
	id, _, _ = strings.Cut(id, numbered)
	return id
}

// The action ids of buttons and menus. Those of answers are AnswerAction and the
// answer's id: ids are unique within a message.
const (
	AnswerAction   = "answer:"
	TakenAction    = "taken"
	DoneAction     = "done"
	ChecksAction   = "checks"
	MoreAction     = "more"
	SnoozeAction   = "snooze"
	DismissAction  = "dismiss"
	ReassignAction = "reassign"
	MoveAction     = "move"
	SkipAction     = "skip"
	DetailsAction  = "details"
	UndoAction     = "undo"
	TextAction     = "text" // the text for the customer
	ApproveAction  = "approve"
	RefuseAction   = "refuse"
	AcceptAction   = "handoff_accept"
	AskBackAction  = "handoff_ask"
	DeclineAction  = "handoff_decline"
	ReplyAction    = "handoff_reply"
	FillAction     = "handoff_fill"
	ReadAction     = "handoff_read"
	WithdrawAction = "handoff_withdraw"
	OpenAction     = "open" // a link: nothing is to be done
	AccountAction  = "account"
	HandoffAction  = "handoff_new"
)
