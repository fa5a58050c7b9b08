package compare

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/util/annotations"
)

// metrics is the world as Prometheus's engine reads it: a sample a day, at midnight,
// in the compressed chunks that Prometheus keeps its latest samples in, found without
// an index.
type metrics struct {
	engine *promql.Engine
	at     time.Time
	series map[string][]storage.Series // by metric, sorted by labels
}

func newMetrics(w *world) (*metrics, error) {
	m := &metrics{
		engine: promql.NewEngine(promql.EngineOpts{MaxSamples: 1 << 30, Timeout: time.Hour, LookbackDelta: 5 * time.Minute}),
		at:     w.today.In(time.UTC),
		series: map[string][]storage.Series{},
	}
	for i := range w.accounts {
		c := &w.accounts[i]
		seats := [days]float64{}
		for d := range days - 1 {
			seats[d] = absent
		}
		seats[days-1] = c.seats
		if err := m.add("seats", i, &seats); err != nil {
			return nil, err
		}
		for k, def := range signals() {
			if err := m.add(def.Name, i, &c.series[k]); err != nil {
				return nil, err
			}
		}
	}
	for _, all := range m.series {
		slices.SortFunc(all, func(a, b storage.Series) int { return labels.Compare(a.Labels(), b.Labels()) })
	}
	return m, nil
}

// add makes a series of the days on which something was reported, the last of them
// today.
func (m *metrics) add(name string, account int, values *[days]float64) error {
	chunk := chunkenc.NewXORChunk()
	app, err := chunk.Appender()
	if err != nil {
		return err
	}
	for d, v := range values {
		if v != absent {
			app.Append(0, m.at.AddDate(0, 0, d-days+1).UnixMilli(), v)
		}
	}
	m.series[name] = append(m.series[name], &storage.SeriesEntry{
		Lset:             labels.FromStrings(labels.MetricName, name, "account", strconv.Itoa(account)),
		SampleIteratorFn: chunk.Iterator,
	})
	return nil
}

// answer asks each rule as an instant query.
func (m *metrics) answer() (answers, error) {
	var a answers
	for _, r := range ruleSet() {
		found, err := m.accounts(r.promql)
		if err != nil {
			return nil, fmt.Errorf("rule %s: %w", r.name, err)
		}
		a = append(a, found)
	}
	return a, nil
}

func (m *metrics) accounts(text string) ([]int, error) {
	ctx := context.Background()
	q, err := m.engine.NewInstantQuery(ctx, m, nil, text, m.at)
	if err != nil {
		return nil, err
	}
	defer q.Close()
	result := q.Exec(ctx)
	vector, err := result.Vector()
	if err != nil {
		return nil, err
	}
	var found []int
	for _, s := range vector {
		account, err := strconv.Atoi(s.Metric.Get("account"))
		if err != nil {
			return nil, err
		}
		found = append(found, account)
	}
	slices.Sort(found)
	return found, nil
}

// Querier implements storage.Queryable.
func (m *metrics) Querier(mint, maxt int64) (storage.Querier, error) {
	return querier{storage.NoopQuerier(), m}, nil
}

type querier struct {
	storage.Querier
	m *metrics
}

// Select implements storage.Querier for a metric's name alone, which is all that the
// rules ask for.
func (q querier) Select(_ context.Context, _ bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	if len(matchers) != 1 || matchers[0].Name != labels.MetricName || matchers[0].Type != labels.MatchEqual {
		return storage.ErrSeriesSet(fmt.Errorf("matchers %v: want a metric's name alone", matchers))
	}
	return &seriesSet{all: q.m.series[matchers[0].Value], i: -1}
}

type seriesSet struct {
	all []storage.Series
	i   int
}

func (s *seriesSet) Next() bool                        { s.i++; return s.i < len(s.all) }
func (s *seriesSet) At() storage.Series                { return s.all[s.i] }
func (s *seriesSet) Err() error                        { return nil }
func (s *seriesSet) Warnings() annotations.Annotations { return nil }
