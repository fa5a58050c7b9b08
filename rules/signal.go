package rules

import "time"

// A Kind says how a signal's values of one day add up.
type Kind string

// The kinds of signals.
const (
	Count  Kind = "count"  // adds up within a day
	Gauge  Kind = "gauge"  // a day's last value holds until the next
	Unique Kind = "unique" // distinct users of a day
)

// A SignalDef declares a signal, as signals.yaml does.
type SignalDef struct {
	Name      string            `json:"name"`
	Kind      Kind              `json:"kind"`
	Unit      string            `json:"unit,omitempty"`
	Title     map[string]string `json:"title,omitempty"`     // by language: "en", "ja"
	Dimension string            `json:"dimension,omitempty"` // the one dimension that "by" splits; not for unique signals
	// Fresh is how long a feed may be silent before features of it are unknown,
	// judged in whole days. 0 means 48 h, besides weekends where it is asked
	// whether there was an outage, and for a gauge that its last value holds for
	// as long as it is kept.
	Fresh time.Duration `json:"fresh,omitempty"`
	// Hourly says that the hours of the week are learnt, for windows of hours and for
	// what of a day is usual by now. Only a count may be hourly.
	Hourly bool `json:"hourly,omitempty"`
}

// A Signal is one fact about an account at a time.
type Signal struct {
	Account string    `json:"account"`
	Signal  string    `json:"signal"`
	Value   float64   `json:"value"`
	ID      string    `json:"id,omitempty"`   // recognised for 7 days, so that a repeat counts once
	By      string    `json:"by,omitempty"`   // value of the signal's dimension
	User    string    `json:"user,omitempty"` // for unique signals
	At      time.Time `json:"at,omitzero"`    // when it happened; the time of arrival where zero
	Mode    string    `json:"mode,omitempty"` // "" adds, "set" replaces that day's bucket
}
