package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"
)

// A plan is what is to be measured.
type plan struct {
	Seed    uint64    `json:"seed"`
	Windows int       `json:"windows"` // of each material and mean
	Means   []float64 `json:"means"`   // a day
	Same    bool      `json:"same"`    // thresholds are tuned on the windows that are measured

	series   []*realSeries
	files    []string // of series besides those of the repository
	chosen   string   // the regular expression that only stands for; "" chooses all
	only     func(material, event string) bool
	progress io.Writer
}

// Materials.
const (
	materialReal      = "real"
	materialSynthetic = "synthetic"
	materialLabelled  = "labelled"
)

// rates are the false alarms per account and year that ways are tuned to; the tables
// are of perYear and perQuarter, the curves of all.
func rates() []float64 { return []float64{0.25, 0.5, perYear, 2, perQuarter, 8} }

const (
	perYear    = 1.0
	perQuarter = 4.0
)

// within are the days in which an event may be found, as they are reported.
var within = [3]int{3, 7, horizon}

// A result is how one way did on one event at one rate of false alarms.
type result struct {
	Material    string  `json:"material"`
	Event       string  `json:"event"`
	Series      string  `json:"series,omitempty"` // measured, and tuned for, by itself; "" is all of the material
	Mean        float64 `json:"mean"`             // a day
	Way         string  `json:"way"`
	Shipped     bool    `json:"shipped,omitempty"` // the way is a rule by itself, not tuned
	Rate        float64 `json:"rate"`              // false alarms per account and year that it was tuned to
	FalseAlarms float64 `json:"false_alarms"`      // per account and year that it then had
	N           int     `json:"n"`
	Found       [3]int  `json:"found"`    // of N, within 3, 7 and 14 days
	Standing    int     `json:"standing"` // of N, where an alarm stood on the eve
	Delay       float64 `json:"delay"`    // median days until found, 0 where fewer than half were
}

// A quiet is how often a condition is true of untouched accounts.
type quiet struct {
	Material string  `json:"material"`
	Mean     float64 `json:"mean"`
	Rule     string  `json:"rule"`
	Alarms   int     `json:"alarms"`
	Years    float64 `json:"years"`
}

// A report is all that was measured.
type report struct {
	Plan    plan     `json:"plan"`
	Results []result `json:"results"`
	Quiet   []quiet  `json:"default_setting"`
}

// wayNames returns the names of all ways, Playcaller's first.
func wayNames() (names []string) {
	for _, p := range playcallerWays() {
		names = append(names, p.name)
	}
	for _, r := range rivals() {
		names = append(names, r.name)
	}
	return names
}

// A sheet is the scores of one window: by way, and untouched ones by question too.
type sheet struct {
	half      int
	series    string
	untouched [][questions][]float64
	alarms    map[string]int // of shipped rules
	events    []scored
}

// scored is how ways scored an event: on its eve and on the days from its beginning.
type scored struct {
	name string
	look question
	eve  []float64
	days [][]float64
	held map[string][]float64 // shipped rules, eve included
}

// measure runs the whole plan.
func measure(p plan) (*report, error) {
	rep := &report{Plan: p}
	for _, mean := range p.Means {
		for _, material := range []string{materialReal, materialSynthetic} {
			if err := p.measureGroup(rep, material, mean); err != nil {
				return nil, err
			}
		}
	}
	return rep, nil
}

// measureGroup measures the windows of one material and mean, and with real ones the
// labelled events.
func (p plan) measureGroup(rep *report, material string, mean float64) error {
	var chosen []event
	for _, e := range events() {
		if p.only(material, e.name) {
			chosen = append(chosen, e)
		}
	}
	var incidents []incident
	if material == materialReal {
		incidents = p.incidents()
	}
	if len(chosen)+len(incidents) == 0 {
		return nil
	}
	windows := syntheticWindows(p.Windows, mean, p.Seed)
	if material == materialReal {
		var used int
		if windows, used = realWindows(p.series, p.Windows, mean, p.Seed); used == 0 {
			return fmt.Errorf("no series is large enough for a mean of %g a day: a window of %d days needs a mean of %g", mean, windowDays, leastScale*mean)
		}
	}
	fmt.Fprintf(p.progress, "%s, %g a day: windows: %d, kinds of events: %d, labelled ones: %d\n", material, mean, len(windows), len(chosen), len(incidents))
	sheets := make([]*sheet, len(windows))
	err := spread(len(windows), func(j *judge, i int) (err error) {
		sheets[i], err = p.sheet(j, windows[i], chosen, material, i)
		return err
	})
	if err != nil {
		return err
	}
	tuned := newTuning(sheets, p.Same)
	for i, e := range chosen {
		one, of := result{Material: material, Event: e.name, Mean: mean}, func(s *sheet) scored { return s.events[i] }
		rep.Results = append(rep.Results, tuned.results(one, sheets, of)...)
		rep.Results = append(rep.Results, shippedResults(one, sheets, of)...)
	}
	for _, name := range seriesOf(sheets) {
		own := slices.DeleteFunc(slices.Clone(sheets), func(s *sheet) bool { return s.series != name })
		tuned := newTuning(own, p.Same)
		for i, e := range chosen {
			rep.Results = append(rep.Results, tuned.results(result{Material: material, Event: e.name, Series: name, Mean: mean}, own, func(s *sheet) scored { return s.events[i] })...)
		}
	}
	rep.Quiet = append(rep.Quiet, quietOf(material, mean, sheets)...)
	return p.measureIncidents(rep, tuned, incidents, mean)
}

// seriesOf lists the series of real windows; none where there is but one.
func seriesOf(sheets []*sheet) []string {
	names := map[string]bool{}
	for _, s := range sheets {
		names[s.series] = true
	}
	if len(names) < 2 {
		return nil
	}
	return slices.Sorted(maps.Keys(names))
}

// spread calls work for 0 to n-1 on all cores, each with a judge of its own.
func spread(n int, work func(j *judge, i int) error) error {
	g, ctx := errgroup.WithContext(context.Background())
	next := make(chan int)
	g.Go(func() error {
		defer close(next)
		for i := range n {
			select {
			case next <- i:
			case <-ctx.Done():
				return nil
			}
		}
		return nil
	})
	for range runtime.GOMAXPROCS(0) {
		g.Go(func() error {
			j, err := newJudge()
			if err != nil {
				return err
			}
			for i := range next {
				if err := work(j, i); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// sheet scores one window, untouched and with each of the events in it.
func (p plan) sheet(j *judge, w *window, chosen []event, material string, i int) (*sheet, error) {
	s := &sheet{half: w.half, series: w.series, alarms: map[string]int{}}
	said, err := j.follow(w, w.counts, warmUp, len(w.counts)-1)
	if err != nil {
		return nil, err
	}
	for _, rule := range shipped() {
		s.alarms[rule.text] = countAlarms(said.held[rule.text], 1)
	}
	s.untouched = make([][questions][]float64, len(wayNames()))
	for look := range questions {
		for way, scores := range scoreWays(look, said, w.counts, warmUp, len(w.counts)-1) {
			s.untouched[way][look] = scores
		}
	}
	for _, e := range chosen {
		placed := e.place(w, dice(p.Seed, "place", material, e.name, i))
		counts := placed.in(w, dice(p.Seed, "event", material, e.name, i, w.mean))
		one, err := scoreEvent(j, w, counts, e.name, e.question, placed.start, horizon)
		if err != nil {
			return nil, err
		}
		s.events = append(s.events, one)
	}
	return s, nil
}

// scoreEvent scores the eve of an event and the days from its start.
func scoreEvent(j *judge, w *window, counts []float64, name string, look question, start, days int) (scored, error) {
	last := start + days - 1
	said, err := j.follow(w, counts, start-1, last)
	if err != nil {
		return scored{}, err
	}
	one := scored{name: name, look: look, held: said.held}
	for _, scores := range scoreWays(look, said, counts[:last+1], start-1, last) {
		one.eve = append(one.eve, scores[0])
		one.days = append(one.days, scores[1:])
	}
	return one, nil
}

// scoreWays returns the scores of every way, in the order of wayNames, on the days
// first to last: the greater, the surer it is that what was asked for has happened.
func scoreWays(look question, said reading, counts []float64, first, last int) (all [][]float64) {
	for _, p := range playcallerWays() {
		best := make([]float64, last-first+1)
		for _, text := range p.asks[look] {
			for i, v := range said.surprise[text] {
				best[i] = max(best[i], v)
			}
		}
		all = append(all, best)
	}
	for _, r := range rivals() {
		scores := slices.Clone(r.score(counts)[first : last+1])
		for i, v := range scores {
			switch look {
			case suddenDrop, slowDrop:
				scores[i] = -v
			case shift:
				scores[i] = math.Abs(v)
			}
		}
		all = append(all, scores)
	}
	return all
}

// quietOf counts what shipped rules said of untouched windows.
func quietOf(material string, mean float64, sheets []*sheet) (all []quiet) {
	for _, rule := range shipped() {
		q := quiet{Material: material, Mean: mean, Rule: rule.text, Years: yearsOf(sheets)}
		for _, s := range sheets {
			q.Alarms += s.alarms[rule.text]
		}
		all = append(all, q)
	}
	return all
}

// shippedResults measures what shipped rules found of one kind of event, untuned.
func shippedResults(one result, sheets []*sheet, of func(*sheet) scored) (all []result) {
	for _, rule := range shipped() {
		if !slices.Contains(rule.finds, of(sheets[0]).look) {
			continue
		}
		r := one
		r.Way, r.Shipped = rule.text, true
		var delays []int
		alarms := 0
		for _, s := range sheets {
			held := of(s).held[rule.text]
			delays = append(delays, firstAlarm(held[0], held[1:], 1)+1)
			if held[0] >= 1 {
				r.Standing++
			}
			alarms += s.alarms[rule.text]
		}
		r.FalseAlarms = float64(alarms) / yearsOf(sheets)
		r.count(delays)
		all = append(all, r)
	}
	return all
}
