package playbooks

import "time"

// What a playbook file leaves unsaid. This is the one place for these defaults;
// lint shows those that a reader of the file might not expect.
const (
	defaultSeverity  = Medium
	defaultOnResolve = CloseOnResolve
	defaultExisting  = ListExisting // so that the first day is a list and not a flood
	defaultChannel   = "dm"
	defaultAssign    = "account.owner"
	defaultHoldout   = 0.0
)

// Defaults in working and calendar days.
var (
	defaultCooldown  = Delay{Days: 14}        // since the last run's end
	defaultOtherwise = Delay{WorkingDays: 10} // since the delivery; after a task's due date where it has one
	defaultWithin    = Delay{WorkingDays: 2}  // of an approval
	defaultFill      = Delay{WorkingDays: 1}  // of a handoff, sales' turn
	defaultCalling   = Delay{Minutes: 60}     // how long another system is tried to be reached
	defaultGathering = Delay{Minutes: 60}     // how long plays of a group wait for others
	defaultAccept    = Delay{WorkingDays: 1}  // of a handoff, onboarding's turn
)

// What team.yaml leaves unsaid of a person.
const (
	defaultBudget   = 8 // new questions and tasks a day
	defaultLanguage = "en"
)

var (
	defaultHours = Hours{From: 9 * 60, To: 18 * 60}
	defaultDays  = []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday}
)

// defaultReminders and defaultEscalations hold where team.yaml has none: high
// severity reminds after one working day and asks the manager for help after two;
// medium and low are on a weekly list.
func defaultReminders() map[Severity][]Delay {
	return map[Severity][]Delay{High: {{WorkingDays: 1}}}
}

func defaultEscalations() map[Severity]*Escalate {
	return map[Severity]*Escalate{High: {After: Delay{WorkingDays: 2}, To: "manager"}}
}

// Sizes that Slack takes (slack.md), less what the bot itself adds around a text.
const (
	maxTitle     = 100  // header 150, with the account's name in it
	maxText      = 2500 // section 3,000, with values filled in
	maxGroupText = 600  // the list of accounts follows
	maxTaskText  = 500  // in lists one task is one line of a section
	maxButton    = 75
	maxAnswers   = 20 // actions take 25 elements; the bot adds its own
	maxChecklist = 10 // checkboxes take 10 options
	maxItem      = 75 // option text
	maxCollect   = 10
	maxLabel     = 150  // label of an input
	maxHint      = 2000 // hint of an input
	maxChoices   = 100
	maxFormParts = 95 // a modal takes 100 blocks; sections and fields are one each
	maxSteps     = 100
)
