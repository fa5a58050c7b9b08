package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"syscall"
	"time"
)

// What the posters leave to chance.
const (
	posters       = 4
	batchOf       = 25
	withoutIDs    = 0.2  // batches whose signals have no id: they are never sent twice
	repeatAcked   = 0.05 // acknowledged batches that are sent again later
	repeatUnacked = 0.7  // batches that were not acknowledged and are sent again until they are; the others are given up
	patience      = 20 * time.Millisecond
)

// poster is a source of signals about some of the accounts. It sends one batch after the other, as sources do.
type poster struct {
	n        int
	api      *API
	ledger   *Ledger
	rand     *rand.Rand
	accounts []string
	every    time.Duration
	sent     int
	again    []batch // acknowledged, to be sent once more
}

type batch struct {
	signals []Signal
	ids     bool
}

// newPosters divides the accounts and the load, in signals a second, among posters.
func newPosters(api *API, ledger *Ledger, seed uint64, load int) []*poster {
	all := make([]*poster, posters)
	for i := range all {
		all[i] = &poster{n: i, api: api, ledger: ledger, rand: rand.New(rand.NewPCG(seed, uint64(i))),
			every: time.Second * batchOf * posters / time.Duration(load)}
	}
	for i, a := range ledger.Accounts() {
		all[i%posters].accounts = append(all[i%posters].accounts, a)
	}
	return all
}

// run sends until ctx ends, and finishes what it began with last.
func (p *poster) run(ctx, last context.Context) error {
	tick := time.NewTicker(p.every)
	defer tick.Stop()
	for {
		if len(p.again) > 0 && p.rand.Float64() < 0.3 {
			p.repeat(ctx)
		}
		if err := p.send(last, p.batch()); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// batch makes the next signals: mostly views, and what starts playbooks now and then.
func (p *poster) batch() batch {
	b := batch{ids: p.rand.Float64() >= withoutIDs, signals: make([]Signal, batchOf)}
	for i := range b.signals {
		s := Signal{Account: p.accounts[p.rand.IntN(len(p.accounts))], Signal: "views", Value: float64(1 + p.rand.IntN(9))}
		switch x := p.rand.Float64(); {
		case x < 0.040:
			s.Signal, s.Value = "pings", 1
		case x < 0.050:
			s.Signal, s.Value = "visits", 1
		case x < 0.075:
			s.Signal, s.Value = "load", float64([]int{5, 60}[p.rand.IntN(2)])
		}
		if b.ids {
			s.ID = fmt.Sprintf("%d-%d", p.n, p.sent)
		}
		p.sent++
		b.signals[i] = s
	}
	return b
}

// send sends a batch until it is acknowledged or given up.
func (p *poster) send(ctx context.Context, b batch) error {
	body, err := json.Marshal(b.signals)
	if err != nil {
		return err
	}
	unsure := false
	for {
		taken, err := p.api.Post(ctx, "/v1/signals", body)
		switch {
		case err == nil && len(taken.Rejected) > 0:
			return fmt.Errorf("signals were refused: %s", taken.Rejected[0].Error)
		case err == nil && taken.Duplicate > 0 && !unsure:
			return fmt.Errorf("%d of %d signals that are new were called duplicates", taken.Duplicate, len(b.signals))
		case err == nil:
			p.ledger.Acknowledged(b.signals)
			if b.ids && p.rand.Float64() < repeatAcked {
				p.again = append(p.again, b)
			}
			return nil
		case ctx.Err() != nil:
			p.ledger.Unanswered(b.signals)
			return ctx.Err()
		case errors.Is(err, syscall.ECONNREFUSED): // nobody was there: it cannot have been taken
		case b.ids && (unsure || p.rand.Float64() < repeatUnacked):
			unsure = true
			p.ledger.Repeated(len(b.signals))
		default:
			p.ledger.Unanswered(b.signals)
			return nil
		}
		select {
		case <-time.After(patience):
		case <-ctx.Done():
		}
	}
}

// repeat sends an acknowledged batch again; whatever becomes of that, it may not count.
func (p *poster) repeat(ctx context.Context) {
	b := p.again[0]
	p.again = p.again[1:]
	body, err := json.Marshal(b.signals)
	if err != nil {
		return // it could be encoded before
	}
	p.ledger.Repeated(len(b.signals))
	_, _ = p.api.Post(ctx, "/v1/signals", body) // as said
}
