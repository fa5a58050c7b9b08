package playbooks

import (
	"time"

	"github.com/goccy/go-yaml/ast"

	"playcaller/rules"
)

// slowFeed is from which freshness on a feed is taken for one that comes seldom,
// rather than for a daily one that may fail over a weekend.
const slowFeed = 7 * 24 * time.Hour

// checkRhythm warns of a `for` in which nothing new can arrive: the rule would have
// to be true twice by the same number.
func (p *draftPlaybook) checkRhythm(n ast.Node) {
	r := p.Rule
	if n == nil || r == nil || r.When == nil || r.For.IsZero() {
		return
	}
	waits := roughly(r.For)
	if waits < 24*time.Hour && r.When.Daily() {
		p.warn(n, "write 1d or more, or leave it out", "the numbers of `when` change once a day, so for: %s waits for nothing new", r.For)
		return
	}
	var slowest *rules.SignalDef
	for _, name := range r.When.Signals() {
		def := p.book.Signal(name)
		if def == nil || def.Fresh < slowFeed || waits >= def.Fresh {
			return // something may well be new
		}
		if slowest == nil || def.Fresh < slowest.Fresh {
			slowest = def
		}
	}
	if slowest == nil {
		return
	}
	days := int(slowest.Fresh / (24 * time.Hour))
	p.warn(n, "write for: "+Delay{Days: days}.String()+" or more, or leave it out",
		"%s may be silent for %d days (fresh in %s), so for: %s waits for nothing new", slowest.Name, days, SignalsFile, r.For)
}
