package cards

import (
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
	if lines := s.clauses(s.Run.Fired, s.Began); len(lines) > 0 {
		blocks = append(blocks, paragraphs(append([]string{s.Voice.Say("details.values", words.Args{"at": s.Run.Began})}, lines...))...)
	}
	blocks = append(blocks, section(s.Voice.Say("details.now", words.Args{"state": s.standing()})))
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
		runs = append(runs, v.Say("account.run", words.Args{"title": line(s.titleOf(s.Run)),
			"state": s.stateText(), "began": v.Day(s.Run.Began)}))
	}
	if len(runs) == 0 {
		runs = []string{v.Say("account.no_runs", nil)}
	}
	blocks = append(blocks, paragraphs(runs)...)
	return Message{Text: name, Blocks: Fit(blocks)}
}

// standing says where a run stands and until when, in a sentence.
func (s *Scene) standing() string {
	visit, state := s.Run.Current(), StateOf(s.Run, s.Now)
	switch {
	case state == SnoozedState:
		return s.Voice.Say("card.snoozed", words.Args{"until": s.Voice.Day(s.Run.SnoozedUntil)})
	case state == WaitingState && visit != nil && s.step(visit) != nil:
		return s.waitingFor(s.step(visit))
	case visit != nil && visit.Assignee != "" && state != EndedState && state != EndingState:
		return s.stateText() + " (" + s.person(visit.Assignee) + ")"
	}
	return s.stateText()
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
		lines = append(lines, "• *"+line(PlaybookTitle(v, book, d.Playbook))+"*: "+decision(v, book, d))
	}
	if len(decisions) == 0 {
		lines = append(lines, v.Say("why.none", nil))
	}
	return Message{Text: head, Blocks: Fit(paragraphs(lines))}
}
