package rules

import (
	"math"
	"testing"
	"time"
)

func TestParseAlarms(t *testing.T) {
	for text, want := range map[string]float64{"1/year": 1, "4/year": 4, "1/quarter": 4, "2/month": 24, "1/week": 52, "1/5years": 0.2, "1/2weeks": 26} {
		if got, err := parseAlarms(text); err != nil || math.Abs(got-want) > 1e-9 {
			t.Errorf("%q is %g a year, %v, want %g", text, got, err, want)
		}
	}
	for _, text := range []string{"", "1", "year", "0/year", "1/day", "1 / year", "2/week", "1/0years", "-1/year", "1.5/year"} {
		if got, err := parseAlarms(text); err == nil {
			t.Errorf("%q is taken for %g alarms a year", text, got)
		}
	}
}

// A budget lets through more the greater it is, and the same difference is as
// surprising whatever is asked for.
func TestABudgetDecidesWhatIsBeyondChance(t *testing.T) {
	budgets := []string{`{alarms: "1/50years"}`, `{alarms: "1/5years"}`, `{alarms: "1/year"}`, `{alarms: "1/month"}`}
	var texts []string
	for _, b := range budgets {
		texts = append(texts, `logins.drop("14d", `+b+`)`)
	}
	f, exprs := loginsFacts(t, append(texts, `logins.drop("14d")`)...)
	spoke := make([]int, len(exprs))
	for seed := range uint64(40) {
		h := poissonYear(t, seed+900, 8, 214, func(day int) float64 {
			if day >= 200 {
				return 0.55
			}
			return 1
		})
		f.Reset(&Account{ID: "a"}, h, NewDate(2026, time.January, 1+214).In(time.UTC).Add(9*time.Hour))
		surprise, err := f.Surprise(texts[0])
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range exprs {
			v, _ := e.Number(f)
			if v > 0 {
				spoke[i]++
			}
			if again, _ := f.Surprise(e.String()); again != surprise {
				t.Errorf("%s is as surprising as comes %g times a year, %s %g times", e, again, exprs[0], surprise)
			}
			if i < len(budgets) {
				if budget := f.core.slots[f.core.byText[e.String()]].feature.budget(); (v > 0) != (surprise <= budget) {
					t.Errorf("%s is %g where chance brings as much %g times a year", e, v, surprise)
				}
			}
		}
	}
	for i := 1; i < len(budgets); i++ {
		if spoke[i] < spoke[i-1] {
			t.Errorf("with %s %d accounts speak, with %s %d", budgets[i-1], spoke[i-1], budgets[i], spoke[i])
		}
	}
	if spoke[0] == spoke[3] || spoke[4] != spoke[1] {
		t.Errorf("%v accounts speak with %v and with nothing asked for; want more with more, and the default to be one in five years", spoke, budgets)
	}
}

func TestSurpriseSaysWhatItCannotTell(t *testing.T) {
	f, _ := loginsFacts(t, `logins.drop("14d")`, `logins.sum("7d")`)
	f.Reset(&Account{ID: "a"}, &History{}, utc("2026-11-20T12:00"))
	for _, text := range []string{`logins.drop("14d")`, `logins.sum("7d")`, `logins.drop("7d")`} {
		if v, err := f.Surprise(text); err == nil {
			t.Errorf("%s is as surprising as %g a year, though it cannot be told", text, v)
		}
	}
}

// A level that changed for good is found with its size and its day, and lets go once
// it has changed back.
func TestShift(t *testing.T) {
	f, exprs := loginsFacts(t, `logins.shift("56d")`, `logins.shift_days("56d")`)
	for _, tc := range []struct {
		name         string
		level        func(day int) float64 // of day 300, which is today
		share        float64
		days, within float64
	}{
		{"nothing happened", func(int) float64 { return 1 }, 0, 0, 0},
		{"forty per cent less for thirty days", func(day int) float64 { return 1 - 0.4*float64(min(1, max(0, day-269))) }, -0.4, 30, 3},
		{"half as much again for twenty days", func(day int) float64 { return 1 + 0.5*float64(min(1, max(0, day-279))) }, 0.5, 20, 3},
		{"less for a week only, a month ago", func(day int) float64 {
			if day >= 265 && day < 272 {
				return 0.4
			}
			return 1
		}, 0, 0, 0},
		{"growth of a tenth a month is no shift", func(day int) float64 { return math.Pow(1.1, float64(day)/30) }, 0, 0, 0},
	} {
		for seed := range uint64(5) {
			h := poissonYear(t, seed+70, 50, 300, tc.level)
			f.Reset(&Account{ID: "a"}, h, NewDate(2026, time.January, 1+300).In(time.UTC).Add(9*time.Hour))
			share, _ := exprs[0].Number(f)
			days, ok := exprs[1].Number(f)
			if !ok || math.Abs(share-tc.share) > 0.1 || math.Abs(days-tc.days) > tc.within {
				t.Errorf("%s: the level changed by %.2f %g days ago, want %.2f, %g days ago", tc.name, share, days, tc.share, tc.days)
			}
			if tc.days > 0 {
				b, err := f.Explain(`logins.shift("56d")`)
				if err != nil || b.ChangedOn != f.today-Date(days) || b.Alarms <= 0 || b.Alarms > 0.2 {
					t.Errorf("%s is explained as a change on %s that chance brings %g times a year, %v", tc.name, b.ChangedOn, b.Alarms, err)
				}
			}
		}
	}
}
