package cards

import (
	"fmt"
	"html"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"playcaller/playbooks"
	"playcaller/playbooks/outline"
	"playcaller/playbooks/words"
	"playcaller/rules"
)

// marks stand before a clause for how it was judged.
var marks = map[rules.Truth]string{rules.True: "✓", rules.False: "✗", rules.Unknown: "?"}

// clauses writes a condition's clauses with the values that were seen and, where
// there are facts of the time at which they were, what they were compared with.
func (s *Scene) clauses(clauses []rules.ClauseValue, facts *rules.Facts) []string {
	var lines []string
	rule := s.playbook().Rule
	for _, c := range clauses {
		if rule != nil && outline.Negated(rule, c.Source) {
			c.Source, c.Truth = "not ("+c.Source+")", -c.Truth
		}
		lines = append(lines, marks[c.Truth]+" "+s.clause(c))
		for _, source := range slices.Sorted(maps.Keys(c.Values)) {
			lines = append(lines, s.compared(source, facts)...)
		}
	}
	return lines
}

// limits says what a clause asks for, by its comparison.
var limits = map[string]string{">=": "explain.least", ">": "explain.more", "<=": "explain.most", "<": "explain.less"}

// clause writes one clause: "Logins in 14 days: 57 % below usual (asked for: at
// least 40 %)". One that compares nothing we have words for is shown as written.
func (s *Scene) clause(c rules.ClauseValue) string {
	m := limitForm.FindStringSubmatch(strings.TrimSpace(c.Source))
	if m != nil {
		f, ok := parseFeature(m[1])
		value, known := number(c.Values[strings.TrimSpace(m[1])])
		limit, err := strconv.ParseFloat(m[3], 64)
		if id := "explain." + f.name; ok && known && err == nil && s.Voice.Has(id) {
			shown := func(x float64) string {
				switch f.name {
				case "drop":
					return s.Voice.Percent(x)
				case "trend", "shift":
					return signed(s.Voice, x)
				}
				return s.Voice.Number(math.Round(x*10) / 10)
			}
			window := ""
			if hours := id + ".hours"; f.window.Minutes > 0 && s.Voice.Has(hours) {
				id = hours
			}
			if !f.window.IsZero() {
				window = s.Voice.Period(f.window)
			}
			return s.Voice.Say(id, words.Args{
				"signal": s.signalTitle(f), "window": window, "value": shown(value),
				"limit": s.Voice.Say(limits[m[2]], words.Args{"limit": shown(limit)})})
		}
	}
	if s.Book != nil {
		if told, means, ok := outline.Clause(s.Book, s.Book.Playbooks[s.Run.Playbook], s.Voice.Voice, c); ok {
			return line(told) + strings.Join(indented(means), "")
		}
	}
	var values []string
	for _, source := range slices.Sorted(maps.Keys(c.Values)) {
		values = append(values, s.Voice.Say("explain.value", words.Args{"name": code(source), "value": written(s.Voice, c.Values[source])}))
	}
	if len(values) == 0 {
		return code(c.Source)
	}
	return s.Voice.Say("explain.written", words.Args{"clause": code(c.Source), "values": strings.Join(values, s.Voice.Say("explain.separator", nil))})
}

// indented writes what names mean below the clause that they stand in.
func indented(means []string) []string {
	var lines []string
	for _, one := range means {
		lines = append(lines, "\n      "+line(one))
	}
	return lines
}

func written(v *Voice, value any) string {
	switch x := value.(type) {
	case nil:
		return v.Say("details.unknown", nil)
	case rules.Date:
		return v.LongDate(x)
	case bool:
		return v.Say(map[bool]string{true: "yes", false: "no"}[x], nil)
	}
	if n, ok := number(value); ok {
		return v.Number(n)
	}
	return code(fmt.Sprint(value))
}

// compared tells what a feature's window was compared with, and what was left out.
func (s *Scene) compared(source string, facts *rules.Facts) []string {
	if facts == nil {
		return nil
	}
	b, err := facts.Explain(source)
	if err != nil {
		return nil
	}
	if !b.Gap.IsKnown() {
		return []string{"      " + line(s.Voice.Gap(b.Gap, s.names()))}
	}
	id, args := "details.baseline", words.Args{
		"from": b.From, "to": b.To, "actual": math.Round(b.Actual), "expected": roughly(b.Expected),
		"low": math.Round(b.Low), "high": math.Round(b.High), "days": len(b.Used)}
	if w := b.Window; w != nil {
		id, args["from"], args["to"] = "details.baseline.hours", w.From, w.To
	}
	lines := []string{"      " + s.Voice.Say(id, args)}
	lines = append(lines, s.beyond(b)...)
	left := slices.Clone(b.LeftOut)
	slices.SortFunc(left, func(x, y rules.LeftOut) int { return int(x.Date) - int(y.Date) })
	var days []string
	for _, out := range left[:min(len(left), 8)] {
		days = append(days, s.Voice.Say("details.day", words.Args{"date": out.Date, "why": s.leftOut(out)}))
	}
	if len(left) > 8 {
		days = append(days, s.Voice.Say("digest.more", words.Args{"count": len(left) - 8}))
	}
	if len(days) > 0 {
		lines = append(lines, "      "+s.Voice.Say("details.left_out", words.Args{"days": strings.Join(days, s.Voice.Say("dm.separator", nil))}))
	}
	return lines
}

// leftOut tells why a day was left out, in the reader's language.
func (s *Scene) leftOut(out rules.LeftOut) string {
	name := line(out.Name)
	if id := holidayID(out.Name); s.Voice.Has(id) {
		name = s.Voice.Say(id, nil)
	}
	return s.Voice.Say("details.without."+string(out.Reason), words.Args{"name": name})
}

// holidayID is under what a holiday's name is translated, where it is: Culture Day.
func holidayID(name string) string {
	return "holiday." + strings.ReplaceAll(strings.ReplaceAll(strings.ToLower(name), "'", ""), " ", "_")
}

// beyond tells what of a window is farthest off, since when a level is new, and how
// often chance alone would bring as much.
func (s *Scene) beyond(b rules.Baseline) []string {
	var lines []string
	say := func(id string, args words.Args) { lines = append(lines, "      "+s.Voice.Say(id, args)) }
	if b.ChangedOn != 0 {
		say("details.changed", words.Args{"date": b.ChangedOn})
	}
	if b.Stretch > 0 && b.Alarms < 1 {
		say("details.stretch", words.Args{"count": b.Stretch})
	}
	switch {
	case b.Alarms <= 0 || b.Alarms >= 52: // not judged by chance, or nothing is off
	case b.Alarms >= 1:
		say("details.chance", words.Args{"count": int(math.Round(b.Alarms))})
	default:
		say("details.chance_rare", words.Args{"count": int(math.Min(100, math.Round(1/b.Alarms)))})
	}
	return lines
}

// signed writes a share with its sign.
func signed(v *Voice, share float64) string {
	if share > 0 {
		return "+" + v.Percent(share)
	}
	return v.Percent(share)
}

// names returns how signals are called.
func (s *Scene) names() words.Names {
	return words.Names{Signal: func(name string) string { return html.UnescapeString(s.signalTitle(feature{signal: name})) }}
}

// A WhyScene is what the explanation of decisions may know.
type WhyScene struct {
	Account   *rules.Account
	Book      *playbooks.Book
	Playbook  string
	Decisions []rules.Decision // newest first
	Facts     *rules.Facts     // as at the time of the clauses' values, or nil
	Voice     *Voice

	At      time.Time   // of the clauses' values
	Plays   []*Scene    // the playbook's plays that are open
	Drafted []DraftLine // what a draft would have told, newest first
	Notes   []string    // what else the reader must know, not escaped

	Say func(said string) string // tells the newest decision otherwise; nil: as it is
}

// Why draws what the rules last said of an account and playbook: the state, every
// clause with its values and what they were compared with, and what was said before.
func Why(w WhyScene) Message {
	v, s := w.Voice, w.scene()
	head := "*" + s.customer() + "* · " + line(PlaybookTitle(v, w.Book, w.Playbook))
	if len(w.Decisions) == 0 {
		said := strings.Join(append([]string{head, w.none()}, w.plays()...), "\n")
		return Message{Text: said, Blocks: []slack.Block{section(said)}}
	}
	d := w.Decisions[0]
	said := w.said(s, d)
	blocks := []slack.Block{section(head + "\n" + said)}
	plays := w.plays()
	if len(plays) > 0 {
		blocks = append(blocks, paragraphs(plays)...)
	}
	if clauses := s.clauses(d.Clauses, w.Facts); len(clauses) > 0 {
		blocks = append(blocks, paragraphs(append(w.values(), clauses...))...)
	}
	if needs := w.needs(d); needs != "" {
		blocks = append(blocks, section(Clip(Escape(needs), 2000)))
	}
	var before []string
	for _, b := range w.Decisions[1:min(len(w.Decisions), 6)] {
		before = append(before, v.When(b.At)+"  "+s.decision(b))
	}
	if len(before) > 0 {
		blocks = append(blocks, slack.NewDividerBlock(), context(strings.Join(before, "\n")))
	}
	return Message{Text: fallback(head, said, strings.Join(plays, "\n")), Blocks: Fit(blocks)}
}

func (w *WhyScene) scene() *Scene {
	return &Scene{Voice: w.Voice, Book: w.Book, Account: w.Account, Run: &playbooks.Run{Playbook: w.Playbook, Account: w.Account.ID}}
}

// WhyLines is Why of the newest decision as plain lines, for a terminal.
func WhyLines(w WhyScene) []string {
	s := w.scene()
	lines := []string{s.customerName() + " · " + PlaybookTitle(w.Voice, w.Book, w.Playbook)}
	switch {
	case len(w.Decisions) == 0:
		lines = append(append(lines, w.none()), w.plays()...)
	default:
		lines = append(append(lines, w.said(s, w.Decisions[0])), w.plays()...)
		if clauses := s.clauses(w.Decisions[0].Clauses, w.Facts); len(clauses) > 0 {
			lines = append(append(lines, w.values()...), clauses...)
		}
	}
	for i := range lines {
		lines[i] = html.UnescapeString(lines[i])
	}
	if len(w.Decisions) > 0 {
		if needs := w.needs(w.Decisions[0]); needs != "" {
			lines = append(lines, needs)
		}
	}
	return append(lines, w.Notes...)
}

// none says why there is no decision.
func (w *WhyScene) none() string {
	if p := w.Book.Playbooks[w.Playbook]; p != nil && p.Rule == nil {
		return w.Voice.Say("why.hand", nil)
	}
	return w.Voice.Say("why.none", nil)
}

// said tells the newest decision.
func (w *WhyScene) said(s *Scene, d rules.Decision) string {
	said := s.decision(d)
	if w.Say != nil {
		return w.Say(said)
	}
	return said
}

// values says of when the values below are.
func (w *WhyScene) values() []string {
	if w.At.IsZero() {
		return nil
	}
	return []string{w.Voice.Say("details.values", words.Args{"at": w.Voice.Moment(w.At)})}
}

// needs says what would have to change for the playbook to start; "" where its rule holds, or the book in use has none.
func (w *WhyScene) needs(d rules.Decision) string {
	p := w.Book.Playbooks[w.Playbook]
	if p == nil || p.Rule == nil || p.Rule.When == nil || d.Outcome != rules.Quiet && d.Outcome != rules.Unknowable && d.Reason != rules.OutsideAudience {
		return ""
	}
	var all []string
	for _, c := range []*rules.Condition{p.Rule.Audience, p.Rule.When} {
		if c == nil {
			continue
		}
		if needs := outline.Needs(w.Book, p, w.Voice.Voice, c, d.Clauses); needs != "" {
			all = append(all, needs)
		}
	}
	if len(all) == 0 {
		return ""
	}
	id, args := "why.needs", words.Args{"needs": strings.Join(all, w.Voice.Say("flow.if.both", nil))}
	if !p.Rule.For.IsZero() {
		id, args["for"] = "why.needs.for", p.Rule.For
	}
	return w.Voice.Say(id, args)
}

func (s *Scene) decision(d rules.Decision) string {
	names := s.names()
	names.Draft = func(name string) bool {
		p := (*playbooks.Playbook)(nil)
		if s.Book != nil {
			p = s.Book.Playbooks[name]
		}
		return p != nil && p.Draft
	}
	names.Playbook = func(name string) string { return PlaybookTitle(s.Voice, s.Book, name) }
	return Clip(Escape(s.Voice.Voice.Decision(d, names)), 600)
}

func decision(v *Voice, book *playbooks.Book, d rules.Decision) string {
	return (&Scene{Voice: v, Book: book}).decision(d)
}
