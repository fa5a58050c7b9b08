package backtest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"playcaller/playbooks"
	"playcaller/rules"
)

// PromisedAccounts is for how many accounts of one person the book promises at most one
// false prompt a week.
const PromisedAccounts = 60

// usualBudget is how many new questions a day somebody is given of whom team.yaml does
// not say it.
const usualBudget = 10

// A Report is what came of a back-test.
type Report struct {
	Book     string     `json:"book"` // its hash
	From     rules.Date `json:"from"`
	To       rules.Date `json:"to"`
	Weeks    float64    `json:"weeks"`
	Accounts int        `json:"accounts"`
	Empty    int        `json:"empty,omitempty"`   // accounts without any data
	Days     int        `json:"days"`              // of accounts
	Partial  bool       `json:"partial,omitempty"` // it was ended early; set by the caller

	// NotFollowed is on how many accounts limits and groups change something whose
	// consequences were not played, because there is too much of it.
	NotFollowed int `json:"not_followed,omitempty"`

	Playbooks []PlaybookLine `json:"playbooks"`
	People    []PersonLine   `json:"people"`
	Chance    *Chance        `json:"chance,omitempty"`   // nil where it was not asked for
	Outcomes  *Outcomes      `json:"outcomes,omitempty"` // nil where nothing is known of the accounts' ends
	Against   *Difference    `json:"against,omitempty"`

	Assumptions []string  `json:"assumptions"`
	Refused     []string  `json:"refused,omitempty"` // signals that were not taken in, and why; the first few
	Episodes    []Episode `json:"episodes"`          // by time
}

// A PlaybookLine is what one playbook did.
type PlaybookLine struct {
	Playbook   string         `json:"playbook"`
	Title      string         `json:"title"`
	Severity   string         `json:"severity"`
	Draft      bool           `json:"draft,omitempty"` // it asks nobody
	Fired      int            `json:"fired"`
	Accounts   int            `json:"accounts"` // that it fired on
	Prompts    int            `json:"prompts"`
	PerWeek    float64        `json:"prompts_per_week"`
	Drafts     int            `json:"prompts_of_drafts,omitempty"` // of a draft: what it would ask once it is none; not in Prompts
	DaysHeld   float64        `json:"median_days_held"`            // from firing until its condition was over, whatever its plays did; 0 where its rule never fired
	StillHolds int            `json:"still_holds"`                 // on the last day
	Already    int            `json:"already_true"`                // held on the first day: listed, not asked
	Suppressed map[string]int `json:"suppressed,omitempty"`
	Unknown    int            `json:"unknown,omitempty"` // times that it became unknown
	Missing    string         `json:"missing,omitempty"` // what was missing the first time

	Grouped  int    `json:"grouped,omitempty"`        // plays that became part of messages about several accounts
	Messages int64  `json:"group_messages,omitempty"` // such messages
	Limit    string `json:"limit,omitempty"`          // the storm limit: 20/h; "" where it has none, or it was never reached
	Storms   int    `json:"storms,omitempty"`         // times that it was reached, and ops would be asked
	Held     int    `json:"held,omitempty"`           // plays that wait until ops have looked
	Gone     int    `json:"held_gone,omitempty"`      // those of them whose condition did not hold any more by then

	Chance *Rate `json:"chance,omitempty"` // prompts a week that chance alone brings, over all accounts; of a draft: would bring
}

// A PersonLine is what the book asked of one person.
type PersonLine struct {
	Person   string  `json:"person"`
	Name     string  `json:"name"`
	Accounts int     `json:"accounts"` // owned on the last day
	Prompts  int     `json:"prompts"`
	PerWeek  float64 `json:"prompts_per_week"`
	Drafts   int     `json:"prompts_of_drafts,omitempty"` // that drafts would ask once they are none; not in the others
	Budget   int     `json:"budget_per_day"`
	DaysOver int     `json:"days_over_budget"` // on which more than the budget would have come: the rest waits
	Late     int     `json:"late"`             // prompts that wait for another day because of that
	Messages int     `json:"messages"`         // that bring the prompts: what comes at one time comes as one
	Chance   *Rate   `json:"chance,omitempty"`
	Weeks    []Week  `json:"weeks"` // every week of the time, Monday first
	Busiest  Week    `json:"busiest"`
}

// A Week is how many prompts came in it.
type Week struct {
	Monday  rules.Date `json:"monday"`
	Prompts int        `json:"prompts"`
}

// A Chance is what chance alone would bring, from quiet copies of the accounts.
type Chance struct {
	Prompts     int     `json:"prompts"`      // that the copies brought
	AccountDays int     `json:"account_days"` // that the copies were played
	Promise     Rate    `json:"promise"`      // prompts a week for a person with PromisedAccounts accounts
	All         Rate    `json:"all"`          // a week, over all accounts
	OfPrompts   float64 `json:"of_prompts"`   // which part of the book's prompts that is
	Seed        uint64  `json:"seed"`
}

// newReport adds results up. They are sorted by account.
// The crowds are what accounts mean for each other, and left is how many were not played
// with that.
func newReport(book *playbooks.Book, o *Options, results []*Result, crowds [2]*crowd, left int) *Report {
	r := &Report{Book: book.Hash, From: o.From, To: o.To, Weeks: float64(o.To-o.From+1) / 7, Accounts: len(results), Assumptions: assumptions(left), NotFollowed: left}
	for _, one := range results {
		r.Days += one.Days
		if one.Since == 0 {
			r.Empty++
		}
		one.name()
		r.Episodes = append(r.Episodes, one.Episodes...)
		if len(r.Refused) < 20 {
			for _, text := range one.Refused {
				r.Refused = append(r.Refused, one.Account+": "+text)
			}
		}
	}
	sortEpisodes(r.Episodes)
	boxes := deliver(book.Team, r.Episodes)
	scale := r.chance(o, results)
	r.playbooks(book, o, results, scale)
	r.crowded(book, crowds[after])
	r.people(book, o, results, scale, boxes)
	r.Outcomes = newOutcomes(book, o, results)
	if o.Against != nil {
		r.Against = newDifference(book, o, results)
	}
	return r
}

func sortEpisodes(all []Episode) {
	slices.SortStableFunc(all, func(a, b Episode) int {
		return cmp.Or(a.Fired.Compare(b.Fired), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Playbook, b.Playbook), cmp.Compare(a.Subject, b.Subject))
	})
}

func assumptions(left int) []string {
	all := []string{
		"Nobody answers: a question or a task times out as its playbook says. A prompt is the first question or task that a play puts to a person; what follows depends on the answers and is not counted.",
		"Drafts ask nobody: what they would ask once they are none is counted apart, and takes nothing of anybody's budget.",
		"Accounts are as they are known today, but for what carries a date: roles, contracts, milestones and the time of the present stage.",
		"What held already on the first day is listed, not asked, unless the playbook says existing: start.",
		"An account's peers are the other accounts as they stood at the last of their midnights, those that have ended left out.",
		"A play that is one of many is told of in the group's message. What is over a playbook's limit waits until ops say that it goes on, an hour after they are asked or when they next work; what does not hold any more by then is not asked.",
		"Questions over a person's daily budget come on the next working day, but for those of high severity. What comes at one time is one message.",
		"By chance: quiet copies of the accounts, with their own weekly rhythm and spread, and neither trend nor incident, one by one among the peers that their accounts have. What the book asks of those is false, but for what it would ask of a copy without any spread: that is how the account is, not chance. Neither limits nor groups hold them back.",
	}
	if left > 0 {
		all = append(all, fmt.Sprintf("Limits and groups change so much that what follows from it on %s was not played: only the plays that are held or told of together are as they would be, not what comes after them.", counted(left, "account")))
	}
	return all
}

// crowded adds what accounts mean for each other to the playbooks' lines.
func (r *Report) crowded(book *playbooks.Book, c *crowd) {
	fired := map[string]int{} // of those that were held
	grouped := map[string]int{}
	for i := range r.Episodes {
		e := &r.Episodes[i]
		if !e.Held.IsZero() {
			fired[e.Playbook]++
		}
		if e.Message > 0 {
			grouped[e.Playbook]++
		}
	}
	held := map[string]int{}
	for _, p := range c.parts {
		for f := range p.held {
			held[f.playbook]++
		}
	}
	for i := range r.Playbooks {
		l := &r.Playbooks[i]
		l.Grouped, l.Messages, l.Storms, l.Held = grouped[l.Playbook], c.messages[l.Playbook], len(c.storms[l.Playbook]), held[l.Playbook]
		l.Gone = max(0, l.Held-fired[l.Playbook])
		if p := book.Playbooks[l.Playbook]; p != nil && l.Storms > 0 {
			l.Limit = limitText(p.Limit)
		}
		delete(l.Suppressed, string(rules.OverStormLimit)) // that is Held
	}
}

// limitText writes a storm limit as a playbook has it: 20/h.
func limitText(l playbooks.Limit) string {
	switch l.Per {
	case time.Hour:
		return fmt.Sprintf("%d/h", l.N)
	case 24 * time.Hour:
		return fmt.Sprintf("%d/d", l.N)
	}
	return fmt.Sprintf("%d/%s", l.N, l.Per)
}

// chance adds up the quiet copies. It returns how many days of accounts each of their
// days stands for.
func (r *Report) chance(o *Options, results []*Result) (scale float64) {
	c := &Chance{Seed: o.Seed}
	for _, one := range results {
		c.AccountDays += one.Quiet
		c.Prompts += prompts(one.Chance)
	}
	if c.AccountDays == 0 {
		return 0
	}
	weeks := float64(c.AccountDays) / 7
	c.Promise = rateOf(c.Prompts, weeks).times(PromisedAccounts)
	scale = float64(r.Days) / float64(c.AccountDays)
	c.All = rateOf(c.Prompts, r.Weeks).times(scale)
	if n := prompts(r.Episodes); n > 0 {
		c.OfPrompts = c.All.PerWeek * r.Weeks / float64(n)
	}
	r.Chance = c
	return scale
}

func prompts(episodes []Episode) int {
	n := 0
	for i := range episodes {
		if episodes[i].prompt() {
			n++
		}
	}
	return n
}

// playbooks makes a line for each playbook that was played, in the order of their names.
func (r *Report) playbooks(book *playbooks.Book, o *Options, results []*Result, scale float64) {
	lines := map[string]*PlaybookLine{}
	line := func(name string) *PlaybookLine {
		l := lines[name]
		if l == nil {
			l = &PlaybookLine{Playbook: name, Title: title(book, name), Severity: string(severity(book, name)), Draft: draft(book, name), Suppressed: map[string]int{}}
			lines[name] = l
		}
		return l
	}
	for _, rule := range o.judged(book) {
		line(rule.Playbook)
	}
	accounts, held, chance := map[string]map[string]bool{}, map[string][]float64{}, map[string]int{}
	for _, one := range results {
		for i := range one.Episodes {
			e := &one.Episodes[i]
			l := line(e.Playbook)
			l.Fired++
			if e.prompt() {
				l.Prompts++
			}
			if e.drafted() {
				l.Drafts++
			}
			if e.Over.IsZero() && e.By == "" {
				l.StillHolds++
			}
			if accounts[e.Playbook] == nil {
				accounts[e.Playbook] = map[string]bool{}
			}
			accounts[e.Playbook][e.Account] = true
			if e.By == "" { // what a play started has no condition that holds
				held[e.Playbook] = append(held[e.Playbook], e.days(o.endOf(e)))
			}
		}
		for _, c := range one.Counts {
			l := line(c.Playbook)
			switch c.Reason {
			case string(rules.AlreadyTrue):
				l.Already++
			case string(rules.Unknowable):
				l.Unknown += c.N
				l.Missing = cmp.Or(l.Missing, c.Missing)
			default:
				l.Suppressed[c.Reason] += c.N
			}
		}
		for i := range one.Chance {
			if one.Chance[i].given() {
				chance[one.Chance[i].Playbook]++
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(lines)) {
		l := lines[name]
		l.Accounts, l.PerWeek, l.DaysHeld = len(accounts[name]), float64(l.Prompts)/r.Weeks, median(held[name])
		if scale > 0 {
			rate := rateOf(chance[name], r.Weeks).times(scale)
			l.Chance = &rate
		}
		r.Playbooks = append(r.Playbooks, *l)
	}
}

// title returns a playbook's title in English.
func title(book *playbooks.Book, name string) string {
	p := book.Playbooks[name]
	if p == nil {
		return name
	}
	t := p.Title.In("en")
	if t == nil {
		return name
	}
	return strings.TrimSpace(t.Render(book.Rules.Facts(nil, nil, time.Time{}), "en"))
}

func severity(book *playbooks.Book, name string) playbooks.Severity {
	if p := book.Playbooks[name]; p != nil {
		return p.Severity
	}
	return ""
}

func draft(book *playbooks.Book, name string) bool {
	p := book.Playbooks[name]
	return p != nil && p.Draft
}

// monday returns the Monday of a day's week.
func monday(d rules.Date) rules.Date { return d - rules.Date((int(d.Weekday())+6)%7) }

// people makes a line for each person who was asked anything or owns an account, those
// asked most first.
func (r *Report) people(book *playbooks.Book, o *Options, results []*Result, scale float64, boxes map[string]postbox) {
	byID := map[string]*PersonLine{}
	line := func(id string) *PersonLine {
		l := byID[id]
		if l == nil {
			l = &PersonLine{Person: id, Name: nameOf(book.Team, id, "en"), Budget: budgetOf(book.Team, id)}
			for m := monday(o.From); m <= o.To; m += 7 {
				l.Weeks = append(l.Weeks, Week{Monday: m})
			}
			byID[id] = l
		}
		return l
	}
	chance := map[string]int{}
	for _, one := range results {
		if one.Owner != "" {
			line(one.Owner).Accounts++
		}
		for i := range one.Chance {
			if e := &one.Chance[i]; e.prompt() {
				chance[e.Person]++
			}
		}
	}
	for i := range r.Episodes {
		e := &r.Episodes[i]
		if e.drafted() {
			line(e.Person).Drafts++
		}
		if !e.prompt() {
			continue
		}
		l, day := line(e.Person), book.Team.Calendar(e.Person).Day(e.Prompted)
		l.Prompts++
		if w := int(monday(day)-monday(o.From)) / 7; w < len(l.Weeks) { // asked on a Friday night, told after the last week
			l.Weeks[max(w, 0)].Prompts++
		}
		if e.Late {
			l.Late++
		}
	}
	for id, l := range byID {
		l.PerWeek = float64(l.Prompts) / r.Weeks
		for _, w := range l.Weeks {
			if w.Prompts > l.Busiest.Prompts {
				l.Busiest = w
			}
		}
		l.DaysOver, l.Messages = boxes[id].over, boxes[id].messages
		if scale > 0 {
			rate := rateOf(chance[id], r.Weeks).times(scale)
			l.Chance = &rate
		}
	}
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		r.People = append(r.People, *byID[id])
	}
	slices.SortStableFunc(r.People, func(a, b PersonLine) int { return b.Prompts - a.Prompts })
}

// nameOf returns a person's name in a language, or their id.
func nameOf(team *playbooks.Team, id, lang string) string {
	if p := team.Person(id); p != nil {
		return cmp.Or(p.Name.In(lang), id)
	}
	return cmp.Or(id, "nobody")
}
