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
			shift:      {`logins.shift("28d")`},
		}},
		{"as in the book", "what the starter book asks for", [questions][]string{
			suddenDrop: {`logins.drop("14d")`},
			slowDrop:   {`logins.drop("14d")`},
			spike:      {`logins.spike("1d")`},
			shift:      {`logins.drop("14d")`, `logins.spike("1d")`},
		}},
	}
}

// loginsDef is the signal that windows are fed as.
func loginsDef() rules.SignalDef { return rules.SignalDef{Name: "logins", Kind: rules.Count} }

// A judge evaluates features through the package's own API, day after day, as the
// live bot does. It is used by one goroutine.
type judge struct {
	facts   *rules.Facts
	now     time.Time
	order   []string
	exprs   map[string]*rules.Expr
	account rules.Account
}

// newJudge compiles features.
func newJudge(features []string) (*judge, error) {
	c, problems := rules.NewCompiler(rules.Schema{Signals: []rules.SignalDef{loginsDef()}})
	if len(problems) > 0 {
		return nil, fmt.Errorf("signals: %s", problems[0].Long())
	}
	j := &judge{exprs: map[string]*rules.Expr{}}
	for _, text := range features {
		if j.exprs[text] != nil {
			continue
		}
		e, problems := c.Expr(rules.Source{Text: text}, rules.Number)
		if len(problems) > 0 {
			return nil, fmt.Errorf("%s: %s", text, problems[0].Long())
		}
		j.exprs[text] = e
		j.order = append(j.order, text)
	}
	j.facts = rules.NewFacts(c, &j.account, nil, time.Time{})
	j.facts.SetFeed(func(string) time.Time { return j.now })
	return j, nil
}

// A reading is what features said of a row of days: how surprising it was, and
// whether they spoke at all.
type reading struct {
	surprise map[string][]float64
	speaks   map[string][]float64 // 1 or 0; of shipped features
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
			for _, text := range j.order {
				if completed != readsCompletedDays(text) {
					continue
				}
				r.surprise[text] = append(r.surprise[text], j.surprise(text))
				if slices.Contains(shipped(), text) {
					r.speaks[text] = append(r.speaks[text], j.speaks(text))
				}
			}
		}
	}
	return r, nil
}

// readsCompletedDays reports whether a feature leaves today out.
func readsCompletedDays(feature string) bool { return !strings.Contains(feature, ".spike(") }

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

// speaks returns 1 where a feature says anything, as it is shipped: a drop or shift
// that is not 0, a spike that is not 1.
func (j *judge) speaks(text string) float64 {
	v, known := j.exprs[text].Number(j.facts)
	if !known || v == 0 || v == 1 && strings.Contains(text, ".spike(") {
		return 0
	}
	return 1
}
