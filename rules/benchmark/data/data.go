// Package data has the real daily series that the signal benchmark measures on and
// that the sandbox's made-up customers stand on. README.md names their sources and
// licences.
package data

import (
	_ "embed" // the series
)

//go:embed real-daily.csv
var realDaily []byte

//go:embed real-daily.yaml
var realDailyNotes []byte

// RealDaily returns the series as CSV: series,date,value. It must not be changed.
func RealDaily() []byte { return realDaily }

// RealDailyNotes returns what is known of the series, as YAML: countries and
// labelled events. It must not be changed.
func RealDailyNotes() []byte { return realDailyNotes }
