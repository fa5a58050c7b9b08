package backtest

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"playcaller/rules"
)

// shownChanges is how many changes WriteText lists.
const shownChanges = 40

// sharedPrompts is from how many prompts on it is said which part of them chance brings;
// a part of fewer says nothing.
const sharedPrompts = 20

// WriteText writes the report as tables for a terminal.
func (r *Report) WriteText(out io.Writer) error {
	w := &lines{out: out}
	w.line("%s to %s (%s), %s, book %.12s", r.From, r.To, measured(r.Weeks, "week"), counted(r.Accounts, "account"), r.Book)
	if r.Partial {
		w.line("Ended early: this is what was played until then. --resume goes on.")
	}
	if r.Empty > 0 {
		w.line("%s without any data; rules that read signals are unknown there.", counted(r.Empty, "account"))
	}
	if r.NotFollowed > 0 {
		w.line("Limits and groups hold back so much that what follows from it on %s was not played.", counted(r.NotFollowed, "account"))
	}
	w.line("")
	r.writePlaybooks(w)
	r.writeFirings(w)
	r.writePeople(w)
	r.writeChance(w)
	r.writeOutcomes(w)
	r.writeAgainst(w)
	for _, text := range r.Refused {
		w.line("not taken in: %s", text)
	}
	return w.err
}

// lines writes lines and tables until one cannot be written.
type lines struct {
	out io.Writer
	err error
}

func (w *lines) line(format string, args ...any) {
	if w.err == nil {
		_, w.err = fmt.Fprintf(w.out, format+"\n", args...)
	}
}

// table writes rows below each other. Names may be Japanese, whose characters are two
// columns wide.
func (w *lines) table(rows [][]string) {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], rules.Columns(cell))
		}
	}
	for _, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			b.WriteString(cell)
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]+2-rules.Columns(cell)))
			}
		}
		w.line("%s", b.String())
	}
	w.line("")
}

func (r *Report) writePlaybooks(w *lines) {
	rows := [][]string{{"PLAYBOOK", "FIRED", "ACCOUNTS", "PROMPTS", "A WEEK", "HELD (MEDIAN)", "STILL HOLDS", "ALREADY TRUE"}}
	drafts := r.drafts() > 0
	if drafts {
		rows[0] = append(rows[0], "ONCE NO DRAFT")
	}
	if r.Chance != nil {
		rows[0] = append(rows[0], "BY CHANCE A WEEK")
	}
	for _, l := range r.Playbooks {
		row := []string{l.Playbook, strconv.Itoa(l.Fired), strconv.Itoa(l.Accounts), strconv.Itoa(l.Prompts), number(l.PerWeek), held(l),
			strconv.Itoa(l.StillHolds), strconv.Itoa(l.Already)}
		if drafts {
			row = append(row, strconv.Itoa(l.Prompts+l.Drafts))
		}
		if l.Chance != nil {
			row = append(row, number(l.Chance.PerWeek))
		}
		rows = append(rows, row)
	}
	w.table(rows)
	for _, l := range r.Playbooks {
		if text := heldBack(l); text != "" {
			w.line("%s: %s", l.Playbook, text)
		}
	}
	w.line("")
}

// held writes for how long a playbook's condition held.
func held(l PlaybookLine) string {
	if l.DaysHeld == 0 {
		return "–"
	}
	return lasted(l.DaysHeld)
}

// lasted writes a number of days in the unit that says most: 8.5 d, 5 h, 35 min.
func lasted(days float64) string {
	switch minutes := math.Round(days * 24 * 60); {
	case minutes < 60:
		return number(minutes) + " min"
	case minutes < 24*60:
		return number(minutes/60) + " h"
	}
	return number(days) + " d"
}

func waits(n int) string {
	if n == 1 {
		return "1 play waits"
	}
	return strconv.Itoa(n) + " plays wait"
}

// heldBack says what kept a playbook from firing, or from being judged.
func heldBack(l PlaybookLine) string {
	var parts []string
	if l.Draft {
		parts = append(parts, draftText(l))
	}
	if l.Messages > 0 {
		parts = append(parts, fmt.Sprintf("%s became part of %s about several accounts", counted(l.Grouped, "play"), counted(int(l.Messages), "message")))
	}
	if l.Storms > 0 {
		text := fmt.Sprintf("over its limit of %s %s: ops are asked, and %s until they look", l.Limit, counted(l.Storms, "time"), waits(l.Held))
		if l.Gone > 0 {
			text += fmt.Sprintf("; by then %d no longer held", l.Gone)
		}
		parts = append(parts, text)
	}
	for _, reason := range slices.Sorted(maps.Keys(l.Suppressed)) {
		parts = append(parts, strings.ReplaceAll(reason, "_", " ")+" "+counted(l.Suppressed[reason], "time"))
	}
	if l.Unknown > 0 {
		text := "unknown " + counted(l.Unknown, "time")
		if l.Missing != "" {
			text += ", first because of " + l.Missing
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ")
}

// draftText says what a draft would ask.
func draftText(l PlaybookLine) string {
	text := "a draft, which asks nobody; once it is none it would ask " + counted(l.Drafts, "time")
	if l.Chance != nil {
		text += ", by chance " + number(l.Chance.PerWeek) + " times a week"
	}
	return text
}

// drafts returns how many prompts drafts would bring once they are none.
func (r *Report) drafts() int {
	n := 0
	for _, l := range r.Playbooks {
		n += l.Drafts
	}
	return n
}

func (r *Report) writePeople(w *lines) {
	rows := [][]string{{"PERSON", "ACCOUNTS", "PROMPTS", "A WEEK", "BUSIEST WEEK", "MESSAGES", "BUDGET A DAY", "DAYS OVER IT", "LATER"}}
	drafts := r.drafts() > 0
	if drafts {
		rows[0] = append(rows[0], "ONCE NO DRAFT")
	}
	if r.Chance != nil {
		rows[0] = append(rows[0], "BY CHANCE A WEEK")
	}
	for _, p := range r.People {
		busiest := "–"
		if p.Busiest.Prompts > 0 {
			busiest = fmt.Sprintf("%d, of %s", p.Busiest.Prompts, p.Busiest.Monday)
		}
		row := []string{p.Name, strconv.Itoa(p.Accounts), strconv.Itoa(p.Prompts), number(p.PerWeek), busiest, strconv.Itoa(p.Messages), strconv.Itoa(p.Budget), strconv.Itoa(p.DaysOver), strconv.Itoa(p.Late)}
		if drafts {
			row = append(row, strconv.Itoa(p.Prompts+p.Drafts))
		}
		if p.Chance != nil {
			row = append(row, number(p.Chance.PerWeek))
		}
		rows = append(rows, row)
	}
	w.table(rows)
}

func (r *Report) writeChance(w *lines) {
	if r.Chance == nil {
		return
	}
	c := r.Chance
	w.line("Chance alone brings a person with %d accounts %s prompts a week (95 %%: %s to %s); at most 1 is the promise.",
		PromisedAccounts, number(c.Promise.PerWeek), number(c.Promise.Low), number(c.Promise.High))
	expected := measured(c.All.PerWeek*r.Weeks, "prompt")
	if prompts(r.Episodes) >= sharedPrompts {
		expected += ", " + percent(c.OfPrompts) + " of all"
	}
	w.line("For these accounts and days that is %s. From %s in %s of quiet copies of the accounts, seed %d.",
		expected, counted(c.Prompts, "prompt"), measured(float64(c.AccountDays)/365, "year"), c.Seed)
	w.line("")
}

func (r *Report) writeOutcomes(w *lines) {
	o := r.Outcomes
	if o == nil {
		return
	}
	w.line("%s churned, %d stayed. A firing is right if the account churned within %d days.", counted(o.Churned, "account"), o.Stayed, o.Within)
	rows := [][]string{{"PLAYBOOK", "PRECISION", "RECALL", "LEAD TIME (MEDIAN)", "RECALL BY CHANCE", "CHANCE DOES AS WELL", "UNDECIDED"}}
	for _, l := range o.Lines {
		name := l.Playbook
		if name != "" && l.Precision.Of+l.Undecided == 0 {
			continue // it never fired
		}
		if name == "" {
			name = "the whole book"
		}
		rows = append(rows, []string{name, l.Precision.String(), l.Recall.String(), lead(l), percent(l.ByChance), chanceOf(l.P), strconv.Itoa(l.Undecided)})
	}
	w.table(rows)
}

// chanceOf writes how often chance does as well.
func chanceOf(p float64) string {
	if p < 0.001 {
		return "less than 1 in 1,000"
	}
	return percent(p)
}

// String writes a share with its interval: 40 % (12 to 77 %), 2 of 5.
func (s Share) String() string {
	if s.Of == 0 {
		return "–"
	}
	return fmt.Sprintf("%s (%s to %s), %d of %d", percent(s.Rate), strings.TrimSuffix(percent(s.Low), " %"), percent(s.High), s.N, s.Of)
}

func (r *Report) writeAgainst(w *lines) {
	d := r.Against
	if d == nil {
		return
	}
	w.line("Against the other book: %d more, %d fewer, %d moved to another day, %d the same.", d.More, d.Fewer, d.Moved, d.Same)
	w.line("%s.", upper(d.Headline("en")))
	w.line("")
	if len(d.Playbooks) > 0 {
		rows := [][]string{{"PLAYBOOK", "BEFORE", "AFTER", "MORE", "FEWER", "MOVED"}}
		for _, l := range d.Playbooks {
			rows = append(rows, []string{l.Playbook, strconv.Itoa(l.Before), strconv.Itoa(l.After), strconv.Itoa(l.More), strconv.Itoa(l.Fewer), strconv.Itoa(l.Moved)})
		}
		w.table(rows)
	}
	if len(d.People) > 0 {
		rows := [][]string{{"PROMPTS A WEEK", "BEFORE", "AFTER", "CHANGE", "IN ALL BEFORE", "AFTER"}}
		for _, p := range d.People {
			was, is, change := p.Told()
			by := signed(change)
			if change == 0 && p.differs() {
				by = "less than 0.1"
			}
			rows = append(rows, []string{p.Name, rate(was, p.PromptsBefore), rate(is, p.PromptsAfter), by, strconv.Itoa(p.PromptsBefore), strconv.Itoa(p.PromptsAfter)})
		}
		w.table(rows)
	}
	for i, c := range d.Changes {
		if i == shownChanges {
			w.line("… and %d others; --csv and --json have them all", len(d.Changes)-i)
			break
		}
		w.line("%s", c.text())
	}
	if len(d.Changes) > 0 {
		w.line("")
	}
}

// rate writes how many prompts a week so many are: 0 is said of none alone.
func rate(aWeek float64, n int) string {
	if aWeek == 0 && n > 0 {
		return "<0.1"
	}
	return number(aWeek)
}

// text writes a change in a line: + 2026-03-07  Acme  login-drop …
func (c *Change) text() string {
	e := &c.Episode
	sign, what, other := "+", "", "before"
	switch c.Kind {
	case Fewer:
		sign, other = "−", "now"
	case Moved:
		sign, what = "~", fmt.Sprintf(", was %s", day(c.Before))
	}
	text := fmt.Sprintf("%s %s  %s  %s%s", sign, day(e.Fired), e.name(), RuleName(e), what)
	if e.Why != nil {
		text += fmt.Sprintf("  (%s: %s)", other, e.Why.Text)
	}
	return text
}

// RuleName names an episode's playbook, and its contract where it is of one.
func RuleName(e *Episode) string {
	if e.Subject == "" {
		return e.Playbook
	}
	return e.Playbook + "/" + e.Subject
}

// WriteJSON writes the report as one JSON object.
func (r *Report) WriteJSON(out io.Writer) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// WriteCSV writes every episode as a row; with a comparison the episodes of the other
// book that have no counterpart too, and for those that differ why.
func (r *Report) WriteCSV(out io.Writer) error {
	w := csv.NewWriter(out)
	if err := w.Write([]string{"account", "playbook", "contract", "severity", "fired", "over", "days", "person", "prompted", "outcome_unanswered", "values", "change", "fired_before", "why", "told_together", "message", "held_since", "late", "draft"}); err != nil {
		return err
	}
	type key struct{ account, playbook, subject, fired string }
	keyOf := func(e *Episode) key { return key{e.Account, e.Playbook, e.Subject, e.Fired.UTC().String()} }
	changes := map[key]*Change{}
	var gone []*Change
	if r.Against != nil {
		for i := range r.Against.Changes {
			c := &r.Against.Changes[i]
			if c.Kind == Fewer {
				gone = append(gone, c)
			} else {
				changes[keyOf(&c.Episode)] = c
			}
		}
	}
	row := func(e *Episode, c *Change) error {
		rec := []string{e.Account, e.Playbook, e.Subject, e.Severity, stamp(e.Fired), stamp(e.Over), "", e.Person, stamp(e.Prompted), e.Outcome, reads(e.Values), "", "", "", stamp(e.Grouped), "", stamp(e.Held), "", ""}
		if e.Message > 0 {
			rec[15] = fmt.Sprintf("%s %d", e.Playbook, e.Message)
		}
		if e.Late {
			rec[17] = "yes"
		}
		if e.Draft { // prompted is when it would be
			rec[18] = "yes"
		}
		if !e.Over.IsZero() {
			rec[6] = number(e.Over.Sub(e.Fired).Hours() / 24)
		}
		if c != nil {
			rec[11], rec[12] = c.Kind, stamp(c.Before)
			if e.Why != nil {
				rec[13] = e.Why.Text
			}
		}
		return w.Write(rec)
	}
	for i := range r.Episodes {
		if err := row(&r.Episodes[i], changes[keyOf(&r.Episodes[i])]); err != nil {
			return err
		}
	}
	for _, c := range gone {
		if err := row(&c.Episode, c); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

// reads joins what the clauses of a condition read.
func reads(values []Value) string {
	var parts []string
	for _, v := range values {
		if v.Read != "" {
			parts = append(parts, v.Read)
		}
	}
	return strings.Join(parts, "; ")
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

func day(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.Format(time.DateOnly)
}

// number writes a number with as many places as say something: 0.043, 1.5, 12.
func number(v float64) string {
	places := 0
	switch a := max(v, -v); {
	case a == 0:
	case a < 0.1:
		places = 3
	case a < 1:
		places = 2
	case a < 100:
		places = 1
	}
	text := strconv.FormatFloat(v, 'f', places, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

func signed(v float64) string {
	if v > 0 {
		return "+" + number(v)
	}
	return strings.Replace(number(v), "-", "−", 1)
}

func percent(v float64) string { return number(float64(int(v*1000+0.5))/10) + " %" }

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// measured writes an amount with its unit: 1 week, 1.5 weeks.
func measured(v float64, unit string) string {
	text := number(v)
	if text != "1" {
		unit += "s"
	}
	return text + " " + unit
}

func upper(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return s
	}
	return string(unicode.ToUpper(first)) + s[size:]
}
