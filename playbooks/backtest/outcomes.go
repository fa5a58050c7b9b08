package backtest

import (
	"math/rand/v2"
	"slices"

	"playcaller/playbooks"
	"playcaller/rules"
)

// Outcomes is how often the book was right, where it is known what became of accounts:
// a firing is right if the account churned within Within days after it.
type Outcomes struct {
	Within  int       `json:"within_days"`
	Churned int       `json:"churned"` // within the time that was played
	Stayed  int       `json:"stayed"`  // renewed, or customers still
	Lines   []EndLine `json:"lines"`   // the whole book first, with Playbook ""
}

// An EndLine is how often one playbook, or the whole book, was right.
type EndLine struct {
	Playbook  string  `json:"playbook,omitempty"`
	Precision Share   `json:"precision"`        // of the accounts' firings that can be told, those that were right
	Recall    Share   `json:"recall"`           // of the accounts that churned, those that it fired on in time
	Lead      Middle  `json:"lead_days"`        // from the first firing that was right to the end
	Undecided int     `json:"undecided"`        // firings in the last Within days on customers who have not left
	ByChance  float64 `json:"recall_by_chance"` // share of churned accounts found where ends are dealt out among accounts at random
	P         float64 `json:"p"`                // how often chance alone does as well
}

// newOutcomes returns nil where no end is known.
func newOutcomes(book *playbooks.Book, o *Options, results []*Result) *Outcomes {
	out := &Outcomes{Within: o.Within}
	if out.Within <= 0 {
		out.Within = usualWithin
	}
	known := false
	for _, r := range results {
		switch {
		case out.counts(o, r.End):
			out.Churned++
			known = true
		case r.End.Kind != Churned:
			out.Stayed++
			known = known || r.End.Kind != ""
		}
	}
	if !known {
		return nil
	}
	out.Lines = append(out.Lines, out.line(o, results, ""))
	for _, rule := range o.judged(book) {
		out.Lines = append(out.Lines, out.line(o, results, rule.Playbook))
	}
	return out
}

// counts reports whether an account left within the time that was played: one that left
// before, or on the first day, could not be found in time.
func (out *Outcomes) counts(o *Options, end End) bool {
	return end.Kind == Churned && o.From < end.On && end.On <= o.To
}

// verdict of one firing, given the end of an account.
const (
	wrong = iota
	right
	undecided
)

func (out *Outcomes) verdict(o *Options, fired rules.Date, end End) int {
	switch {
	case end.Kind == Churned && end.On <= o.To && fired <= end.On && end.On-fired <= rules.Date(out.Within):
		return right
	case end.Kind == Churned && end.On <= o.To:
		return wrong
	case fired > o.To-rules.Date(out.Within):
		return undecided
	}
	return wrong
}

// line judges the firings of one playbook, or of all.
func (out *Outcomes) line(o *Options, results []*Result, playbook string) EndLine {
	l := EndLine{Playbook: playbook}
	fired := make([][]rules.Date, len(results))
	var lead []float64
	rights, told, found := 0, 0, 0
	for i, r := range results {
		first := rules.Date(0)
		for k := range r.Episodes {
			e := &r.Episodes[k]
			if playbook != "" && e.Playbook != playbook {
				continue
			}
			day := rules.DateOf(e.Fired.In(e.location()))
			fired[i] = append(fired[i], day)
			switch out.verdict(o, day, r.End) {
			case right:
				rights, told = rights+1, told+1
				if first == 0 || day < first {
					first = day
				}
			case wrong:
				told++
			default:
				l.Undecided++
			}
		}
		if first != 0 && out.counts(o, r.End) {
			found++
			lead = append(lead, float64(r.End.On-first))
		}
	}
	random := rand.New(rand.NewPCG(o.Seed, hashOf("outcomes/"+playbook)))
	l.Precision, l.Recall, l.Lead = shareOf(rights, told), shareOf(found, out.Churned), middleOf(lead, random)
	l.ByChance, l.P = out.byChance(o, results, fired, found, random)
	return l
}

// byChance deals the ends out among the accounts at random, again and again: how many
// that churned are found then, and how often as many as were.
func (out *Outcomes) byChance(o *Options, results []*Result, fired [][]rules.Date, found int, random *rand.Rand) (share, p float64) {
	var ends []End
	for _, r := range results {
		if out.counts(o, r.End) {
			ends = append(ends, r.End)
		}
	}
	if len(ends) == 0 {
		return 0, 1
	}
	order := make([]int, len(results))
	for i := range order {
		order[i] = i
	}
	asWell, sum := 0, 0
	for range resamples {
		hits := 0
		for k, end := range ends { // the first of a Fisher–Yates shuffle are all that is needed
			i := k + random.IntN(len(order)-k)
			order[k], order[i] = order[i], order[k]
			if slices.ContainsFunc(fired[order[k]], func(d rules.Date) bool { return out.verdict(o, d, end) == right }) {
				hits++
			}
		}
		sum += hits
		if hits >= found {
			asWell++
		}
	}
	return float64(sum) / float64(resamples*len(ends)), float64(1+asWell) / float64(1+resamples)
}
