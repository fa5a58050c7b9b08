package rules

import (
	"encoding/json"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// spread returns a Distribution of n accounts, the first few of them beyond chance.
func spread(n, beyond int, value func(i int) float64) *Distribution {
	var d Distribution
	for i := range n {
		d.Add(value(i), i < beyond)
	}
	return &d
}

func TestPeers(t *testing.T) {
	c := testCompiler(t)
	for _, tc := range []struct {
		name, text string
		peers      *Distribution
		want       any
		missing    string
	}{
		{"the middle of the others", `peers("logins.drop('14d')").median`, spread(11, 0, func(i int) float64 { return float64(i) / 10 }), 0.5, ""},
		{"the tenth from below and above", `peers("logins.drop('14d')").p90 - peers("logins.drop('14d')").p10`, spread(100, 0, func(i int) float64 { return float64(i+1) / 100 }), 0.8, ""},
		{"everyone is down", `peers("logins.drop('14d')").share >= 0.5`, spread(20, 12, func(i int) float64 { return 0.4 }), true, ""},
		{"how many are known", `peers("logins.drop('14d')").count`, spread(3, 0, func(i int) float64 { return 1 }), 3.0, ""},
		{"nine say nothing", `peers("logins.drop('14d')").median`, spread(9, 0, func(i int) float64 { return 1 }), nil, `logins.drop("14d"): known of 9 peers, 10 needed`},
		{"nobody was told of", `peers("logins.drop('14d')").median`, nil, nil, `logins.drop("14d"): known of 0 peers, 10 needed`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e, problems := c.Expr(Source{Text: tc.text})
			if len(problems) > 0 {
				t.Fatal(problems[0].Long())
			}
			f := NewFacts(c, acme(), nil, utc("2026-11-20T12:00"))
			f.SetPeers(func(g PeerGroup) *Distribution {
				if want := (PeerGroup{PeerFeature{`logins.drop("14d")`, "touch"}, "high"}); g != want {
					t.Errorf("asked for %+v, want %+v", g, want)
				}
				return tc.peers
			})
			got, missing := e.Eval(f)
			if want, isNumber := tc.want.(float64); isNumber {
				if v, _ := got.(float64); math.Abs(v-want) > 0.02 {
					t.Errorf("%v, want %v within 1 %% of each number", got, want)
				}
			} else if got != tc.want {
				t.Errorf("%v, want %v", got, tc.want)
			}
			if tc.missing != "" && !slices.Equal(missing, []string{tc.missing}) {
				t.Errorf("missing %q, want %q", missing, tc.missing)
			}
		})
	}
}

// What rules ask of peers is known from the book alone, and every account says what
// it adds.
func TestPeerFeaturesAreCollected(t *testing.T) {
	c := testCompiler(t)
	for _, text := range []string{`peers("logins.drop('14d')").median`, `peers('logins.drop("14d")').share`, `peers("logins.sum('7d')", {segment: "all"}).p10`} {
		if _, problems := c.Expr(Source{Text: text}); len(problems) > 0 {
			t.Fatal(problems[0].Long())
		}
	}
	want := []PeerFeature{{`logins.drop("14d")`, "touch"}, {`logins.sum("7d")`, ""}}
	if diff := cmp.Diff(want, c.PeerFeatures()); diff != "" {
		t.Error(diff)
	}
	var h History
	seriesOf(t, &h, loginsDef, "2026-11-20", append(repeat(70, 20), repeat(15, 5)...)...)
	f := NewFacts(c, acme(), &h, utc("2026-11-20T12:00"))
	values := f.PeerValues()
	if len(values) != 2 || values[0].Value != "high" || math.Abs(values[0].Number-0.75) > 0.01 || !values[0].Beyond || values[1].Number != 35 || values[1].Beyond {
		t.Errorf("the account adds %+v", values)
	}
	f.Reset(&Account{ID: "new"}, nil, utc("2026-11-20T12:00"))
	if values := f.PeerValues(); len(values) != 0 {
		t.Errorf("an account without data adds %+v", values)
	}
}

// Merging, forgetting and writing a Distribution keep what it says.
func TestDistribution(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		values := rapid.SliceOfN(rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(-1000, 1000), rapid.Float64Range(0, 1)), 1, 60).Draw(rt, "values")
		cut := rapid.IntRange(0, len(values)).Draw(rt, "cut")
		var whole, one, two Distribution
		for i, v := range values {
			whole.Add(v, i%3 == 0)
			if i < cut {
				one.Add(v, i%3 == 0)
			} else {
				two.Add(v, i%3 == 0)
			}
		}
		one.Merge(&two)
		extra := rapid.Float64Range(-10, 10).Draw(rt, "extra")
		one.Add(extra, true)
		if !one.Remove(extra, true) {
			rt.Fatal("what was added cannot be removed")
		}
		data, err := json.Marshal(one)
		if err != nil {
			rt.Fatal(err)
		}
		var read Distribution
		if err := json.Unmarshal(data, &read); err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(whole, read, cmp.AllowUnexported(Distribution{}, distributionStep{})); diff != "" {
			rt.Fatalf("merged, changed and written it differs: %s", diff)
		}
		slices.Sort(values)
		for _, p := range []float64{0.1, 0.5, 0.9} {
			want := values[max(0, int(math.Ceil(p*float64(len(values))-1e-9))-1)]
			if got := read.Quantile(p); math.Abs(got-want) > 0.0101*math.Abs(want)+1e-6 {
				rt.Fatalf("quantile %g of %v is %g, want %g within 1 %%", p, values, got, want)
			}
		}
	})
	var d Distribution
	for _, text := range []string{`{"steps":[[1,0]]}`, `{"steps":[[2,1],[1,1]]}`, `{"beyond":1}`, `{"steps":[[99999,1]]}`, `[]`} {
		if err := json.Unmarshal([]byte(text), &d); err == nil {
			t.Errorf("%s is taken for a distribution", text)
		}
	}
	if d.Add(math.NaN(), true); d.Count() != 0 || d.Remove(1, false) || !math.IsNaN(d.Quantile(0.5)) {
		t.Error("an empty distribution knows something")
	}
}

// Peers that are asked through a let or a segment are collected as well, and a
// playbook may not name something peers.
func TestPeersIsTaken(t *testing.T) {
	c := testCompiler(t)
	if _, problems := c.With([]Let{{"peers", Source{Text: "1"}}}, nil); len(problems) == 0 {
		t.Error("a let may be called peers")
	}
	inner, problems := c.With([]Let{{"usual", Source{Text: `peers("logins.mean('28d')").median`}}}, nil)
	if len(problems) > 0 {
		t.Fatal(problems[0].Long())
	}
	cond := condition(t, inner, `usual > 3`)
	if cond.Truth(NewFacts(c, &Account{}, nil, time.Time{})) != Unknown || len(c.PeerFeatures()) != 1 {
		t.Error("what a let asks of peers is not collected")
	}
}
