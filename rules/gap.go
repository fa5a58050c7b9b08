package rules

import (
	"fmt"
	"slices"
)

// A Gap says why something is not known, in a form that every language can say. The
// zero Gap says that it is known.
type Gap struct {
	Of    string  `json:"of,omitempty"` // the signal, feature, field or name that is missing, as rules write it
	On    Date    `json:"on,omitzero"`
	Count int16   `json:"count,omitempty"` // of days, weeks or accounts
	Need  int16   `json:"need,omitempty"`  // how many would be enough
	Code  GapCode `json:"code"`
}

type gap = Gap

// A GapCode is a kind of Gap. It is written as a word.
type GapCode uint8

// The kinds of gaps. What Of, On, Count and Need mean of each stands beside it.
const (
	Known            GapCode = iota
	NoData                   // no data of the signal Of have ever come
	NoDataSince              // the last data of the signal Of are of the day On
	NoDataIn                 // no data of the signal Of within Count days
	NoDataToday              // no data of the signal Of today
	HalfKnown                // less than half of Count days of the signal Of are known
	HalfCompared             // less than half of Count days of the signal Of can be compared
	WeeksNeeded              // there are Count weeks of data of the signal Of, and Need are needed
	NothingEarlier           // nothing of the signal Of came in the earlier half of the window
	FewPeers                 // the feature Of is known of Count peers, and Need are needed
	NotKnown                 // the field, answer or condition Of has no value
	NoContract               // the account has no running contract
	IsZero                   // something is divided by Of, which is 0
	HasErrors                // Of has errors, which were reported when the book was read
	CannotBeReckoned         // the expression came to no number; Of may say why
	HoursUnknown             // less than half of Count hours of the signal Of can be compared
)

var gapWords = []string{"", "no_data", "no_data_since", "no_data_in", "no_data_today", "half_known", "half_compared",
	"weeks_needed", "nothing_earlier", "few_peers", "not_known", "no_contract", "is_zero", "has_errors", "cannot_be_reckoned", "hours_unknown"}

// String returns the code as a word.
func (c GapCode) String() string { return gapWords[min(int(c), len(gapWords)-1)] }

// MarshalText implements encoding.TextMarshaler.
func (c GapCode) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler. A word of a later version is
// taken for NotKnown.
func (c *GapCode) UnmarshalText(text []byte) error {
	*c = NotKnown
	if i := slices.Index(gapWords, string(text)); i >= 0 {
		*c = GapCode(i)
	}
	return nil
}

// IsKnown reports whether nothing is missing.
func (g Gap) IsKnown() bool { return g.Code == Known }

func (g Gap) known() bool { return g.Code == Known }

// String says it in English, as the terminal and the HTTP API do. Package words says
// it in the reader's language.
func (g Gap) String() string {
	switch g.Code {
	case Known:
		return ""
	case NoData:
		return g.Of + ": no data yet"
	case NoDataSince:
		return g.Of + ": no data since " + g.On.String()
	case NoDataIn:
		return fmt.Sprintf("%s: no data in %d days", g.Of, g.Count)
	case NoDataToday:
		return g.Of + ": no data today"
	case HalfKnown:
		return fmt.Sprintf("%s: less than half of %d days known", g.Of, g.Count)
	case HalfCompared:
		return fmt.Sprintf("%s: less than half of %d days can be compared", g.Of, g.Count)
	case HoursUnknown:
		return fmt.Sprintf("%s: less than half of %d hours can be compared", g.Of, g.Count)
	case WeeksNeeded:
		return fmt.Sprintf("%s: %d of %d weeks of data needed", g.Of, g.Count, g.Need)
	case NothingEarlier:
		return g.Of + ": nothing came in the earlier half"
	case FewPeers:
		return fmt.Sprintf("%s: known of %d peers, %d needed", g.Of, g.Count, g.Need)
	case NoContract:
		return "the account has no running contract"
	case IsZero:
		return g.Of + " is 0"
	case HasErrors:
		return g.Of + " has errors"
	case CannotBeReckoned:
		if g.Of != "" {
			return "cannot be computed: " + g.Of
		}
		return "cannot be computed"
	}
	if g.Of == "" {
		return "is not known"
	}
	return g.Of + " is not known"
}
