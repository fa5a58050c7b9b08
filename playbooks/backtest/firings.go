package backtest

import (
	"cmp"
	"fmt"
	"slices"
)

// What WriteText lists of the firings: all of them where they are few, else of each
// playbook the newest.
const (
	shownFirings = 30
	newestShown  = 10
)

// writeFirings lists when the book fired, on which account, for how long, and who is
// asked, by the accounts' days.
func (r *Report) writeFirings(w *lines) {
	if len(r.Episodes) == 0 {
		return
	}
	some := r.shown()
	names := map[string]string{}
	for _, p := range r.People {
		names[p.Person] = p.Name
	}
	rows := [][]string{{"FIRED", "ACCOUNT", "PLAYBOOK", "HELD", "ASKED"}}
	for _, e := range some {
		rows = append(rows, []string{e.day(), e.name(), RuleName(e), e.held(), asked(e, names)})
	}
	w.table(rows)
	if more := len(r.Episodes) - len(some); more > 0 {
		w.line("These are the newest %d of each playbook; --csv and --json have the %s too.", newestShown, counted(more, "other firing"))
		w.line("")
	}
}

// shown returns the firings that WriteText lists, by the accounts' days.
func (r *Report) shown() []*Episode {
	left := map[string]int{} // firings of each playbook that are too old to be listed
	if len(r.Episodes) > shownFirings {
		for i := range r.Episodes {
			left[r.Episodes[i].Playbook]++
		}
		for name := range left {
			left[name] -= newestShown
		}
	}
	var some []*Episode
	for i := range r.Episodes {
		e := &r.Episodes[i]
		if left[e.Playbook] > 0 {
			left[e.Playbook]--
			continue
		}
		some = append(some, e)
	}
	slices.SortStableFunc(some, func(a, b *Episode) int { return cmp.Compare(a.day(), b.day()) })
	return some
}

// day returns the account's day on which it fired.
func (e *Episode) day() string { return day(e.Fired.In(e.location())) }

// held writes for how long the condition of one firing held.
func (e *Episode) held() string {
	switch {
	case e.By != "":
		return "–"
	case e.Over.IsZero():
		return "still holds"
	}
	return lasted(e.days(e.Over))
}

// asked names who is given the prompt of a firing.
func asked(e *Episode, names map[string]string) string {
	switch {
	case e.Message > 0:
		return fmt.Sprintf("together with others, message %d", e.Message)
	case e.drafted():
		return "nobody, as a draft; else " + cmp.Or(names[e.Person], e.Person)
	case !e.prompt():
		return "nobody"
	}
	return cmp.Or(names[e.Person], e.Person)
}
