// Package sample has the accounts of the sandbox: made-up customers on real daily series, moved to today and scaled, and
// with made-up facts where no series has any.
package sample

import (
	"bytes"
	"cmp"
	_ "embed" // the data
	"encoding/csv"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"playcaller/playbooks/playtest"
	"playcaller/rules"
	"playcaller/rules/benchmark/data"
)

//go:embed accounts.yaml
var accountsYAML []byte

// meanDays is over how many days before the first start a series is brought to the account's mean.
const meanDays = 56

// parts are the times of a day at which its values are fed, and how much of them by then.
var parts = []struct {
	hour  int
	share float64
}{{12, 0.4}, {18, 1}}

// A Sample is the accounts, moved to the day on which they were first used.
type Sample struct {
	start    rules.Date
	accounts []account
}

type account struct {
	Fields   map[string]any    `yaml:"fields"`
	Contract map[string]any    `yaml:"contract"`
	Since    string            `yaml:"since"` // first day of its data, from the first start
	Series   map[string]source `yaml:"series"`
	Facts    map[string]fact   `yaml:"facts"`

	id   string
	zone *time.Location
	rows []row
}

type source struct {
	Series string  `yaml:"series"`
	Day    string  `yaml:"day"`
	Mean   float64 `yaml:"mean"`
	Until  string  `yaml:"until"` // the last day of the series that is used
	Of     int     `yaml:"of"`    // users alone: how many people they are drawn from; all seats where zero
}

// A fact is what no series tells: made up, a value a day from a day on.
type fact struct {
	Day    string `yaml:"day"`    // the first, from the first start
	Values string `yaml:"values"` // as tests of playbooks write them: 1, or 2x30 9x4 _x3
}

// row is one signal of an account: a value a day.
type row struct {
	signal, by string
	first      rules.Date
	values     []float64 // NaN where the series has a hole
	last       rules.Date
	of         int  // users are drawn from so many people
	fact       bool // made up: comes whole, at noon
}

// New moves the accounts to the day of the first start.
func New(start rules.Date) (*Sample, error) {
	series, err := read(data.RealDaily())
	if err != nil {
		return nil, err
	}
	var file struct {
		Accounts []account `yaml:"accounts"`
	}
	if err := yaml.UnmarshalWithOptions(accountsYAML, &file, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("accounts.yaml: %w", err)
	}
	s := &Sample{start: start, accounts: file.Accounts}
	for i := range s.accounts {
		if err := s.accounts[i].place(start, series); err != nil {
			return nil, fmt.Errorf("accounts.yaml: account %d: %w", i+1, err)
		}
	}
	return s, nil
}

// read reads series,date,value.
func read(text []byte) (map[string]map[rules.Date]float64, error) {
	r := csv.NewReader(bytes.NewReader(text))
	if _, err := r.Read(); err != nil {
		return nil, err
	}
	all := map[string]map[rules.Date]float64{}
	for {
		rec, err := r.Read()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		d, err := rules.ParseDate(rec[1])
		if err != nil {
			return nil, err
		}
		v, err := strconv.ParseFloat(rec[2], 64)
		if err != nil {
			return nil, err
		}
		if all[rec[0]] == nil {
			all[rec[0]] = map[rules.Date]float64{}
		}
		all[rec[0]][d] = v
	}
}

func (a *account) place(start rules.Date, series map[string]map[rules.Date]float64) error {
	a.id, _ = a.Fields["id"].(string)
	zone, _ := a.Fields["time_zone"].(string)
	var err error
	if a.zone, err = time.LoadLocation(zone); err != nil {
		return err
	}
	since := start - rules.KeepDays + 5
	if a.Since != "" {
		if since, err = fromStart(start, a.Since); err != nil {
			return err
		}
	}
	for _, n := range slices.Sorted(maps.Keys(a.Series)) {
		src := a.Series[n]
		r := row{first: since, of: cmp.Or(src.Of, a.seats())}
		r.signal, r.by, _ = strings.Cut(n, "/")
		if err := r.fill(src, start, series[src.Series]); err != nil {
			return fmt.Errorf("%s: %w", n, err)
		}
		a.rows = append(a.rows, r)
	}
	for _, n := range slices.Sorted(maps.Keys(a.Facts)) {
		r, err := a.Facts[n].row(start)
		if err != nil {
			return fmt.Errorf("%s: %w", n, err)
		}
		r.signal, r.by, _ = strings.Cut(n, "/")
		a.rows = append(a.rows, r)
	}
	return nil
}

// row dates a fact.
func (f fact) row(start rules.Date) (row, error) {
	first, err := fromStart(start, f.Day)
	if err != nil {
		return row{}, err
	}
	part, wrong := playtest.ParseValues(f.Values)
	if wrong != nil {
		return row{}, wrong
	}
	return row{first: first, values: part.Values, last: first + rules.Date(len(part.Values)) - 1, fact: true}, nil
}

// fill moves and scales one series.
func (r *row) fill(src source, start rules.Date, series map[rules.Date]float64) error {
	day, err := rules.ParseDate(src.Day)
	if err != nil {
		return err
	}
	day += rules.Date((int(start.Weekday())-int(day.Weekday())+10)%7 - 3) // the nearest of the same weekday
	until := rules.MaxDate
	if src.Until != "" {
		if until, err = rules.ParseDate(src.Until); err != nil {
			return err
		}
	}
	sum, n := 0.0, 0
	for d := day - meanDays; d < day; d++ {
		if v, ok := series[d]; ok && d <= until {
			sum, n = sum+v, n+1
		}
	}
	if n == 0 {
		return fmt.Errorf("series %q has no data before %s", src.Series, day)
	}
	scale := src.Mean / (sum / float64(n))
	for d := r.first; ; d++ {
		v, ok := series[d-start+day]
		at := d - start + day
		if !ok && at > latest(series) {
			break
		}
		switch {
		case at > until:
			v = 0
		case !ok:
			v = math.NaN()
		}
		r.values = append(r.values, math.Round(v*scale))
		r.last = d
	}
	return nil
}

func latest(series map[rules.Date]float64) rules.Date {
	var last rules.Date
	for d := range series {
		last = max(last, d)
	}
	return last
}

// fromStart reads "-40d" as a day counted from the first start.
func fromStart(start rules.Date, text string) (rules.Date, error) {
	n, err := strconv.Atoi(strings.TrimSuffix(text, "d"))
	if err != nil {
		return 0, fmt.Errorf("%q: want a number of days such as -40d", text)
	}
	return start + rules.Date(n), nil
}

// Accounts returns the accounts as POST /v1/accounts takes them.
func (s *Sample) Accounts() ([]json.RawMessage, error) {
	var all []json.RawMessage
	for _, a := range s.accounts {
		fields := maps.Clone(a.Fields)
		fields["contracts"] = []any{a.Contract}
		dated, err := date(fields, "", s.start)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", a.id, err)
		}
		text, err := json.Marshal(dated)
		if err != nil {
			return nil, err
		}
		all = append(all, text)
	}
	return all, nil
}

// dates are the fields of contracts and milestones that are written as days from the first start.
var dates = []string{"start", "end", "notice_by", "due", "reached"}

// date returns a value of a field with the dates inside it dated; what was reached was reached at noon.
func date(value any, field string, start rules.Date) (any, error) {
	switch v := value.(type) {
	case map[string]any:
		all := make(map[string]any, len(v))
		for name, inner := range v {
			dated, err := date(inner, name, start)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			all[name] = dated
		}
		return all, nil
	case []any:
		all := make([]any, len(v))
		for i, inner := range v {
			dated, err := date(inner, field, start)
			if err != nil {
				return nil, err
			}
			all[i] = dated
		}
		return all, nil
	case string:
		if !slices.Contains(dates, field) {
			return v, nil
		}
		d, err := fromStart(start, v)
		if err != nil {
			return nil, err
		}
		if field == "reached" {
			return d.In(time.UTC).Add(12 * time.Hour), nil
		}
		return d, nil
	}
	return value, nil
}

// Signals returns what was fed after from, up to and including to, oldest first.
func (s *Sample) Signals(from, to time.Time) []rules.Signal {
	var all []rules.Signal
	for _, a := range s.accounts {
		for d := rules.DateOf(from.In(a.zone)); d <= rules.DateOf(to.In(a.zone)); d++ {
			before := 0.0
			for _, p := range parts {
				at := d.In(a.zone).Add(time.Duration(p.hour) * time.Hour)
				if at.After(from) && !at.After(to) {
					for _, r := range a.rows {
						all = append(all, r.signals(&a, d, at, before, p.share)...)
					}
				}
				before = p.share
			}
		}
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].At.Before(all[j].At) })
	return all
}

// Next returns when signals are fed next after a time; false when the data end.
func (s *Sample) Next(after time.Time) (time.Time, bool) {
	var next time.Time
	for _, a := range s.accounts {
		if rules.DateOf(after.In(a.zone)) > a.end() {
			continue
		}
		for d := rules.DateOf(after.In(a.zone)); d <= rules.DateOf(after.In(a.zone))+1; d++ {
			for _, p := range parts {
				at := d.In(a.zone).Add(time.Duration(p.hour) * time.Hour)
				if at.After(after) && (next.IsZero() || at.Before(next)) {
					next = at
				}
			}
		}
	}
	return next, !next.IsZero()
}

// end is the last day of an account's data.
func (a *account) end() rules.Date {
	var last rules.Date
	for _, r := range a.rows {
		last = max(last, r.last)
	}
	return last
}

// signals returns what one row brings at one time: the part of the day's value between two shares of it.
func (r *row) signals(a *account, d rules.Date, at time.Time, before, share float64) []rules.Signal {
	i := int(d - r.first)
	if i < 0 || i >= len(r.values) || math.IsNaN(r.values[i]) {
		return nil
	}
	id := fmt.Sprintf("sample/%s/%s/%s/%g", r.signal, r.by, d, share)
	if r.fact {
		if before > 0 {
			return nil
		}
		return []rules.Signal{{Account: a.id, Signal: r.signal, By: r.by, Value: r.values[i], At: at, ID: id}}
	}
	had, has := math.Round(r.values[i]*before), math.Round(r.values[i]*share)
	if slices.Contains(byTheHour, r.signal) {
		return r.hourly(a, d, before, share, id)
	}
	if has == had {
		return nil
	}
	if r.signal != "users" {
		return []rules.Signal{{Account: a.id, Signal: r.signal, By: r.by, Value: has - had, At: at, ID: id}}
	}
	var all []rules.Signal
	for n, user := range a.users(d, r.of) {
		if float64(n) >= had && float64(n) < has {
			all = append(all, rules.Signal{Account: a.id, Signal: r.signal, Value: 1, User: user, At: at, ID: id + "/" + user})
		}
	}
	return all
}

// byTheHour are the signals whose day is spread over its hours.
var byTheHour = []string{"errors"}

// workingHours is in which proportion they come, from midnight on.
var workingHours = [...]float64{1, 0, 0, 0, 1, 0, 1, 2, 4, 9, 11, 8, 5, 8, 10, 9, 8, 5}

// hourly returns what a day brings of such a signal in the hours since the part of it before: at half past each.
func (r *row) hourly(a *account, d rules.Date, before, share float64, id string) []rules.Signal {
	sum := 0.0
	for _, w := range workingHours {
		sum += w
	}
	var all []rules.Signal
	done, had := 0.0, 0.0
	for hour, w := range workingHours {
		done += w
		has := math.Round(r.values[int(d-r.first)] * done / sum)
		if p := partOf(hour); p > before && p <= share && has > had {
			at := d.In(a.zone).Add(time.Duration(hour)*time.Hour + 30*time.Minute)
			all = append(all, rules.Signal{Account: a.id, Signal: r.signal, By: r.by, Value: has - had, At: at, ID: fmt.Sprintf("%s/%d", id, hour)})
		}
		had = has
	}
	return all
}

// partOf returns the share of the part of a day with which an hour is fed.
func partOf(hour int) float64 {
	for _, p := range parts {
		if hour < p.hour {
			return p.share
		}
	}
	return 1
}

// seats is how many seats the account bought.
func (a *account) seats() int {
	switch n := a.Fields["seats"].(type) {
	case uint64:
		return int(n)
	case int:
		return n
	}
	return 1
}

// users returns so many users of the account in an order of the day's own, drawn by a fixed hash.
func (a *account) users(d rules.Date, of int) []string {
	type drawn struct {
		name string
		by   uint64
	}
	all := make([]drawn, of)
	for i := range all {
		name := fmt.Sprintf("user-%03d", i+1)
		h := fnv.New64a()
		fmt.Fprintf(h, "%s/%s/%d", a.id, name, d)
		all[i] = drawn{name, h.Sum64()}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].by < all[j].by })
	names := make([]string, len(all))
	for i, u := range all {
		names[i] = u.name
	}
	return names
}
