package stream

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"path/filepath"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// ackTimeout is how long a publication waits for its acknowledgement, and a request to the server for its answer.
const ackTimeout = 5 * time.Second

// connect leaves the stream with a connection, and with a server of its own where the options name none.
func (s *Stream) connect(ctx context.Context) error {
	var err error
	switch {
	case s.options.Conn != nil:
		s.conn = s.options.Conn
	case s.options.URL != "":
		s.conn, err = nats.Connect(s.options.URL, s.connection(nats.MaxReconnects(-1), nats.ReconnectWait(250*time.Millisecond))...)
	default:
		if s.embedded, err = startServer(ctx, s.options); err == nil {
			s.room = &room{dir: s.options.Dir, free: freeBytes}
			s.conn, err = nats.Connect("", s.connection(nats.InProcessServer(s.embedded))...)
		}
	}
	if err != nil {
		return fmt.Errorf("opening the event stream at %s: %w", s.options.where(), err)
	}
	s.js, err = jetstream.New(s.conn, jetstream.WithDefaultTimeout(ackTimeout),
		jetstream.WithPublishAsyncTimeout(ackTimeout), jetstream.WithPublishAsyncMaxPending(1<<16))
	return err
}

// connection returns the options of a connection. Nothing is buffered while it is down: a publication fails at once
// rather than arriving after its publisher has been told that it may not.
func (s *Stream) connection(more ...nats.Option) []nats.Option {
	return append(more,
		nats.Name(s.options.Name+" "+s.options.Replica),
		nats.Timeout(ackTimeout),
		nats.ReconnectBufSize(-1),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if s.closing.Err() == nil {
				s.log.Warn("event stream disconnected", "error", err)
			}
		}),
		nats.ReconnectHandler(func(c *nats.Conn) { s.log.Info("event stream connected again", "url", c.ConnectedUrlRedacted()) }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			if s.closing.Err() == nil {
				s.log.Warn("event stream connection", "error", err)
			}
		}),
	)
}

// disconnect ends what connect began.
func (s *Stream) disconnect() {
	close(s.gone)
	if s.conn != nil && s.options.Conn == nil {
		s.conn.Close()
	}
	if s.embedded != nil {
		s.embedded.Shutdown()
		s.embedded.WaitForShutdown()
	}
}

// serverMemory bounds the embedded server's streams in memory, which are the leases alone.
const serverMemory = 64 << 20

func startServer(ctx context.Context, o Options) (*server.Server, error) {
	ns, err := server.NewServer(&server.Options{
		ServerName: o.Name,
		DontListen: true,
		NoSigs:     true,
		JetStream:  true,
		StoreDir:   filepath.Join(o.Dir, "stream"),
		SyncAlways: true,
		MaxPayload: int32(o.MaxPayload),
		// Each lane has its own bound; the server's must only not be the lower, as it would be by default on a small
		// disk.
		JetStreamMaxStore:      math.MaxInt64 / 4,
		JetStreamMaxMemory:     serverMemory,
		DisableJetStreamBanner: true,
	})
	if err != nil {
		return nil, err
	}
	ns.SetLogger(serverLog{o.Logger}, false, false)
	ns.Start()
	wait := 30 * time.Second
	if deadline, ok := ctx.Deadline(); ok {
		wait = time.Until(deadline)
	}
	if !ns.ReadyForConnections(wait) || !ns.JetStreamEnabled() {
		ns.Shutdown()
		ns.WaitForShutdown()
		return nil, fmt.Errorf("the embedded server did not start within %v; its log says why", wait.Round(time.Millisecond))
	}
	return ns, nil
}

// serverLog passes on what the embedded server has to say. Its notices are of interest only to somebody who debugs it.
type serverLog struct{ *slog.Logger }

func (l serverLog) Noticef(format string, args ...any) { l.say(slog.LevelDebug, format, args) }
func (l serverLog) Debugf(format string, args ...any)  { l.say(slog.LevelDebug, format, args) }
func (l serverLog) Tracef(format string, args ...any)  { l.say(slog.LevelDebug, format, args) }
func (l serverLog) Warnf(format string, args ...any)   { l.say(slog.LevelWarn, format, args) }
func (l serverLog) Errorf(format string, args ...any)  { l.say(slog.LevelError, format, args) }
func (l serverLog) Fatalf(format string, args ...any)  { l.say(slog.LevelError, format, args) }

// recovering says what the server tells of lanes that it reads again after a kill. Nothing is wrong then: it is how they are
// meant to come back.
func recovering(format string) bool {
	return strings.Contains(format, "Recovering stream state from index errored") || strings.Contains(format, "Stream state outdated")
}

func (l serverLog) say(level slog.Level, format string, args []any) {
	ctx := context.Background()
	if level == slog.LevelWarn && recovering(format) {
		level = slog.LevelDebug
	}
	if l.Enabled(ctx, level) {
		l.Log(ctx, level, "event stream server", "said", strings.TrimSpace(fmt.Sprintf(format, args...)))
	}
}
