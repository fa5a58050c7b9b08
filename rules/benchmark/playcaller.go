package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"playcaller/rules"
)

// playcallerName is the way that is compared with every rival.
const playcallerName = "Playcaller"

// A playcallerWay is which feature an author asks for by what is to be found; several
// are joined by "or".
type playcallerWay struct {
	name, about string
	asks        [questions][]string
}

func playcallerWays() []playcallerWay {
	return []playcallerWay{
		{playcallerName, "the feature that is made for the question", [questions][]string{
			suddenDrop: {`logins.drop("7d")`},
			slowDrop:   {`logins.drop("14d")`},
			spike:      {`logins.spike("3d")`},
			shift:      {`logins.shift("14d")`},
		}},
		{"as in the book", "what the starter book asks for", [questions][]string{
			suddenDrop: {`logins.drop("14d")`},
			slowDrop:   {`logins.drop("14d")`},
			spike:      {`logins.spike("1d")`},
			shift:      {`logins.drop("14d")`, `logins.spike("1d")`},
		}},
	}
}

// asked lists the features of all ways.
func asked() (all []string) {
	for _, p := range playcallerWays() {
		for _, features := range p.asks {
			for _, text := range features {
				if !slices.Contains(all, text) {
					all = append(all, text)
				}
			}
		}
	}
	return all
}

// A shippedRule is a condition whose own alarms are counted, and what it is to find.
type shippedRule struct {
	text  string
	finds []question
}

// shipped are features as they are shipped, with the sizes that the starter book asks
// for, and with a budget of false alarms.
func shipped() []shippedRule {
	drops, spikes, shifts := []question{suddenDrop, slowDrop}, []question{spike}, []question{shift}
	return []shippedRule{
		{`logins.drop("7d") > 0`, drops},
		{`logins.drop("14d") > 0`, drops},
		{`logins.drop("14d") >= 0.3`, drops},
		{`logins.drop("14d") >= 0.4`, drops},
		{`logins.spike("1d") > 1`, spikes},
		{`logins.spike("1d") >= 3 and logins.sum("1d") >= 10`, spikes},
		{`logins.shift("56d") != 0`, shifts},
		{`logins.drop("7d", {alarms: "1/year"}) > 0`, drops},
		{`logins.drop("14d", {alarms: "1/year"}) > 0`, drops},
		{`logins.spike("1d", {alarms: "1/year"}) > 1`, spikes},
		{`logins.shift("56d", {alarms: "1/year"}) != 0`, shifts},
	}
}

// loginsDef is the signal that windows are fed as.
func loginsDef() rules.SignalDef { return rules.SignalDef{Name: "logins", Kind: rules.Count} }

// A judge evaluates features through the package's own API, day after day, as the
// live bot does. It is used by one goroutine.
type judge struct {
	facts   *rules.Facts
	now     time.Time
	exprs   map[string]*rules.Expr
	when    map[string]*rules.Condition
	account rules.Account
}

// newJudge compiles the features that are asked and the rules that are shipped.
func newJudge() (*judge, error) {
	c, problems := rules.NewCompiler(rules.Schema{Signals: []rules.SignalDef{loginsDef()}})
	if len(problems) > 0 {
		return nil, fmt.Errorf("signals: %s", problems[0].Long())
	}
	j := &judge{exprs: map[string]*rules.Expr{}, when: map[string]*rules.Condition{}}
	for _, text := range asked() {
		if j.exprs[text], problems = c.Expr(rules.Source{Text: text}, rules.Number); len(problems) > 0 {
			return nil, fmt.Errorf("%s: %s", text, problems[0].Long())
		}
	}
	for _, rule := range shipped() {
		if j.when[rule.text], problems = c.Condition(rules.Source{Text: rule.text}); len(problems) > 0 {
			return nil, fmt.Errorf("%s: %s", rule.text, problems[0].Long())
		}
	}
	j.facts = rules.NewFacts(c, &j.account, nil, time.Time{})
	j.facts.SetFeed(func(string) time.Time { return j.now })
	return j, nil
}

// A reading is what was made of a row of days: how surprising each was to features,
// and on which rules held.
type reading struct {
	surprise map[string][]float64
	held     map[string][]float64 // 1 or 0; of shipped rules
}

// follow plays the counts of a window's days 0 to last and reads each feature at the
// end of every day from first on. One that includes today is read in the day's last
// minute, one of completed days a minute later. The feed is alive: a day on which
// nothing came is a day of zero.
func (j *judge) follow(w *window, counts []float64, first, last int) (reading, error) {
	r := reading{map[string][]float64{}, map[string][]float64{}}
	h := &rules.History{}
	j.account = rules.Account{ID: w.series, Country: w.country}
	for day := 0; day <= last; day++ {
		d := w.first + rules.Date(day)
		if noon := d.In(time.UTC).Add(12 * time.Hour); counts[day] > 0 {
			if _, err := h.Apply(rules.Signal{Signal: "logins", Value: counts[day], At: noon}, loginsDef(), time.UTC, noon); err != nil {
				return r, err
			}
		}
		if day < first {
			continue
		}
		for _, completed := range []bool{false, true} {
			j.now = (d + 1).In(time.UTC)
			if !completed {
				j.now = j.now.Add(-time.Minute)
			}
			j.facts.Reset(&j.account, h, j.now)
			for _, text := range asked() {
				if completed == readsCompletedDays(text) {
					r.surprise[text] = append(r.surprise[text], j.surprise(text))
				}
			}
			for _, rule := range shipped() {
				if completed == readsCompletedDays(rule.text) {
					r.held[rule.text] = append(r.held[rule.text], j.truth(rule.text))
				}
			}
		}
	}
	return r, nil
}

// readsCompletedDays reports whether a feature, or all of a condition, leaves today out.
func readsCompletedDays(text string) bool { return !strings.Contains(text, ".spike(") }

// surprise is minus the logarithm of how many alarms a year chance would bring that
// are as surprising as what a feature sees, over one a day. It is what {alarms: …}
// sets a bound to, and 0 where the feature is not known.
func (j *judge) surprise(text string) float64 {
	alarms, err := j.facts.Surprise(text)
	if err != nil {
		return 0
	}
	return math.Log(365 / math.Max(alarms, 1e-300))
}

// truth returns 1 where a condition is true.
func (j *judge) truth(text string) float64 {
	if j.when[text].Truth(j.facts) == rules.True {
		return 1
	}
	return 0
}
