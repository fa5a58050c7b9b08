package sandbox

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// turnClock serves POST /sandbox/clock: {"advance":"24h"}, {"to":RFC 3339} or
// {"next":true}, answered when the bot has come to rest at the new time.
func (w *Workspace) turnClock(r *http.Request, body []byte) (object, error) {
	var in struct {
		Advance string `json:"advance"`
		To      string `json:"to"`
		Next    bool   `json:"next"`
	}
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	if w.opts.Advance == nil {
		return nil, refuse(http.StatusConflict, "the clock cannot be turned here: the bot runs elsewhere (--workspace-only)")
	}
	w.turning.Lock()
	defer w.turning.Unlock()
	to, err := w.moment(r.Context(), in.Advance, in.To, in.Next)
	if err != nil {
		return nil, err
	}
	if err := w.opts.Advance(r.Context(), to); err != nil {
		return nil, refuse(http.StatusInternalServerError, "the clock stopped on the way to %s: %v", to.Format(time.RFC3339), err)
	}
	w.mu.Lock()
	w.postDue()
	w.mu.Unlock()
	w.watch.changed()
	return object{"now": w.opts.Clock().UTC().Format(time.RFC3339)}, nil
}

// moment works out the time to turn to.
func (w *Workspace) moment(ctx context.Context, advance, to string, next bool) (time.Time, error) {
	now := w.opts.Clock()
	asked := 0
	for _, given := range []bool{advance != "", to != "", next} {
		if given {
			asked++
		}
	}
	switch {
	case asked != 1:
		return now, refuse(http.StatusBadRequest, `say one of {"advance":"24h"}, {"to":"2027-01-04T09:00:00Z"} and {"next":true}`)
	case advance != "":
		d, err := ParseDuration(advance)
		if err != nil || d < 0 {
			return now, refuse(http.StatusBadRequest, "advance is %q; it must be a duration such as 90m, 24h, 1d or 2w, and not negative", advance)
		}
		return now.Add(d), nil
	case to != "":
		t, err := time.Parse(time.RFC3339, to)
		if err != nil {
			return now, refuse(http.StatusBadRequest, "to is %q; it must be a time such as 2027-01-04T09:00:00Z", to)
		}
		if t.Before(now) {
			return now, refuse(http.StatusBadRequest, "to is %s, but it is already %s; the clock does not turn back", to, now.UTC().Format(time.RFC3339))
		}
		return t, nil
	}
	if w.opts.NextDue == nil {
		return now, refuse(http.StatusConflict, "it is not known here what is due next")
	}
	t, some, err := w.opts.NextDue(ctx)
	if err != nil {
		return now, refuse(http.StatusInternalServerError, "what is due next cannot be found: %v", err)
	}
	if !some {
		return now, refuse(http.StatusConflict, "nothing is due")
	}
	if t.Before(now) {
		t = now
	}
	return t, nil
}

// longest is the furthest that the clock is turned at once.
const longest = 10 * 366 * 24 * time.Hour

// ParseDuration reads a Go duration in which d (24 h) and w (7 d) are units as
// well: "36h", "1d", "2w3d". The error is meant for the person who wrote it.
func ParseDuration(s string) (time.Duration, error) {
	var total time.Duration
	rest := s
	for rest != "" {
		i := strings.IndexAny(rest, "dw")
		if i < 0 {
			d, err := time.ParseDuration(rest)
			if err != nil {
				return 0, fmt.Errorf("%q is not a duration", s)
			}
			total += d
			break
		}
		n, err := strconv.ParseFloat(rest[:i], 64)
		if err != nil || n < 0 || n > 100_000 {
			return 0, fmt.Errorf("%q is not a duration", s)
		}
		unit := 24 * time.Hour
		if rest[i] == 'w' {
			unit *= 7
		}
		total += time.Duration(n * float64(unit))
		rest = rest[i+1:]
	}
	if s == "" || total > longest {
		return 0, fmt.Errorf("%q is not a duration up to ten years", s)
	}
	return total, nil
}
