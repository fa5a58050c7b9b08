package backtest

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"playcaller/playbooks"
)

// A Difference is what a book does otherwise than the one it is compared with.
type Difference struct {
	Book      string           `json:"book"` // hash of the other
	More      int              `json:"more"`
	Fewer     int              `json:"fewer"`
	Moved     int              `json:"moved"` // fires on another day
	Same      int              `json:"same"`
	Playbooks []PlaybookChange `json:"playbooks"` // those that differ
	People    []PersonChange   `json:"people"`    // those asked anything by either, the greatest change first
	Changes   []Change         `json:"changes"`   // by time
}

// A PlaybookChange is what differs of one playbook.
type PlaybookChange struct {
	Playbook string `json:"playbook"`
	Before   int    `json:"before"`
	After    int    `json:"after"`
	More     int    `json:"more"`
	Fewer    int    `json:"fewer"`
	Moved    int    `json:"moved"`
}

// A PersonChange is how many prompts a week somebody gets by each book.
type PersonChange struct {
	Person        string            `json:"person"`
	Name          string            `json:"name"`
	Names         map[string]string `json:"names"`  // by language: "en", "ja"
	Before        float64           `json:"before"` // prompts a week
	After         float64           `json:"after"`
	Once          float64           `json:"once_no_drafts"` // prompts a week once the book's drafts are none
	PromptsBefore int               `json:"prompts_before"`
	PromptsAfter  int               `json:"prompts_after"`
	Drafts        int               `json:"prompts_of_drafts,omitempty"` // that the book's drafts would ask once they are none; not in the others
}

// differs reports whether the person gets more or fewer prompts, be it ever so little.
func (p *PersonChange) differs() bool { return p.Before != p.After }

// Told returns the numbers of prompts a week as they are told everywhere: with one
// decimal, and the change between them as it is between those.
func (p *PersonChange) Told() (before, after, change float64) {
	before, after = oneDecimal(p.Before), oneDecimal(p.After)
	return before, after, oneDecimal(after - before)
}

func oneDecimal(v float64) float64 { return math.Round(v*10) / 10 }

// A Change is one firing that differs.
type Change struct {
	Kind    string    `json:"kind"` // "more", "fewer", "moved"
	Episode Episode   `json:"episode"`
	Before  time.Time `json:"before,omitzero"` // moved: when it fired by the other book
}

// The kinds of changes.
const (
	More  = "more"
	Fewer = "fewer"
	Moved = "moved"
)

func newDifference(book *playbooks.Book, o *Options, results []*Result) *Difference {
	d := &Difference{Book: o.Against.Hash}
	lines := map[string]*PlaybookChange{}
	line := func(name string) *PlaybookChange {
		if lines[name] == nil {
			lines[name] = &PlaybookChange{Playbook: name}
		}
		return lines[name]
	}
	for _, r := range results {
		for i := range r.Episodes {
			line(r.Episodes[i].Playbook).After++
		}
		for i := range r.Before {
			line(r.Before[i].Playbook).Before++
		}
		same, changes := match(r.Episodes, r.Before)
		d.Same += same
		d.Changes = append(d.Changes, changes...)
	}
	for i := range d.Changes {
		c := &d.Changes[i]
		l := line(c.Episode.Playbook)
		switch c.Kind {
		case More:
			d.More++
			l.More++
		case Fewer:
			d.Fewer++
			l.Fewer++
		case Moved:
			d.Moved++
			l.Moved++
		}
	}
	for _, name := range slices.Sorted(maps.Keys(lines)) {
		if l := lines[name]; l.More+l.Fewer+l.Moved > 0 {
			d.Playbooks = append(d.Playbooks, *l)
		}
	}
	slices.SortStableFunc(d.Changes, func(a, b Change) int {
		return cmp.Or(a.Episode.Fired.Compare(b.Episode.Fired), cmp.Compare(a.Episode.Account, b.Episode.Account), cmp.Compare(a.Episode.Playbook, b.Episode.Playbook))
	})
	d.people(book, o, results)
	return d
}

// near is how many days apart two firings of a playbook may begin and be the same one.
const near = 7

// match pairs the firings of one account by two books: two of the same playbook and
// contract that begin within a week of each other are the same.
func match(after, before []Episode) (same int, changes []Change) {
	taken := make([]bool, len(before))
	for i := range after {
		e, best, apart := after[i], -1, math.Inf(1)
		for k := range before {
			b := &before[k]
			if off := math.Abs(e.Fired.Sub(b.Fired).Hours() / 24); !taken[k] && b.Playbook == e.Playbook && b.Subject == e.Subject && off <= near && off < apart {
				best, apart = k, off
			}
		}
		switch {
		case best < 0:
			changes = append(changes, Change{Kind: More, Episode: e})
			continue
		case apart < 1:
			same++
		default:
			changes = append(changes, Change{Kind: Moved, Episode: e, Before: before[best].Fired})
		}
		taken[best] = true
	}
	for k := range before {
		if !taken[k] {
			changes = append(changes, Change{Kind: Fewer, Episode: before[k]})
		}
	}
	return same, changes
}

func (d *Difference) people(book *playbooks.Book, o *Options, results []*Result) {
	byID := map[string]*PersonChange{}
	line := func(id string) *PersonChange {
		if byID[id] == nil {
			byID[id] = &PersonChange{Person: id, Name: nameOf(book.Team, id, "en"),
				Names: map[string]string{"en": nameOf(book.Team, id, "en"), "ja": nameOf(book.Team, id, "ja")}}
		}
		return byID[id]
	}
	for _, r := range results {
		for i := range r.Episodes {
			switch e := &r.Episodes[i]; {
			case e.drafted(): // it asks nobody
				line(e.Person).Drafts++
			case e.prompt():
				line(e.Person).PromptsAfter++
			}
		}
		for i := range r.Before {
			if e := &r.Before[i]; e.prompt() {
				line(e.Person).PromptsBefore++
			}
		}
	}
	weeks := float64(o.To-o.From+1) / 7
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		p := byID[id]
		p.Before, p.After, p.Once = float64(p.PromptsBefore)/weeks, float64(p.PromptsAfter)/weeks, float64(p.PromptsAfter+p.Drafts)/weeks
		d.People = append(d.People, *p)
	}
	slices.SortStableFunc(d.People, func(a, b PersonChange) int {
		return cmp.Compare(math.Abs(b.After-b.Before), math.Abs(a.After-a.Before))
	})
}

// Headline says in one line, in English or Japanese, what the difference means for the
// people: "+4.0 prompts a week for Tanaka, −1.5 for Miller".
func (d *Difference) Headline(lang string) string {
	var parts []string
	for _, p := range d.People {
		_, _, by := p.Told()
		if by == 0 {
			continue
		}
		number := strings.Replace(fmt.Sprintf("%+.1f", by), "-", "−", 1)
		switch {
		case lang == "ja":
			parts = append(parts, fmt.Sprintf("%sさん 週%s件", p.Names["ja"], number))
		case len(parts) == 0:
			parts = append(parts, fmt.Sprintf("%s prompts a week for %s", number, p.Names["en"]))
		default:
			parts = append(parts, fmt.Sprintf("%s for %s", number, p.Names["en"]))
		}
	}
	some := slices.ContainsFunc(d.People, func(p PersonChange) bool { return p.differs() })
	switch {
	case len(parts) > 0:
	case some && lang == "ja":
		parts = append(parts, "問いかけの件数の変わりは、一人あたり週0.1件に届きません")
	case some:
		parts = append(parts, "prompts change by less than 0.1 a week for anybody")
	case lang == "ja":
		parts = append(parts, "問いかけの件数に変わりはありません")
	default:
		parts = append(parts, "nobody gets more or fewer prompts")
	}
	if lang == "ja" {
		return strings.Join(parts, "、") + d.drafts(lang)
	}
	return strings.Join(parts, ", ") + d.drafts(lang)
}

// drafts says what the book's drafts would add to the prompts once they are none; ""
// where there are no such prompts.
func (d *Difference) drafts(lang string) string {
	var parts []string
	for _, p := range d.People {
		switch more := oneDecimal(p.Once - p.After); {
		case p.Drafts == 0:
		case lang == "ja":
			parts = append(parts, fmt.Sprintf("%sさん 週%s件", p.Names["ja"], plus(more)))
		default:
			parts = append(parts, fmt.Sprintf("%s for %s", plus(more), p.Names["en"]))
		}
	}
	switch {
	case len(parts) == 0:
		return ""
	case lang == "ja":
		return "。下書きを本番にすると " + strings.Join(parts, "、")
	}
	return "; once drafts are none, " + strings.Join(parts, ", ")
}

// plus writes how much more of something there is a week.
func plus(v float64) string {
	if v == 0 {
		return "+<0.1"
	}
	return fmt.Sprintf("+%.1f", v)
}
