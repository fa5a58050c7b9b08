// Package compare puts the same ten rules over the same accounts to package rules, to
// SQL and to PromQL, checks that all three answer the same of every account, and
// measures how long each takes. See README.md.
package compare

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"playcaller/rules"
)

// A rule is one condition in three languages. The SQL reads columns that aggregate
// makes, or stands alone as a statement; today is :today, a count of days.
type rule struct {
	name   string
	expr   string
	once   string // a condition over the columns of aggregate
	alone  string // a statement that returns the accounts for which it holds
	promql string
}

// alive of a signal says that its feed has not been silent for more than two days;
// otherwise what is asked of it is unknown, and no rule holds.
const (
	aliveLogins = `count_over_time(logins[3d])`
	aliveHelp   = `count_over_time(help_views[3d])`
)

// ruleSet lists the ten rules.
func ruleSet() []rule {
	return []rule{
		{"few", `logins.sum("7d") < 20`,
			`l_alive and l_sum7 < 20`,
			`SELECT account FROM logins WHERE day > :today - 7 GROUP BY account HAVING max(day) >= :today - 2 AND sum(value) < 20`,
			`sum_over_time(logins[7d]) < 20 and ` + aliveLogins},
		{"fading", `logins.mean("14d") < 0.6 * logins.mean("56d")`,
			`l_alive and l_past14 / 14 < 0.6 * (l_past56 / 56)`,
			`SELECT account FROM logins WHERE day >= :today - 56 GROUP BY account HAVING max(day) >= :today - 2
				AND sum(CASE WHEN day BETWEEN :today - 14 AND :today - 1 THEN value ELSE 0 END) / 14 < 0.6 * (sum(CASE WHEN day < :today THEN value ELSE 0 END) / 56)`,
			`sum_over_time(logins[14d] offset 1d) / 14 < 0.6 * (sum_over_time(logins[56d] offset 1d) / 56) and ` + aliveLogins},
		{"weaker", `logins.mean("7d") < 0.7 * logins.mean("21d")`,
			`l_alive and l_past7 / 7 < 0.7 * (l_past21 / 21)`,
			`SELECT account FROM logins WHERE day >= :today - 21 GROUP BY account HAVING max(day) >= :today - 2
				AND sum(CASE WHEN day BETWEEN :today - 7 AND :today - 1 THEN value ELSE 0 END) / 7 < 0.7 * (sum(CASE WHEN day < :today THEN value ELSE 0 END) / 21)`,
			`sum_over_time(logins[7d] offset 1d) / 7 < 0.7 * (sum_over_time(logins[21d] offset 1d) / 21) and ` + aliveLogins},
		{"burst", `logins.max("28d") >= 60`,
			`l_alive and l_max28 >= 60`,
			`SELECT account FROM logins WHERE day > :today - 28 GROUP BY account HAVING max(day) >= :today - 2 AND max(value) >= 60`,
			`max_over_time(logins[28d]) >= 60 and ` + aliveLogins},
		{"silent", `logins.days_since() >= 7`,
			`l_something <= :today - 7`,
			`SELECT account FROM logins GROUP BY account HAVING coalesce(max(CASE WHEN value <> 0 THEN day END), min(day)) <= :today - 7`,
			`count_over_time(logins[90d]) unless max_over_time(logins[7d]) > 0`},
		{"lost", `help_views.sum("7d") >= 5 and help_views.sum("7d") > 10 * help_views.mean("28d")`,
			`h_alive and h_sum7 >= 5 and h_sum7 > 10 * (h_past28 / 28)`,
			`SELECT account FROM (SELECT account, max(day) AS latest, sum(CASE WHEN day > :today - 7 THEN value ELSE 0.0 END) AS week, sum(CASE WHEN day < :today THEN value ELSE 0.0 END) AS past
				FROM help_views WHERE day >= :today - 28 GROUP BY account) WHERE latest >= :today - 2 AND week >= 5 AND week > 10 * (past / 28)`,
			`sum_over_time(help_views[7d]) >= 5 and sum_over_time(help_views[7d]) > 10 * (sum_over_time(help_views[28d] offset 1d) / 28) and ` + aliveHelp},
		{"asking", `help_views.sum("28d") > 0.3 * logins.sum("28d")`,
			`l_alive and h_alive and h_sum28 > 0.3 * l_sum28`,
			`SELECT h.account FROM (SELECT account, sum(value) AS n, max(day) AS latest FROM help_views WHERE day > :today - 28 GROUP BY account) h
				JOIN (SELECT account, sum(value) AS n, max(day) AS latest FROM logins WHERE day > :today - 28 GROUP BY account) l ON l.account = h.account
				WHERE h.latest >= :today - 2 AND l.latest >= :today - 2 AND h.n > 0.3 * l.n`,
			`sum_over_time(help_views[28d]) > 0.3 * sum_over_time(logins[28d]) and ` + aliveLogins + ` and ` + aliveHelp},
		{"full", `seats_used.last() / account.seats > 0.95`,
			`s_last / seats > 0.95`,
			`SELECT s.account FROM seats_used s JOIN accounts a ON a.account = s.account WHERE s.day = :today AND s.value / a.seats > 0.95`,
			`seats_used / seats > 0.95`},
		{"unused", `seats_used.mean("28d") / account.seats < 0.4`,
			`s_past28 / 28 / seats < 0.4`,
			`SELECT s.account FROM (SELECT account, sum(value) AS past FROM seats_used WHERE day BETWEEN :today - 28 AND :today - 1 GROUP BY account) s
				JOIN accounts a ON a.account = s.account WHERE s.past / 28 / a.seats < 0.4`,
			`sum_over_time(seats_used[28d] offset 1d) / 28 / seats < 0.4`},
		{"shrinking", `seats_used.last() < 0.8 * seats_used.max("90d")`,
			`s_last < 0.8 * s_max90`,
			`SELECT account FROM seats_used WHERE day > :today - 90 GROUP BY account HAVING sum(CASE WHEN day = :today THEN value END) < 0.8 * max(value)`,
			`seats_used < 0.8 * max_over_time(seats_used[90d])`},
	}
}

// signals are what accounts have series of.
func signals() []rules.SignalDef {
	return []rules.SignalDef{{Name: "logins", Kind: rules.Count}, {Name: "help_views", Kind: rules.Count}, {Name: "seats_used", Kind: rules.Gauge}}
}

// days of history that each account has.
const days = 90

// absent marks a day on which nothing was reported.
const absent = -1

// A world is the accounts that are judged, as of its last day.
type world struct {
	today    rules.Date
	accounts []customer
}

// A customer is an account with its days of each signal, the last of them today.
type customer struct {
	id     string
	seats  float64
	series [3][days]float64 // by signal
}

// newWorld makes accounts with a weekly rhythm, some of which grow, fade, fall silent
// at weekends, ask much, or whose feed has stopped. The same seed makes the same
// world.
func newWorld(accounts int, seed uint64) *world {
	rng := rand.New(rand.NewPCG(seed, 1))
	w := &world{today: rules.NewDate(2026, time.November, 20)}
	for i := range accounts {
		c := customer{id: fmt.Sprint("account-", i), seats: float64(5 + rng.IntN(60))}
		level, growth := 0.3+rng.ExpFloat64()*8, 1+(rng.Float64()-0.55)*0.03
		helpful, weekends := rng.Float64()*0.5, rng.IntN(10) > 0
		stopped := days
		if rng.IntN(20) == 0 {
			stopped = days - 3 - rng.IntN(37)
		}
		used := c.seats * (0.2 + 0.8*rng.Float64())
		for d := range days {
			weekday := (w.today - rules.Date(days-1-d)).Weekday()
			atWork := weekday != time.Saturday && weekday != time.Sunday
			mean := level
			if !atWork {
				mean *= 0.15
			}
			level *= growth
			used = min(c.seats, max(1, used+float64(rng.IntN(3)-1)*0.04*c.seats))
			c.series[0][d] = float64(int(mean * (0.5 + rng.Float64())))
			c.series[1][d] = float64(int(mean * helpful * 2 * rng.Float64()))
			c.series[2][d] = float64(int(used))
			if d >= stopped || !atWork && !weekends {
				c.series[0][d], c.series[1][d] = absent, absent
			}
		}
		w.accounts = append(w.accounts, c)
	}
	return w
}

// answers are, by rule, the numbers of the accounts for which it holds, ascending.
type answers [][]int

// differ says what first differs between two answers, or "".
func (a answers) differ(b answers, names []rule) string {
	for i := range a {
		if slices.Equal(a[i], b[i]) {
			continue
		}
		for _, n := range a[i] {
			if _, both := slices.BinarySearch(b[i], n); !both {
				return fmt.Sprintf("rule %s holds of account-%d in the first only (%d and %d accounts)", names[i].name, n, len(a[i]), len(b[i]))
			}
		}
		for _, n := range b[i] {
			if _, both := slices.BinarySearch(a[i], n); !both {
				return fmt.Sprintf("rule %s holds of account-%d in the second only (%d and %d accounts)", names[i].name, n, len(a[i]), len(b[i]))
			}
		}
	}
	return ""
}
