package playbooks

import (
	"time"

	"playcaller/rules"
)

// A Book is a folder of playbook files and what they share. It is loaded whole
// or not at all, and known by the hash of its content.
type Book struct {
	Hash       string            // hex SHA-256 over the names and bytes of Files
	Files      map[string][]byte // as read: path inside the folder -> bytes; enough to load it again
	Playbooks  map[string]*Playbook
	Signals    []rules.SignalDef
	Segments   []Segment
	Attributes []Attribute // further fields of accounts, in the order written
	Team       *Team
	Journey    *Journey
	Forms      map[string]*Form // handoff forms by kind: new, expansion, …
	Rules      *rules.Set       // every playbook's rule, compiled together
}

// A Playbook is one file: the rule that starts it and the steps to take.
type Playbook struct {
	Name     string
	File     string // path inside the book
	Title    Text
	About    Text
	Stage    string
	Goal     Goal
	Severity Severity
	ForEach  string // "" or "contract"
	Draft    bool
	Pilot    []string // people who alone get it, while it is piloted

	Lets []Let // names for expressions, in the order written

	Rule      *rules.Rule // nil where nothing but people, hooks and other playbooks start it
	OnResolve OnResolve
	Limit     Limit
	Existing  Existing
	StopWhen  []Branch
	Deadline  *rules.Expr // a date that `repeat … last` counts back from
	Group     Group       // many accounts at once become one message

	Assign  *rules.Expr // a person; account.owner where absent
	Also    *rules.Expr // a second person who may answer, or nil
	Channel string      // "#name" or "dm"

	Variants []Variant
	Steps    []*Step
	Outcomes map[string]OutcomeDef
}

// A Let names an expression, and says what people call it.
type Let struct {
	rules.Let
	Title Label // empty where it has but its name
}

// A Segment is a way of sorting accounts, and what people call it.
type Segment struct {
	rules.Segment
	Title  Label            // empty where it has but its name
	Titles map[string]Label // of its values, by value; those without are absent
}

// An Attribute is a further field of accounts, and what people call it.
type Attribute struct {
	Name  string
	Type  rules.Type
	Title Label // empty where it has but its name
}

// Severity decides who hears of silence: low and medium never escalate by themselves.
type Severity string

// The severities.
const (
	Low    Severity = "low"
	Medium Severity = "medium"
	High   Severity = "high"
)

// OnResolve says what becomes of a run whose rule stops holding.
type OnResolve string

// The choices of on_resolve.
const (
	CloseOnResolve    OnResolve = "close" // until somebody has answered; else a note
	ContinueOnResolve OnResolve = "continue"
)

// Existing says what becomes of accounts for which a playbook's rule already
// holds when it is switched on.
type Existing string

// The choices of existing.
const (
	ListExisting   Existing = "list"
	StartExisting  Existing = "start"
	IgnoreExisting Existing = "ignore"
)

// A Limit is a storm limit: more starts than N within Per ask ops first. N is 0
// where there is none.
type Limit struct {
	N   int
	Per time.Duration
}

// A Group makes many accounts at once one message instead of as many plays. Once the
// rule fires, its play waits for Within; if by then Of accounts wait, they are told of
// in one message and get no plays, and otherwise the plays begin. Of is 0 where plays
// never wait.
type Group struct {
	Of      int
	Within  Delay  // of the first of them: minutes and hours, a day at most
	Channel string // "#name" or "dm"; the playbook's where empty
	Say     Text   // above the list of accounts, as the first of them has it; the bot's own words where zero
}

// A Goal is what the playbook is for: a milestone, and the metric that shows it.
type Goal struct {
	Milestone string
	Metric    *rules.Expr
}

// An OutcomeDef declares an ending of a playbook.
type OutcomeDef struct {
	Title    Text
	Good     *bool  // nil where neither good nor bad
	Escalate string // a role ("manager") that is told
}

// Outcomes that need no declaring.
const (
	NotAProblem = "not_a_problem"
	PassedOn    = "passed_on"
	ResolvedOut = "resolved"
	Unanswered  = "unanswered"
	Unclear     = "unclear"
	Stopped     = "stopped"
)

// A Variant chooses an entry step, or replaces whole steps, by a condition. An
// account that matches no variant is outside the audience.
type Variant struct {
	Name  string
	Title Label // empty where it has but its name
	If    *rules.Condition
	Entry string  // step id to begin with, or ""
	Steps []*Step // replacing those of the same id
}

// A Step is one entry of a playbook. Exactly the field of its Kind is set.
type Step struct {
	ID   string
	Kind StepKind
	Pos  Pos

	Ask     *Ask
	Task    *Task
	Say     *Say
	Wait    *Wait
	Branch  []Branch
	Handoff string // kind of form
	Set     []Assignment
	Quiet   bool   // set: in the record alone, not in the thread
	Start   string // playbook
	Webhook *Webhook

	To        *rules.Expr // person this step is for; the run's assignee where nil
	Show      string      // signal to chart, or ""
	Attach    *Attach
	Approve   *Approve // the step's result holds only once approved
	Repeat    *Repeat
	Remind    []Delay // each from the delivery
	Escalate  *Escalate
	Otherwise *Otherwise // never nil for ask, task and handoff after loading
	Then      Target     // zero: the next step, or outcome "resolved" after the last
	Declined  Target     // handoff: where it goes when declined; outcome "stopped" where zero
	Withdrawn Target     // handoff: where it goes when withdrawn; outcome "stopped" where zero
}

// StepKind names what a step does.
type StepKind string

// The kinds of steps.
const (
	AskStep     StepKind = "ask"
	TaskStep    StepKind = "task"
	SayStep     StepKind = "say"
	WaitStep    StepKind = "wait"
	BranchStep  StepKind = "branch"
	HandoffStep StepKind = "handoff"
	SetStep     StepKind = "set"
	StartStep   StepKind = "start"
	WebhookStep StepKind = "webhook"
)

// A Target is where a run goes next: a step or an outcome. The zero Target is
// "the step after this one".
type Target struct {
	Step    string
	Outcome string
}

// Ask is a question with answers to choose from.
type Ask struct {
	Text    Text
	Answers []Answer // in the order written
}

// Answer returns the answer of that id, or nil.
func (a *Ask) Answer(id string) *Answer {
	for i := range a.Answers {
		if a.Answers[i].ID == id {
			return &a.Answers[i]
		}
	}
	return nil
}

// An Answer is one button of a question.
type Answer struct {
	ID      string
	Label   Text
	Collect []Collect // asked in a modal before the answer counts
	Snooze  string    // name of a collected date until which the playbook is snoozed on the account, or a Delay's text
	Start   string    // playbook to start
	Set     []Assignment
	Then    Target
}

// Collect is a value asked together with an answer.
type Collect struct {
	Name  string
	Kind  string // date, person, amount, reason, text
	Label Label  // what the modal asks; empty where the kind says enough
}

// Task is something a person must do.
type Task struct {
	Text      Text
	Checklist []Text
	Due       Delay // from the delivery
}

// Say is a message without an answer.
type Say struct {
	Text    Text
	Channel string // "#name", "dm", or "" for the run's thread
}

// Wait lets time pass: at most For, and no longer than Until holds; or until a date.
type Wait struct {
	For   Delay
	Until *rules.Condition
	Date  *rules.Expr // a date; past means go on at once
}

// A Branch is one alternative; an Else has no If. Unknown is taken where the
// conditions before it could not be judged.
type Branch struct {
	If      *rules.Condition
	Then    Target
	Unknown *Target // on the else entry: never nil after loading
}

// An Assignment sets something of the account: stage, a milestone, an attribute.
type Assignment struct {
	Field string // "stage", "milestone.kickoff", "contract.signed", "attributes.risk"
	Value *rules.Expr
}

// A Webhook calls another system, by the name under which its address and secret are
// configured: neither stands in a book.
type Webhook struct {
	Name string
	Body []BodyField // in the order written
}

// A BodyField is one entry of what a webhook is sent: a value, or a text with values
// in it. One of the two is set.
type BodyField struct {
	Name  string
	Value *rules.Expr
	Text  *rules.Template
}

// Attach is a prepared text for the customer, and who sends it: whom the step is for
// where By is nil.
type Attach struct {
	Text Text
	By   *rules.Expr
}

// Approve asks a second person.
type Approve struct {
	By     string // a role, "manager"
	Within Delay
	Denied Target // where it goes when refused; unanswered otherwise
}

// Repeat asks again every so often; within Last before the playbook's deadline
// it does so every LastEvery.
type Repeat struct {
	Every     Delay
	Last      Delay
	LastEvery Delay
}

// Escalate asks somebody for help after a while without an answer.
type Escalate struct {
	After Delay
	To    string // a role, "manager", or a person
}

// Otherwise says where a run goes when nobody answers.
type Otherwise struct {
	After Delay
	Then  Target
}

// A Delay is a length of time in the words of a playbook file: 30m, 2h, 3d, 2wd, 8w.
type Delay = rules.Period

// Pos is a place in a book's file.
type Pos struct {
	File         string
	Line, Column int // from 1
}

// A Text is what a person reads, by language; templates were compiled when the
// book was loaded. A text written as a plain string serves every language.
type Text struct {
	ByLanguage map[string]*rules.Template // "en", "ja"; "" for a plain string
	Pos        Pos
}

// Signal returns the declaration of a signal, or nil.
func (b *Book) Signal(name string) *rules.SignalDef {
	for i := range b.Signals {
		if b.Signals[i].Name == name {
			return &b.Signals[i]
		}
	}
	return nil
}

// Segment returns a segment, or nil.
func (b *Book) Segment(name string) *Segment {
	for i := range b.Segments {
		if b.Segments[i].Name == name {
			return &b.Segments[i]
		}
	}
	return nil
}

// AttributeTitle returns what people call a further field of accounts; it is empty where
// the book does not say.
func (b *Book) AttributeTitle(name string) Label {
	for i := range b.Attributes {
		if b.Attributes[i].Name == name {
			return b.Attributes[i].Title
		}
	}
	return nil
}
