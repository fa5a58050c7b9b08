package main

import (
	"fmt"
	"math"
	"strings"
	"time"

	"playcaller/rules"
)

// playcallerName is the way that is compared with every rival.
const playcallerName = "Playcaller"

// A playcallerWay is what an author would ask for who looks one way: several
// features are joined by "or".
type playcallerWay struct {
	name, about      string
	down, up, either []string
}

func playcallerWays() []playcallerWay {
	return []playcallerWay{
		{playcallerName, "drops: 7 or 14 days; spikes: 1 day; both ways: 14 days down or 7 days up",
			[]string{`logins.drop("7d")`, `logins.drop("14d")`}, []string{`logins.spike("1d")`}, []string{`logins.drop("14d")`, `logins.spike("7d")`}},
		{"Playcaller 7 d", "7 days alone",
			[]string{`logins.drop("7d")`}, []string{`logins.spike("7d")`}, []string{`logins.drop("7d")`, `logins.spike("7d")`}},
		{"Playcaller 14 d", "14 days alone",
			[]string{`logins.drop("14d")`}, []string{`logins.spike("14d")`}, []string{`logins.drop("14d")`, `logins.spike("14d")`}},
	}
}

// features returns what a way asks for when it looks in a direction.
func (p playcallerWay) features(look direction) []string {
	return [...][]string{down: p.down, up: p.up, either: p.either}[look]
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

// follow plays the counts of a window's days 0 to last and returns each feature's
// score at the end of every day from first on. A feature that includes today is
// read in the day's last minute, one of completed days a minute later. The feed is
// alive: a day on which nothing came is a day of zero.
func (j *judge) follow(w *window, counts []float64, first, last int) (map[string][]float64, error) {
	scores := map[string][]float64{}
	h := &rules.History{}
	j.account = rules.Account{ID: w.series, Country: w.country}
	for day := 0; day <= last; day++ {
		d := w.first + rules.Date(day)
		if noon := d.In(time.UTC).Add(12 * time.Hour); counts[day] > 0 {
			if _, err := h.Apply(rules.Signal{Signal: "logins", Value: counts[day], At: noon}, loginsDef(), time.UTC, noon); err != nil {
				return nil, err
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
				if completed == readsCompletedDays(text) {
					scores[text] = append(scores[text], j.score(text))
				}
			}
		}
	}
	return scores, nil
}

// readsCompletedDays reports whether a feature leaves today out.
func readsCompletedDays(feature string) bool { return !strings.Contains(feature, ".spike(") }

// score is how loudly a feature speaks: the logarithm of the factor by which less or
// more came than expected, 0 while that is within chance or not known.
func (j *judge) score(text string) float64 {
	v, known := j.exprs[text].Number(j.facts)
	switch {
	case !known:
		return 0
	case strings.Contains(text, ".drop("):
		return -math.Log(math.Max(1-v, 1e-6))
	}
	return math.Log(math.Max(v, 1))
}
