package sample_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"playcaller/bot/sample"
	"playcaller/playbooks"
	"playcaller/playbooks/library"
	"playcaller/playbooks/replay"
	"playcaller/rules"
)

var update = flag.Bool("update", false, "write the golden files anew")

// firstStart is a Monday on which the sandbox is first started.
var firstStart = rules.NewDate(2027, 4, 5)

// lived is how many days the sandbox lives through when it is first started.
const lived = 7

func starter(t *testing.T) *playbooks.Book {
	t.Helper()
	files, err := playbooks.ReadDir(library.FS)
	if err != nil {
		t.Fatal(err)
	}
	book, problems := playbooks.Load(files)
	if book == nil {
		t.Fatalf("the starter book does not load: %v", problems)
	}
	return book
}

func begun(t *testing.T, start rules.Date) *sample.Sample {
	t.Helper()
	s, err := sample.New(start)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// accounts reads what POST /v1/accounts is sent.
func accounts(t *testing.T, s *sample.Sample) []*rules.Account {
	t.Helper()
	texts, err := s.Accounts()
	if err != nil {
		t.Fatal(err)
	}
	var all []*rules.Account
	for _, text := range texts {
		var fields map[string]any
		if err := json.Unmarshal(text, &fields); err != nil {
			t.Fatal(err)
		}
		var roles []rules.Role
		for _, role := range []string{"owner", "ae", "onboarding"} {
			if who, ok := fields[role].(string); ok {
				roles = append(roles, rules.Role{Role: role, Person: who})
				delete(fields, role)
			}
		}
		fields["roles"] = roles
		text, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		a := &rules.Account{}
		if err := json.Unmarshal(text, a); err != nil {
			t.Fatal(err)
		}
		all = append(all, a)
	}
	return all
}

// A firing is a playbook that starts for an account, so many days after the first start.
type firing struct {
	account, playbook string
	day               int
}

// fires lets every account live with the starter book, from when the sandbox is first started to a day after it, while
// nobody answers anything.
func fires(t *testing.T, book *playbooks.Book, start rules.Date, until int) []firing {
	t.Helper()
	s := begun(t, start)
	signals := map[string][]rules.Signal{}
	first := (start - rules.KeepDays).In(time.UTC)
	for _, sig := range s.Signals(first, (start + rules.Date(until)).In(time.UTC)) {
		signals[sig.Account] = append(signals[sig.Account], sig)
	}
	var all []firing
	for _, a := range accounts(t, s) {
		if len(signals[a.ID]) == 0 {
			t.Fatalf("%s has no signals", a.ID)
		}
		all = append(all, firesFor(t, book, a, signals[a.ID], start, until)...)
	}
	return all
}

// firesFor lets one account live; set may change its world before.
func firesFor(t *testing.T, book *playbooks.Book, data *rules.Account, signals []rules.Signal, start rules.Date, until int, set ...func(*replay.World)) []firing {
	t.Helper()
	var all []firing
	w := replay.NewWorld(book, book.Rules.Rules, time.Time{})
	w.Feed = func(string) time.Time { return w.Now } // other accounts keep every feed alive
	w.NoStorms = true                                // one account in a world of its own is no storm and no group
	a := w.NewAccount(*data)
	w.Hooks.Begun = func(a *replay.Account, r *replay.Run) {
		all = append(all, firing{a.ID, r.Playbook, int(rules.DateOf(w.Now.In(a.Zone)) - start)})
	}
	w.Hooks.Nudged = func(a *replay.Account, r *replay.Run, e playbooks.Effect) {
		if v := r.Current(); v != nil && v.N == e.Visit && v.Delivered.IsZero() {
			w.Later(func() {
				w.Settle(a, replay.Change{Events: []playbooks.Event{{Kind: playbooks.Delivered, At: w.Now, Run: r.ID, Visit: e.Visit, Person: e.Person}}})
			})
		}
	}
	for _, f := range set {
		f(w)
	}
	settle := func(at time.Time, c replay.Change) {
		w.Now = at
		w.Settle(a, c)
		w.Drain(1000)
	}
	began := (start - lived).In(a.Zone)
	pass := func(to time.Time) { // what falls due, whether or not anything comes in
		if a.Due.IsZero() && !to.Before(began) {
			settle(began, replay.Change{All: true})
		}
		for !a.Due.IsZero() && !a.Due.After(to) {
			settle(a.Due, replay.Change{All: true})
		}
	}
	for _, sig := range signals {
		pass(sig.At)
		def := book.Signal(sig.Signal)
		if def == nil {
			t.Fatalf("%s has the signal %s, which the starter book does not declare", a.ID, sig.Signal)
		}
		if _, err := a.History.Apply(sig, *def, a.Zone, sig.At); err != nil {
			t.Fatal(err)
		}
		if !sig.At.Before(began) {
			settle(sig.At, replay.Change{Signals: []string{sig.Signal}})
		}
	}
	pass((start + rules.Date(until)).In(a.Zone))
	return all
}

// ruled returns the names of the playbooks that a rule starts.
func ruled(book *playbooks.Book) []string {
	var names []string
	for name, p := range book.Playbooks {
		if p.Rule != nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func TestEveryShippedPlaybookFiresWhateverDayTheSandboxIsFirstStarted(t *testing.T) {
	book := starter(t)
	for weekday := range rules.Date(7) {
		start := firstStart + weekday
		seen := map[string][]string{}
		there := 0
		for _, f := range fires(t, book, start, 45) {
			seen[f.playbook] = append(seen[f.playbook], fmt.Sprintf("%s %+dd", f.account, f.day))
			if f.day <= 0 {
				there++
			}
		}
		for _, name := range ruled(book) {
			if len(seen[name]) == 0 {
				t.Errorf("first started on a %s, %s fires for no account between a week before and six weeks after; what fires: %v", start.Weekday(), name, seen)
			}
		}
		if there < 4 || there > 7 {
			t.Errorf("first started on a %s, a newcomer meets %d plays, want a handful: %v", start.Weekday(), there, seen)
		}
	}
}

func TestWhatFiresForEachAccountIsAsRecorded(t *testing.T) {
	all := fires(t, starter(t), firstStart, 120)
	by := map[string][]string{}
	for _, f := range all {
		by[f.account] = append(by[f.account], fmt.Sprintf("%s %+dd", f.playbook, f.day))
	}
	var b strings.Builder
	b.WriteString("# What starts for each account, by the starter book, in days from the first start (a Monday), up to 120 days on, where nobody answers.\n")
	for _, a := range accounts(t, begun(t, firstStart)) {
		fmt.Fprintf(&b, "%s: %s\n", a.ID, strings.Join(by[a.ID], ", "))
	}
	golden(t, "testdata/fires.golden", b.String())
}

// The table of README.md says on which accounts each playbook can be seen, and when first.
func TestTheTableOfTheReadmeSaysWhatFiresWhen(t *testing.T) {
	book := starter(t)
	names := map[string]string{}
	for _, a := range accounts(t, begun(t, firstStart)) {
		names[a.ID] = a.Name
	}
	when := map[string][]firing{}
	for _, f := range fires(t, book, firstStart, 120) {
		if !slices.ContainsFunc(when[f.playbook], func(o firing) bool { return o.account == f.account }) {
			when[f.playbook] = append(when[f.playbook], f)
		}
	}
	list := ruled(book)
	slices.SortStableFunc(list, func(a, b string) int { return earliest(when[a]) - earliest(when[b]) })
	const begin, end = "<!-- what fires: written by go test ./bot/sample -update -->\n", "<!-- end of what fires -->\n"
	var b strings.Builder
	b.WriteString("\n| playbook | on whom, and how many days after the first start |\n|---|---|\n")
	for _, name := range list {
		slices.SortStableFunc(when[name], func(a, b firing) int { return a.day - b.day })
		var on []string
		for _, f := range when[name] {
			on = append(on, fmt.Sprintf("%s %+d", names[f.account], f.day))
		}
		fmt.Fprintf(&b, "| `%s` | %s |\n", name, strings.ReplaceAll(strings.Join(on, " · "), "-", "−"))
	}
	b.WriteString("| `handoff` | any account, by `/handoff` |\n\n")
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(readme), begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("README.md has no %s … %s", begin, end)
	}
	golden(t, "README.md", before+begin+b.String()+end+after)
}

func earliest(all []firing) int {
	first := 1000
	for _, f := range all {
		first = min(first, f.day)
	}
	return first
}

// golden compares a text with a file, or writes it.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("what fires has changed; if it is meant to, run go test ./bot/sample -update (-recorded +now):\n%s", diff)
	}
}

func TestThereAreTwelveAccountsOfPeopleThatTheTeamHas(t *testing.T) {
	book := starter(t)
	s := begun(t, firstStart)
	all := accounts(t, s)
	if len(all) != 12 {
		t.Errorf("%d accounts, want 12", len(all))
	}
	ids, japanese := map[string]bool{}, 0
	for _, a := range all {
		if ids[a.ID] {
			t.Errorf("%s comes twice", a.ID)
		}
		ids[a.ID] = true
		if a.Country == "JP" {
			japanese++
		}
		for _, r := range a.Roles {
			if book.Team.Person(r.Person) == nil {
				t.Errorf("%s has %s as its %s, whom team.yaml does not have", a.ID, r.Person, r.Role)
			}
		}
		if len(a.Contracts) != 1 || a.Contracts[0].Start >= a.Contracts[0].End {
			t.Errorf("%s has the contracts %+v, want one that ends after it starts", a.ID, a.Contracts)
		}
	}
	if japanese < 4 || japanese > 8 {
		t.Errorf("%d of the accounts are Japanese, want about half", japanese)
	}
}

func TestTheDataReach120DaysPastTheFirstStart(t *testing.T) {
	s := begun(t, firstStart)
	from, to := (firstStart + 119).In(time.UTC), (firstStart + 122).In(time.UTC)
	has := map[string]bool{}
	for _, sig := range s.Signals(from, to) {
		has[sig.Account] = true
	}
	silent := []string{"minato-foods", "larch-and-finch"} // nobody logs in there any more
	for _, a := range accounts(t, s) {
		if !has[a.ID] && !slices.Contains(silent, a.ID) {
			t.Errorf("%s has no data 120 days after the first start", a.ID)
		}
	}
	if next, ok := s.Next((firstStart + 118).In(time.UTC)); !ok || next.After((firstStart + 120).In(time.UTC)) {
		t.Errorf("after day 118 signals come next at %v, %v", next, ok)
	}
	if _, ok := s.Next((firstStart + 5000).In(time.UTC)); ok {
		t.Error("the data never end")
	}
}

func TestWeekdaysStayWeekdays(t *testing.T) {
	for shift := range rules.Date(7) {
		start := firstStart + shift
		sums := map[time.Weekday]float64{}
		s := begun(t, start)
		for _, sig := range s.Signals((start - 364).In(time.UTC), start.In(time.UTC)) {
			if sig.Account == "hinode-logistics" && sig.Signal == "logins" {
				sums[sig.At.In(time.FixedZone("", 9*3600)).Weekday()] += sig.Value
			}
		}
		quietest := time.Sunday
		for day, sum := range sums {
			if sum < sums[quietest] {
				quietest = day
			}
		}
		if quietest != time.Sunday {
			t.Errorf("first started on a %s, the quietest day of hinode-logistics is %s, want Sunday: %v", start.Weekday(), quietest, sums)
		}
	}
}

func TestSignalsFedInPiecesAreThoseFedAtOnce(t *testing.T) {
	s := begun(t, firstStart)
	from := (firstStart - 3).In(time.UTC)
	whole := s.Signals(from, from.Add(72*time.Hour))
	var pieces []rules.Signal
	for at, end := from, from.Add(72*time.Hour); at.Before(end); {
		next, ok := s.Next(at)
		if !ok || next.After(end) {
			next = end
		}
		if !next.After(at) {
			t.Fatalf("after %v comes %v", at, next)
		}
		pieces = append(pieces, s.Signals(at, next)...)
		at = next
	}
	byTime := func(a, b rules.Signal) int { // hours are fed after they are over, so that pieces overlap in time
		if c := a.At.Compare(b.At); c != 0 {
			return c
		}
		return strings.Compare(a.Account+a.ID, b.Account+b.ID)
	}
	slices.SortFunc(whole, byTime)
	slices.SortFunc(pieces, byTime)
	if diff := cmp.Diff(whole, pieces); diff != "" {
		t.Errorf("(-at once +in pieces):\n%s", diff)
	}
	ids := map[string]bool{}
	for _, sig := range whole {
		if sig.ID == "" || ids[sig.Account+sig.ID] {
			t.Errorf("the id %q of %s is empty or comes twice", sig.ID, sig.Account)
		}
		ids[sig.Account+sig.ID] = true
	}
}

func TestADaysValueIsSpreadOverTheDayAndAddsUp(t *testing.T) {
	s := begun(t, firstStart)
	var noon, evening float64
	for _, sig := range s.Signals((firstStart - 28).In(time.UTC), firstStart.In(time.UTC)) {
		if sig.Account != "quarry-software" || sig.Signal != "logins" {
			continue
		}
		if sig.At.In(time.FixedZone("", -4*3600)).Hour() < 15 {
			noon += sig.Value
		} else {
			evening += sig.Value
		}
	}
	if share := noon / (noon + evening); share < 0.35 || share > 0.45 {
		t.Errorf("%.0f%% of the logins come by noon, want about 40%%", 100*share)
	}
	if mean := (noon + evening) / 28; mean < 35 || mean > 65 {
		t.Errorf("%.0f logins a day, want about the 48 that accounts.yaml says", mean)
	}
}
