// Package template writes a first playbook and its tests from a few answers: what
// should start it, for which signal, from which number on.
package template

import (
	"embed"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"unicode"
	"unicode/utf8"

	"playcaller/playbooks"
	"playcaller/playbooks/format"
	"playcaller/rules"
)

//go:embed kinds
var kinds embed.FS

// A Kind is a way in which playbooks start.
type Kind struct {
	Name     string // "drop"
	About    string // one line, for choosing
	Signals  []rules.Kind
	Question string  // what the number means; "" where there is none
	Number   float64 // when nothing else is said
}

// Kinds returns what there is to choose from.
func Kinds() []Kind {
	return []Kind{
		{"drop", "a signal falls below its usual", []rules.Kind{rules.Count, rules.Unique}, "From which share below the usual on? 0.4 is 40 %", 0.4},
		{"silence", "nothing of a signal comes any more", []rules.Kind{rules.Count, rules.Unique}, "After how many days?", 14},
		{"count", "a signal came so many times in four weeks, or so many different users did it", []rules.Kind{rules.Count, rules.Unique}, "From how many on?", 3},
		{"above", "a value rises to a number", []rules.Kind{rules.Gauge}, "From which value on?", 10},
		{"below", "a value falls to a number", []rules.Kind{rules.Gauge}, "From which value down?", 6},
		{"notice", "the last day to give notice of a contract comes near", nil, "How many days before?", 90},
		{"hand", "a person or another playbook starts it", nil, "", 0},
	}
}

// Choices are the answers that a playbook is made of.
type Choices struct {
	Name     string // letters, digits and hyphens
	Kind     string
	Signal   string // of the book; needed by drop, silence, count, above and below
	Number   float64
	Title    string // what is wrong or wanted, in English
	TitleJa  string // and in Japanese; the English one where empty
	Severity playbooks.Severity
	Channel  string // "#name" or "dm"
}

// Fitting returns the book's signals that a kind can read, in the book's order.
func Fitting(book *playbooks.Book, k Kind) []string {
	var names []string
	for _, s := range book.Signals {
		if slices.Contains(k.Signals, s.Kind) {
			names = append(names, s.Name)
		}
	}
	return names
}

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// CheckName returns what keeps a name from being that of a new playbook of the book, or nil.
func CheckName(book *playbooks.Book, name string) error {
	switch {
	case !nameForm.MatchString(name):
		return fmt.Errorf("%q is no name of a playbook: write small letters, digits and hyphens, as in failed-payments", name)
	case book.Playbooks[name] != nil:
		return fmt.Errorf("the book has a playbook %s already, in %s", name, book.Playbooks[name].File)
	}
	return nil
}

// CheckNumber returns why the number does not fit the kind, or nil.
func (k Kind) CheckNumber(number float64) error {
	switch {
	case k.Question == "":
		return nil
	case k.level():
		if !(math.Abs(number) <= mostLevel) { // nor is NaN
			return fmt.Errorf("%v does not fit: write a number from -%v to %[2]v", number, mostLevel)
		}
		return nil
	case k.Name == "drop" && !(number > 0 && number <= 0.9):
		return fmt.Errorf("%v is no share to drop by: write one from 0.1 to 0.9; 40 %% is 0.4", number)
	case k.Name != "drop" && (number < 1 || number > 365 || number != math.Trunc(number)):
		return fmt.Errorf("%v does not fit: write a whole number from 1 to 365", number)
	case k.Name == "silence" && number < 2:
		return errors.New("a day without anything is every day until something comes: write 2 or more")
	case k.Name == "silence" && number > 60:
		return fmt.Errorf("%v days of silence are more than a test can wait for: write 60 or less, and change the file", number)
	}
	return nil
}

// mostLevel bounds the numbers that a value is compared with.
const mostLevel = 1_000_000_000

// level reports whether the kind compares a gauge with a number.
func (k Kind) level() bool { return k.Name == "above" || k.Name == "below" }

// CheckSignal returns why the kind cannot read a signal of the book, and which kinds can, or nil.
func (k Kind) CheckSignal(book *playbooks.Book, signal string) error {
	fitting := Fitting(book, k)
	if k.Signals == nil || slices.Contains(fitting, signal) {
		return nil
	}
	def := book.Signal(signal)
	if def == nil {
		return fmt.Errorf("%q is none of: %s", signal, strings.Join(fitting, ", "))
	}
	var others []string
	for _, other := range Kinds() {
		if slices.Contains(other.Signals, def.Kind) {
			others = append(others, other.Name)
		}
	}
	text := fmt.Sprintf("%s is %s, so %s cannot read it, and %s can", signal, nature[def.Kind], k.Name, strings.Join(others, " and "))
	if len(fitting) > 0 {
		text += "; " + k.Name + " reads: " + strings.Join(fitting, ", ")
	}
	return errors.New(text)
}

// nature says in a few words what a kind of signal is.
var nature = map[rules.Kind]string{
	rules.Count:  "a count, which adds up within a day",
	rules.Gauge:  "a gauge, whose last value holds until the next",
	rules.Unique: "a unique signal, which counts distinct users",
}

// Channels returns where the book's playbooks may be posted: dm, and the channels of its team.
func Channels(book *playbooks.Book) []string {
	var names []string
	for _, name := range book.Team.Channels {
		names = append(names, name)
	}
	slices.Sort(names)
	return append([]string{"dm"}, slices.Compact(names)...)
}

// Check returns what keeps the choices from becoming a playbook of the book, or nil.
func (c Choices) Check(book *playbooks.Book) error {
	if err := CheckName(book, c.Name); err != nil {
		return err
	}
	i := slices.IndexFunc(Kinds(), func(k Kind) bool { return k.Name == c.Kind })
	switch {
	case i < 0:
		var names []string
		for _, k := range Kinds() {
			names = append(names, k.Name)
		}
		return fmt.Errorf("%q is no kind of playbook: %s", c.Kind, strings.Join(names, ", "))
	case strings.TrimSpace(c.Title) == "":
		return errors.New("a playbook needs a title: what is wrong or wanted, in a few words")
	}
	k := Kinds()[i]
	if err := k.CheckSignal(book, c.Signal); err != nil {
		return err
	}
	if err := k.CheckNumber(c.Number); err != nil {
		return err
	}
	if !slices.Contains([]playbooks.Severity{playbooks.Low, playbooks.Medium, playbooks.High}, c.Severity) {
		return fmt.Errorf("%q is no severity: low, medium, high", c.Severity)
	}
	return nil
}

// called returns what people call a signal within a sentence: its title, or its name in words.
func called(def *rules.SignalDef, name, lang string) string {
	if def == nil || def.Title[lang] == "" {
		return strings.ReplaceAll(name, "_", " ")
	}
	title := def.Title[lang]
	first, n := utf8.DecodeRuneInString(title)
	if second, _ := utf8.DecodeRuneInString(title[n:]); unicode.IsUpper(second) { // NPS answer
		return title
	}
	return string(unicode.ToLower(first)) + title[n:]
}

// ownerOf returns who owns the accounts of the tests: the default owner or, where that is somebody whom nobody can help, as a
// head of a team is, the first person with a manager in the same country, hours and days, so that an escalation can be
// tested too.
func ownerOf(team *playbooks.Team) *playbooks.Person {
	owner := team.Person(team.DefaultOwner)
	if owner.Manager != "" {
		return owner
	}
	for i := range team.People {
		p := &team.People[i]
		if p.Manager != "" && p.Country == owner.Country && p.Location.String() == owner.Location.String() &&
			p.Hours == owner.Hours && slices.Equal(p.Days, owner.Days) && len(p.Away) == 0 {
			return p
		}
	}
	return owner
}

// Files returns the playbook and its tests by the names of their files. They load with
// the book, and the tests pass.
func (c Choices) Files(book *playbooks.Book) (map[string][]byte, error) {
	if err := c.Check(book); err != nil {
		return nil, err
	}
	if book.Team.Person(book.Team.DefaultOwner) == nil {
		return nil, errors.New("the book has no default_owner in team.yaml, so there is nobody to ask: add one")
	}
	owner := ownerOf(book.Team)
	if c.TitleJa == "" {
		c.TitleJa = c.Title
	}
	values := struct {
		Choices
		Number                   string
		Percent                  string // Number as a share
		SignalEn, SignalJa       string // what people call the signal
		Owner, Country, TimeZone string
		Bad, Good                string // what the accounts of the test send
		ByHand, Contract, Unique bool
		Answered, Done, Over     int // days after the start
	}{Choices: c, Number: strconv.FormatFloat(c.Number, 'f', -1, 64), Percent: strconv.FormatFloat(math.Round(c.Number*1000)/10, 'f', -1, 64), Owner: owner.ID,
		Country: owner.Country, TimeZone: owner.Location.String(), ByHand: c.Kind == "hand", Contract: c.Kind == "notice"}
	values.Channel = strconv.Quote(c.Channel)
	def := book.Signal(c.Signal)
	values.Unique = def != nil && def.Kind == rules.Unique
	values.SignalEn, values.SignalJa = called(def, c.Signal, "en"), called(def, c.Signal, "ja")
	values.Answered, values.Over = 1, 30
	if c.Kind == "drop" { // so many days of nothing, three days of waiting, and a weekend or holiday
		values.Answered = int(math.Ceil(14*c.Number)) + 3 + 4
		values.Over += values.Answered
	}
	if c.Kind == "above" || c.Kind == "below" { // the rule waits for a day
		values.Answered, values.Over = 2, 31
	}
	values.Done = values.Answered + 1
	switch series := "series: {" + c.Signal + ": "; c.Kind {
	case "drop":
		values.Bad, values.Good = series+"20x70 0x80}", series+"20x150}"
	case "silence":
		values.Bad, values.Good = series+fmt.Sprintf("20x%d 0x140}", 70-int(c.Number)), series+"20x150}"
	case "count":
		values.Bad, values.Good = series+fmt.Sprintf("0x70 %d 0x80}", int(c.Number)), series+"0x150}"
	case "above", "below":
		well := c.Number + 10
		if c.Kind == "above" {
			well = c.Number - 10
		}
		good := strconv.FormatFloat(well, 'f', -1, 64)
		values.Bad, values.Good = series+good+"x70 "+values.Number+"x80}", series+good+"x150}"
	case "notice":
		due := "contracts: [{id: d1, start: 2025-04-01, end: %s, notice_by: %s}]"
		day, _ := rules.ParseDate("2027-03-15")
		values.Bad = fmt.Sprintf(due, day+rules.Date(c.Number)+60, day+rules.Date(c.Number))
		values.Good = fmt.Sprintf(due, day+rules.Date(c.Number)+400, day+rules.Date(c.Number)+300)
	}
	files := map[string][]byte{}
	for name, kind := range map[string]string{c.Name + ".yaml": c.Kind, c.Name + "_test.yaml": "test"} {
		t, err := template.New(kind+".yaml").Delims("[[", "]]").Funcs(template.FuncMap{"quote": strconv.Quote}).
			ParseFS(kinds, "kinds/parts.tmpl", "kinds/"+kind+".yaml")
		if err != nil {
			return nil, err
		}
		var b strings.Builder
		if err := t.Execute(&b, values); err != nil {
			return nil, err
		}
		if files[name], err = format.File(name, []byte(b.String())); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return files, nil
}
