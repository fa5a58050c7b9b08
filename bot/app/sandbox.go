package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"playcaller/bot/sample"
	"playcaller/bot/sandbox"
	"playcaller/bot/stream"
	"playcaller/rules"
)

// lived is how much business time the sandbox lives through when it is first started, so that there is something to see.
const lived = 7 * 24 * time.Hour

// faster is by how much the sandbox's rates exceed Slack's while bot and workspace are one process: weeks pass in seconds
// there. With --workspace-only they are Slack's.
const faster = 50

// feedChunk is how many signals are sent in one request.
const feedChunk = 5000

// SandboxOptions are the flags of the sandbox command.
type SandboxOptions struct {
	Addr          string
	Book          string // the starter library where empty
	Data          string
	WorkspaceOnly bool
	MongoURI      string
	NATSURL       string
	Log           *slog.Logger
	Out           io.Writer        // for people
	Ready         func(url string) // called once the page can be used; may be nil
	Reload        <-chan struct{}  // each makes the bot read its book again; may be nil
	Timing        sandbox.Timing   // of the workspace; Slack's where zero
}

// Sandbox is a workspace and, unless it stands alone, the bot on it and the sample accounts.
type Sandbox struct {
	o         SandboxOptions
	url       string
	clock     *Clock
	workspace *sandbox.Workspace
	bot       *Bot
	sample    *sample.Sample
	release   func() // of the data directory's lock, where there is no bot to hold it

	mu  sync.Mutex // turning the clock and feeding are done by one at a time
	fed time.Time  // signals have been fed up to here
}

// RunSandbox runs the sandbox until ctx ends.
func RunSandbox(ctx context.Context, o SandboxOptions) error {
	s := &Sandbox{o: o}
	listener, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return fmt.Errorf("listen: %w; choose another address with --addr 127.0.0.1:PORT", err)
	}
	defer listener.Close()
	if !listener.Addr().(*net.TCPAddr).IP.IsLoopback() {
		return fmt.Errorf("the sandbox has no passwords, so it listens on this machine alone: use --addr 127.0.0.1:PORT, not %s", o.Addr)
	}
	s.url = "http://" + listener.Addr().String()
	if err := s.open(ctx); err != nil {
		return err
	}
	err = s.serve(ctx, listener)
	return errors.Join(err, s.close())
}

// open opens the parts. What was opened is closed again if something fails.
func (s *Sandbox) open(ctx context.Context) (err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	back := lived
	if s.o.WorkspaceOnly { // otherwise the bot locks the directory
		back = 0
		if s.release, err = stream.LockDir(s.o.Data); err != nil {
			return err
		}
	}
	if s.clock, err = OpenClock(filepath.Join(s.o.Data, "clock.json"), back); err != nil {
		return err
	}
	book, err := ReadBook(s.o.Book)
	if err != nil {
		return err
	}
	if !s.o.WorkspaceOnly {
		var c Config
		c.Data, c.Book = s.o.Data, s.o.Book
		c.Slack.BotToken, c.Slack.AppToken, c.Slack.APIURL = sandbox.BotToken, sandbox.AppToken, s.url+"/api/"
		c.Store.MongoURI, c.Stream.URL = s.o.MongoURI, s.o.NATSURL
		c.Slack.Pace, c.Foresee, c.CatchAll = faster, true, s.url+"/sandbox/webhooks/"
		if s.bot, err = Open(ctx, c, s.clock, s.o.Log); err != nil {
			return err
		}
		if s.sample, err = sample.New(rules.DateOf(s.clock.Start().UTC())); err != nil {
			return err
		}
	}
	return s.openWorkspace(book)
}

// serve answers requests, starts the bot, and brings the sandbox to the present.
func (s *Sandbox) serve(ctx context.Context, listener net.Listener) error {
	mux := http.NewServeMux()
	mux.Handle("/", s.workspace.Handler())
	if s.bot != nil {
		for _, path := range []string{"/v1/", "/livez", "/readyz", "/metrics"} {
			mux.Handle(path, s.bot.Handler())
		}
		mux.HandleFunc("GET /sandbox/book", s.book)
		mux.HandleFunc("GET /sandbox/rules", s.rules)
	}
	server := &http.Server{Handler: sandbox.LocalOnly(mux), ReadHeaderTimeout: 10 * time.Second}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	g.Go(func() error {
		<-ctx.Done()
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		if err := server.Shutdown(end); err != nil {
			return server.Close() // event streams and sockets stay open until they are cut
		}
		return nil
	})
	if s.bot == nil {
		fmt.Fprintf(s.o.Out, "A Slack workspace without a bot is at %s\nPoint a bot at it: SLACK_API_URL=%s/api/ SLACK_BOT_TOKEN=%s SLACK_APP_TOKEN=%s\n",
			s.url, s.url, sandbox.BotToken, sandbox.AppToken)
		s.ready()
		return g.Wait()
	}
	g.Go(func() error { return s.bot.Run(ctx) })
	g.Go(func() error { return s.live(ctx) })
	g.Go(func() error { return s.reload(ctx) })
	err := g.Wait()
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func (s *Sandbox) ready() {
	if s.o.Ready != nil {
		s.o.Ready(s.url)
	}
}

// live brings the sandbox up to the present when it starts, and then feeds the sample data as time passes.
func (s *Sandbox) live(ctx context.Context) error {
	if err := s.connected(ctx); err != nil {
		return err
	}
	fmt.Fprintf(s.o.Out, "The sandbox is at %s\n", s.url)
	if err := s.begin(ctx); err != nil {
		return err
	}
	fmt.Fprintf(s.o.Out, "Ready. It is %s there. Ctrl-C stops it; what happened is kept in %s.\n", s.clock.Now().Format("Mon 2 Jan 2006 15:04 MST"), s.o.Data)
	s.ready()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.mu.Lock()
			err := errors.Join(s.feed(ctx, s.clock.Now()), s.writeFed())
			s.mu.Unlock()
			if err != nil && ctx.Err() == nil {
				s.o.Log.Error("sample data could not be fed", "error", err)
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// connected waits until the bot works and is connected to the workspace.
func (s *Sandbox) connected(ctx context.Context) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if s.bot.Ready() == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// begin makes the accounts and their history on the first start, and lives through what has passed since the last.
func (s *Sandbox) begin(ctx context.Context) error {
	s.mu.Lock()
	var err error
	if s.fed, err = s.readFed(); errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintln(s.o.Out, "First start: making twelve sample accounts, and living through the last week …")
		err = s.found(ctx)
	}
	s.mu.Unlock()
	if err != nil || !s.clock.Now().Before(time.Now()) {
		return err
	}
	return s.Advance(ctx, time.Now())
}

// found makes the accounts. Their history comes first, so that they are judged with it.
func (s *Sandbox) found(ctx context.Context) error {
	s.fed = s.clock.Now().AddDate(0, 0, -rules.KeepDays)
	if err := s.feed(ctx, s.clock.Now()); err != nil {
		return err
	}
	accounts, err := s.sample.Accounts()
	if err != nil {
		return err
	}
	if err := s.post(ctx, "/v1/accounts", accounts); err != nil {
		return err
	}
	return s.writeFed()
}

// feed sends the sample data that have come due. s.mu is held.
func (s *Sandbox) feed(ctx context.Context, to time.Time) error {
	if !to.After(s.fed) {
		return nil
	}
	signals := s.sample.Signals(s.fed, to)
	for len(signals) > 0 {
		n := min(feedChunk, len(signals))
		chunk := make([]json.RawMessage, n)
		for i, sig := range signals[:n] {
			text, err := json.Marshal(sig)
			if err != nil {
				return err
			}
			chunk[i] = text
		}
		if err := s.post(ctx, "/v1/signals", chunk); err != nil {
			return err
		}
		signals = signals[n:]
	}
	s.fed = to
	return nil
}

// post sends objects to the bot's own HTTP side, as any other source would.
func (s *Sandbox) post(ctx context.Context, path string, objects []json.RawMessage) error {
	body, err := json.Marshal(objects)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	var answer struct {
		Error    string
		Rejected []struct{ Error string }
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return fmt.Errorf("%s: %s: %w", path, res.Status, err)
	}
	if res.StatusCode != http.StatusAccepted {
		return fmt.Errorf("%s: %s: %s", path, res.Status, answer.Error)
	}
	if len(answer.Rejected) > 0 {
		s.o.Log.Warn("sample data refused", "path", path, "count", len(answer.Rejected), "error", answer.Rejected[0].Error)
	}
	return nil
}

// Advance turns business time to a later moment: it steps to each time at which something is due or sample data come in,
// lets the bot come to rest, and goes on.
func (s *Sandbox) Advance(ctx context.Context, to time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if err := s.rest(ctx); err != nil {
			return err
		}
		next := to
		if at, ok, err := s.dueAfter(); err != nil {
			return err
		} else if ok && at.Before(next) {
			next = at
		}
		if err := s.clock.Set(next); err != nil {
			return err
		}
		if err := errors.Join(s.feed(ctx, next), s.writeFed()); err != nil {
			return err
		}
		s.bot.worker.Poke()
		if !next.Before(to) {
			return s.rest(ctx)
		}
	}
}

// rest waits until what people did in the workspace has been answered, which is partly done after it was acknowledged, and
// the worker has nothing left to do.
func (s *Sandbox) rest(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for s.bot.slack.Stats().Busy > 0 {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("the bot did not come to rest: %d deliveries of the workspace are being worked: %w", s.bot.slack.Stats().Busy, ctx.Err())
		}
	}
	return s.bot.worker.Rest(ctx)
}

func (s *Sandbox) dueAfter() (time.Time, bool, error) {
	next, ok := s.bot.worker.NextDue()
	if at, more := s.sample.Next(s.fed); more && (!ok || at.Before(next)) {
		next, ok = at, true
	}
	return next, ok, nil
}

// nextDue is the next time at which a person would see something happen.
func (s *Sandbox) nextDue(context.Context) (time.Time, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dueAfter()
}

func (s *Sandbox) fedFile() string { return filepath.Join(s.o.Data, "sample.json") }

func (s *Sandbox) readFed() (t time.Time, err error) {
	data, err := os.ReadFile(s.fedFile())
	if err != nil {
		return t, err
	}
	return t, json.Unmarshal(data, &t)
}

// writeFed notes how far the sample data were fed. Feeding some again after a crash does no harm: they carry ids.
func (s *Sandbox) writeFed() error {
	data, err := json.Marshal(s.fed)
	if err != nil {
		return err
	}
	tmp := s.fedFile() + ".new"
	if err := os.WriteFile(tmp, data, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, s.fedFile())
}

func (s *Sandbox) close() error {
	var err error
	if s.bot != nil {
		err = s.bot.Close()
	}
	if s.workspace != nil {
		err = errors.Join(err, s.workspace.Close())
	}
	if s.release != nil {
		s.release()
	}
	return err
}
