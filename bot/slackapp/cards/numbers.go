package cards

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"playcaller/playbooks/words"
	"playcaller/rules"
)

// A feature is a feature of an expression taken apart: logins.drop("14d").
type feature struct {
	signal, by, name string
	window           rules.Period
}

var (
	featureForm = regexp.MustCompile(`^(\w+)(?:\.by\("((?:[^"\\]|\\.)*)"\))?\.(\w+)\((?:"(\w+)")?`)
	limitForm   = regexp.MustCompile(`^(.+\))\s*(>=|>|<=|<)\s*(-?[0-9.]+)$`)
	lengthForm  = regexp.MustCompile(`^(\d{1,4})(m|h|d|w)$`)
)

// parseFeature takes a feature apart; ok is false for anything else.
func parseFeature(source string) (f feature, ok bool) {
	m := featureForm.FindStringSubmatch(strings.TrimSpace(source))
	if m == nil {
		return feature{}, false
	}
	f = feature{signal: m[1], by: strings.ReplaceAll(m[2], `\"`, `"`), name: m[3]}
	if l := lengthForm.FindStringSubmatch(m[4]); l != nil {
		n, _ := strconv.Atoi(l[1])
		switch l[2] {
		case "m":
			f.window = rules.Period{Minutes: n}
		case "h":
			f.window = rules.Period{Minutes: 60 * n}
		case "d":
			f.window = rules.Period{Days: n}
		case "w":
			f.window = rules.Period{Days: 7 * n}
		}
	}
	return f, true
}

// signalTitle returns what people call a signal, in the middle of a sentence.
func (s *Scene) signalTitle(f feature) string {
	title := f.signal
	if s.Book != nil {
		i := slices.IndexFunc(s.Book.Signals, func(d rules.SignalDef) bool { return d.Name == f.signal })
		if i >= 0 {
			titles := s.Book.Signals[i].Title
			for _, lang := range []string{s.Voice.Lang(), "", "en"} {
				if t := titles[lang]; t != "" {
					title = t
					break
				}
			}
		}
	}
	if s.Voice.Lang() == words.English {
		title = lowerFirst(title)
	}
	if f.by != "" {
		title = s.Voice.Say("numbers.by", words.Args{"signal": title, "by": f.by})
	}
	return line(title)
}

// lowerFirst writes the first letter small, unless the word is an abbreviation.
func lowerFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	second, _ := utf8.DecodeRuneInString(s[n:])
	if unicode.IsUpper(second) {
		return s
	}
	return string(unicode.ToLower(r)) + s[n:]
}

// number returns a value of a clause as a float; ok is false for anything else.
func number(value any) (n float64, ok bool) {
	switch x := value.(type) {
	case float64:
		n = x
	case int:
		n = float64(x)
	case int64:
		n = float64(x)
	default:
		return 0, false
	}
	return n, !math.IsNaN(n) && !math.IsInf(n, 0)
}

// sentences tell what happened, with its numbers, from the clauses that fired.
func (s *Scene) sentences(fired []rules.ClauseValue, facts *rules.Facts) []string {
	var said []string
	for _, clause := range fired {
		if clause.Truth != rules.True || ofLate(clause) {
			continue
		}
		sources := make([]string, 0, len(clause.Values))
		for source := range clause.Values {
			sources = append(sources, source)
		}
		slices.Sort(sources)
		for _, source := range sources {
			f, ok := parseFeature(source)
			value, known := number(clause.Values[source])
			if !ok || !known {
				continue
			}
			if one := s.sentence(source, f, value, facts); one != "" && !slices.Contains(said, one) {
				said = append(said, one)
			}
		}
	}
	return said
}

// ofLate reports whether a clause holds because something came lately, of which the
// days without it tell nothing.
func ofLate(clause rules.ClauseValue) bool {
	m := limitForm.FindStringSubmatch(strings.TrimSpace(clause.Source))
	if m == nil || !strings.HasPrefix(m[2], "<") {
		return false
	}
	f, ok := parseFeature(m[1])
	return ok && f.name == "days_since"
}

// sentence tells one feature's value, or "" where only Details can.
func (s *Scene) sentence(source string, f feature, value float64, facts *rules.Facts) string {
	args := words.Args{
		"signal": s.signalTitle(f), "window": f.window, "percent": s.Voice.Percent(value),
		"times": math.Round(value*10) / 10, "days": int(value), "count": int(value),
	}
	switch f.name {
	case "drop", "spike":
		if value == 0 || f.name == "spike" && value <= 1 {
			return ""
		}
		id := "numbers." + f.name
		b, ok := baseline(facts, source, f, value)
		if !ok {
			return s.Voice.Say(id+".plain", args)
		}
		switch {
		case b.Window != nil:
			id += ".hours"
			args["weekday"] = ""
			if b.Window.Hours <= 24 {
				args["weekday"] = s.Voice.Weekday(b.Window.To.Add(-time.Minute).Weekday())
			}
		case b.From == facts.Today() && b.SoFar < 1:
			id += ".by_now"
		case b.From == facts.Today():
			id += ".today"
		}
		args["actual"], args["expected"] = math.Round(b.Actual), roughly(b.Expected)
		return s.Voice.Say(id, args)
	case "days_since":
		return s.Voice.Say("numbers.days_since", args)
	}
	return ""
}

// roughly rounds what is usual as people say it: 96, but 1.2.
func roughly(x float64) float64 {
	if x < 10 {
		return math.Round(x*10) / 10
	}
	return math.Round(x)
}

// baseline returns what a feature's window was compared with, if it can be said
// and belongs to the value that was seen: late data can have changed it since.
func baseline(facts *rules.Facts, source string, f feature, value float64) (rules.Baseline, bool) {
	if facts == nil {
		return rules.Baseline{}, false
	}
	b, err := facts.Explain(source)
	if err != nil || b.Missing != "" || b.Expected <= 0 || math.IsNaN(b.Actual) {
		return rules.Baseline{}, false
	}
	share := b.Actual / b.Expected
	if f.name == "drop" {
		share = 1 - share
	}
	return b, math.Abs(share-value) <= 0.02*max(1, value)
}

// reasons tell why the card is there: what the rule's clauses ask for.
func (s *Scene) reasons() []string {
	if by := s.Run.StartedBy; by != "" && by != "rule" {
		if s.Team.Person(by) != nil {
			return []string{s.Voice.Say("why.person", words.Args{"person": s.person(by)})}
		}
		return []string{s.Voice.Say("why.run", nil)}
	}
	var lasting rules.Period
	if rule := s.playbook().Rule; rule != nil {
		lasting = rule.For
	}
	var reasons []string
	for _, clause := range s.Run.Fired {
		m := limitForm.FindStringSubmatch(strings.TrimSpace(clause.Source))
		if clause.Truth != rules.True || m == nil {
			continue
		}
		f, ok := parseFeature(m[1])
		limit, err := strconv.ParseFloat(m[3], 64)
		if !ok || err != nil {
			continue
		}
		id := "why." + f.name
		if !s.Voice.Has(id) || strings.HasPrefix(m[2], "<") {
			continue
		}
		reasons = append(reasons, s.Voice.Say(id, words.Args{
			"signal": s.signalTitle(f), "percent": s.Voice.Percent(limit), "times": limit, "count": int(limit),
		}))
	}
	if about := s.plainText(s.playbook().About, s.Began); len(reasons) == 0 && about != "" && s.what() == "" {
		return []string{Clip(strings.TrimRight(line(about), ".。"), 120)}
	}
	if len(reasons) > 0 && !lasting.IsZero() {
		last := len(reasons) - 1
		reasons[last] = s.Voice.Say("why.lasting", words.Args{"reason": reasons[last], "period": lasting})
	}
	return reasons
}

// renewal tells when the contract that matters ends, or "".
func (s *Scene) renewal() string {
	if s.Account == nil {
		return ""
	}
	today := s.Voice.dateOf(s.Now)
	var next *rules.Contract
	for i := range s.Account.Contracts {
		c := &s.Account.Contracts[i]
		if c.End < today || s.Run.Subject != "" && c.ID != s.Run.Subject {
			continue
		}
		if next == nil || c.End < next.End {
			next = c
		}
	}
	if next == nil {
		return ""
	}
	id := "why.renews"
	if next.AutoRenew != nil && !*next.AutoRenew {
		id = "why.ends"
	}
	return s.Voice.Say(id, words.Args{"count": int(next.End - today)})
}
