package slackapp

import (
	"context"
	"fmt"
	"time"

	"github.com/jonboulle/clockwork"

	"playcaller/bot/slackapp/cards"
	"playcaller/playbooks"
	"playcaller/playbooks/words"
	"playcaller/rules"
)

// A Painter draws what the worker sends, in the language of its reader. Its
// methods read the store and the directory and change nothing.
type Painter struct {
	reads     Reads
	directory *Directory
	clock     clockwork.Clock
	texts     *cards.Texts
}

// NewPainter returns a Painter over the reads.
func NewPainter(reads Reads, directory *Directory, clock clockwork.Clock) *Painter {
	return &Painter{reads: reads, directory: directory, clock: clock, texts: cards.NewTexts()}
}

// A Nudge is a playbooks.Nudge effect and the run it comes from.
type Nudge struct {
	Run    *playbooks.Run
	Effect playbooks.Effect
}

// Card draws the run's message as it now stands, in the assignee's language.
func (p *Painter) Card(ctx context.Context, run *playbooks.Run) (cards.Message, error) {
	s, err := p.scene(ctx, run, run.Assignee)
	if err != nil {
		return cards.Message{}, err
	}
	s.Private = run.Channel == "dm"
	return cards.Card(s), nil
}

// Log draws the lines of the run's thread from one index of Run.Log up to
// another, which is not included; ok is false where there is nothing to say.
func (p *Painter) Log(ctx context.Context, run *playbooks.Run, from, to int) (m cards.Message, ok bool, err error) {
	s, err := p.scene(ctx, run, run.Assignee)
	if err != nil {
		return cards.Message{}, false, err
	}
	m, ok = cards.Log(s, from, to)
	return m, ok, nil
}

// Nudge draws one direct message to the person for all of the nudges. Link
// returns the address of a run's card, or ""; it may be nil.
func (p *Painter) Nudge(ctx context.Context, person string, nudges []Nudge, link func(run string) string) (cards.Message, error) {
	drawn := make([]cards.Nudge, 0, len(nudges))
	for _, n := range nudges {
		s, err := p.scene(ctx, n.Run, person)
		if err != nil {
			return cards.Message{}, err
		}
		drawn = append(drawn, cards.Nudge{Scene: s, Effect: n.Effect, Link: linkTo(link, n.Run.ID)})
	}
	v, err := p.voice(ctx, person)
	if err != nil {
		return cards.Message{}, err
	}
	return cards.Nudges(v, drawn), nil
}

func linkTo(link func(string) string, run string) string {
	if link == nil {
		return ""
	}
	return link(run)
}

// Say draws the message of a playbooks.SayIt effect, for its reader where it has
// one.
func (p *Painter) Say(ctx context.Context, run *playbooks.Run, e playbooks.Effect) (cards.Message, error) {
	reader := e.Person
	if reader == "" {
		reader = run.Assignee
	}
	s, err := p.scene(ctx, run, reader)
	if err != nil {
		return cards.Message{}, err
	}
	return cards.Say(s, e), nil
}

// Digest draws the person's list of the day from the runs that wait for them; ok
// is false where there is nothing to do.
func (p *Painter) Digest(ctx context.Context, person string, runs []*playbooks.Run, link func(run string) string) (m cards.Message, ok bool, err error) {
	todos, v, err := p.todos(ctx, person, runs, link)
	if err != nil {
		return cards.Message{}, false, err
	}
	m, ok = cards.Digest(v, todos, p.today(v))
	return m, ok, nil
}

// today is the day for headings.
func (p *Painter) today(v *cards.Voice) words.Args {
	return words.Args{"date": v.Day(p.clock.Now())}
}

// todos makes scenes of the runs that wait for a person.
func (p *Painter) todos(ctx context.Context, person string, runs []*playbooks.Run, link func(string) string) ([]cards.Todo, *cards.Voice, error) {
	v, err := p.voice(ctx, person)
	if err != nil {
		return nil, nil, err
	}
	var todos []cards.Todo
	for _, run := range runs {
		visit := run.Current()
		turn := visit != nil && turnOf(run, visit, person)
		second, other := run.Second()
		if other != person {
			second = nil
		}
		if !turn && second == nil {
			continue
		}
		s, err := p.scene(ctx, run, person)
		if err != nil {
			return nil, nil, err
		}
		if turn {
			todos = append(todos, cards.Todo{Scene: s, Link: linkTo(link, run.ID)})
		}
		if second != nil && s.Asks(second) {
			todos = append(todos, cards.Todo{Scene: s, Link: linkTo(link, run.ID), Second: second})
		}
	}
	return todos, v, nil
}

// turnOf reports whether a run waits for the person.
func turnOf(run *playbooks.Run, visit *playbooks.Visit, person string) bool {
	switch {
	case visit.Approval == "asked":
		return visit.Approver == person
	case run.Handoff != nil && visit.Kind == playbooks.HandoffStep:
		return run.Handoff.Turn == person
	}
	return visit.Assignee == person
}

// voice returns the voice for a person: their language and time zone.
func (p *Painter) voice(ctx context.Context, person string) (*cards.Voice, error) {
	team, err := p.reads.Team(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the team: %w", err)
	}
	return p.texts.In(p.directory.Language(ctx, person), zone(team, person)), nil
}

func zone(team *playbooks.Team, person string) *time.Location {
	if who := team.Person(person); who != nil {
		return who.Location
	}
	return time.UTC
}

// scene reads what the drawing of a run for a reader needs.
func (p *Painter) scene(ctx context.Context, run *playbooks.Run, reader string) (*cards.Scene, error) {
	fail := func(what string, err error) (*cards.Scene, error) {
		return nil, fmt.Errorf("draw run %s: read %s: %w", run.ID, what, err)
	}
	team, err := p.reads.Team(ctx)
	if err != nil {
		return fail("the team", err)
	}
	s := &cards.Scene{
		Run: run, Team: team, Now: p.clock.Now(),
		Voice: p.texts.In(p.directory.Language(ctx, reader), zone(team, reader)),
	}
	if s.Account, err = p.reads.Account(ctx, run.Account); err != nil {
		return fail("the account "+run.Account, err)
	}
	if s.Book, err = p.reads.Book(ctx, run.Book); err != nil {
		return fail("the book "+run.Book, err)
	}
	if s.Facts, err = p.facts(ctx, s, s.Now); err != nil {
		return fail("the account's data", err)
	}
	if s.Began, err = p.facts(ctx, s, run.Began); err != nil {
		return fail("the account's data", err)
	}
	if at := s.AskedAt(); !at.IsZero() && at.Before(s.Now) {
		if s.Asked, err = p.facts(ctx, s, at); err != nil {
			return fail("the account's data", err)
		}
	}
	for _, e := range run.Evidence[max(0, len(run.Evidence)-8):] {
		also, err := p.reads.Run(ctx, e.Run)
		if err != nil {
			return fail("the run "+e.Run, err)
		}
		if also != nil {
			s.Also = append(s.Also, also)
		}
	}
	return s, nil
}

// facts returns the facts of the run at a time, ready for its texts.
func (p *Painter) facts(ctx context.Context, s *cards.Scene, at time.Time) (*rules.Facts, error) {
	f, err := p.reads.Facts(ctx, s.Run.Account, s.Run.Book, at)
	if err != nil || f == nil || s.Book == nil {
		return f, err
	}
	if playbook := s.Book.Playbooks[s.Run.Playbook]; playbook != nil {
		playbook.Prepare(s.Run, f)
	}
	return f, nil
}
