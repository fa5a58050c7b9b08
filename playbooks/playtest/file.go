package playtest

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // accounts have time zones, also where the machine has no list of them

	"github.com/goccy/go-yaml/ast"

	"playcaller/playbooks"
	"playcaller/playbooks/replay"
	"playcaller/rules"
)

// A File is one test file.
type File struct {
	Name     string
	Playbook *playbooks.Playbook // whose tests these are
	With     []string            // playbooks whose rules are judged beside it
	Accounts []*Account
	Cases    []*Case

	zone  *time.Location
	start time.Time
	from  rules.Date
}

// An Account is a customer of a test file, as POST /v1/accounts takes it, and its series.
type Account struct {
	ID     string
	Data   rules.Account
	Series []Series
}

// A Series is what arrives of one signal, a value each day.
type Series struct {
	Signal string
	By     string // value of the dimension
	User   string // for a unique signal: who comes on days with a value; "" for so many users
	From   rules.Date
	Parts  []Part
}

// A Case is one test.
type Case struct {
	Name       string
	Line       int
	Accounts   []string // in order; all of the file's where none is named
	With       []string
	SwitchedOn bool     // the playbook is switched on when the case starts
	Failing    []string // systems that webhooks cannot reach
	Start      time.Time
	Set        map[string]any
	Series     []Series // instead of the first account's own series of the same signals
	Do         []Doing
	Expect     []Expectation

	zone *time.Location
}

// Read reads a test file. The file is nil where something in it is wrong; all mistakes
// come back at once.
func Read(book *playbooks.Book, name string, src []byte) (*File, []playbooks.Problem) {
	r := &reader{book: book, file: name}
	f := &File{Name: name, Playbook: playbookOf(book, name), zone: time.UTC}
	root := r.parse(src)
	if root == nil {
		return nil, r.problems
	}
	if f.Playbook == nil {
		r.fail(root, "name the test file after a playbook's file: login-drop_test.yaml stands beside login-drop.yaml", "there is no playbook whose tests these could be")
		return nil, r.problems
	}
	r.readFile(f, root)
	if len(r.problems) > 0 {
		return nil, r.problems
	}
	return f, nil
}

func (r *reader) readFile(f *File, root ast.Node) {
	var accounts, tests, start, from ast.Node
	r.fields(root, "a test file",
		field{"start", func(n ast.Node) { start = n }},
		field{"from", func(n ast.Node) { from = n }},
		field{"with", func(n ast.Node) { f.With = r.ruled(n) }},
		field{"accounts", func(n ast.Node) { accounts = n }},
		field{"tests", func(n ast.Node) { tests = n }},
	)
	if accounts == nil || tests == nil {
		r.fail(root, "write accounts: and tests:", "a test file has accounts and tests")
		return
	}
	read := map[*Account]ast.Node{} // the series wait until the start is known
	r.entries(accounts, "accounts", func(id string, k, v ast.Node) {
		a := &Account{ID: id, Data: rules.Account{ID: id}}
		f.Accounts = append(f.Accounts, a)
		r.readAccount(a, v, func(n ast.Node) { read[a] = n })
	})
	if len(f.Accounts) == 0 {
		return
	}
	f.zone = replay.ZoneOf(&f.Accounts[0].Data)
	if start != nil {
		f.start = r.moment(start, time.Time{}, f.zone)
	}
	if from != nil {
		f.from = r.day(from)
	}
	if f.from == 0 && !f.start.IsZero() {
		f.from = rules.DateOf(f.start.In(f.zone))
	}
	for _, a := range f.Accounts {
		if n := read[a]; n != nil {
			a.Series = r.readSeries(n, f.from)
		}
	}
	for _, n := range r.list(tests) {
		r.readCase(f, n)
	}
	for i, c := range f.Cases {
		if slices.ContainsFunc(f.Cases[:i], func(o *Case) bool { return o.Name == c.Name }) {
			r.failAt(c.Line, 1, 1, "give each its own name", "two tests are called %q", c.Name)
		}
	}
}

// accountFields are the fields of POST /v1/accounts.
func accountFields() []string {
	var names []string
	t := reflect.TypeFor[rules.Account]()
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

func (r *reader) readAccount(a *Account, n ast.Node, series func(ast.Node)) {
	fields := map[string]any{}
	known := accountFields()
	r.entries(n, "account "+a.ID, func(key string, k, v ast.Node) {
		switch {
		case key == "series":
			series(v)
		case key == "id":
			r.fail(k, "remove it", "the id of an account is its name here")
		case !slices.Contains(known, key):
			r.fail(k, orAttribute(meant(key, append(known, "series"))), "an account has no field %q", key)
		case !isNull(v):
			fields[key] = r.value(v)
			if err := replay.ReadFields(&a.Data, map[string]any{key: fields[key]}); err != nil {
				r.fail(v, "write it as POST /v1/accounts takes it", "%s of %s: %v", key, a.ID, err)
			}
		}
	})
	if name := a.Data.TimeZone; name != "" {
		if _, err := time.LoadLocation(name); err != nil {
			r.fail(n, "write it like Asia/Tokyo", "account %s: there is no time zone %q", a.ID, name)
		}
	}
	for _, role := range a.Data.Roles {
		if r.book.Team.Person(role.Person) == nil {
			r.fail(n, meant(role.Person, r.people()), "account %s: nobody in team.yaml is called %q", a.ID, role.Person)
		}
	}
	a.Data.ID = a.ID
}

func orAttribute(mend string) string { return mend + "; fields of your own stand under attributes:" }

// maxUsers bounds how many users of a day a series can stand for.
const maxUsers = 1000

// readSeries reads the series of an account, by signal.
func (r *reader) readSeries(n ast.Node, from rules.Date) []Series {
	var all []Series
	r.entries(n, "series", func(signal string, k, v ast.Node) {
		def := r.book.Signal(signal)
		if def == nil {
			r.fail(k, meant(signal, r.signals()), "there is no signal %q in signals.yaml", signal)
			return
		}
		one := Series{Signal: signal, From: from}
		read := func(s Series, n ast.Node) {
			s.Parts = r.parts(n)
			if def.Kind != rules.Count && slices.ContainsFunc(s.Parts, func(p Part) bool { return p.Hours != nil }) {
				r.fail(n, "write a value for each day", "%s is a %s, and only counts are written by the hour", signal, def.Kind)
				return
			}
			if def.Kind == rules.Unique && slices.ContainsFunc(days(s.Parts, from), func(v float64) bool { return v < 0 || v > maxUsers }) {
				r.fail(n, fmt.Sprintf("write between 0 and %d", maxUsers), "%s counts the users of a day, and these are not so many", signal)
				return
			}
			all = append(all, s)
		}
		m, isMap := v.(*ast.MappingNode)
		if !isMap || len(m.Values) > 0 && (keyOf(m.Values[0]) == "week" || keyOf(m.Values[0]) == "hours") {
			read(one, v)
			return
		}
		r.fields(v, "the series of "+signal,
			field{"from", func(n ast.Node) { one.From = r.day(n) }},
			field{"values", func(n ast.Node) { read(one, n) }},
			field{"by", func(n ast.Node) {
				if def.Dimension == "" {
					r.fail(n, "declare `by:` for it in signals.yaml, or write the series as one", "%s is not split by anything", signal)
				}
				r.entries(n, "by", func(value string, _, v ast.Node) {
					s := one
					s.By = value
					read(s, v)
				})
			}},
			field{"user", func(n ast.Node) {
				if def.Kind != rules.Unique {
					r.fail(n, "write the series as one", "%s does not count users", signal)
				}
				r.entries(n, "user", func(who string, _, v ast.Node) {
					s := one
					s.User = who
					read(s, v)
				})
			}},
		)
	})
	if from == 0 && len(all) > 0 && slices.ContainsFunc(all, func(s Series) bool { return s.From == 0 }) {
		r.fail(n, "write from: 2026-12-07 at the top of the file: the day of the first value", "the series have no first day")
	}
	return all
}

func keyOf(v *ast.MappingValueNode) string {
	key, _ := scalar(v.Key)
	return key
}

// parts reads the stretches of a series.
func (r *reader) parts(n ast.Node) []Part {
	var parts []Part
	for _, n := range r.list(n) {
		var p Part
		var err *NotationError
		at := n
		switch v := n.(type) {
		case *ast.MappingNode, *ast.MappingValueNode:
			p, at, err = r.pattern(v)
		default:
			p, err = ParseValues(r.text(n, "a series"))
		}
		if err != nil {
			line, column := placeOf(at)
			r.failAt(line, column+err.Offset, err.Length, err.Suggestion, "%s", err.Message)
			continue
		}
		parts = append(parts, p)
	}
	if length(parts) > maxSeriesDays {
		r.fail(n, fmt.Sprintf("keep it within %d", maxSeriesDays), "the series has %d days", length(parts))
	}
	return parts
}

// pattern reads a part of a series that says how the days of a week are, or the hours of a
// day, or how a week's days are spread over their hours; at is what is wrong of it.
func (r *reader) pattern(v ast.Node) (p Part, at ast.Node, err *NotationError) {
	at = v
	var week, hours ast.Node
	r.fields(v, "a part of a series", field{"week", func(n ast.Node) { week = n }}, field{"hours", func(n ast.Node) { hours = n }})
	var day Part
	if hours != nil {
		if day, err = ParseHours(r.text(hours, "the hours of a day")); err != nil || week == nil {
			return day, hours, err
		}
	}
	if week == nil {
		return p, at, nil
	}
	if p, err = ParseWeek(r.text(week, "a week")); err != nil || hours == nil {
		return p, week, err
	}
	p, err = p.spread(day)
	return p, hours, err
}

func (r *reader) signals() []string {
	var names []string
	for _, s := range r.book.Signals {
		names = append(names, s.Name)
	}
	return names
}

func (r *reader) people() []string {
	var ids []string
	for i := range r.book.Team.People {
		ids = append(ids, r.book.Team.People[i].ID)
	}
	return ids
}

func (r *reader) playbookNames() []string { return slices.Sorted(maps.Keys(r.book.Playbooks)) }

// ruled reads the names of playbooks whose rules are judged too.
func (r *reader) ruled(n ast.Node) []string {
	var names []string
	for _, n := range r.list(n) {
		if s, _ := scalar(n); s == "all" {
			names = append(names, r.playbookNames()...)
			continue
		}
		if s := r.oneOf(n, "playbook", r.playbookNames()); s != "" {
			names = append(names, s)
		}
	}
	return names
}

func (r *reader) moment(n ast.Node, start time.Time, zone *time.Location) time.Time {
	at, err := parseMoment(r.text(n, "a time"), start, zone)
	if err != nil {
		r.fail(n, "times are written +3d 10:00 or 2027-03-04 10:00", "%v", err)
	}
	return at
}

func (r *reader) day(n ast.Node) rules.Date {
	d, err := rules.ParseDate(r.text(n, "a day"))
	if err != nil {
		r.fail(n, "write it like 2027-03-04", "%v", err)
	}
	return d
}

func (r *reader) readCase(f *File, n ast.Node) {
	line, _ := placeOf(n)
	c := &Case{Line: line, Start: f.start, With: f.With, zone: f.zone}
	from := f.from
	var series, do, expect, set ast.Node
	seen := r.fields(n, "a test",
		field{"name", func(n ast.Node) { c.Name = r.text(n, "a name") }},
		field{"account", func(n ast.Node) { c.Accounts = append(c.Accounts, r.oneOf(n, "account", f.ids())) }},
		field{"accounts", func(n ast.Node) {
			for _, n := range r.list(n) {
				if _, ok := scalar(n); !ok {
					r.fail(n, "write accounts: [acme, beta]; what they are stands in accounts: at the top of the file", "the accounts of a test are a list of names")
					continue
				}
				c.Accounts = append(c.Accounts, r.oneOf(n, "account", f.ids()))
			}
		}},
		field{"start", func(n ast.Node) { c.Start = r.moment(n, f.start, f.zone) }},
		field{"from", func(n ast.Node) { from = r.day(n) }},
		field{"with", func(n ast.Node) { c.With = r.ruled(n) }},
		field{"switched_on", func(n ast.Node) { c.SwitchedOn = r.yes(n) }},
		field{"failing", func(n ast.Node) {
			for _, n := range r.list(n) {
				c.Failing = append(c.Failing, r.oneOf(n, "system", r.systems()))
			}
		}},
		field{"set", func(n ast.Node) { set = n }},
		field{"series", func(n ast.Node) { series = n }},
		field{"do", func(n ast.Node) { do = n }},
		field{"expect", func(n ast.Node) { expect = n }},
	)
	if c.Name == "" {
		r.fail(n, "add name: what the test shows", "a test has no name")
	}
	if c.Start.IsZero() {
		r.fail(n, "write start: 2027-03-01 09:00 at the top of the file", "test %q has no start", c.Name)
		return
	}
	if seen["expect"] == nil {
		r.fail(n, "add expect: and what must come of it", "test %q expects nothing", c.Name)
		return
	}
	if len(c.Accounts) == 0 {
		c.Accounts = f.ids()
	}
	if series != nil {
		c.Series = r.readSeries(series, from)
	}
	if set != nil {
		c.Set = r.changes(set)
	}
	f.Cases = append(f.Cases, c)
	if do != nil {
		for _, n := range r.list(do) {
			r.readDoing(f, c, n)
		}
	}
	for _, n := range r.list(expect) {
		r.readExpectation(f, c, n)
	}
	slices.SortStableFunc(c.Do, func(a, b Doing) int { return a.At.Compare(b.At) })
	slices.SortStableFunc(c.Expect, func(a, b Expectation) int { return a.At.Compare(b.At) })
}

func (f *File) ids() []string {
	ids := make([]string, len(f.Accounts))
	for i, a := range f.Accounts {
		ids[i] = a.ID
	}
	return ids
}

// account returns the account of that id; Read has made sure that there is one.
func (f *File) account(id string) *Account {
	for _, a := range f.Accounts {
		if a.ID == id {
			return a
		}
	}
	return nil
}

func (r *reader) yes(n ast.Node) bool {
	b, ok := n.(*ast.BoolNode)
	if !ok {
		r.fail(n, "write true or false", "this is neither true nor false")
		return false
	}
	return b.Value
}
