package cards

import (
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"playcaller/playbooks"
	"playcaller/playbooks/outline"
	"playcaller/playbooks/words"
)

// The action ids of the buttons under messages to CS Ops. What they are about is the Purpose of their Ref: a playbook.
const (
	OpsStartAction = "ops_start" // what a storm holds back
	OpsListAction  = "ops_list"
	OpsKeepAction  = "ops_keep"
	OpsBeginAction = "ops_begin" // what was true already
)

// BookState says what became of a book's folder.
type BookState string

// What is told of a book.
const (
	BookRefused  BookState = "refused"  // it has mistakes; nothing of it is used
	BookUnread   BookState = "unread"   // it could not be read
	BookFallback BookState = "fallback" // at the start it had mistakes, and the last good one is used
	BookSame     BookState = "same"     // it is good again, as it was before
	BookMended   BookState = "mended"   // it is good again, and another
	BookChanged  BookState = "changed"
)

// BookNews is what CS Ops are told when the folder of the book has changed.
type BookNews struct {
	State    BookState `json:"state"`
	Dir      string    `json:"dir,omitempty"`
	Errors   int       `json:"errors,omitempty"`
	Problems []string  `json:"problems,omitempty"` // the first of them, as lint prints them
	Reason   string    `json:"reason,omitempty"`   // why it could not be read

	New     []string       `json:"new,omitempty"` // playbooks
	Changed []string       `json:"changed,omitempty"`
	Removed []string       `json:"removed,omitempty"`
	Real    []string       `json:"real,omitempty"`   // of Changed, those that were drafts and are none
	Shared  bool           `json:"shared,omitempty"` // signals, segments, journey, forms or the team are others
	Keeps   int            `json:"keeps,omitempty"`  // open runs that go on by an older version
	Weeks   int            `json:"weeks,omitempty"`  // of history that Prompts were counted over; 0 where they were not
	Prompts []PromptChange `json:"prompts,omitempty"`

	Uncalled []string `json:"uncalled,omitempty"` // systems that playbooks call and nobody has configured
}

// A PromptChange is how many prompts a week a person gets by the old book and by the new one.
type PromptChange struct {
	Person string            `json:"person"`
	Names  map[string]string `json:"names,omitempty"` // by language: "en", "ja"
	Before float64           `json:"before"`
	After  float64           `json:"after"`
	Drafts float64           `json:"drafts,omitempty"` // that drafts of the new book would add once they are none
}

// News draws what is told of the book. Names are those of a team.
func News(v *Voice, team *playbooks.Team, n BookNews) Message {
	dir := plainCode(n.Dir)
	args := words.Args{"dir": dir, "count": n.Errors, "reason": Escape(Clip(n.Reason, 600))}
	head := v.Say("ops.book."+string(n.State), args)
	lines := []string{head}
	switch n.State {
	case BookRefused, BookFallback:
		blocks := []slack.Block{section(head)}
		for _, p := range n.Problems {
			blocks = append(blocks, section(fence(p)))
		}
		if more := n.Errors - len(n.Problems); more > 0 {
			blocks = append(blocks, context(v.Say("ops.book.more", words.Args{"dir": dir, "count": more})))
		}
		text := []string{head}
		for _, p := range n.Problems {
			text = append(text, Escape(p))
		}
		return Message{Text: fallback(text...), Blocks: Fit(blocks)}
	case BookUnread, BookSame:
		return Message{Text: head, Blocks: []slack.Block{section(head)}}
	}
	var what []string
	for id, names := range map[string][]string{"ops.book.new": n.New, "ops.book.other": n.Changed, "ops.book.removed": n.Removed} {
		if len(names) > 0 {
			what = append(what, v.Say(id, words.Args{"names": v.List(coded(names))}))
		}
	}
	slices.Sort(what)
	if n.Shared {
		what = append(what, v.Say("ops.book.shared", nil))
	}
	if len(what) == 0 {
		what = []string{v.Say("ops.book.texts", nil)}
	}
	for _, w := range what {
		lines = append(lines, "• "+w)
	}
	if len(n.Real) > 0 {
		lines = append(lines, v.Say("ops.book.real", words.Args{"names": v.List(coded(n.Real)), "count": len(n.Real)}))
	}
	lines = append(lines, promptLines(v, team, n)...)
	if n.Keeps > 0 {
		lines = append(lines, v.Say("ops.book.keeps", words.Args{"count": n.Keeps}))
	}
	lines = append(lines, uncalledLines(v, n.Uncalled)...)
	return Message{Text: fallback(lines...), Blocks: Fit(paragraphs(lines))}
}

// uncalledLines say which systems cannot be called.
func uncalledLines(v *Voice, systems []string) []string {
	if len(systems) == 0 {
		return nil
	}
	return []string{v.Say("ops.book.uncalled", words.Args{"names": v.List(coded(systems)), "count": len(systems)})}
}

// promptLines say who gets how many prompts more or fewer a week.
func promptLines(v *Voice, team *playbooks.Team, n BookNews) []string {
	if n.Weeks == 0 {
		return nil
	}
	var lines, drafts []string
	for _, p := range n.Prompts {
		if more := round(p.Drafts); more > 0 {
			drafts = append(drafts, "• "+v.Say("ops.book.prompts_drafts", words.Args{"person": line(PersonName(v, team, p.Person)), "change": "+" + v.Number(more), "weeks": n.Weeks}))
		}
		change := round(p.After) - round(p.Before)
		if change == 0 {
			continue
		}
		sign := "+"
		if change < 0 {
			sign = "−"
		}
		lines = append(lines, "• "+v.Say("ops.book.prompts", words.Args{"person": line(PersonName(v, team, p.Person)),
			"change": sign + v.Number(math.Abs(round(change))), "before": round(p.Before), "after": round(p.After), "weeks": n.Weeks}))
	}
	if len(lines) == 0 {
		lines = []string{"• " + v.Say("ops.book.prompts_same", words.Args{"weeks": n.Weeks})}
	}
	return append(lines, drafts...)
}

// round keeps one decimal.
func round(x float64) float64 { return math.Round(x*10) / 10 }

// fence writes a text of several lines as it stands, in the fixed-width type.
func fence(s string) string {
	s = strings.ReplaceAll(clean(s), "`", "ʹ")
	s = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
	return "```" + Clip(s, 2000) + "```"
}

// plainCode makes a text from data harmless between backticks.
func plainCode(s string) string {
	return strings.Trim(code(s), "`")
}

func coded(names []string) []string {
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = code(name)
	}
	return all
}

// An OpsAccount is an account in a list for CS Ops.
type OpsAccount struct {
	ID      string `json:"id"`
	Name    string `json:"name,omitempty"`
	Subject string `json:"subject,omitempty"`
	Person  string `json:"person,omitempty"` // id
}

// mostListed is how many accounts a list names.
const mostListed = 25

// accountLines name accounts, whose they are, and their ids.
func accountLines(v *Voice, team *playbooks.Team, all []OpsAccount) []string {
	var lines []string
	for _, a := range all[:min(len(all), mostListed)] {
		name := a.Name
		if oneLine(name) == "" {
			name = a.ID
		}
		args := words.Args{"customer": line(v.Customer(Clip(oneLine(name), 120))), "subject": line(a.Subject), "id": plainCode(a.ID), "person": ""}
		if a.Person != "" {
			args["person"] = line(PersonName(v, team, a.Person))
		}
		lines = append(lines, v.Say("ops.listed.one", args))
	}
	if more := len(all) - mostListed; more > 0 {
		lines = append(lines, v.Say("ops.listed.more", words.Args{"count": more}))
	}
	return lines
}

// ListedAccounts draws for which accounts a playbook's rule held already when it was switched on, with a button that starts
// it for all of them.
func ListedAccounts(v *Voice, book *playbooks.Book, playbook string, all []OpsAccount) Message {
	title := line(PlaybookTitle(v, book, playbook))
	if len(all) == 0 {
		return Plain(v.Say("ops.listed.gone", words.Args{"title": title}))
	}
	head := v.Say("ops.listed.head", words.Args{"title": title, "count": len(all)})
	blocks := paragraphs(append([]string{head}, accountLines(v, book.Team, all)...))
	blocks = append(blocks, context(v.Say("ops.listed.how", words.Args{"name": plainCode(playbook)})),
		opsButtons(v, playbook, OpsBeginAction))
	return Message{Text: head, Blocks: Fit(blocks)}
}

// An OpsAsk is what a playbook would start at once by a new book.
type OpsAsk struct {
	Playbook string         `json:"playbook"`
	Limit    int            `json:"limit"`
	Accounts []OpsAccount   `json:"accounts"`
	People   map[string]int `json:"people,omitempty"` // person -> questions

	Titles map[string]string `json:"titles,omitempty"` // the playbook's, by language: it is asked before its book is in use
}

// AskOps draws the question whether so many plays are to be started.
func AskOps(v *Voice, book *playbooks.Book, a OpsAsk) Message {
	title := a.Titles[v.Lang()]
	if title == "" {
		title = PlaybookTitle(v, book, a.Playbook)
	}
	head := v.Say("ops.ask.head", words.Args{"title": line(title), "count": len(a.Accounts), "limit": a.Limit})
	lines := append([]string{head}, accountLines(v, book.Team, a.Accounts)...)
	var people []string
	for _, who := range slices.SortedFunc(maps.Keys(a.People), func(x, y string) int {
		return (a.People[y]-a.People[x])*2 + strings.Compare(x, y)
	}) {
		people = append(people, v.Say("ops.ask.person", words.Args{"person": line(PersonName(v, book.Team, who)), "count": a.People[who]}))
	}
	if len(people) > 0 {
		lines = append(lines, v.Say("ops.ask.work", words.Args{"people": v.List(people)}))
	}
	blocks := append(paragraphs(lines), opsButtons(v, a.Playbook, OpsStartAction, OpsListAction, OpsKeepAction))
	return Message{Text: head, Blocks: Fit(blocks)}
}

// Storm draws that a playbook was held back because it started too often, with the same choice.
func Storm(v *Voice, book *playbooks.Book, playbook string, limit int) Message {
	head := v.Say("ops.storm", words.Args{"title": line(PlaybookTitle(v, book, playbook)), "name": plainCode(playbook), "count": limit})
	return Message{Text: head, Blocks: []slack.Block{section(head), opsButtons(v, playbook, OpsStartAction, OpsListAction, OpsKeepAction)}}
}

func opsButtons(v *Voice, playbook string, actions ...string) *slack.ActionBlock {
	var elements []slack.BlockElement
	for i, id := range actions {
		b := button(id, v.Say("button."+id, nil), Ref{Purpose: playbook})
		if i == 0 {
			b = primary(b)
		}
		elements = append(elements, b)
	}
	return slack.NewActionBlock("ops:"+Clip(playbook, 200), elements...)
}

// OpsChosen returns a message to CS Ops without its buttons, and with what was chosen.
func OpsChosen(m *slack.Message, said string) Message {
	chosen := Message{Text: fallback(m.Text, said)}
	for _, b := range m.Blocks.BlockSet {
		if b.BlockType() != slack.MBTAction {
			chosen.Blocks = append(chosen.Blocks, b)
		}
	}
	chosen.Blocks = Fit(append(chosen.Blocks, context(said)))
	return chosen
}

// InUse is what CS Ops may ask of the book.
type InUse struct {
	Hash    string
	Since   time.Time // zero where it was there from the beginning
	Dir     string    // "" for the starter library
	Older   []OlderRuns
	Storms  []string  // playbooks that are held back until ops have looked
	Paused  []string  // playbooks; "" is all of them
	Trouble *BookNews // what is wrong with the folder, where that is so

	Uncalled []string // systems that playbooks call and nobody has configured
}

// OlderRuns are the open runs of a playbook that began with an older version of it.
type OlderRuns struct {
	Playbook string
	Runs     []OlderRun
	Gone     bool // the present book has no such playbook
}

// OlderRun is one of them.
type OlderRun struct {
	ID      string
	Account OpsAccount
	Step    string
	Began   *playbooks.Book // that it goes by, to tell the step by its text; nil where it cannot be read
	Stays   playbooks.Stay  // why it cannot go over to the present version; "" where it can
}

// Movable counts those that can go over.
func (o *OlderRuns) Movable() int {
	n := 0
	for _, r := range o.Runs {
		if r.Stays == "" {
			n++
		}
	}
	return n
}

// BookInUse answers which book is in use.
func BookInUse(v *Voice, book *playbooks.Book, u InUse) Message {
	args := words.Args{"hash": clipBare(u.Hash, 12), "since": "", "dir": plainCode(u.Dir)}
	if !u.Since.IsZero() {
		args["since"] = v.When(u.Since)
	}
	id := "command.ops.book"
	if u.Dir == "" {
		id = "command.ops.library"
	}
	lines := []string{v.Say(id, args)}
	total := 0
	var older []string
	for i := range u.Older {
		o := &u.Older[i]
		total += len(o.Runs)
		gone := ""
		if o.Gone {
			gone = "gone"
		}
		older = append(older, v.Say("command.ops.older_one", words.Args{"title": line(PlaybookTitle(v, book, o.Playbook)), "name": plainCode(o.Playbook),
			"count": len(o.Runs), "movable": o.Movable(), "gone": gone}))
	}
	if total == 0 {
		lines = append(lines, v.Say("command.ops.all_present", nil))
	} else {
		lines = append(append(append(lines, v.Say("command.ops.older", words.Args{"count": total})), older...), v.Say("command.ops.older_how", nil))
	}
	if len(u.Storms) > 0 {
		lines = append(lines, v.Say("command.ops.storms", words.Args{"names": v.List(coded(u.Storms))}))
	}
	if len(u.Paused) > 0 {
		names := coded(u.Paused)
		if slices.Contains(u.Paused, "") {
			names = []string{v.Say("command.all", nil)}
		}
		lines = append(lines, v.Say("command.ops.paused", words.Args{"names": v.List(names)}))
	}
	lines = append(lines, uncalledLines(v, u.Uncalled)...)
	blocks := paragraphs(lines)
	if u.Trouble != nil {
		blocks = append(blocks, News(v, book.Team, *u.Trouble).Blocks...)
	}
	return Message{Text: lines[0], Blocks: Fit(blocks)}
}

// Moving answers which runs of a playbook go over to the present version, and which stay and why.
func Moving(v *Voice, o OlderRuns) Message {
	if len(o.Runs) == 0 {
		return Plain(v.Say("command.ops.none_to_move", words.Args{"name": code(o.Playbook)}))
	}
	lines := []string{v.Say("command.ops.moving", words.Args{"name": code(o.Playbook), "count": o.Movable()})}
	var stay []string
	for _, r := range o.Runs {
		if r.Stays == "" {
			continue
		}
		reason := v.Say("command.ops.stay."+string(r.Stays), words.Args{"step": r.step(v, o.Playbook)})
		name := r.Account.Name
		if oneLine(name) == "" {
			name = r.Account.ID
		}
		stay = append(stay, v.Say("command.ops.stay", words.Args{"customer": line(v.Customer(Clip(oneLine(name), 120))), "reason": reason, "run": plainCode(r.ID)}))
	}
	if len(stay) > 0 {
		lines = append(lines, v.Say("command.ops.staying", words.Args{"count": len(stay)}))
		lines = append(lines, stay[:min(len(stay), mostListed)]...)
		if more := len(stay) - mostListed; more > 0 {
			lines = append(lines, v.Say("ops.listed.more", words.Args{"count": more}))
		}
	}
	return Message{Text: lines[0], Blocks: Fit(paragraphs(lines))}
}

// step tells a run's step by its text in the book that the run goes by, or else by its id.
func (r *OlderRun) step(v *Voice, playbook string) string {
	if r.Began != nil {
		if told := outline.Step(r.Began, r.Began.Playbooks[playbook], v.Voice, r.Step); told != "" {
			return v.Say("command.ops.step", words.Args{"text": line(told)})
		}
	}
	return code(r.Step)
}
