package inbox

import "playcaller/playbooks"

// The kinds of events by which plays of many accounts at once become one message: an account asks the playbook, keyed by
// PlaybookKey, and is answered.
const (
	GatherKind   = "gather"   // a playbooks.Firing of the playbook; keyed by PlaybookKey
	GatheredKind = "gathered" // a Gathered; keyed by AccountKey
)

// PlaybookKey is the key of what a playbook knows over all accounts.
func PlaybookKey(name string) string { return "playbook:" + name }

// Gathered answers an account whose play was held back: it begins, or is part of a message about many.
type Gathered struct {
	Playbook string           `json:"playbook"`
	Firing   playbooks.Firing `json:"firing"`
	Grouped  bool             `json:"grouped,omitempty"`
}
