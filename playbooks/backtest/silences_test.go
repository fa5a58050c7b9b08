package backtest_test

import (
	"fmt"
	"strings"
	"testing"

	"playcaller/playbooks/backtest"
)

// A feed that was dead for all accounts for eight days leaves days that nobody knows of:
// nothing fires on them, neither meanwhile nor after it is back. Where it was alive for
// others, the same silence fires.
func TestADeadFeedIsNotEverybodyDropping(t *testing.T) {
	low := strings.Replace(quietLogins(3), "logins.days_since() >= 3", `logins.mean("14d") < 3`, 1)
	o := backtest.Options{From: date(t, "2026-03-09"), To: date(t, "2026-04-05"), Chance: -1, Against: book(t, quietLogins(30))}
	var all []backtest.Input
	for n := range 3 {
		all = append(all, input(t, fmt.Sprintf("a%d", n), "2026-02-02", weeks(6, "5 5 5 5 5 5 5")+"_ _ _ _ _ _ _ _ "+weeks(2, "5 5 5 5 5 5 5")))
	}
	var dead, alive backtest.Days
	for d := date(t, "2026-02-02"); d <= o.To; d++ {
		if alive.Add(d); d < date(t, "2026-03-16") || d > date(t, "2026-03-23") {
			dead.Add(d)
		}
	}
	o.Heard = map[string]backtest.Days{"logins": dead}
	if r := run(t, book(t, low), o, all...); len(r.Episodes) != 0 || r.Playbooks[0].Unknown == 0 {
		t.Errorf("a dead feed: %+v %v", r.Playbooks[0], told(r.Episodes))
	}
	o.Heard = map[string]backtest.Days{"logins": alive}
	if r := run(t, book(t, low), o, all...); len(r.Episodes) < 3 {
		t.Errorf("a feed that is alive: %+v %v", r.Playbooks[0], told(r.Episodes))
	}
}
