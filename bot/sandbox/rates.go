package sandbox

import (
	"math"
	"sync"
	"time"

	"github.com/jonboulle/clockwork"
)

// rates counts calls against Slack's rate limits in real time, with one token
// bucket per method, or per method and channel where Slack counts so.
type rates struct {
	clock  clockwork.Clock
	limits *limits
	factor float64

	mu      sync.Mutex
	buckets map[string]*bucket
}

type bucket struct {
	tokens float64
	filled time.Time
}

func newRates(clock clockwork.Clock, l *limits, factor float64) *rates {
	return &rates{clock: clock, limits: l, factor: factor, buckets: map[string]*bucket{}}
}

// take counts one call. When the limit is reached it returns the whole seconds,
// at least one, after which a call will be let through; otherwise 0.
func (r *rates) take(method, channel string) int {
	t := r.limits.Tiers[r.limits.Methods[method].Tier]
	if t.PerMinute == 0 {
		return 0
	}
	key := method
	if t.PerChannel {
		key += " " + channel
	}
	burst, perSecond := t.Burst*r.factor, t.PerMinute*r.factor/60
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.clock.Now()
	b := r.buckets[key]
	if b == nil {
		b = &bucket{tokens: burst, filled: now}
		r.buckets[key] = b
	}
	if passed := now.Sub(b.filled).Seconds(); passed > 0 {
		b.tokens = math.Min(burst, b.tokens+passed*perSecond)
		b.filled = now
	}
	if b.tokens >= 1 {
		b.tokens--
		return 0
	}
	return max(1, int(math.Ceil((1-b.tokens)/perSecond)))
}
