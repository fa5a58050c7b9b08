package backtest

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"playcaller/playbooks"
	"playcaller/rules"
)

// A silence is a time during which nothing of a signal came for any account, longer
// than it should: from the last day on which it was heard of to the first afterwards.
type silence struct {
	signal   string
	from, to rules.Date
}

// silencesOf returns the silences of a book's signals, by the day that ended them. What
// is too long a silence is for rules.FeedLog to say.
func silencesOf(book *playbooks.Book, heard map[string]Days) []silence {
	var all []silence
	for name, days := range heard {
		def := book.Signal(name)
		if def == nil {
			continue
		}
		last := rules.Date(0)
		for i, has := range days.Has {
			if !has {
				continue
			}
			day := days.From + rules.Date(i)
			log := rules.FeedLog{}
			if last != 0 {
				log.Last = Noon(last, time.UTC)
			}
			if log.Heard(Noon(day, time.UTC), *def); len(log.Outages) > 0 {
				all = append(all, silence{name, last, day})
			}
			last = day
		}
	}
	slices.SortFunc(all, func(a, b silence) int { return cmp.Or(cmp.Compare(a.to, b.to), strings.Compare(a.signal, b.signal)) })
	return all
}

// outages returns the outages of every feed that have ended by now. The day on which a
// feed came back tells at once that it was gone: with the first that comes on that day
// the account's own feed is alive again, and the days before would seem to be zero.
func (p *player) outages() map[string][]rules.Outage {
	today := rules.DateOf(p.world.Now.In(p.zone))
	ended := p.out.ended
	for ended < len(p.silences) && p.silences[ended].to <= today {
		ended++
	}
	if ended == p.out.ended {
		return p.out.by
	}
	p.out.ended, p.out.by = ended, map[string][]rules.Outage{}
	for _, s := range p.silences[:ended] {
		if s.to >= today-rules.KeepDays {
			p.out.by[s.signal] = append(p.out.by[s.signal], rules.Outage{From: Noon(s.from, p.zone), To: Noon(s.to, p.zone)})
		}
	}
	return p.out.by
}
