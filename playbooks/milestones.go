package playbooks

import (
	"strings"

	"playcaller/rules"
)

// isMilestoneStep reports whether a step stands for a milestone of the journey and
// not for itself.
func isMilestoneStep(id string) bool { return strings.HasPrefix(id, milestoneStep) }

// milestone returns the milestone whose task a step is, or nil.
func (a *advance) milestone(step string) *MilestoneDef {
	name, ok := strings.CutPrefix(step, milestoneStep)
	if !ok || a.env.Book == nil {
		return nil
	}
	return a.env.Book.Journey.Milestone(name)
}

// milestonesFirst reports whether the tasks of the journey's milestones come
// before an outcome: a good one, after an accepted handoff.
func (a *advance) milestonesFirst(outcome string) bool {
	if a.run.Handoff == nil || a.run.Handoff.Outcome != "" || a.nextMilestone() == "" {
		return false
	}
	def := a.playbook.Outcomes[outcome]
	return def.Good != nil && *def.Good || outcome == ResolvedOut || outcome == PassedOn
}

// dated returns a milestone's date by the contract, as the handoff's form has it
// or else the account; 0 where that is not known.
func (a *advance) dated(m *MilestoneDef) rules.Date {
	if m.Due.IsZero() {
		return 0
	}
	from := a.contractDate(m.Due.From)
	if from == 0 {
		return 0
	}
	cal := a.calendar(a.run.Assignee)
	if m.Due.Back {
		return cal.Back(from, m.Due.By)
	}
	open, _ := cal.Open(from)
	return cal.Day(cal.Add(open, m.Due.By))
}

// contractDate returns a date of the contract ("contract.start"): what the form
// says in the field prefilled from it, else what the account says.
func (a *advance) contractDate(name string) rules.Date {
	if h, form := a.run.Handoff, a.handoffForm(); h != nil && form != nil {
		for _, f := range form.Without(h.Hidden).Fields() {
			if f.Kind != DateField || f.Prefill == nil || f.Prefill.String() != name {
				continue
			}
			if s, ok := h.Fields[f.ID].(string); ok {
				if d, err := rules.ParseDate(s); err == nil {
					return d
				}
			}
		}
	}
	f := a.facts()
	if f == nil || f.Contract() == nil {
		return 0
	}
	switch c := f.Contract(); name {
	case "contract.start":
		return c.Start
	case "contract.end":
		return c.End
	case "contract.notice_by":
		return c.NoticeBy
	}
	return 0
}

// handoffForm returns the form of the run's handoff, whatever step it is at.
func (a *advance) handoffForm() *Form {
	if a.run.Handoff == nil || a.env.Book == nil {
		return nil
	}
	return a.env.Book.Forms[a.run.Handoff.Kind]
}

// nextMilestone returns the next milestone of the journey that the accepted
// handoff began, by date, that has a task, is not reached and was not yet played;
// "" where none is left.
func (a *advance) nextMilestone() string {
	form := a.handoffForm()
	if form == nil || !form.Journey || a.run.Handoff.State != HandoffAccepted {
		return ""
	}
	best, bestDue := "", rules.Date(0)
	for _, m := range a.env.Book.Journey.Of(form.Stage) {
		due := a.milestoneDue(milestoneStep + m.ID)
		if m.Task == nil || due == 0 || a.played(m.ID) {
			continue
		}
		if a.reachedAlready(milestoneStep + m.ID) {
			continue
		}
		if best == "" || due < bestDue {
			best, bestDue = m.ID, due
		}
	}
	return best
}

// reachedAlready reports whether a step is the task of a milestone that the
// account has reached.
func (a *advance) reachedAlready(step string) bool {
	m, acc := a.milestone(step), a.account()
	return m != nil && acc != nil && !acc.Milestones[m.ID].Reached.IsZero()
}

// played reports whether the run has been at a milestone's task.
func (a *advance) played(milestone string) bool {
	for i := range a.run.Visits {
		v := &a.run.Visits[i]
		if !v.Undone && strings.TrimPrefix(v.Step, milestoneStep) == milestone {
			return true
		}
	}
	return false
}
