package cards

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"playcaller/playbooks"
	"playcaller/playbooks/words"
	"playcaller/rules"
)

// DetailsForm shows what a card leaves out: the expression, every value, what the
// days were compared with, and the timeline.
func DetailsForm(s *Scene) slack.ModalViewRequest {
	blocks := []slack.Block{section("*" + s.headline() + "*")}
	p := s.playbook()
	if about := s.plainText(p.About, s.Began); about != "" {
		blocks = append(blocks, context(Escape(about)))
	}
	if p.Rule != nil && p.Rule.When != nil {
		blocks = append(blocks, section(s.Voice.Say("details.rule", words.Args{"rule": code(p.Rule.When.String())})))
	}
	if lines := Clauses(s.Voice, s.Run.Fired); len(lines) > 0 {
		blocks = append(blocks, paragraphs(append([]string{s.Voice.Say("details.values", words.Args{"at": s.Run.Began})}, lines...))...)
	}
	if lines := s.baselines(); len(lines) > 0 {
		blocks = append(blocks, paragraphs(lines)...)
	}
	var log []string
	for _, e := range s.Run.Log {
		if s.Voice.Has(e.What) {
			log = append(log, s.Voice.When(e.At)+"  "+s.Voice.Say(e.What, s.entryArgs(e)))
		}
	}
	if len(log) > 0 {
		blocks = append(blocks, slack.NewDividerBlock())
		blocks = append(blocks, paragraphs(log[max(0, len(log)-60):])...)
	}
	blocks = append(blocks, context(s.Voice.Say("details.foot", words.Args{
		"playbook": code(s.Run.Playbook), "run": code(s.Run.ID), "book": code(clipBare(s.Run.Book, 12))})))
	return modal(s.Voice, DetailsView, s.Voice.Say("button.details", nil), "", s.ref(s.Run.Current()), blocks...)
}

// code writes a text from data as it stands, in the fixed-width type.
func code(s string) string {
	s = strings.ReplaceAll(oneLine(s), "`", "ʹ")
	if s == "" {
		return "–"
	}
	s = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
	return "`" + Clip(s, 1500) + "`"
}

// Clauses writes a condition's clauses with the values that were seen.
func Clauses(v *Voice, clauses []rules.ClauseValue) []string {
	var lines []string
	for _, c := range clauses {
		mark := map[rules.Truth]string{rules.True: "✓", rules.False: "✗", rules.Unknown: "?"}[c.Truth]
		lines = append(lines, mark+" "+code(c.Source))
		sources := make([]string, 0, len(c.Values))
		for source := range c.Values {
			sources = append(sources, source)
		}
		slices.Sort(sources)
		for _, source := range sources {
			lines = append(lines, "      "+code(source)+" = "+written(v, c.Values[source]))
		}
	}
	return lines
}

func written(v *Voice, value any) string {
	if value == nil {
		return v.Say("details.unknown", nil)
	}
	if n, ok := number(value); ok {
		return v.Number(n)
	}
	return code(fmt.Sprint(value))
}

// baselines tells what the features of the rule were compared with.
func (s *Scene) baselines() []string {
	var lines []string
	for _, c := range s.Run.Fired {
		for source := range c.Values {
			f, ok := parseFeature(source)
			if !ok || f.name != "drop" && f.name != "spike" {
				continue
			}
			value, _ := number(c.Values[source])
			b, ok := baseline(s.Began, source, f, value)
			if !ok {
				continue
			}
			lines = append(lines, s.Voice.Say("details.baseline", words.Args{
				"feature": code(source), "from": b.From, "to": b.To,
				"actual": math.Round(b.Actual), "expected": math.Round(b.Expected),
				"low": math.Round(b.Low), "high": math.Round(b.High)}))
			for _, out := range b.LeftOut[:min(len(b.LeftOut), 8)] {
				lines = append(lines, "      "+s.Voice.Say("details.left_out", words.Args{"date": out.Date, "why": line(out.Why)}))
			}
		}
	}
	slices.Sort(lines)
	return slices.Compact(lines)
}

// AccountView is what /cs account answers.
type AccountView struct {
	Account *rules.Account
	Runs    []*Scene // open ones first
	Team    *playbooks.Team
	Book    *playbooks.Book
	Voice   *Voice
	Today   rules.Date
}

// Account draws what is known of an account.
func Account(a AccountView) Message {
	v := a.Voice
	name := line(CustomerName(v, a.Account, a.Account.ID))
	lines := []string{"*" + name + "*"}
	add := func(id string, value string) {
		if value != "" {
			lines = append(lines, v.Say(id, words.Args{"value": value}))
		}
	}
	stage := a.Account.Stage
	if a.Book != nil {
		if st := a.Book.Journey.Stage(stage); st != nil && st.Title.In(v.Lang()) != "" {
			stage = st.Title.In(v.Lang())
		}
	}
	add("account.stage", line(stage))
	add("account.plan", line(a.Account.Plan))
	if a.Account.ARR != nil {
		add("account.arr", line(v.Money(*a.Account.ARR, a.Account.Currency)))
	}
	if a.Account.Seats != nil {
		add("account.seats", v.Number(*a.Account.Seats))
	}
	for _, r := range a.Account.Roles {
		if (r.From == 0 || r.From <= a.Today) && (r.To == 0 || r.To >= a.Today) && len(lines) < 20 {
			label := line(r.Role)
			if v.Has("account.role." + r.Role) {
				label = v.Say("account.role."+r.Role, nil)
			}
			lines = append(lines, label+": "+line(PersonName(v, a.Team, r.Person)))
		}
	}
	for _, c := range a.Account.Contracts[:min(len(a.Account.Contracts), 5)] {
		lines = append(lines, v.Say("account.contract", words.Args{
			"contract": line(firstOf(c.Product, c.ID)), "start": v.LongDate(c.Start), "end": v.LongDate(c.End)}))
	}
	if crm := link(a.Account.URL, v.Say("why.crm", nil)); crm != "" {
		lines = append(lines, crm)
	}
	blocks := []slack.Block{section(strings.Join(lines, "\n"))}
	var runs []string
	for _, s := range a.Runs[:min(len(a.Runs), 15)] {
		runs = append(runs, v.Say("account.run", words.Args{"title": line(s.title(s.Run.Playbook)),
			"state": s.stateText(), "began": v.Day(s.Run.Began)}))
	}
	if len(runs) == 0 {
		runs = []string{v.Say("account.no_runs", nil)}
	}
	blocks = append(blocks, paragraphs(runs)...)
	return Message{Text: name, Blocks: Fit(blocks)}
}

// stateText says where a run stands, in a few words.
func (s *Scene) stateText() string {
	state := StateOf(s.Run, s.Now)
	if state == EndedState || state == EndingState {
		return s.outcome()
	}
	return s.Voice.Say("state."+string(state), nil)
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// Why draws what the rules last said of an account and playbook.
func Why(v *Voice, customer, title string, decisions []rules.Decision) Message {
	head := "*" + line(customer) + "* · " + line(title)
	if len(decisions) == 0 {
		said := head + "\n" + v.Say("why.none", nil)
		return Message{Text: said, Blocks: []slack.Block{section(said)}}
	}
	d := decisions[0]
	lines := []string{head, Decision(v, d)}
	lines = append(lines, Clauses(v, d.Clauses)...)
	for _, m := range d.Missing {
		lines = append(lines, "? "+code(m))
	}
	for _, before := range decisions[1:min(len(decisions), 6)] {
		lines = append(lines, v.When(before.At)+"  "+Decision(v, before))
	}
	return Message{Text: head, Blocks: Fit(paragraphs(lines))}
}

// Decision says one decision in a sentence.
func Decision(v *Voice, d rules.Decision) string {
	args := words.Args{"at": d.At, "since": d.Since, "until": d.Until, "detail": Clip(line(d.Detail), 200)}
	id := "decision." + string(d.Outcome)
	if d.Outcome == rules.Suppressed {
		id = "decision.suppressed." + string(d.Reason)
	}
	if !v.Has(id) {
		return line(string(d.Outcome) + " " + string(d.Reason))
	}
	return v.Say(id, args)
}

// Plain is a message of one text, already escaped.
func Plain(said string) Message {
	return Message{Text: Clip(said, maxPlain), Blocks: []slack.Block{section(said)}}
}

// PlaybookTitle returns what people call a playbook, not escaped.
func PlaybookTitle(v *Voice, book *playbooks.Book, name string) string {
	if book != nil {
		if p := book.Playbooks[name]; p != nil && !p.Title.IsZero() {
			return render(p.Title, nil, v.Lang())
		}
	}
	return name
}

// WhyAll draws the newest decision of every playbook.
func WhyAll(v *Voice, customer string, book *playbooks.Book, decisions []rules.Decision) Message {
	head := "*" + line(customer) + "*"
	lines := []string{head}
	for _, d := range decisions[:min(len(decisions), 40)] {
		lines = append(lines, "• "+line(PlaybookTitle(v, book, d.Playbook))+": "+Decision(v, d))
	}
	if len(decisions) == 0 {
		lines = append(lines, v.Say("why.none", nil))
	}
	return Message{Text: head, Blocks: Fit(paragraphs(lines))}
}
