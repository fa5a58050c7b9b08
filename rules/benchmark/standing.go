package main

import (
	"cmp"
	"fmt"
	"slices"
)

// The aim that was set beforehand: so many of sudden-40 at aimMean a day found within
// a week, at one false alarm per account and year.
const (
	aimEvent = "sudden-40"
	aimMean  = 50
	aimShare = 95 // %
)

// aim puts what was measured beside the aim.
func (rep *report) aim() table {
	t := table{title: "The aim, and what was measured",
		about: fmt.Sprintf("%s at %d a day, found within 7 days at %s. The series by themselves have thresholds of their own.", aboutEvent(aimEvent), aimMean, rateWord(perYear)),
		head:  []string{"accounts", "n", "aim", playcallerName, "95 % interval", "best simple way"}}
	order, by := rep.cells()
	for _, c := range order {
		if c.event != aimEvent || c.mean != aimMean || c.rate != perYear {
			continue
		}
		ours, theirs := by[c][playcallerName], best(by[c], week)
		low, high := wilson(ours.Found[week], ours.N)
		name := c.material
		if c.series != "" {
			name += ": " + c.series
		}
		t.lines = append(t.lines, []string{name, fmt.Sprint(ours.N), fmt.Sprintf("%d %%", aimShare), share(ours, week),
			fmt.Sprintf("%.0f–%.0f %%", 100*low, 100*high), theirs.Way + " " + share(theirs, week)})
	}
	return t
}

// clearly is from how many points on a difference is called clear.
const clearly = 5

// points is by how many points one way found more than another.
func points(ours, theirs result, days int) float64 {
	return 100 * float64(ours.Found[days]-theirs.Found[days]) / float64(max(1, ours.N))
}

// ahead is by how many points Playcaller is ahead of the best of the simple ways.
func ahead(of map[string]result, days int) float64 {
	return points(of[playcallerName], best(of, days), days)
}

// compared reports whether a cell is one of the rows of the comparisons.
func (c cell) compared() bool {
	return c.material != materialLabelled && c.series == "" && (c.rate == perYear || c.rate == perQuarter)
}

// summary counts rows ahead of and behind the best of the simple ways.
func (rep *report) summary() table {
	t := table{title: "In short",
		about: fmt.Sprintf("Rows (a kind of event at a mean) in which Playcaller is ahead of every one of %d simple ways, or behind the best of them. Seed %d, %d accounts of %d days for each material and mean.",
			len(rivals()), rep.Plan.Seed, rep.Plan.Windows, windowDays),
		head: append([]string{"rows"}, standings()...)}
	order, by := rep.cells()
	t.lines = count(order, by, func(c cell, of map[string]result) []lead {
		return []lead{{fmt.Sprintf("%s, %g a year", c.material, c.rate), ahead(of, comparedWithin(c.event))}}
	})
	order, by = rep.bySeries()
	own := count(order, by, func(c cell, of map[string]result) []lead {
		return []lead{{fmt.Sprintf("%s, each series by itself, %g a year", c.material, c.rate), ahead(of, comparedWithin(c.event))}}
	})
	if len(own) > 0 {
		t.about += " The rows of each series by itself are of the same events, with a threshold for each series."
	}
	t.lines = append(t.lines, own...)
	return t
}

// bySeries adds up what was found in each series with thresholds of its own: rows like
// those of all together, but with the same rate of false alarms for every series.
func (rep *report) bySeries() (order []cell, by map[cell]map[string]result) {
	all, of := rep.cells()
	by = map[cell]map[string]result{}
	for _, c := range all {
		if c.series == "" {
			continue
		}
		whole := c
		whole.series = ""
		if by[whole] == nil {
			by[whole] = map[string]result{}
			order = append(order, whole)
		}
		for way, r := range of[c] {
			by[whole][way] = r.with(by[whole][way])
		}
	}
	return order, by
}

// with adds up what a way found in two series. The median delay of both is not known.
func (r result) with(other result) result {
	if other.N > 0 {
		r.FalseAlarms = (r.FalseAlarms*float64(r.N) + other.FalseAlarms*float64(other.N)) / float64(r.N+other.N)
	}
	r.Series, r.Delay = "", 0
	r.N += other.N
	r.Standing += other.Standing
	for i := range r.Found {
		r.Found[i] += other.Found[i]
	}
	return r
}

// hindsight is what the best of the simple ways finds when it is chosen row by row.
const hindsight = "the best of the simple ways, row by row"

// oneForAll is how much each way finds when it is used for everything: the mean of all rows.
func (rep *report) oneForAll() table {
	t := table{title: "One way for everything",
		about: "Share of events found, the mean of all rows that are counted above. In brackets the share of events on whose eve an alarm stood already, which therefore did not count.",
		head:  []string{"way"}}
	ways := append(slices.Clone(wayNames()), hindsight)
	for _, name := range ways {
		t.lines = append(t.lines, []string{name})
	}
	add := func(about string, order []cell, by map[cell]map[string]result) {
		for _, column := range columnsOf(order) {
			t.head = append(t.head, fmt.Sprintf("%s%s, %g a year", column.material, about, column.rate))
			for i, name := range ways {
				found, standing, rows := 0., 0., 0.
				for _, c := range order {
					if !c.compared() || c.material != column.material || c.rate != column.rate {
						continue
					}
					days := comparedWithin(c.event)
					r := by[c][name]
					if name == hindsight {
						r = best(by[c], days)
					}
					found += 100 * float64(r.Found[days]) / float64(max(1, r.N))
					standing += 100 * float64(r.Standing) / float64(max(1, r.N))
					rows++
				}
				t.lines[i] = append(t.lines[i], fmt.Sprintf("%.0f %% (%.0f)", found/rows, standing/rows))
			}
		}
	}
	order, by := rep.cells()
	add("", order, by)
	order, by = rep.bySeries()
	add(", each series by itself", order, by)
	if len(t.head) == 1 {
		t.lines = nil
	}
	return t
}

// columnsOf lists the materials and rates of rows that are compared, in order.
func columnsOf(order []cell) (columns []cell) {
	for _, material := range []string{materialReal, materialSynthetic} {
		for _, rate := range []float64{perYear, perQuarter} {
			if slices.ContainsFunc(order, func(c cell) bool { return c.compared() && c.material == material && c.rate == rate }) {
				columns = append(columns, cell{material: material, rate: rate})
			}
		}
	}
	return columns
}

// ownThresholds is the real series together, each with thresholds of its own.
func (rep *report) ownThresholds() table {
	t := table{title: "Found, real accounts, each series tuned by itself",
		about: "The rows of the real accounts above, but every series has the threshold that brings it the named rate, so that none may spend the alarms of another. In brackets the false alarms per account and year that then came.",
		head:  []string{"event", "a day", "tuned to", "n", "within", playcallerName, "best simple way", "its share", "Playcaller is"}}
	order, by := rep.bySeries()
	for _, c := range order {
		if !c.compared() {
			continue
		}
		days := comparedWithin(c.event)
		ours, theirs := by[c][playcallerName], best(by[c], days)
		t.lines = append(t.lines, []string{aboutEvent(c.event), number(c.mean), fmt.Sprintf("%g a year", c.rate), fmt.Sprint(ours.N), fmt.Sprintf("%d d", within[days]),
			fmt.Sprintf("%s (%.2f)", share(ours, days), ours.FalseAlarms), theirs.Way, fmt.Sprintf("%s (%.2f)", share(theirs, days), theirs.FalseAlarms), verdict(by[c], days)})
	}
	return t
}

// duels counts rows ahead of and behind each simple way by itself.
func (rep *report) duels() table {
	t := table{title: "One against one",
		about: "The same, beside each simple way by itself: which of them is the best in a row is known only afterwards, and no one of them is in all.",
		head:  append([]string{"beside"}, standings()...)}
	order, by := rep.cells()
	t.lines = count(order, by, func(c cell, of map[string]result) (all []lead) {
		days := comparedWithin(c.event)
		for _, name := range rivalNames() {
			all = append(all, lead{name + ", " + c.material, points(of[playcallerName], of[name], days)})
		}
		return all
	})
	return t
}

// A lead is by how many points Playcaller is ahead in a row that is counted under key.
type lead struct {
	key    string
	points float64
}

// standings are what leads are sorted into.
func standings() []string {
	return []string{fmt.Sprintf("ahead by %d points or more", clearly), "ahead by less", "level", "behind by less", fmt.Sprintf("behind by %d points or more", clearly)}
}

// count sorts the leads of all rows that are compared into standings, a line for each key.
func count(order []cell, by map[cell]map[string]result, leads func(cell, map[string]result) []lead) (lines [][]string) {
	counts := map[string][]int{}
	var keys []string
	for _, c := range order {
		if !c.compared() {
			continue
		}
		for _, l := range leads(c, by[c]) {
			if counts[l.key] == nil {
				counts[l.key] = make([]int, len(standings()))
				keys = append(keys, l.key)
			}
			counts[l.key][l.standing()]++
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		line := []string{key}
		for _, n := range counts[key] {
			line = append(line, fmt.Sprint(n))
		}
		lines = append(lines, line)
	}
	return lines
}

// standing is the index in standings.
func (l lead) standing() int {
	switch {
	case l.points >= clearly:
		return 0
	case l.points > 0:
		return 1
	case l.points == 0:
		return 2
	case l.points > -clearly:
		return 3
	}
	return 4
}

// behind lists where Playcaller is clearly behind, the worst first.
func (rep *report) behind() table {
	t := table{title: "Where Playcaller is behind", about: fmt.Sprintf("Rows in which some simple way found more by %d points or more, the worst first.", clearly),
		head: []string{"event", "material", "a day", "tuned to", "within", playcallerName, "simple way", "its share"}}
	order, by := rep.cells()
	order = slices.DeleteFunc(order, func(c cell) bool { return !c.compared() || ahead(by[c], comparedWithin(c.event)) > -clearly })
	slices.SortStableFunc(order, func(a, b cell) int {
		return cmp.Compare(ahead(by[a], comparedWithin(a.event)), ahead(by[b], comparedWithin(b.event)))
	})
	for _, c := range order {
		days := comparedWithin(c.event)
		theirs := best(by[c], days)
		t.lines = append(t.lines, []string{aboutEvent(c.event), c.material, number(c.mean), fmt.Sprintf("%g a year", c.rate), fmt.Sprintf("%d d", within[days]),
			share(by[c][playcallerName], days), theirs.Way, share(theirs, days)})
	}
	return t
}
