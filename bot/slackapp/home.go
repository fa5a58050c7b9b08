package slackapp

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"
	"golang.org/x/time/rate"

	"playcaller/bot/slackapp/cards"
	"playcaller/playbooks"
)

// A home tab shows what was published last, for as long as somebody looks at it:
// Slack asks for nothing anew. So the tabs that were opened lately, or on which
// something was pressed, are compared with the store and published again where
// their lists have changed, whoever changed them and whichever replica worked it.
const (
	homeKept  = 15 * time.Minute       // after it was opened, or something was pressed on it
	homeLook  = 3 * time.Second        // between looks at a list of which nothing is expected
	homeFirst = 100 * time.Millisecond // after its person did something; doubled with each look
	homeAgain = time.Minute            // after Slack or the store failed

	// Slack allows some 100 calls of views.publish a minute in a workspace (tier 4).
	homePace  = rate.Limit(1.5) // a second
	homeBurst = 10
)

// homes are the home tabs that are kept as the lists are.
type homes struct {
	mu      sync.Mutex
	open    map[string]*home // by Slack user
	changed chan struct{}    // holds one: there is another time to wake at
}

// home is one tab. The times are real ones.
type home struct {
	publishing sync.Mutex // so that what was read first is not shown last
	shown      string     // the state of the list that was published; "" where that is not known

	// guarded by homes.mu
	until, next time.Time
	wait        time.Duration // between the looks to come
	stale       bool          // it is to be published whatever was shown
}

func newHomes() *homes {
	return &homes{open: map[string]*home{}, changed: make(chan struct{}, 1)}
}

// opened returns the home of a user, kept from now on.
func (hs *homes) opened(user string) *home {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	h := hs.open[user]
	if h == nil {
		h = &home{}
		hs.open[user] = h
	}
	now := time.Now()
	h.until, h.next, h.wait = now.Add(homeKept), now.Add(homeLook), homeLook
	hs.wake()
	return h
}

// soon has the list of somebody who did something looked at until it has changed,
// if their home is kept. A stale one is out of date already.
func (hs *homes) soon(user string, stale bool) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	if h := hs.open[user]; h != nil {
		h.next, h.wait = time.Now().Add(homeFirst), homeFirst
		h.stale = h.stale || stale
		hs.wake()
	}
}

// again puts off what could not be published.
func (hs *homes) again(h *home, pause time.Duration) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	h.next, h.stale = time.Now().Add(pause), true
}

// isStale reports whether a home is to be published anew in any case, once.
func (hs *homes) isStale(h *home) bool {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	was := h.stale
	h.stale = false
	return was
}

// due returns the homes to be looked at now, and how long it is until the next
// one is; it forgets those that were left alone.
func (hs *homes) due() (now map[string]*home, next time.Duration) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	at := time.Now()
	now, next = map[string]*home{}, homeKept
	for user, h := range hs.open {
		switch {
		case at.After(h.until):
			delete(hs.open, user)
			continue
		case !at.Before(h.next):
			now[user] = h
			h.wait = min(2*h.wait, homeLook)
			h.next = at.Add(h.wait)
		}
		next = min(next, h.next.Sub(at))
	}
	return now, next
}

// wake makes the keeper ask for what is due again.
func (hs *homes) wake() {
	select {
	case hs.changed <- struct{}{}:
	default:
	}
}

// keepHomes publishes the homes anew whose lists have changed, until ctx ends.
func (a *App) keepHomes(ctx context.Context) {
	pace := rate.NewLimiter(homePace, homeBurst)
	for ctx.Err() == nil {
		due, next := a.homes.due()
		for user, h := range due {
			err := a.keepHome(ctx, user, h, pace)
			var limited *slack.RateLimitedError
			switch {
			case err == nil || ctx.Err() != nil:
			case errors.Is(err, errPaced):
				a.homes.again(h, time.Second)
			case errors.As(err, &limited):
				a.homes.again(h, max(limited.RetryAfter, homeLook))
			default:
				a.homes.again(h, homeAgain)
				a.o.Logger.Warn("a home tab could not be brought up to date; it is tried again", "user", user, "error", err)
			}
		}
		if len(due) > 0 {
			continue // looking took its time
		}
		timer := time.NewTimer(next)
		select {
		case <-timer.C:
		case <-a.homes.changed:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// errPaced says that as many homes were published as Slack allows for now.
var errPaced = errors.New("too many home tabs have changed at once")

// keepHome publishes a home if its list is not what was published.
func (a *App) keepHome(ctx context.Context, user string, h *home, pace *rate.Limiter) error {
	ctx, cancel := context.WithTimeout(ctx, CallTimeout)
	defer cancel()
	h.publishing.Lock()
	defer h.publishing.Unlock()
	stale := a.homes.isStale(h)
	c, runs, state, err := a.listOf(ctx, user)
	if err != nil || state == h.shown && !stale {
		return err
	}
	if !pace.Allow() {
		return errPaced
	}
	if err := a.publishHome(ctx, c, runs); err != nil {
		return err
	}
	h.shown = state
	return nil
}

// openHome shows the home tab to somebody who opens it, and keeps it up to date.
func (a *App) openHome(ctx context.Context, user string) error {
	h := a.homes.opened(user)
	h.publishing.Lock()
	defer h.publishing.Unlock()
	c, runs, state, err := a.listOf(ctx, user)
	if err != nil {
		return err
	}
	if err := a.publishHome(ctx, c, runs); err != nil {
		return err
	}
	h.shown = state
	return nil
}

// did notes that somebody did something. Pressed on their home, it shows that the
// home is open, and perhaps, that it is out of date.
func (a *App) did(user string, onHome bool) {
	if onHome {
		a.homes.opened(user)
	}
	a.homes.soon(user, onHome)
}

// listOf reads the runs of a user's list. Where the state is the same as before, so
// is what the home shows.
func (a *App) listOf(ctx context.Context, user string) (c *caller, runs []*playbooks.Run, state string, err error) {
	if c, err = a.who(ctx, user); err != nil {
		return nil, nil, "", err
	}
	var b strings.Builder
	now := a.o.Clock.Now()
	fmt.Fprintf(&b, "%s %s\n", c.voice.Lang(), c.voice.Day(now))
	if c.Person == nil {
		return c, nil, b.String(), nil
	}
	if runs, err = a.o.Reads.OpenRuns(ctx, c.ID); err != nil {
		return nil, nil, "", fmt.Errorf("read the runs of %s: %w", c.ID, err)
	}
	for _, r := range runs {
		visit := r.Current()
		overdue := visit != nil && !visit.Due.IsZero() && visit.Due.Before(now)
		fmt.Fprintf(&b, "%s %d %s %t\n", r.ID, r.Version, cards.StateOf(r, now), overdue)
	}
	return c, runs, b.String(), nil
}

// publishHome draws the caller's home tab of their runs.
func (a *App) publishHome(ctx context.Context, c *caller, runs []*playbooks.Run) error {
	var todos []cards.Todo
	if c.Person != nil {
		var err error
		if todos, err = a.todosOf(ctx, c, runs); err != nil {
			return err
		}
	}
	_, err := a.api.PublishViewContext(ctx, slack.PublishViewContextRequest{
		UserID: c.user,
		View:   slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: cards.Home(c.voice, todos, a.painter.today(c.voice))}},
	})
	if err != nil {
		return fmt.Errorf("show the home tab: %w", err)
	}
	return nil
}

// todos returns the caller's list.
func (a *App) todos(ctx context.Context, c *caller) ([]cards.Todo, error) {
	runs, err := a.o.Reads.OpenRuns(ctx, c.ID)
	if err != nil {
		return nil, fmt.Errorf("read the runs of %s: %w", c.ID, err)
	}
	return a.todosOf(ctx, c, runs)
}

// todosOf makes the caller's list of their runs.
func (a *App) todosOf(ctx context.Context, c *caller, runs []*playbooks.Run) ([]cards.Todo, error) {
	todos, _, err := a.painter.todos(ctx, c.ID, runs, func(run string) string { return a.link(ctx, run) })
	for i := range todos {
		todos[i].Scene.Voice = c.voice
	}
	return todos, err
}

// link returns the address of a run's card, or "".
func (a *App) link(ctx context.Context, run string) string {
	if a.o.Link == nil {
		return ""
	}
	return a.o.Link(ctx, run)
}
