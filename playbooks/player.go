package playbooks

// An advance is one event being worked into a copy of a run.
type advance struct {
	playbook *Playbook
	run      *Run
	event    Event
	env      Env
	effects  []Effect
	changed  bool
}

func (a *advance) handle() {}

func (r Run) clone() Run { return r }
