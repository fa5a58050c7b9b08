package backtest_test

import (
	"bytes"
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"

	"playcaller/playbooks/backtest"
)

// Ten accounts, of which two churn. The playbook finds one of them, ten days before, and
// is wrong once.
func TestOutcomesAreWhatHandCountingSays(t *testing.T) {
	const busy = "5 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5"
	var all []backtest.Input
	for n := range 10 {
		all = append(all, input(t, fmt.Sprintf("a%d", n), "2026-03-02", busy))
	}
	all[0] = input(t, "a0", "2026-03-02", "5 5 5 0 0 0 0 0 0 0 0 0 0 0 0 0")
	all[0].End = backtest.End{Kind: backtest.Churned, On: date(t, "2026-03-17")} // fired on the 7th
	all[1].End = backtest.End{Kind: backtest.Churned, On: date(t, "2026-03-20")}
	all[2] = input(t, "a2", "2026-03-02", "5 5 5 0 0 0 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5") // wrong: it stays
	all[3] = input(t, "a3", "2026-03-02", busy[:len(busy)-16]+" 0 0 0 0 5 5 5 5")                        // too late to tell
	quiet := strings.Replace(quietLogins(3), "cooldown: 5d", "cooldown: 60d", 1)
	r := run(t, book(t, quiet), backtest.Options{From: date(t, "2026-03-02"), To: date(t, "2026-03-31"), Within: 12, Chance: -1, Seed: 1}, all...)
	o := r.Outcomes
	if o == nil || o.Churned != 2 || o.Stayed != 8 || o.Within != 12 {
		t.Fatalf("%+v", o)
	}
	l := o.Lines[0]
	if l.Precision.N != 1 || l.Precision.Of != 2 || l.Recall.N != 1 || l.Recall.Of != 2 || l.Lead.Median != 10 || l.Undecided != 1 {
		t.Errorf("%+v", l)
	}
	// The ends fall on two of ten accounts at random. The first, on the 17th, is met by the
	// firing of a0 or a2 (both on the 7th), the second, on the 20th, by neither; a3's firing
	// comes after both. So one is found in 2 of 10 deals, and 0.1 of the two on average.
	if math.Abs(l.P-0.2) > 0.03 || math.Abs(l.ByChance-0.1) > 0.015 {
		t.Errorf("by chance %g, as well %g", l.ByChance, l.P)
	}
	if r := run(t, book(t, quiet), backtest.Options{From: date(t, "2026-03-02"), To: date(t, "2026-03-31"), Chance: -1}, all[4:]...); r.Outcomes != nil {
		t.Errorf("nothing is known of these, and it says %+v", r.Outcomes)
	}
}

// An account that leaves on the first day that is played is none of those that could be
// found in time, even where something fires on it that day.
func TestAnEndOnTheFirstDayIsNotFound(t *testing.T) {
	var all []backtest.Input
	for id, end := range []string{"2026-03-05", "2026-03-05", "2026-03-12"} {
		in := input(t, fmt.Sprintf("a%d", id), "2026-03-02", "5 5 5 9")
		if end != "2026-03-05" {
			in = input(t, in.Account.ID, "2026-03-02", "5 5 5 5")
		}
		in.End = backtest.End{Kind: backtest.Churned, On: date(t, end)}
		all = append(all, in)
	}
	busy := strings.Replace(quietLogins(3), "logins.days_since() >= 3", `logins.sum("1d") >= 8`, 1)
	busy = strings.Replace(busy, "cooldown: 5d", "cooldown: 60d", 1)
	r := run(t, book(t, busy), backtest.Options{From: date(t, "2026-03-05"), To: date(t, "2026-03-20"), Chance: -1, Seed: 1}, all...)
	if len(r.Episodes) != 2 || r.Outcomes == nil {
		t.Fatalf("%v %+v", told(r.Episodes), r.Outcomes)
	}
	if l := r.Outcomes.Lines[0]; r.Outcomes.Churned != 1 || l.Recall.N != 0 || l.Recall.Of != 1 {
		t.Errorf("%d churned, %+v", r.Outcomes.Churned, l)
	}
	if err := r.WriteJSON(&bytes.Buffer{}); err != nil {
		t.Error(err)
	}
}

// An account is not played after it has left.
func TestNothingFiresOnAnAccountThatHasLeft(t *testing.T) {
	in := input(t, "acme", "2026-03-02", "5 5 5 0 0 0 0 0 0 0")
	in.End = backtest.End{Kind: backtest.Churned, On: date(t, "2026-03-06")}
	r := run(t, book(t, quietLogins(3)), backtest.Options{From: date(t, "2026-03-02"), To: date(t, "2026-03-31"), Chance: -1}, in)
	if len(r.Episodes) != 0 || r.Days != 5 {
		t.Errorf("%d days, %v", r.Days, told(r.Episodes))
	}
}

// The intervals are those of published tables: Wilson's for 1 of 2 and 81 of 263
// (Newcombe 1998, table I: 0.2553 to 0.3662).
func TestIntervalsAreThePublishedOnes(t *testing.T) {
	for _, c := range []struct {
		n, of     int
		low, high float64
	}{{81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0, 0.1611}, {1, 29, 0.0061, 0.1718}} {
		s := backtest.ShareOf(c.n, c.of)
		if math.Abs(s.Low-c.low) > 0.0001 || math.Abs(s.High-c.high) > 0.0001 {
			t.Errorf("%d of %d: %.4f to %.4f, want %g to %g", c.n, c.of, s.Low, s.High, c.low, c.high)
		}
	}
	// Garwood's for a count of 10 (Ulm 1990: 4.795 to 18.391), and of none: up to 3.689.
	if r := backtest.RateOf(10, 1); math.Abs(r.Low-4.795) > 0.001 || math.Abs(r.High-18.391) > 0.001 {
		t.Errorf("%+v", r)
	}
	if r := backtest.RateOf(0, 1); r.Low != 0 || math.Abs(r.High-3.689) > 0.001 {
		t.Errorf("%+v", r)
	}
}

// The page stands alone, and a name from the data is text in it.
func TestThePageNeedsNothingElseAndEscapesNames(t *testing.T) {
	in := input(t, `<script>alert(1)</script>`, "2026-03-02", "5 5 5 0 0 0 0 0 0 0 4 4 4 4")
	in.Account.Name = in.Account.ID
	o := backtest.Options{From: date(t, "2026-03-02"), To: date(t, "2026-03-15"), Seed: 1, Against: book(t, quietLogins(5)), Accounts: 1, Chance: 2}
	in.End = backtest.End{Kind: backtest.Churned, On: date(t, "2026-03-15")}
	r := run(t, book(t, quietLogins(3)), o, in)
	var page bytes.Buffer
	if err := r.WriteHTML(&page); err != nil {
		t.Fatal(err)
	}
	for _, not := range []string{"<script", "http://", "https://", "NaN", "<no value>", "%!"} {
		if strings.Contains(page.String(), not) {
			t.Errorf("the page has %q", not)
		}
	}
	for _, want := range []string{"Prompts a week", "Who would have been asked", "When, and on which accounts", "Against the other book: 0 more, 0 fewer, 1 moved", "How often it was right", "&lt;script&gt;"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	// A label beside the dashed line would lie on the bars of the last weeks, and be cut off.
	if !regexp.MustCompile(`The dashed line is what chance alone brings: [0-9.]+ a week\.`).MatchString(page.String()) || regexp.MustCompile(`>by chance: [^<]* a week<`).MatchString(page.String()) {
		t.Error("what chance brings stands in the chart and not above it")
	}
	if n := strings.Count(page.String(), "<svg"); n != strings.Count(page.String(), "</svg>") || n < 5 {
		t.Errorf("%d charts", n)
	}
}

// A report of nothing is written too.
func TestAReportWithoutFiringsIsWritten(t *testing.T) {
	r := run(t, book(t, quietLogins(3)), backtest.Options{From: date(t, "2026-03-02"), To: date(t, "2026-03-15"), Against: book(t, quietLogins(4))})
	for name, write := range map[string]func(*bytes.Buffer) error{
		"text": func(b *bytes.Buffer) error { return r.WriteText(b) }, "html": func(b *bytes.Buffer) error { return r.WriteHTML(b) },
		"csv": func(b *bytes.Buffer) error { return r.WriteCSV(b) }, "json": func(b *bytes.Buffer) error { return r.WriteJSON(b) },
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil || strings.Contains(b.String(), "NaN") {
			t.Errorf("%s: %v\n%s", name, err, b.String())
		}
	}
}
