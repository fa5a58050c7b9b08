package playbooks

// A Stay says why a run cannot go over to another version of its playbook.
type Stay string

// The reasons for staying with the version that a run began with.
const (
	StaysGone    Stay = "gone"    // the other book has no such playbook
	StaysStep    Stay = "step"    // the step it is at is gone, or is of another kind there
	StaysVariant Stay = "variant" // the variant it plays is gone
	StaysUndo    Stay = "undo"    // its last answer can still be taken back, which leads to the old version
)

// MoveTo returns the run as played by another book from here on, at the step where
// it is. What it asked and heard stays; its timers run on, and texts, answers and
// what follows are those of the other book. A run that cannot go over comes back
// as it was, with the reason; one that has ended or has that book already comes
// back as it was without one.
func (r Run) MoveTo(book *Book, ev Event) (Run, Stay) {
	if !r.Open() || r.Book == book.Hash {
		return r, ""
	}
	p := book.Playbooks[r.Playbook]
	switch {
	case p == nil:
		return r, StaysGone
	case r.Undo != nil:
		return r, StaysUndo
	case r.Variant != "" && !p.hasVariant(r.Variant):
		return r, StaysVariant
	}
	if v := r.Current(); v != nil {
		if s := p.step(book, r.Variant, v.Step); s == nil || s.Kind != v.Kind {
			return r, StaysStep
		}
	}
	next := r.clone()
	next.Book = book.Hash
	next.Version++
	next.Log = append(next.Log, Entry{At: ev.At.UTC(), What: "log.moved_over", By: ev.By, Step: next.Step})
	return next, ""
}

func (p *Playbook) hasVariant(name string) bool {
	for i := range p.Variants {
		if p.Variants[i].Name == name {
			return true
		}
	}
	return false
}
