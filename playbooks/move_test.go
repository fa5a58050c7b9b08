package playbooks_test

import (
	"testing"
	"time"

	"playcaller/playbooks"
)

func TestARunMovesToAnotherBookWhereItsStepIsStillThere(t *testing.T) {
	at := time.Date(2027, 4, 5, 10, 0, 0, 0, time.FixedZone("", 9*3600))
	book := &playbooks.Book{Hash: "new", Playbooks: map[string]*playbooks.Playbook{"p": {Name: "p",
		Steps:    []*playbooks.Step{{ID: "why", Kind: playbooks.AskStep}, {ID: "call", Kind: playbooks.TaskStep}},
		Variants: []playbooks.Variant{{Name: "large"}}}}}
	run := func(change func(r *playbooks.Run)) playbooks.Run {
		r := playbooks.Run{ID: "a/p//1", Playbook: "p", Book: "old", Step: "why", Version: 3, Visits: []playbooks.Visit{{Step: "why", Kind: playbooks.AskStep}}}
		change(&r)
		return r
	}
	for _, c := range []struct {
		name   string
		change func(r *playbooks.Run)
		want   playbooks.Stay
		book   string
	}{
		{"its step is there", func(*playbooks.Run) {}, "", "new"},
		{"it is between steps", func(r *playbooks.Run) { r.Step, r.Visits = "", nil }, "", "new"},
		{"its variant is there", func(r *playbooks.Run) { r.Variant = "large" }, "", "new"},
		{"it has that book already", func(r *playbooks.Run) { r.Book = "new" }, "", "new"},
		{"it has ended", func(r *playbooks.Run) { r.Ended = at }, "", "old"},
		{"the playbook is gone", func(r *playbooks.Run) { r.Playbook = "q" }, playbooks.StaysGone, "old"},
		{"the step is gone", func(r *playbooks.Run) { r.Step, r.Visits[0].Step = "ask", "ask" }, playbooks.StaysStep, "old"},
		{"the step is of another kind", func(r *playbooks.Run) { r.Visits[0].Kind = playbooks.TaskStep }, playbooks.StaysStep, "old"},
		{"the variant is gone", func(r *playbooks.Run) { r.Variant = "small" }, playbooks.StaysVariant, "old"},
		{"an answer can be taken back", func(r *playbooks.Run) { r.Undo = &playbooks.Undo{} }, playbooks.StaysUndo, "old"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := run(c.change)
			after, stays := before.MoveTo(book, playbooks.Event{At: at, By: "ops"})
			if stays != c.want || after.Book != c.book {
				t.Errorf("it stays because of %q and has book %s, want %q and %s", stays, after.Book, c.want, c.book)
			}
			moved := before.Book != after.Book
			if grown := len(after.Log) == 1 && after.Version == 4; grown != moved {
				t.Errorf("moved: %v; log %+v, version %d", moved, after.Log, after.Version)
			}
			if moved && (after.Log[0].What != "log.moved_over" || after.Log[0].By != "ops" || !after.Log[0].At.Equal(at)) {
				t.Errorf("the log says %+v", after.Log[0])
			}
		})
	}
}
