package main

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"regexp"
	"strings"
	"time"
)

// What the people leave to chance.
const (
	lookEvery  = 250 * time.Millisecond
	answerNow  = 0.4 // of the open questions that somebody sees, those answered at once
	clickTwice = 0.1
)

// The actions of buttons that mean an answer and a finished task.
const (
	answerAction = "answer:"
	doneAction   = "done"
)

// clicker is all the people, who answer questions and finish tasks as they see them.
type clicker struct {
	workspace *Workspace
	ledger    *Ledger
	rand      *rand.Rand
	done      map[turn]bool // acknowledged
}

// turn is a step of a run that waits for somebody.
type turn struct {
	run   string
	visit int
}

func newClicker(w *Workspace, l *Ledger, seed uint64) *clicker {
	return &clicker{workspace: w, ledger: l, rand: rand.New(rand.NewPCG(seed, 1<<32)), done: map[turn]bool{}}
}

// run answers until ctx ends.
func (c *clicker) run(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
		state, err := c.workspace.State(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		for _, ch := range state.Channels {
			for i := range ch.Messages {
				c.look(ctx, &ch, &ch.Messages[i])
			}
		}
	}
}

// look answers what a message asks, perhaps.
func (c *clicker) look(ctx context.Context, ch *Channel, m *Message) {
	if m.EphemeralTo != "" || m.ThreadTS != "" {
		return
	}
	type choice struct {
		button Button
		click  Click
	}
	var choices []choice
	for _, b := range m.Buttons() {
		var ref struct {
			Run    string `json:"r"`
			Visit  int    `json:"v"`
			Answer string `json:"a"`
		}
		if json.Unmarshal([]byte(b.Value), &ref) != nil || ref.Run == "" {
			continue
		}
		switch {
		case strings.HasPrefix(b.Action, answerAction):
		case b.Action == doneAction:
			ref.Answer = doneAction
		default:
			continue
		}
		choices = append(choices, choice{b, Click{Run: ref.Run, Visit: ref.Visit, Answer: ref.Answer}})
	}
	if len(choices) == 0 || c.done[turn{choices[0].click.Run, choices[0].click.Visit}] || c.rand.Float64() > answerNow {
		return
	}
	pick := choices[c.rand.IntN(len(choices))]
	pick.click.By = c.ledger.owners[accountName.FindString(m.Text)]
	times := 1
	if c.rand.Float64() < clickTwice {
		times = 2
	}
	for range times {
		_, err := c.workspace.Click(ctx, pick.click.By, ch.ID, pick.button)
		click := pick.click
		click.Acked = err == nil
		c.ledger.Clicked(click)
		if err == nil {
			c.done[turn{click.Run, click.Visit}] = true
		}
	}
}

// accountName finds an account in what a card says.
var accountName = regexp.MustCompile(`\ba\d{4}\b`)
