package rules

import "time"

// A History is all series of one account: daily buckets in the account's zone
// for 400 days, hourly ones for 48 hours. The zero History is empty and ready.
// It is not safe for use by several goroutines at once.
type History struct {
	series map[string]*series
	memo   memo
}

type series struct{}
type memo struct{}

// A Change is what one signal did to a History.
type Change struct {
	Signal string
	Day    Date    // the bucket, in the account's zone
	Late   bool    // the bucket's day was already over
	Before float64 // the bucket's value; NaN where the day had no data
	After  float64
}

// A DayValue is one day's bucket.
type DayValue struct {
	Date  Date    `json:"date"`
	Value float64 `json:"value"`
}

// An HourValue is one hour's bucket.
type HourValue struct {
	Hour  time.Time `json:"hour"`
	Value float64   `json:"value"`
}

// Apply adds one signal. now is its time of arrival (business time); loc is the
// account's zone. An error means that nothing changed, and says what is wrong
// with the signal.
func (h *History) Apply(sig Signal, def SignalDef, loc *time.Location, now time.Time) (Change, error) {
	return Change{}, nil
}

// Days returns the buckets of a signal (of one value of its dimension where by is
// not empty) from one day to another, both included, oldest first. A day without
// data is absent, not zero.
func (h *History) Days(signal, by string, from, to Date) []DayValue { return nil }

// Hours returns the hourly buckets of a signal since the given time, oldest
// first; they are kept for 48 hours before the latest.
func (h *History) Hours(signal string, since time.Time) []HourValue { return nil }

// By returns the values that a signal's dimension has taken, sorted.
func (h *History) By(signal string) []string { return nil }

// LastArrival returns when something of the signal last arrived, or the zero time.
func (h *History) LastArrival(signal string) time.Time { return time.Time{} }

// Signals returns the names of the signals that have a series, sorted.
func (h *History) Signals() []string { return nil }

// MarshalBinary writes the History in a compact, versioned form.
func (h *History) MarshalBinary() ([]byte, error) { return nil, nil }

// UnmarshalBinary reads what MarshalBinary wrote. Corrupt bytes give an error and
// leave the History as it was.
func (h *History) UnmarshalBinary(data []byte) error { return nil }
