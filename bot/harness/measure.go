package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// batchSize is how many signals a request has while intake is measured.
const batchSize = 1000

// bodies makes requests of signals, each about random accounts.
func (f *field) bodies(n int, ids bool) [][]byte {
	r := rand.New(rand.NewPCG(7, uint64(n)))
	accounts := f.ledger.Accounts()
	all := make([][]byte, n)
	for i := range all {
		signals := make([]Signal, batchSize)
		for k := range signals {
			signals[k] = Signal{Account: accounts[r.IntN(len(accounts))], Signal: "views", Value: float64(1 + r.IntN(9))}
			if ids {
				signals[k].ID = fmt.Sprintf("%06d-%04d", i, k)
			}
		}
		all[i], _ = json.Marshal(signals) // names and numbers
	}
	return all
}

// pour sends the bodies and waits until all their signals are in their series.
func (f *field) pour(ctx context.Context, bodies [][]byte) (Intake, error) {
	before, err := f.api.Metric(ctx, "playcaller_signals_applied_total")
	if err != nil {
		return Intake{}, err
	}
	began := time.Now()
	err = each(ctx, bodies, func(ctx context.Context, body []byte) error {
		taken, err := f.api.Post(ctx, "/v1/signals", body)
		if err == nil && taken.Accepted != batchSize {
			err = fmt.Errorf("%d of %d signals were taken", taken.Accepted, batchSize)
		}
		return err
	})
	in := Intake{Acknowledged: time.Since(began)}
	if err != nil {
		return in, err
	}
	want := before + float64(len(bodies)*batchSize)
	err = until(ctx, time.Minute, "the sum of signals", func() error {
		got, err := f.api.Metric(ctx, "playcaller_signals_applied_total")
		if err == nil && got < want {
			err = fmt.Errorf("%v of %v signals are applied", got-before, want-before)
		}
		return err
	})
	in.Applied = time.Since(began)
	return in, err
}

// background sends so many signals a second until ctx ends.
func (f *field) background(ctx context.Context, perSecond int) error {
	const of = 50
	r := rand.New(rand.NewPCG(11, 11))
	accounts := f.ledger.Accounts()
	tick := time.NewTicker(time.Second * of / time.Duration(perSecond))
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
		signals := make([]Signal, of)
		for i := range signals {
			signals[i] = Signal{Account: accounts[r.IntN(len(accounts))], Signal: "views", Value: 1, ID: fmt.Sprintf("b%d-%d", n, i)}
		}
		body, err := json.Marshal(signals)
		if err != nil {
			return err
		}
		if _, err := f.api.Post(ctx, "/v1/signals", body); err != nil && ctx.Err() == nil {
			return err
		}
	}
}

// fireEach is how often a rule is made true: its messages stay within what the bot sends in a second.
const fireEach = 250 * time.Millisecond

// fire makes a rule true for one account after the other, and returns how long each took until its card was in the workspace.
func (f *field) fire(ctx context.Context, atMost time.Duration) ([]time.Duration, error) {
	accounts := f.ledger.Accounts()
	n := min(len(accounts), int(atMost/fireEach))
	sent := map[string]time.Time{}
	tick := time.NewTicker(fireEach)
	defer tick.Stop()
	for _, id := range accounts[:n] {
		body, err := json.Marshal(Signal{Account: id, Signal: "pings", Value: 3})
		if err != nil {
			return nil, err
		}
		sent[id] = time.Now()
		if _, err := f.api.Post(ctx, "/v1/signals", body); err != nil {
			return nil, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	var took []time.Duration
	err := until(ctx, 30*time.Second, "cards of all accounts", func() error {
		state, err := f.workspace.State(ctx)
		if err != nil {
			return err
		}
		took = took[:0]
		for key, messages := range outboxKeys(state) {
			if at, ok := sent[accountName.FindString(messages[0].Text)]; ok && strings.HasSuffix(key, "/card") {
				took = append(took, timeOf(messages[0].TS).Sub(at))
			}
		}
		if len(took) < n {
			return fmt.Errorf("%d of %d cards are there", len(took), n)
		}
		return nil
	})
	return took, err
}

// timeOf returns the time that a message's time stamp says.
func timeOf(ts string) time.Time {
	seconds, micros, _ := strings.Cut(ts, ".")
	s, _ := strconv.ParseInt(seconds, 10, 64) // the workspace writes nothing else
	us, _ := strconv.ParseInt(micros, 10, 64) // as above
	return time.Unix(s, us*1000)
}

// clickEach is how often somebody clicks.
const clickEach = 50 * time.Millisecond

// clickAll presses what can be pressed for a time, and returns how long each acknowledgement took.
func (f *field) clickAll(ctx context.Context, during time.Duration) ([]time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, during)
	defer cancel()
	type press struct {
		user, channel string
		button        Button
	}
	presses := make(chan press)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(presses)
		pressed := map[string]bool{}
		for ctx.Err() == nil {
			state, err := f.workspace.State(ctx)
			if err != nil {
				break
			}
			for _, ch := range state.Channels {
				for _, m := range ch.Messages {
					for _, b := range m.Buttons() {
						if !ch.IsIM || m.ThreadTS != "" || !strings.HasSuffix(m.Metadata.Payload.Key, "/card") || pressed[b.Action+b.Value] {
							continue
						}
						if b.Action != "taken" && b.Action != answerAction+"yes" && b.Action != doneAction {
							continue
						}
						pressed[b.Action+b.Value] = true
						select {
						case presses <- press{ch.User, ch.ID, b}:
						case <-ctx.Done():
						}
						break // one button of a message at a time
					}
				}
			}
		}
		return nil
	})
	var took []time.Duration
	g.Go(func() error {
		tick := time.NewTicker(clickEach)
		defer tick.Stop()
		for p := range presses {
			ack, err := f.workspace.Click(ctx, p.user, p.channel, p.button)
			if err != nil && ctx.Err() == nil && !changed(err) {
				return err
			}
			if err == nil {
				took = append(took, ack)
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
		}
		return nil
	})
	err := g.Wait()
	if err == nil && len(took) == 0 {
		err = errors.New("there was nothing to click on")
	}
	return took, err
}
