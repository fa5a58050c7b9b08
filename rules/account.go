package rules

import "time"

// An Account is a customer company as the CRM and the CS team know it. Numbers
// are pointers because "not known" is different from zero: a rule that reads an
// unknown attribute is unknown itself.
type Account struct {
	ID       string            `json:"id"`
	Name     string            `json:"name,omitempty"`
	Parent   string            `json:"parent,omitempty"`   // id of the parent account
	External map[string]string `json:"external,omitempty"` // ids in other systems, e.g. "crm"
	URL      string            `json:"url,omitempty"`      // the account's page in the CRM

	Plan     string   `json:"plan,omitempty"`
	Industry string   `json:"industry,omitempty"`
	Currency string   `json:"currency,omitempty"`
	ARR      *float64 `json:"arr,omitempty"`   // in Currency, a year
	Seats    *float64 `json:"seats,omitempty"` // seats bought
	Size     *float64 `json:"size,omitempty"`  // employees
	Health   string   `json:"health,omitempty"`

	// Attributes are further segment attributes: strings, numbers, booleans.
	Attributes map[string]any `json:"attributes,omitempty"`

	Stage      string    `json:"stage,omitempty"`
	StageSince time.Time `json:"stage_since,omitzero"`

	TimeZone string `json:"time_zone,omitempty"` // IANA name; UTC where empty
	Country  string `json:"country,omitempty"`   // ISO 3166-1 alpha-2, decides the holidays
	Language string `json:"language,omitempty"`
	Closed   []Span `json:"closed,omitempty"` // the account's own closed days

	Roles      []Role               `json:"roles,omitempty"`
	Contracts  []Contract           `json:"contracts,omitempty"`
	Milestones map[string]Milestone `json:"milestones,omitempty"`
}

// A Role says which person played which part for an account from when to when.
// Well-known roles are owner (the CSM), ae, se, onboarding and partner_manager.
type Role struct {
	Role   string `json:"role"`
	Person string `json:"person"` // id in team.yaml, or an e-mail address
	From   Date   `json:"from,omitzero"`
	To     Date   `json:"to,omitzero"` // the last day; zero means open
}

// A Span is a range of days, both included.
type Span struct {
	From Date `json:"from"`
	To   Date `json:"to"`
}

// A Contract is one agreement with an account, known by its deal id.
type Contract struct {
	ID        string   `json:"id"` // deal id
	Product   string   `json:"product,omitempty"`
	Seats     *float64 `json:"seats,omitempty"`
	Amount    *float64 `json:"amount,omitempty"` // a year
	Start     Date     `json:"start,omitzero"`
	End       Date     `json:"end,omitzero"`
	AutoRenew *bool    `json:"auto_renew,omitempty"`
	NoticeBy  Date     `json:"notice_by,omitzero"` // the last day to give notice
	Partner   string   `json:"partner,omitempty"`
	Signed    bool     `json:"signed,omitempty"` // the follow-up contract is signed
}

// A Milestone is a dated point in an account's journey.
type Milestone struct {
	Due      Date      `json:"due,omitzero"`
	Reached  time.Time `json:"reached,omitzero"`
	By       string    `json:"by,omitempty"` // person, or the rule that found it reached
	Evidence string    `json:"evidence,omitempty"`
}
