// Package storetest is the suite that every backend of package store must
// pass. The same cases run over SQLite, MongoDB and FerretDB; one that a server
// cannot serve is skipped by its name, with the reason, and counted.
package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"playcaller/store"
)

// Collections are what the backend under test must be opened with.
func Collections() []store.Collection {
	return []store.Collection{
		{Name: "things", Indexes: []string{"colour", "weight", "due"}},
		{Name: "jobs", Indexes: []string{"claimed"}},
		{Name: "plain"},
	}
}

// Options say what else can be done with the backend under test. The cases that
// need what is nil are skipped.
type Options struct {
	// Reopen closes the backend and opens another over the same data.
	Reopen func(*testing.T, store.Backend) store.Backend

	// Second opens one more backend over the same data, as another process
	// would, and closes it when the test ends.
	Second func(*testing.T, store.Backend) store.Backend

	// BreakWrites makes writes impossible, as a full disk does.
	BreakWrites func(*testing.T, store.Backend)

	// BreakAll makes the store unreachable.
	BreakAll func(*testing.T, store.Backend)

	// Skip gives the reasons for skipping cases, by their names.
	Skip map[string]string
}

// backend is what a case works on.
type backend struct {
	store.Backend
	options Options
}

type test struct {
	name  string
	needs func(Options) bool // nil if it needs nothing
	run   func(*testing.T, backend)
}

// Run runs all cases, each on a backend that open returns: empty, opened with
// [Collections], and closed when the test ends.
func Run(t *testing.T, open func(*testing.T) store.Backend, o Options) {
	cases := slices.Concat(primitives(), bulk(), queries(), concurrent(), lasting())
	known := make(map[string]bool)
	var skipped []string
	for _, c := range cases {
		known[c.name] = true
		t.Run(c.name, func(t *testing.T) {
			reason := o.Skip[c.name]
			if reason == "" && c.needs != nil && !c.needs(o) {
				reason = "what the case needs cannot be done here"
			}
			if reason != "" {
				skipped = append(skipped, fmt.Sprintf("%s: %s", c.name, reason))
				t.Skip(reason)
			}
			c.run(t, backend{open(t), o})
		})
	}
	for name := range o.Skip {
		if !known[name] {
			t.Errorf("options skip a case that does not exist: %q", name)
		}
	}
	t.Logf("%d cases, %d of them skipped", len(cases), len(skipped))
	if len(skipped) > 0 {
		t.Logf("skipped:\n  %s", strings.Join(skipped, "\n  "))
	}
}
