package rules

import (
	"fmt"
	"testing"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"
)

// shippedRules are the conditions of five of the shipped playbooks.
func shippedRules() [][2]string {
	return [][2]string{
		{"login-drop", `logins.drop("14d") >= 0.4`},
		{"no-login-30d", `logins.days_since() >= 30`},
		{"help-spike", `help_views.spike("1d") >= 3 and help_views.sum("1d") >= 5`},
		{"low-activation", `users.distinct("28d") / account.seats < 0.5 and stage_days >= 30`},
		{"renewal", `contract.notice_in <= 90 and not contract.signed`},
	}
}

// benchSet compiles the rules, each with an audience, and fills an account of 100
// days.
func benchSet(b *testing.B) (*Set, *History, time.Time) {
	c := testCompiler(b)
	var rules []*Rule
	for _, r := range shippedRules() {
		rules = append(rules, &Rule{Playbook: r[0], Audience: condition(b, c, "account.seats >= 5"), When: condition(b, c, r[1])})
	}
	h := &History{}
	now := utc("2026-11-20T12:00")
	for i := range 100 {
		at := now.AddDate(0, 0, i-99)
		apply(b, h, loginsDef, time.UTC, at, Signal{Value: float64(20 + i%7)})
		apply(b, h, helpDef, time.UTC, at, Signal{Value: float64(i % 5), By: "exports"})
		for u := range 10 {
			apply(b, h, usersDef, time.UTC, at, Signal{User: fmt.Sprint(u)})
		}
	}
	return NewSet(c, rules...), h, now
}

// bare is what the same rules cost in expr's vm when every number is known already.
type bare struct {
	vm       vm.VM
	env      map[string]any
	programs []*vm.Program
}

func newBare(b *testing.B) *bare {
	x := &bare{env: map[string]any{"a": 0.1, "b": 3.0, "c": 1.0, "d": 4.0, "e": 10.0, "seats": 20.0, "f": 19.0, "g": 72.0, "signed": true}}
	for _, text := range []string{
		"seats >= 5 and a >= 0.4", "seats >= 5 and b >= 30", "seats >= 5 and c >= 3 and d >= 5",
		"seats >= 5 and e / seats < 0.5 and f >= 30", "seats >= 5 and g <= 90 and not signed",
	} {
		p, err := expr.Compile(text, expr.Env(x.env), expr.AsBool())
		if err != nil {
			b.Fatal(err)
		}
		x.programs = append(x.programs, p)
	}
	return x
}

func (x *bare) run(b *testing.B) {
	for _, p := range x.programs {
		if _, err := x.vm.Run(p, x.env); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRules judges eight accounts by five rules, and reports as xbare how many
// times that takes of the bare vm on precomputed numbers:
//
//	event  each account has just had a signal of today
//	again  nothing is new (a wake, a second look)
//	cold   nothing is remembered: the first evaluation of a day, or after loading
func BenchmarkRules(b *testing.B) {
	const accounts = 8
	set, first, now := benchSet(b)
	data, err := first.MarshalBinary()
	if err != nil {
		b.Fatal(err)
	}
	var histories [accounts]History
	for i := range histories {
		if err := histories[i].UnmarshalBinary(data); err != nil {
			b.Fatal(err)
		}
	}
	account := acme()
	f := set.Facts(account, first, now)
	evaluate := func(h *History) {
		f.Reset(account, h, now)
		for _, r := range set.Rules {
			if r.Audience.Truth(f) != False {
				r.When.Truth(f)
			}
		}
	}
	x := newBare(b)
	for _, mode := range []struct {
		name   string
		before func(*History)
	}{
		{"event", func(h *History) { apply(b, h, loginsDef, time.UTC, now, Signal{Value: 1}) }},
		{"again", func(*History) {}},
		{"cold", func(h *History) { h.memo = memo{} }},
	} {
		b.Run(mode.name, func(b *testing.B) {
			var ours, theirs time.Duration
			for b.Loop() {
				for i := range histories {
					mode.before(&histories[i])
				}
				start := time.Now()
				for i := range histories {
					evaluate(&histories[i])
				}
				middle := time.Now()
				for range accounts {
					x.run(b)
				}
				ours += middle.Sub(start)
				theirs += time.Since(middle)
			}
			b.ReportMetric(float64(ours)/float64(theirs), "xbare")
			b.ReportMetric(float64(ours.Nanoseconds())/float64(b.N)/accounts, "ns/account")
		})
	}
}

func BenchmarkApply(b *testing.B) {
	var h History
	now := utc("2026-11-20T12:00")
	s := Signal{Signal: "logins", Value: 1}
	for b.Loop() {
		if _, err := h.Apply(s, loginsDef, time.UTC, now); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkHistoryBinary(b *testing.B) {
	h := sampleHistory(b, 400)
	data, _ := h.MarshalBinary()
	b.Run("write", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			h.MarshalBinary()
		}
	})
	b.Run("read", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			var again History
			if err := again.UnmarshalBinary(data); err != nil {
				b.Fatal(err)
			}
		}
	})
}
