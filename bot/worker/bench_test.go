package worker_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jonboulle/clockwork"

	"playcaller/bot/inbox"
	"playcaller/bot/sender"
	"playcaller/bot/stream"
	"playcaller/bot/worker"
	"playcaller/playbooks"
	"playcaller/rules"
	"playcaller/store"
	"playcaller/store/sqlite"
)

// patience is how long a test waits for what must come. It is long because machines that run tests are slow.
const patience = 2 * time.Minute

// monday is 10:00 in Tokyo, where tanaka works.
var monday = time.Date(2027, 4, 5, 1, 0, 0, 0, time.UTC)

// A bench is a worker on a real stream and a real store, with a Slack that only takes notes. It can be stopped and
// started again on the same data.
type bench struct {
	t     *testing.T
	dir   string
	clock *clockwork.FakeClock
	book  *playbooks.Book
	slack *slack // outlives restarts, as Slack does
	disk  *disk
	hooks *hooks
	log   *slog.Logger

	stream  *stream.Stream
	backend store.Backend
	records store.Records
	worker  *worker.Worker
	stop    context.CancelFunc
	stopped chan error
	read    int // posts that a test has looked at

	acceptLoss bool
	switched   atomic.Int64 // how many partitions said that they judge by another book
}

// newBench starts a worker that judges by the files of a book.
func newBench(t *testing.T, files map[string]string) *bench {
	t.Helper()
	b := &bench{t: t, dir: t.TempDir(), clock: clockwork.NewFakeClockAt(monday), book: load(t, files), slack: newSlack(), disk: &disk{}, hooks: &hooks{came: make(chan struct{}, 100)},
		log: slog.New(slog.DiscardHandler)}
	b.disk.mend()
	b.start()
	t.Cleanup(func() {
		if b.stop != nil {
			b.halt()
		}
	})
	return b
}

func load(t *testing.T, files map[string]string) *playbooks.Book {
	t.Helper()
	all := map[string][]byte{}
	for name, text := range shared {
		all[name] = []byte(text)
	}
	for name, text := range files {
		all[name] = []byte(text)
	}
	book, problems := playbooks.Load(all)
	if book == nil {
		for _, p := range problems {
			t.Error(p.Long())
		}
		t.Fatal("the book does not load")
	}
	return book
}

func (b *bench) start() {
	b.t.Helper()
	ctx := context.Background()
	var err error
	if b.stream, err = stream.Open(ctx, stream.Options{Dir: filepath.Join(b.dir, "stream"), Partitions: 4, Clock: b.clock, Logger: b.log}); err != nil {
		b.t.Fatal(err)
	}
	if b.backend, err = sqlite.Open(ctx, filepath.Join(b.dir, "db"), store.Collections()); err != nil {
		b.t.Fatal(err)
	}
	b.backend = failing{b.backend, b.disk}
	b.records = store.In(b.backend)
	b.worker = worker.New(worker.Options{Stream: b.stream, Records: b.records, Sender: b.slack, Draw: b.draw, Call: b.hooks.call, Book: b.book,
		Switched: func(int, string) { b.switched.Add(1) }, Clock: b.clock, Logger: b.log, FlushEvery: 50 * time.Millisecond, AcceptLoss: b.acceptLoss})
	b.slack.serve(b.worker)
	run, stop := context.WithCancel(ctx)
	b.stop, b.stopped = stop, make(chan error, 1)
	go func() { b.stopped <- b.worker.Run(run) }()
}

// halt stops the worker and closes what it works on.
func (b *bench) halt() {
	b.t.Helper()
	b.stop()
	if err := <-b.stopped; err != nil {
		b.t.Errorf("the worker ended with %v", err)
	}
	if err := errors.Join(b.stream.Close(context.Background()), b.backend.Close()); err != nil {
		b.t.Error(err)
	}
	b.stop = nil
}

// restart stops the worker and starts it again on what it has written.
func (b *bench) restart() {
	b.t.Helper()
	b.halt()
	b.start()
}

// rest waits until the worker has nothing left to do.
func (b *bench) rest() {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := b.worker.Rest(ctx); err != nil {
		b.t.Fatal(err)
	}
}

// to lets business time pass until then, stopping wherever something is due, and comes to rest.
func (b *bench) to(at string) {
	b.t.Helper()
	until := b.tokyo(at)
	for b.rest(); b.clock.Now().Before(until); b.rest() {
		next := until
		if due, ok := b.worker.NextDue(); ok && due.Before(until) {
			next = due
		}
		b.clock.Advance(max(next.Sub(b.clock.Now()), 0))
		b.worker.Poke()
	}
}

func (b *bench) tokyo(at string) time.Time {
	b.t.Helper()
	zone, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		b.t.Fatal(err)
	}
	then, err := time.ParseInLocation("2006-01-02 15:04", at, zone)
	if err != nil {
		b.t.Fatal(err)
	}
	return then
}

// send publishes events and comes to rest.
func (b *bench) send(events ...stream.Event) {
	b.t.Helper()
	b.publish(events...)
	b.rest()
}

func (b *bench) publish(events ...stream.Event) {
	b.t.Helper()
	for _, ev := range events {
		lane := stream.Now
		if ev.Kind == inbox.SignalsKind || ev.Kind == inbox.AccountKind {
			lane = stream.Bulk
		}
		if err := b.stream.Publish(context.Background(), lane, ev); err != nil {
			b.t.Fatal(err)
		}
	}
}

func (b *bench) event(key, kind string, content any) stream.Event {
	b.t.Helper()
	ev, err := inbox.Event(key, kind, b.clock.Now(), content)
	if err != nil {
		b.t.Fatal(err)
	}
	return ev
}

// account makes or changes an account: fields as JSON.
func (b *bench) account(id, fields string) stream.Event {
	b.t.Helper()
	return b.event(inbox.AccountKey(id), inbox.AccountKind, json.RawMessage(fields))
}

// acme is an account of tanaka's in Tokyo.
func (b *bench) acme() stream.Event {
	return b.account("acme", `{"name":"Acme KK","time_zone":"Asia/Tokyo","stage":"adoption","roles":[{"role":"owner","person":"tanaka"}]}`)
}

// signal sends a value of today.
func (b *bench) signal(account, name string, value float64) stream.Event {
	b.t.Helper()
	return b.event(inbox.AccountKey(account), inbox.SignalsKind, []rules.Signal{{Account: account, Signal: name, Value: value, At: b.clock.Now()}})
}

// act is something that happens to the one open run of a playbook, at the visit it is at.
func (b *bench) act(account, playbook string, e playbooks.Event) stream.Event {
	b.t.Helper()
	r := b.run(account, playbook)
	e.Run, e.At = r.ID, b.clock.Now()
	if v := r.Current(); v != nil {
		e.Visit = v.N
	}
	ev, err := inbox.Run(account, e)
	if err != nil {
		b.t.Fatal(err)
	}
	return ev
}

func (b *bench) answer(account, playbook, answer string) stream.Event {
	return b.act(account, playbook, playbooks.Event{Kind: playbooks.Answered, By: "tanaka", Answer: answer})
}

// runs returns the runs of an account in the order in which they began.
func (b *bench) runs(account string) []store.Run {
	b.t.Helper()
	docs, err := b.records.Runs.Find(context.Background(), store.Query{Field: "account", Equal: account})
	if err != nil {
		b.t.Fatal(err)
	}
	slices.SortFunc(docs, func(x, y store.Doc[store.Run]) int {
		if c := x.Value.Began.Compare(y.Value.Began); c != 0 {
			return c
		}
		return strings.Compare(x.Value.Playbook, y.Value.Playbook)
	})
	runs := make([]store.Run, len(docs))
	for i, d := range docs {
		runs[i] = d.Value
	}
	return runs
}

// run returns the latest run of a playbook.
func (b *bench) run(account, playbook string) store.Run {
	b.t.Helper()
	all := b.runs(account)
	for _, r := range slices.Backward(all) {
		if r.Playbook == playbook {
			return r
		}
	}
	b.t.Fatalf("%s has no run of %s among %d", account, playbook, len(all))
	return store.Run{}
}

// stands compares where the account's runs are: "playbook at step", "playbook =outcome", with "(held)" where they wait.
func (b *bench) stands(account string, want ...string) {
	b.t.Helper()
	var got []string
	for _, r := range b.runs(account) {
		at := r.Playbook + " at " + r.Step
		switch {
		case !r.Open():
			at = r.Playbook + " =" + r.Outcome
		case r.Ending():
			at = r.Playbook + " ending =" + r.Outcome
		}
		if r.Held != "" && r.Open() {
			at += " (held)"
		}
		got = append(got, at)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		b.t.Errorf("runs of %s (-want +got):\n%s", account, diff)
	}
}

// known returns an account as the worker has it in memory.
func (b *bench) known(account string) store.Account {
	b.t.Helper()
	var a store.Account
	if !b.worker.View(account, func(v *store.Account, h *rules.History, _ *playbooks.Book) {
		a = *v
		a.States, a.Snoozes = maps.Clone(v.States), maps.Clone(v.Snoozes)
	}) {
		b.t.Fatalf("the worker does not have account %s", account)
	}
	return a
}

// days returns a signal's values by day.
func (b *bench) days(account, signal string) map[string]float64 {
	b.t.Helper()
	got := map[string]float64{}
	b.worker.View(account, func(_ *store.Account, h *rules.History, _ *playbooks.Book) {
		today := rules.DateOf(b.clock.Now())
		for _, d := range h.Days(signal, "", today-30, today+3) {
			got[d.Date.String()] = d.Value
		}
	})
	return got
}

// decisions returns what was recorded of an account and playbook, oldest first: "outcome" or "outcome reason".
func (b *bench) decisions(account, playbook string) []string {
	b.t.Helper()
	docs, err := b.records.Decisions.Find(context.Background(), store.Query{Field: "rule", From: account + "|" + playbook + "|", To: account + "|" + playbook + "}"})
	if err != nil {
		b.t.Fatal(err)
	}
	var all []string
	for _, d := range docs {
		all = append(all, strings.TrimSpace(string(d.Value.Outcome)+" "+string(d.Value.Reason)))
	}
	return all
}

// posted compares what Slack was sent since the last look, in any order between channels.
func (b *bench) posted(want ...string) {
	b.t.Helper()
	got := b.slack.after(b.read)
	b.read += len(got)
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" && len(want)+len(got) > 0 {
		b.t.Errorf("posted (-want +got):\n%s", diff)
	}
}

// draw writes a message in short, as things stand now.
func (b *bench) draw(ctx context.Context, channel string, out store.Outgoing) (sender.Item, bool, error) {
	item := sender.Item{Key: out.Key, Run: out.Run, Version: out.Version, Kind: sender.Post, Channel: channel, Uncertain: out.Uncertain}
	switch out.Kind {
	case "parked", "storm", worker.FeedStopped, worker.FeedBack, worker.OpsListed:
		b.worker.View(out.Text, func(*store.Account, *rules.History, *playbooks.Book) {}) // as drawing an account's card does
		item.Text = out.Kind + " " + out.Text
		return item, true, nil
	case "group":
		var told playbooks.GroupTold
		if err := json.Unmarshal(out.Body, &told); err != nil {
			return item, false, err
		}
		item.Text = "group " + out.Text + ": " + strings.Join(told.Accounts(), " ")
		if out.Sent.TS != "" || out.Handed {
			item.Kind, item.Uncertain = sender.Update, false
		}
		return item, true, nil
	case "lines":
		var lines []string
		for _, l := range out.Lines {
			d, err := b.records.Runs.Get(ctx, l.Run)
			if err != nil {
				return item, false, err
			}
			lines = append(lines, l.What+" "+d.Value.Playbook)
		}
		b.slack.note(out.Lines)
		if item.Text = strings.Join(lines, ", "); out.Digest {
			item.Text = "morning: " + item.Text
		}
		return item, true, nil
	}
	d, err := b.records.Runs.Get(ctx, out.Run)
	if err != nil {
		return item, false, err
	}
	r := d.Value
	switch item.Text = "card " + r.Playbook; out.Kind {
	case "card":
		item.Version = r.Version
		if out.Sent.TS != "" || r.Card.TS != "" || out.Handed {
			item.Kind, item.Uncertain = sender.Update, false
		}
	case "log":
		item.Kind = sender.Thread
		var said []string
		for _, e := range r.Log[out.From:out.To] {
			if !e.Quiet() {
				said = append(said, strings.TrimPrefix(e.What, "log."))
			}
		}
		item.Text = "log " + r.Playbook + ": " + strings.Join(said, " ")
		return item, len(said) > 0, nil
	case "say":
		item.Text = "say " + r.Playbook + " " + out.Effect.Step
	}
	return item, true, nil
}

// slack takes messages and answers at once. What has been posted under a key is never posted again: an item that is not
// marked as uncertain and comes twice is a doubled message.
type slack struct {
	mu      sync.Mutex
	worker  *worker.Worker
	posts   []string
	by      map[string]int   // posts by key
	edits   map[string]int64 // the version that a post was last edited to
	doubled []string
	lines   []string // keys of the lines that were drawn
	away    bool     // Slack cannot be reached: items wait
	waiting []func()
	refuses string // messages with this text are refused
}

func newSlack() *slack { return &slack{by: map[string]int{}, edits: map[string]int64{}} }

func (s *slack) serve(w *worker.Worker) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.worker, s.waiting = w, nil
}

// Enqueue implements worker.Sender.
func (s *slack) Enqueue(queue string, items ...sender.Item) {
	for _, item := range items {
		s.mu.Lock()
		w, away := s.worker, s.away
		if away {
			s.waiting = append(s.waiting, func() { s.take(w, queue, item) })
		}
		s.mu.Unlock()
		if !away {
			s.take(w, queue, item)
		}
	}
}

func (s *slack) take(w *worker.Worker, queue string, item sender.Item) {
	s.mu.Lock()
	res := sender.Result{Queue: queue, Key: item.Key, Run: item.Run, Version: item.Version, Kind: item.Kind, Channel: strings.TrimPrefix(queue, "channel:")}
	had := s.by[item.Key]
	switch {
	case s.refuses != "" && item.Text == s.refuses:
		res.Err = errors.New("msg_too_long")
	case item.Kind == sender.Update:
		s.edits[item.Key] = item.Version
	case had > 0 && item.Uncertain: // found in the channel's history
	default:
		if had > 0 {
			s.doubled = append(s.doubled, item.Key)
		}
		s.by[item.Key]++
		s.posts = append(s.posts, res.Channel+": "+item.Text)
	}
	res.TS = fmt.Sprint(len(s.by))
	s.mu.Unlock()
	_ = w.Report(context.Background(), res) // fails while the bench is being stopped, as after a kill
}

func (s *slack) note(lines []store.Line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range lines {
		s.lines = append(s.lines, l.Key)
	}
}

// back makes Slack reachable again; what waited is sent.
func (s *slack) back() {
	s.mu.Lock()
	waiting := s.waiting
	s.away, s.waiting = false, nil
	s.mu.Unlock()
	for _, send := range waiting {
		send()
	}
}

func (s *slack) after(n int) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.posts[n:])
}

// Drop implements worker.Sender.
func (s *slack) Drop(context.Context, string) {}

// Pending implements worker.Sender. What waits for a Slack that cannot be reached does not keep the bench from resting.
func (s *slack) Pending() int { return 0 }

// told returns every message, and every line of the direct ones, with how often it was sent.
func (s *slack) told() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	times := map[string]int{}
	for _, p := range s.posts {
		where, what, _ := strings.Cut(p, ": ")
		switch {
		case strings.HasPrefix(where, "dm:"):
			for line := range strings.SplitSeq(strings.TrimPrefix(what, "morning: "), ", ") {
				times[where+" "+line]++
			}
		case strings.HasPrefix(what, "log "):
			name, entries, _ := strings.Cut(what, ": ")
			for e := range strings.FieldsSeq(entries) {
				times[where+" "+name+" "+e]++
			}
		default:
			times[p]++
		}
	}
	var all []string
	for _, what := range slices.Sorted(maps.Keys(times)) {
		all = append(all, fmt.Sprintf("%d times %s", times[what], what))
	}
	return all
}

// disk gives out after some writes, until it is mended.
type disk struct {
	mu     sync.Mutex
	left   int
	broken chan struct{} // closed when it gives out
	writes atomic.Int64
}

func (d *disk) fail(after int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.left, d.broken = after, make(chan struct{})
}

func (d *disk) mend() { d.fail(1 << 40) }

func (d *disk) gone() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.broken
}

func (d *disk) write() error {
	d.writes.Add(1)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.left--; d.left >= 0 {
		return nil
	}
	if d.left == -1 {
		close(d.broken)
	}
	return fmt.Errorf("the disk is gone: %w", store.ErrUnavailable)
}

// survive does something and comes to rest. If the disk gives out meanwhile the process is as good as killed: nothing more
// is written, and it is started again on what had been.
func (b *bench) survive(do func()) {
	b.t.Helper()
	do()
	for !b.restOrGone() {
		b.halt()
		b.disk.mend()
		b.start()
	}
}

func (b *bench) restOrGone() bool {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	gone := b.disk.gone()
	rested := make(chan error, 1)
	go func() { rested <- b.worker.Rest(ctx) }()
	select {
	case err := <-rested:
		if err != nil {
			b.t.Fatal(err)
		}
		return true
	case <-gone:
		cancel()
		<-rested
		return false
	}
}

// pass is to, through a kill.
func (b *bench) pass(at string) {
	b.t.Helper()
	until := b.tokyo(at)
	for b.survive(func() {}); b.clock.Now().Before(until); {
		next := until
		if due, ok := b.worker.NextDue(); ok && due.Before(until) {
			next = due
		}
		b.survive(func() {
			b.clock.Advance(max(next.Sub(b.clock.Now()), 0))
			b.worker.Poke()
		})
	}
}

// failing is a store on a disk that may give out.
type failing struct {
	store.Backend
	disk *disk
}

func (f failing) Insert(ctx context.Context, collection string, r store.Record) error {
	if err := f.disk.write(); err != nil {
		return err
	}
	return f.Backend.Insert(ctx, collection, r)
}

func (f failing) Replace(ctx context.Context, collection string, r store.Record) error {
	if err := f.disk.write(); err != nil {
		return err
	}
	return f.Backend.Replace(ctx, collection, r)
}

func (f failing) BulkReplace(ctx context.Context, collection string, rs []store.Record) ([]string, error) {
	if len(rs) == 0 {
		return nil, nil
	}
	if err := f.disk.write(); err != nil {
		return nil, err
	}
	return f.Backend.BulkReplace(ctx, collection, rs)
}
