package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Days within which an event counts as found when ways are compared, as an index of
// within: a spike is soon over, a slow drop takes weeks to become one.
const (
	soon = iota
	week
	fortnight
)

// comparedWithin is what an event's kind is compared at.
func comparedWithin(event string) int {
	switch {
	case strings.HasPrefix(event, "spike"):
		return soon
	case strings.HasPrefix(event, "slow"), strings.HasPrefix(event, "shift"):
		return fortnight
	}
	return week
}

// writeTables writes all tables in a form.
func writeTables(w io.Writer, rep *report, put form) error {
	var all []table
	all = append(all, rep.aim(), rep.summary(), rep.oneForAll(), rep.duels(), rep.behind())
	for _, material := range []string{materialReal, materialSynthetic} {
		for _, rate := range []float64{perYear, perQuarter} {
			all = append(all, rep.comparison(material, rate))
		}
	}
	all = append(all, rep.ownThresholds(), rep.seriesTable(), rep.incidentTable(), rep.details(), rep.falseAlarms(), rep.quietTable(), rep.foundTable())
	for _, t := range all {
		if len(t.lines) == 0 {
			continue
		}
		if err := put(w, t); err != nil {
			return err
		}
	}
	return nil
}

// A cell names one result but for its way.
type cell struct {
	material, event, series string
	mean, rate              float64
}

// cells lists what was measured, in order, each with the results of its ways.
func (rep *report) cells() (order []cell, by map[cell]map[string]result) {
	by = map[cell]map[string]result{}
	for _, r := range rep.Results {
		if r.Shipped {
			continue
		}
		c := cell{r.Material, r.Event, r.Series, r.Mean, r.Rate}
		if by[c] == nil {
			by[c] = map[string]result{}
			order = append(order, c)
		}
		by[c][r.Way] = r
	}
	slices.SortStableFunc(order, func(a, b cell) int { return eventOrder(a.event) - eventOrder(b.event) })
	return order, by
}

func eventOrder(name string) int {
	if i := slices.IndexFunc(events(), func(e event) bool { return e.name == name }); i >= 0 {
		return i
	}
	return len(events())
}

// best returns the rival that found most.
func best(of map[string]result, days int) result {
	var best result
	for i, r := range rivals() {
		if one := of[r.name]; i == 0 || one.Found[days] > best.Found[days] || one.Found[days] == best.Found[days] && one.Found[fortnight] > best.Found[fortnight] {
			best = one
		}
	}
	return best
}

// verdict says where Playcaller stands beside the best of the simple ways.
func verdict(of map[string]result, days int) string {
	ours, theirs := of[playcallerName], best(of, days)
	switch d := ours.Found[days] - theirs.Found[days]; {
	case d > 0:
		return "ahead"
	case d == 0:
		return "level"
	}
	return "BEHIND " + theirs.Way
}

// comparison puts Playcaller beside every rival.
func (rep *report) comparison(material string, rate float64) table {
	t := table{title: fmt.Sprintf("Found, %s accounts, tuned to %s", material, rateWord(rate)),
		about: "Share of events found in the days named (of Playcaller with its 95 % Wilson interval).",
		head:  append([]string{"event", "a day", "within", playcallerName}, append(others(), "Playcaller is")...)}
	if material == materialSynthetic {
		t.about += " These accounts are made up; see above how."
	}
	order, by := rep.cells()
	for _, c := range order {
		if c.material != material || c.series != "" || c.rate != rate {
			continue
		}
		days := comparedWithin(c.event)
		ours := by[c][playcallerName]
		low, high := wilson(ours.Found[days], ours.N)
		line := []string{aboutEvent(c.event), number(c.mean), fmt.Sprintf("%d d", within[days]), fmt.Sprintf("%s (%.0f–%.0f)", share(ours, days), 100*low, 100*high)}
		for _, name := range others() {
			line = append(line, share(by[c][name], days))
		}
		t.lines = append(t.lines, append(line, verdict(by[c], days)))
	}
	return t
}

// seriesTable is the real series one by one, each with thresholds of its own.
func (rep *report) seriesTable() table {
	t := table{title: "The real series one by one, each tuned by itself to one false alarm per account and year",
		about: "Thresholds made for one series flatter every way that does not see by itself how wild an account is. The kinds of events that the picture shows.",
		head:  append([]string{"event", "series", "a day", "n", "within", playcallerName}, append(others(), "Playcaller is")...)}
	order, by := rep.cells()
	for _, c := range order {
		if c.series == "" || c.rate != perYear || !slices.Contains(pictured(), c.event) {
			continue
		}
		days := comparedWithin(c.event)
		ours := by[c][playcallerName]
		line := []string{aboutEvent(c.event), c.series, number(c.mean), fmt.Sprint(ours.N), fmt.Sprintf("%d d", within[days]), share(ours, days)}
		for _, name := range others() {
			line = append(line, share(by[c][name], days))
		}
		t.lines = append(t.lines, append(line, verdict(by[c], days)))
	}
	return t
}

func rateWord(rate float64) string {
	switch rate {
	case perYear:
		return "one false alarm per account and year"
	case perQuarter:
		return "one false alarm per account and quarter"
	}
	return fmt.Sprintf("%g false alarms per account and year", rate)
}

func rivalNames() []string { return wayNames()[len(playcallerWays()):] }

// others are all ways but the one that is compared with them.
func others() []string { return wayNames()[1:] }

func aboutEvent(name string) string {
	for _, e := range events() {
		if e.name == name {
			return e.about
		}
	}
	return name
}

func share(r result, days int) string {
	if r.N == 0 {
		return "–"
	}
	return fmt.Sprintf("%.0f %%", 100*float64(r.Found[days])/float64(r.N))
}

// incidentTable is what was said of labelled events within a week.
func (rep *report) incidentTable() table {
	t := table{title: "Labelled events of the real series, tuned to one false alarm per account and year",
		about: "Share of thinnings of the one series in which something was said within 7 days. Of a holiday nothing should be: there the least is best.",
		head:  append([]string{"event", "a day", "n", "wanted", playcallerName}, append(others(), "Playcaller is")...)}
	order, by := rep.cells()
	for _, c := range order {
		if c.material != materialLabelled || c.rate != perYear {
			continue
		}
		ours, wanted, stands := by[c][playcallerName], rep.expected(c.event), verdict(by[c], week)
		if wanted == "quiet" {
			stands = quietVerdict(by[c])
		}
		line := []string{c.event, number(c.mean), fmt.Sprint(ours.N), wanted, share(ours, week)}
		for _, name := range others() {
			line = append(line, share(by[c][name], week))
		}
		t.lines = append(t.lines, append(line, stands))
	}
	return t
}

// expected is what should be said of a labelled event.
func (rep *report) expected(name string) string {
	for _, in := range rep.Plan.incidents() {
		if in.name() == name {
			return in.Expect
		}
	}
	return ""
}

func quietVerdict(of map[string]result) string {
	ours := of[playcallerName].Found[week]
	least := ours
	for _, name := range rivalNames() {
		least = min(least, of[name].Found[week])
	}
	switch {
	case ours == 0:
		return "quiet"
	case ours == least:
		return "least loud"
	}
	return "BEHIND the quietest"
}

// details is how fast events are found, beside the best rival.
func (rep *report) details() table {
	t := table{title: "How soon: Playcaller and the best of the simple ways",
		about: "Shares found within 3 / 7 / 14 days and median days until found (– where fewer than half were), then false alarms per account and year that came of the tuning.",
		head:  []string{"event", "material", "a day", "n", "tuned to", "Playcaller", "median", "false", "best simple way", "its shares", "median", "false"}}
	order, by := rep.cells()
	for _, c := range order {
		if !c.compared() {
			continue
		}
		ours, theirs := by[c][playcallerName], best(by[c], comparedWithin(c.event))
		t.lines = append(t.lines, []string{aboutEvent(c.event), c.material, number(c.mean), fmt.Sprint(ours.N), fmt.Sprintf("%g a year", c.rate),
			shares(ours), delay(ours), fmt.Sprintf("%.2f", ours.FalseAlarms), theirs.Way, shares(theirs), delay(theirs), fmt.Sprintf("%.2f", theirs.FalseAlarms)})
	}
	return t
}

func shares(r result) string {
	if r.N == 0 {
		return "–"
	}
	percent := func(i int) float64 { return 100 * float64(r.Found[i]) / float64(r.N) }
	return fmt.Sprintf("%.0f / %.0f / %.0f %%", percent(0), percent(1), percent(2))
}

func delay(r result) string {
	if r.Delay == 0 {
		return "–"
	}
	return number(r.Delay) + " d"
}

// falseAlarms is what came of the tuning on untouched windows of the other half.
func (rep *report) falseAlarms() table {
	t := table{title: "False alarms per account and year on untouched series",
		about: "Tuned to 1 and to 4 on the other half of the windows, for sudden drops, slow ones, spikes, and shifts up or down.",
		head:  []string{"way", "material", "a day", "sudden, 1", "sudden, 4", "slow, 1", "slow, 4", "spike, 1", "spike, 4", "shift, 1", "shift, 4"}}
	if rep.Plan.Same {
		t.about = "Tuned to 1 and to 4 on these very windows, for sudden drops, slow ones, spikes, and shifts up or down."
	}
	type key struct {
		way, material string
		mean          float64
	}
	var order []key
	lines := map[key][]string{}
	for _, r := range rep.Results {
		i := slices.IndexFunc(events(), func(e event) bool { return e.name == r.Event })
		if i < 0 || r.Series != "" || r.Rate != perYear && r.Rate != perQuarter {
			continue
		}
		k := key{r.Way, r.Material, r.Mean}
		if lines[k] == nil {
			order = append(order, k)
			lines[k] = []string{r.Way, r.Material, number(r.Mean), "–", "–", "–", "–", "–", "–", "–", "–"}
		}
		at := 3 + 2*int(events()[i].question)
		if r.Rate == perQuarter {
			at++
		}
		lines[k][at] = fmt.Sprintf("%.2f", r.FalseAlarms)
	}
	names := wayNames()
	slices.SortStableFunc(order, func(a, b key) int { return slices.Index(names, a.way) - slices.Index(names, b.way) })
	for _, k := range order {
		t.lines = append(t.lines, lines[k])
	}
	return t
}

// quietTable is how often rules alarm of untouched accounts by themselves.
func (rep *report) quietTable() table {
	t := table{title: "As shipped: alarms per account and year on untouched series",
		about: fmt.Sprintf("Rules by themselves, not tuned: any drop, spike or shift that the features believe, by default and with a budget of one alarm a year, and the sizes that the starter book asks for. Days of alarm at most %d days apart are one alarm. In brackets the alarms counted. A CSM with 60 accounts like these gets 60/52 of a figure a week from its rule.", rearm),
		head:  []string{"rule", "material"}}
	for _, mean := range rep.Plan.Means {
		t.head = append(t.head, number(mean)+" a day")
	}
	for _, rule := range shipped() {
		for _, material := range []string{materialReal, materialSynthetic} {
			line := []string{rule.text, material}
			for _, mean := range rep.Plan.Means {
				for _, q := range rep.Quiet {
					if q.Rule == rule.text && q.Material == material && q.Mean == mean {
						line = append(line, fmt.Sprintf("%.2f (%d)", float64(q.Alarms)/q.Years, q.Alarms))
					}
				}
			}
			if len(line) == len(t.head) {
				t.lines = append(t.lines, line)
			}
		}
	}
	return t
}

// foundTable is what rules by themselves find, beside how quiet they are.
func (rep *report) foundTable() table {
	t := table{title: "As shipped: what the same rules find",
		about: "Shares found within 3 / 7 / 14 days, not tuned to anything.",
		head:  []string{"rule", "event", "material"}}
	for _, mean := range rep.Plan.Means {
		t.head = append(t.head, number(mean)+" a day")
	}
	for _, rule := range shipped() {
		for _, e := range events() {
			for _, material := range []string{materialReal, materialSynthetic} {
				line := []string{rule.text, e.about, material}
				for _, r := range rep.Results {
					if r.Shipped && r.Way == rule.text && r.Event == e.name && r.Material == material {
						line = append(line, shares(r))
					}
				}
				if len(line) == len(t.head) {
					t.lines = append(t.lines, line)
				}
			}
		}
	}
	return t
}
