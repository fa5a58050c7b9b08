package rules

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// livedAtRandom lets an account live through some months: a weekly rhythm, growth, losses
// and bursts, days without data, days closed, corrections of days long past, a feed that
// was silent.
type livedAtRandom struct {
	history History
	account Account
	outages map[string][]Outage
	today   Date
	at      time.Time
	alive   time.Time
	mean    float64
	gaps    int // of a hundred days
}

func newLife(rt *rapid.T) *livedAtRandom {
	l := &livedAtRandom{today: day("2026-01-05"), gaps: rapid.SampledFrom([]int{0, 0, 0, 3, 30}).Draw(rt, "gaps"),
		mean: float64(rapid.SampledFrom([]int{1, 5, 30, 300}).Draw(rt, "mean"))}
	l.account = Account{ID: "acme", Country: rapid.SampledFrom([]string{"", "JP", "US"}).Draw(rt, "country")}
	if rapid.IntRange(0, 3).Draw(rt, "closes") == 0 {
		from := l.today + Date(rapid.IntRange(20, 150).Draw(rt, "closed from"))
		l.account.Closed = []Span{{from, from + Date(rapid.IntRange(0, 20).Draw(rt, "closed for"))}}
	}
	return l
}

// pass lets a day pass.
func (l *livedAtRandom) pass(rt *rapid.T, defs []SignalDef) {
	l.today++
	l.at = l.today.In(time.UTC).Add(12 * time.Hour)
	if rapid.IntRange(0, 40).Draw(rt, "turn") == 0 {
		l.mean *= rapid.SampledFrom([]float64{0.2, 0.5, 0.8, 1.2, 2, 5}).Draw(rt, "changes")
	}
	put := func(def SignalDef, ago int, x float64, mode string) {
		s := Signal{Signal: def.Name, Value: x, Mode: mode, At: l.at.AddDate(0, 0, -ago)}
		if _, err := l.history.Apply(s, def, time.UTC, l.at); err != nil {
			rt.Fatal(err)
		}
	}
	for _, def := range defs {
		if rapid.IntRange(0, 99).Draw(rt, "gap") < l.gaps {
			continue
		}
		x := l.mean * weekShape[l.today.Weekday()] * (0.6 + 0.8*float64(rapid.IntRange(0, 100).Draw(rt, "noise"))/100)
		if def.Name != "hours" {
			x = math.Floor(x)
		}
		put(def, 0, x, "set")
		if rapid.IntRange(0, 30).Draw(rt, "correct") == 0 {
			put(def, rapid.IntRange(1, 100).Draw(rt, "ago"), math.Floor(x*2), "set")
		}
	}
	if rapid.IntRange(0, 60).Draw(rt, "outage") == 0 {
		from := l.at.AddDate(0, 0, -rapid.IntRange(2, 9).Draw(rt, "out since"))
		l.outages = map[string][]Outage{defs[0].Name: {{From: from, To: from.AddDate(0, 0, 2)}}}
	}
	if rapid.Bool().Draw(rt, "heard of") {
		l.alive = l.at.AddDate(0, 0, -rapid.IntRange(0, 3).Draw(rt, "days ago"))
	}
}

// facts returns facts of the day, of a History that remembers or of a copy that does not.
func (l *livedAtRandom) facts(rt *rapid.T, c *Compiler, anew bool) *Facts {
	h := &l.history
	if anew {
		data, err := h.MarshalBinary()
		if err != nil {
			rt.Fatal(err)
		}
		h = &History{}
		if err := h.UnmarshalBinary(data); err != nil {
			rt.Fatal(err)
		}
	}
	f := NewFacts(c, &l.account, h, l.at)
	f.SetFeed(func(string) time.Time { return l.alive })
	f.SetOutages(l.outages)
	return f
}

// What is learnt day after day, with the scratch space of other days, is what the words
// of learnShares and levelAt say, worked out plainly and from scratch, bit for bit.
func TestLearningIsWhatItsWordsSay(t *testing.T) {
	defs := []SignalDef{loginsDef, {Name: "hours", Kind: Count}, seatsDef}
	c := testCompiler(t)
	var used learner
	rapid.Check(t, func(rt *rapid.T) {
		l := newLife(rt)
		for n := rapid.IntRange(10, 150).Draw(rt, "days"); n > 0; n-- {
			l.pass(rt, defs)
			if n > 12 && n%10 != 0 {
				continue
			}
			f := l.facts(rt, c, false)
			for _, def := range defs {
				s := l.history.find(def.Name)
				if s == nil {
					continue
				}
				f.tellOutages(def.Name, s)
				v := view{row: &s.total, first: s.total.from, last: min(s.untilDay, l.today), alive: f.alive(def.Name), fresh: 2, kind: def.Kind, offDays: f.offDays, cover: &s.total, out: s.out}
				used.nextOff, used.offBefore = f.nextOff, f.offBefore
				used.row = nil
				used.learn(&v, s.past, l.today)
				want := plainLearner{view: &v, today: l.today, from: used.from}
				want.learnShares()
				for wd, share := range used.share {
					if math.Float64bits(share) != math.Float64bits(want.share[wd]) {
						rt.Fatalf("%s on %s: share of weekday %d is %v, want %v", def.Name, l.today, wd, share, want.share[wd])
					}
				}
				for _, weeks := range []int{0, 4} {
					for ago := range 40 {
						got, ok := used.levelAt(used.n-ago, weeks)
						rate, blocks := want.level(l.today-Date(ago), weeks)
						if ok && (got.blocks != blocks || math.Float64bits(got.rate) != math.Float64bits(rate)) || !ok && blocks >= leastBlocks && weeks == 0 {
							rt.Fatalf("%s on %s: level %d days ago of %d weeks is %v of %d, want %v of %d", def.Name, l.today, ago, weeks, got.rate, got.blocks, rate, blocks)
						}
					}
				}
			}
		}
	})
}

// A plainLearner learns a view day by day.
type plainLearner struct {
	*view
	today, from Date
	share       [7]float64
	back        []tally // of the last so many days, added up from the last one back
}

// between adds up the days from one up to another.
func (p *plainLearner) between(begin, end Date) tally {
	for int(p.today-begin) >= len(p.back) {
		var t tally
		if n := len(p.back); n > 0 {
			t = p.back[n-1]
			d := p.today - Date(n)
			if x, share := p.at(d), p.share[d.Weekday()]; x == x && share == share {
				t = tally{t.sum + x, t.size + share, t.days + 1}
			}
		}
		p.back = append(p.back, t)
	}
	a, b := p.back[p.today-begin], p.back[p.today-end]
	return tally{a.sum - b.sum, a.size - b.size, a.days - b.days}
}

// at is a day's value where it can be learnt from.
func (p *plainLearner) at(d Date) float64 {
	x, why := p.usable(d)
	if why != "" || d < p.from {
		return math.NaN()
	}
	return x
}

func (p *plainLearner) learnShares() {
	plain, total, counted := p.plainShares()
	var samples [7][]float64
	for end, weeks := p.today, 0; end-7 >= p.from && weeks < profileWeeks && plain[0] == plain[0]; end -= 7 {
		sum, size, days := 0.0, 0.0, 0
		for d := end - 7; d < end; d++ {
			if x := p.at(d); x == x {
				sum, size, days = sum+x, size+plain[d.Weekday()], days+1
			}
		}
		if days < 3 || sum <= 0 || size <= 0 {
			continue
		}
		weeks++
		for d := end - 7; d < end; d++ {
			if x := p.at(d); x == x {
				samples[d.Weekday()] = append(samples[d.Weekday()], x/(sum/size))
			}
		}
	}
	sum, n := 0.0, 0
	for wd := range p.share {
		p.share[wd] = math.NaN()
		if len(samples[wd]) >= leastWeeks {
			slices.Sort(samples[wd])
			p.share[wd] = middleMean(samples[wd])
			sum, n = sum+p.share[wd], n+1
		}
	}
	if n < 4 || sum <= 0 {
		p.share = [7]float64{1, 1, 1, 1, 1, 1, 1}
		return
	}
	trust := 1.0
	if p.kind != Gauge {
		trust = math.Min(1, total/float64(max(counted, 1)))
	}
	for wd := range p.share {
		p.share[wd] = trust*p.share[wd]*float64(n)/sum + 1 - trust
	}
}

func (p *plainLearner) plainShares() (plain [7]float64, total float64, counted int) {
	var sums [7]float64
	var known [7]int
	for d := max(p.from, p.today-7*profileWeeks*2); d < p.today; d++ {
		if x := p.at(d); x == x {
			sums[d.Weekday()] += x
			known[d.Weekday()]++
			total += x
			counted++
		}
	}
	if total <= 0 {
		return [7]float64{math.NaN()}, 0, 0
	}
	for wd := range plain {
		plain[wd] = 1
		if known[wd] > 0 {
			plain[wd] = sums[wd] / float64(known[wd]) / (total / float64(counted))
		}
	}
	return plain, total, counted
}

// level is the level of the weeks before a day, and how many of them are known.
func (p *plainLearner) level(day Date, weeks int) (rate float64, blocks int) {
	of := func(b int) float64 {
		end := day - Date(7*b)
		if end-7 < p.from {
			return math.NaN()
		}
		t := p.between(end-7, end)
		if t.size < 3 || t.days < 3 {
			return math.NaN()
		}
		return t.sum / t.size
	}
	if weeks > 0 {
		var rates []float64
		for b := range weeks {
			if x := of(b); x == x {
				rates = append(rates, x)
			}
		}
		slices.Sort(rates)
		return middleMean(rates), len(rates)
	}
	var latest []float64
	for b := range 4 {
		if x := of(b); x == x {
			latest = append(latest, x)
		}
	}
	if len(latest) < leastBlocks {
		return 0, 0
	}
	slices.Sort(latest)
	middle := (latest[len(latest)/2] + latest[(len(latest)-1)/2]) / 2
	sum, weights, weight := 0.0, 0.0, 1.0
	for b := range levelWeeks {
		if x := of(b); x == x {
			reach := levelReach * math.Abs(middle)
			sum, weights, blocks = sum+weight*math.Min(math.Max(x, middle-reach), middle+reach), weights+weight, blocks+1
		}
		weight *= levelMemory
	}
	return sum / weights, blocks
}

// The middle mean of a weekday's samples is that of the sorted ones, bit for bit, of
// however many, equal ones and negative ones among them.
func TestTheMiddleOfSamplesIsTheirMiddleMean(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var samples [profileWeeks]float64
		n := rapid.IntRange(leastWeeks, profileWeeks).Draw(rt, "n")
		value := rapid.OneOf(rapid.Float64Range(0, 3), rapid.SampledFrom([]float64{0, 1, 1. / 3}), rapid.Float64Range(-1, 1))
		for i := range samples {
			samples[i] = value.Draw(rt, "sample") // what follows the first n does not count
		}
		sorted := slices.Sorted(slices.Values(samples[:n]))
		if got, want := middleOf(&samples, n), middleMean(sorted); math.Float64bits(got) != math.Float64bits(want) {
			rt.Fatalf("the middle of %v is %v, want %v", sorted, got, want)
		}
	})
}
