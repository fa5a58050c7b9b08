package playbooks

import (
	"playcaller/rules"
)

// A Journey is what journey.yaml says: the stages an account goes through, in
// order, and the dated points it should reach there.
type Journey struct {
	Stages     []Stage
	Milestones []MilestoneDef
}

// A Stage is where an account is: evaluation, contract, onboarding, adoption,
// renewal, churned.
type Stage struct {
	ID    string
	Title Label
	About Label
}

// A MilestoneDef is a point that accounts should reach, and how one sees that
// they did.
type MilestoneDef struct {
	ID      string
	Title   Label
	About   Label
	Stage   string // the stage it belongs to
	Due     Offset // zero where it has no date
	Task    *Text  // what is to be done for it; nil where it only is watched
	Owner   string // role whose task it is; the account's owner where empty
	Reached *rules.Condition
}

// An Offset is a date counted from a field of the account: contract.start + 14d.
type Offset struct {
	From string // "contract.start", "contract.end", "contract.notice_by"
	By   Delay
	Back bool // By is counted backwards
}

// IsZero reports whether the offset is absent.
func (o Offset) IsZero() bool { return o.From == "" }

// Stage returns the stage of that id, or nil.
func (j *Journey) Stage(id string) *Stage {
	if j == nil {
		return nil
	}
	for i := range j.Stages {
		if j.Stages[i].ID == id {
			return &j.Stages[i]
		}
	}
	return nil
}

// Milestone returns the milestone of that id, or nil.
func (j *Journey) Milestone(id string) *MilestoneDef {
	if j == nil {
		return nil
	}
	for i := range j.Milestones {
		if j.Milestones[i].ID == id {
			return &j.Milestones[i]
		}
	}
	return nil
}

// Of returns the milestones of a stage, in the order of journey.yaml.
func (j *Journey) Of(stage string) []*MilestoneDef {
	if j == nil {
		return nil
	}
	var of []*MilestoneDef
	for i := range j.Milestones {
		if j.Milestones[i].Stage == stage {
			of = append(of, &j.Milestones[i])
		}
	}
	return of
}
