// Package app wires the parts together: configuration in, a running process out.
package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"github.com/go-co-op/gocron/v2"
	"github.com/jonboulle/clockwork"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"playcaller/bot/inbox"
	"playcaller/bot/intake"
	"playcaller/bot/sender"
	"playcaller/bot/slackapp"
	"playcaller/bot/slackapp/cards"
	"playcaller/bot/stream"
	"playcaller/bot/worker"
	"playcaller/playbooks"
	"playcaller/store"
	"playcaller/store/mongo"
	"playcaller/store/sqlite"
)

// Bot is a running bot: its store, its stream, and what works on them.
type Bot struct {
	config  Config
	clock   clockwork.Clock
	log     *slog.Logger
	metrics *prometheus.Registry

	backend store.Backend
	records store.Records
	stream  *stream.Stream
	book    *playbooks.Book // judged by at the start; worker.Present since
	watch   *watch
	worker  *worker.Worker
	sender  *sender.Sender
	hooks   *sender.Webhooks
	slack   *slackapp.App
	intake  *intake.Intake
	reads   *reads

	closers     []closer // in the order of opening
	readAtStart string   // hash of what the folder held then; "" where it was refused

	mu      sync.Mutex
	started bool
}

// closer is something to be closed, and what it is called in an error.
type closer struct {
	name  string
	close func(ctx context.Context) error
}

// Open opens everything that a bot needs and starts nothing. What was opened is closed again if something fails.
func Open(ctx context.Context, c Config, clock clockwork.Clock, log *slog.Logger) (bot *Bot, err error) {
	b := &Bot{config: c, clock: clock, log: log, metrics: prometheus.NewRegistry(), watch: newWatch(c.Book)}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.Close())
		}
	}()
	book, refused := ReadBook(c.Book)
	if mistakes := (*BookError)(nil); refused != nil && !(c.LastGood && errors.As(refused, &mistakes)) {
		return nil, refused
	}
	release, err := stream.LockDir(c.Data)
	if err != nil {
		return nil, err
	}
	b.opened("data directory", func(context.Context) error { release(); return nil })
	if err := b.openStore(ctx); err != nil {
		return nil, err
	}
	if err := b.take(ctx, book, refused); err != nil {
		return nil, err
	}
	if err := b.openStream(ctx); err != nil {
		return nil, err
	}
	if err := b.wire(); err != nil {
		return nil, err
	}
	b.register()
	return b, nil
}

func (b *Bot) opened(name string, close func(ctx context.Context) error) {
	b.closers = append(b.closers, closer{name, close})
}

func (b *Bot) openStore(ctx context.Context) error {
	var err error
	if uri := b.config.Store.MongoURI; uri != "" {
		b.backend, err = mongo.Open(ctx, uri, b.config.Store.Database, store.Collections())
	} else {
		b.backend, err = sqlite.Open(ctx, filepath.Join(b.config.Data, "playcaller.db"), store.Collections())
	}
	if err != nil {
		return err
	}
	b.opened("store", func(context.Context) error { return b.backend.Close() })
	b.records = store.In(b.backend)
	return nil
}

func (b *Bot) openStream(ctx context.Context) error {
	var err error
	b.stream, err = stream.Open(ctx, stream.Options{Dir: filepath.Join(b.config.Data, "stream"), URL: b.config.Stream.URL, Clock: b.clock, Logger: b.log})
	if err != nil {
		return err
	}
	b.opened("stream", b.stream.Close)
	return nil
}

// wire makes the parts that work, each knowing the next.
func (b *Bot) wire() error {
	c := b.config.Slack
	api := slackapp.Client(c.BotToken, c.AppToken, c.APIURL, nil)
	var slackReads forSlack
	directory := slackapp.NewDirectory(api, func(context.Context) (*playbooks.Team, error) { return b.worker.Team(b.worker.Present()), nil }, b.log)
	draw := &drawer{records: b.records, directory: directory, texts: cards.NewTexts()}
	pace := max(1, c.Pace)
	b.sender = sender.New(sender.Options{Slack: api, PerChannel: rate.Limit(pace), Overall: rate.Limit(20 * pace), Burst: int(3 * pace),
		Places: directory, Clock: b.clock, Logger: b.log, WithoutCharts: cards.WithoutCharts,
		Report: func(ctx context.Context, r sender.Result) error { return b.worker.Report(ctx, r) }})
	var err error
	if b.hooks, err = b.config.webhooks(); err != nil {
		return err
	}
	b.warnOfWebhooks(b.book)
	b.worker = worker.New(worker.Options{Call: caller(b.hooks), Stream: b.stream, Records: b.records, Sender: b.sender, Draw: draw.draw, Book: b.book,
		Clock: b.clock, Logger: b.log, AcceptLoss: b.config.AcceptLoss,
		PostTimeout: b.config.postTimeout()})
	b.reads = &reads{records: b.records, worker: b.worker, book: b.worker.Present}
	slackReads = forSlack{b.reads}
	draw.reads = slackReads
	draw.painter = slackapp.NewPainter(slackReads, directory, b.clock)
	b.slack, err = slackapp.New(slackapp.Options{BotToken: c.BotToken, AppToken: c.AppToken, SigningSecret: c.SigningSecret, APIURL: c.APIURL,
		Clock: b.clock, Logger: b.log, Directory: directory, Reads: slackReads, Ops: forOps{b}, Publish: b.publish,
		Link: func(ctx context.Context, run string) string { return draw.link(ctx, run, nil) }})
	if err != nil {
		return err
	}
	b.intake = intake.New(intake.Options{Publish: b.stream.Publish, PublishTo: b.stream.PublishTo, Book: b.worker.Present, Reads: forHTTP{b.reads},
		Plan: b.plan, Detail: b.detail,
		Explain: b.explain, Parked: b.records.Parked, Ready: b.Ready, Tokens: b.config.APITokens, Clock: b.clock, Registry: b.metrics, Logger: b.log})
	return nil
}

// publish takes what people do in Slack into the stream. What ops ask concerns every partition.
func (b *Bot) publish(ctx context.Context, events ...stream.Event) error {
	rest := events[:0:0]
	for _, ev := range events {
		if ev.Kind != inbox.OpsKind {
			rest = append(rest, ev)
			continue
		}
		var ops inbox.Ops
		if err := json.Unmarshal(ev.Data, &ops); err != nil {
			return err
		}
		if err := b.worker.Ops(ctx, ops); err != nil {
			return err
		}
	}
	if len(rest) == 0 {
		return nil
	}
	return b.stream.Publish(ctx, stream.Now, rest...)
}

// Handler returns the bot's HTTP side; Slack's too where it delivers by HTTP.
func (b *Bot) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", b.intake.Handler())
	if b.config.Slack.AppToken == "" {
		mux.Handle("/slack/", b.slack.Handler())
	}
	return mux
}

// Run works until ctx ends or a part fails for good.
func (b *Bot) Run(ctx context.Context) error {
	if err := b.switchBook(ctx); ctx.Err() != nil {
		return nil // asked to stop before anything began
	} else if err != nil {
		return err
	}
	if err := b.worker.KeepBook(ctx); ctx.Err() != nil {
		return nil
	} else if err != nil {
		return err
	}
	jobs, err := b.jobs()
	if err != nil {
		return err
	}
	jobs.Start()
	defer func() {
		if err := jobs.Shutdown(); err != nil {
			b.log.Warn("coarse jobs did not end", "error", err)
		}
	}()
	// The sender outlives the worker, so that what is being posted is reported before the worker's last write.
	sendCtx, stopSending := context.WithCancel(context.WithoutCancel(ctx))
	defer stopSending()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return b.sender.Run(sendCtx) })
	g.Go(func() error {
		defer stopSending()
		return b.worker.Run(ctx)
	})
	g.Go(func() error { return b.watchBook(ctx) })
	g.Go(func() error { return b.slack.Run(ctx) })
	b.mu.Lock()
	b.started = true
	b.mu.Unlock()
	err = g.Wait()
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// toldBefore reports whether ops were told before the last stop that accounts are judged by the book instead of another, although
// some partitions had not heard of it by then.
func (b *Bot) toldBefore(ctx context.Context, another string) (bool, error) {
	is, err := b.records.Books.Get(ctx, b.book.Hash)
	if err == nil {
		var was store.Doc[store.Book]
		if was, err = b.records.Books.Get(ctx, another); err == nil {
			last, err := (&watch{}).lastChange(is.Value)
			return last != nil && is.Value.Announced && last.From == another && was.Value.Since.Before(is.Value.Since), err
		}
	}
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return false, err
}

// switchBook tells the partitions of a book other than the one they judge by.
func (b *Bot) switchBook(ctx context.Context) error {
	var before string
	for d, err := range b.records.Checkpoints.All(ctx, store.Query{}) {
		if err != nil {
			return err
		}
		if d.Value.Book != b.book.Hash {
			before = d.Value.Book
		}
	}
	if before == "" {
		return nil
	}
	if told, err := b.toldBefore(ctx, before); err != nil {
		return err
	} else if told {
		b.log.Info("the switch to the book is finished", "book", b.book.Hash[:12])
		return b.worker.SwitchBook(ctx, b.book)
	}
	b.log.Info("the book has changed since the last start", "book", b.book.Hash[:12])
	from, err := b.worker.Book(ctx, before)
	if err != nil {
		b.log.Warn("the book before cannot be compared with", "error", err)
		return b.worker.SwitchBook(ctx, b.book)
	}
	if err := b.adopt(ctx, from, b.book); err != nil {
		return err
	}
	return b.announce(ctx, cards.BookChanged, from, b.book)
}

// jobs are the few coarse looks at what is due; each run's own times are in its document.
func (b *Bot) jobs() (gocron.Scheduler, error) {
	s, err := gocron.NewScheduler(gocron.WithLogger(gocron.NewLogger(gocron.LogLevelError)))
	if err != nil {
		return nil, err
	}
	_, err = s.NewJob(gocron.DurationJob(10*time.Second), gocron.NewTask(b.worker.Poke), gocron.WithName("look for what is due"))
	return s, err
}

// Ready returns nil while the bot can do its work, and what is wrong otherwise.
func (b *Bot) Ready() error {
	b.mu.Lock()
	started := b.started
	b.mu.Unlock()
	if !started {
		return errors.New("starting")
	}
	var slackErr error
	if b.config.Slack.AppToken != "" {
		slackErr = b.slack.Ready()
	}
	return errors.Join(b.stream.Ready(), b.worker.Ready(), slackErr)
}

// Close closes what Open opened, the last first.
func (b *Bot) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	var all error
	for i := len(b.closers) - 1; i >= 0; i-- {
		if err := b.closers[i].close(ctx); err != nil {
			all = errors.Join(all, fmt.Errorf("close the %s: %w", b.closers[i].name, err))
		}
	}
	b.closers = nil
	return all
}
