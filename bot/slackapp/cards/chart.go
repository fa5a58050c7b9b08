package cards

import "playcaller/rules"

// A Chart is a signal's last days beside what was expected of them.
type Chart struct {
	Signal string            `json:"signal"`
	Title  map[string]string `json:"title,omitempty"` // by language, from signals.yaml
	Unit   string            `json:"unit,omitempty"`
	Points []Point           `json:"points"` // oldest first, at most 20
}

// A Point is one day of a chart. Actual is nil on a day without data, the others
// where nothing could be expected yet.
type Point struct {
	Date     rules.Date `json:"date"`
	Actual   *float64   `json:"actual,omitempty"`
	Expected *float64   `json:"expected,omitempty"`
	Low      *float64   `json:"low,omitempty"`
	High     *float64   `json:"high,omitempty"`
}
