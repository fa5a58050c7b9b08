package slackapp

import (
	"context"

	"github.com/jonboulle/clockwork"

	"playcaller/bot/slackapp/cards"
	"playcaller/playbooks"
)

// A Painter draws what the worker sends, in the language of its reader. Its
// methods read the store and the directory and change nothing.
type Painter struct {
	reads     Reads
	directory *Directory
	clock     clockwork.Clock
}

// NewPainter returns a Painter over the reads.
func NewPainter(reads Reads, directory *Directory, clock clockwork.Clock) *Painter {
	return &Painter{reads: reads, directory: directory, clock: clock}
}

// A Nudge is a playbooks.Nudge effect and the run it comes from.
type Nudge struct {
	Run    *playbooks.Run
	Effect playbooks.Effect
}

// Card draws the run's message as it now stands, in the assignee's language.
func (p *Painter) Card(ctx context.Context, run *playbooks.Run) (cards.Message, error) {
	return cards.Message{}, nil
}

// Log draws the lines of the run's thread from the given index of Run.Log on; ok
// is false where there is nothing to say.
func (p *Painter) Log(ctx context.Context, run *playbooks.Run, from int) (m cards.Message, ok bool, err error) {
	return cards.Message{}, false, nil
}

// Nudge draws one direct message to the person for all of the nudges. Link
// returns the address of a run's card, or "".
func (p *Painter) Nudge(ctx context.Context, person string, nudges []Nudge, link func(run string) string) (cards.Message, error) {
	return cards.Message{}, nil
}

// Say draws the message of a playbooks.SayIt effect.
func (p *Painter) Say(ctx context.Context, run *playbooks.Run, e playbooks.Effect) (cards.Message, error) {
	return cards.Message{}, nil
}

// Digest draws the person's list of the day from the runs that wait for them; ok
// is false where there is nothing to do.
func (p *Painter) Digest(ctx context.Context, person string, runs []*playbooks.Run) (m cards.Message, ok bool, err error) {
	return cards.Message{}, false, nil
}
