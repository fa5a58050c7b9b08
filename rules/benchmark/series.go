package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"

	"playcaller/rules"
	"playcaller/rules/benchmark/data"
)

// A realSeries is daily counts of the world outside, a value for each day from
// first on. Of days that are missing filled says so; their value is that of the
// same weekday a week before.
type realSeries struct {
	name   string
	first  rules.Date
	values []float64
	filled []bool
	notes  notes
}

// notes is what is known of a series beside its values.
type notes struct {
	Country   string       `yaml:"country"`
	Events    []realEvent  `yaml:"events"`
	Unsettled []rules.Span `yaml:"unsettled"`
}

// A realEvent is something that really happened, and what should be said of it.
type realEvent struct {
	From   rules.Date `yaml:"from"`
	To     rules.Date `yaml:"to"`
	Expect string     `yaml:"expect"` // drop, spike, or quiet: a holiday
	What   string     `yaml:"what"`
}

// last is the last day that has a value.
func (s *realSeries) last() rules.Date { return s.first + rules.Date(len(s.values)) - 1 }

// at returns the values of n days from a day on.
func (s *realSeries) at(from rules.Date, n int) []float64 {
	i := int(from - s.first)
	return s.values[i : i+n]
}

// settled reports whether no labelled event and nothing unsettled lies in n days.
func (s *realSeries) settled(from rules.Date, n int) bool {
	to := from + rules.Date(n) - 1
	for _, e := range s.notes.Events {
		if from <= e.To && e.From <= to {
			return false
		}
	}
	for _, u := range s.notes.Unsettled {
		if from <= u.To && u.From <= to {
			return false
		}
	}
	return true
}

// builtIn reads the series of the repository.
func builtIn() ([]*realSeries, error) {
	return readSeries("real-daily.csv", data.RealDaily(), data.RealDailyNotes())
}

// readSeriesFile reads FILE.csv, and FILE.yaml beside it where there is one.
func readSeriesFile(path string) ([]*realSeries, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	about, err := os.ReadFile(strings.TrimSuffix(path, filepath.Ext(path)) + ".yaml")
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	return readSeries(path, text, about)
}

// readSeries reads series,date,value and the notes; errors name the line.
func readSeries(path string, text, about []byte) ([]*realSeries, error) {
	values, err := readValues(path, text)
	if err != nil {
		return nil, err
	}
	known := map[string]notes{}
	if len(bytes.TrimSpace(about)) > 0 {
		if err := yaml.UnmarshalWithOptions(about, &known, yaml.Strict()); err != nil {
			return nil, fmt.Errorf("notes of %s: %w", path, err)
		}
	}
	for name, n := range known {
		if values[name] == nil {
			return nil, fmt.Errorf("notes of %s: %q is none of its series: %s", path, name, strings.Join(slices.Sorted(maps.Keys(values)), ", "))
		}
		for _, e := range n.Events {
			if !slices.Contains([]string{"drop", "spike", "quiet"}, e.Expect) || e.From == 0 || e.To < e.From {
				return nil, fmt.Errorf("notes of %s: event %q of %s: want from, to (not before it) and expect: drop, spike or quiet", path, e.What, name)
			}
		}
	}
	var all []*realSeries
	for _, name := range slices.Sorted(maps.Keys(values)) {
		s := newSeries(name, values[name])
		s.notes = known[name]
		all = append(all, s)
	}
	return all, nil
}

func readValues(path string, text []byte) (map[string]map[rules.Date]float64, error) {
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord = 3
	values := map[string]map[rules.Date]float64{}
	for line := 1; ; line++ {
		rec, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w; want series,date,value", path, err)
		}
		if line == 1 {
			if strings.Join(rec, ",") != "series,date,value" {
				return nil, fmt.Errorf("%s:1: want the header series,date,value, not %s", path, strings.Join(rec, ","))
			}
			continue
		}
		d, err := rules.ParseDate(rec[1])
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, line, err)
		}
		v, err := strconv.ParseFloat(rec[2], 64)
		if err != nil || v < 0 || math.IsNaN(v) || v > 1e12 {
			return nil, fmt.Errorf("%s:%d: value %q: want a count from 0 to 1e12", path, line, rec[2])
		}
		if values[rec[0]] == nil {
			values[rec[0]] = map[rules.Date]float64{}
		}
		if _, twice := values[rec[0]][d]; twice {
			return nil, fmt.Errorf("%s:%d: %s has %s twice", path, line, rec[0], d)
		}
		values[rec[0]][d] = math.Round(v)
	}
	if len(values) == 0 {
		return nil, fmt.Errorf("%s has no series", path)
	}
	return values, nil
}

// newSeries puts days in order and fills holes.
func newSeries(name string, values map[rules.Date]float64) *realSeries {
	days := slices.Sorted(maps.Keys(values))
	s := &realSeries{name: name, first: days[0]}
	for d := days[0]; d <= days[len(days)-1]; d++ {
		v, known := values[d]
		if i := int(d - s.first); !known {
			v = s.values[max(0, i-7)]
		}
		s.values = append(s.values, v)
		s.filled = append(s.filled, !known)
	}
	return s
}
