package stream

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// batchOf returns a thousand signals of a hundred accounts, as an HTTP batch brings them.
func batchOf(n int) []Event {
	events := make([]Event, n)
	for i := range events {
		events[i] = Event{Key: fmt.Sprintf("account:customer-%d", i%100), Kind: "signal", At: businessTime,
			Data: fmt.Appendf(nil, `{"signal":"logins","value":%d,"id":"%08d","at":"2026-11-22T09:00:00Z"}`, i%10, i)}
	}
	return events
}

// BenchmarkPublish publishes batches of 1,000 signals and states how that compares with the same bytes in bare,
// synced JetStream publications: one message for all (bare/op), and one for each partition, one after the other
// (split/op).
func BenchmarkPublish(b *testing.B) {
	s := open(b, Options{Partitions: 32})
	batch := batchOf(1000)
	whole := encode(batch...)
	bare, err := s.js.CreateStream(within(b), jetstream.StreamConfig{Name: "bare", Subjects: []string{"bare.*"}})
	if err != nil {
		b.Fatal(err)
	}
	part := whole[:len(whole)/32]
	var ours, one, split time.Duration
	for b.Loop() {
		began := time.Now()
		if err := s.Publish(b.Context(), Bulk, batch...); err != nil {
			b.Fatal(err)
		}
		ours += time.Since(began)

		began = time.Now()
		if _, err := s.js.Publish(b.Context(), "bare.0", whole); err != nil {
			b.Fatal(err)
		}
		one += time.Since(began)

		began = time.Now()
		for range 32 {
			if _, err := s.js.Publish(b.Context(), "bare.0", part); err != nil {
				b.Fatal(err)
			}
		}
		split += time.Since(began)
	}
	_ = bare
	each := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(b.N) }
	b.ReportMetric(each(ours), "ours-µs/batch")
	b.ReportMetric(each(one), "bare-µs/batch")
	b.ReportMetric(each(split), "split-µs/batch")
	b.ReportMetric(float64(ours)/float64(one), "ours/bare")
	b.ReportMetric(float64(ours)/float64(split), "ours/split")
	b.ReportMetric(1000*float64(b.N)/ours.Seconds(), "signals/s")
}

// BenchmarkPublishTogether has eight publishers at a time, whose batches share messages.
func BenchmarkPublishTogether(b *testing.B) {
	s := open(b, Options{Partitions: 32})
	batch := batchOf(1000)
	b.SetParallelism(4)
	began := time.Now()
	var batches atomic.Int64
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := s.Publish(b.Context(), Bulk, batch...); err != nil {
				b.Error(err)
				return
			}
			batches.Add(1)
		}
	})
	b.ReportMetric(1000*float64(batches.Load())/time.Since(began).Seconds(), "signals/s")
}

// BenchmarkPublishClick publishes single events with an ID on Now.
func BenchmarkPublishClick(b *testing.B) {
	s := open(b, Options{Partitions: 32})
	n := 0
	for b.Loop() {
		n++
		if err := s.Publish(b.Context(), Now, Event{Key: "account:acme", Kind: "answer", ID: fmt.Sprint(n)}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRead reads messages of 31 signals, as a batch of 1,000 leaves them in each of 32 partitions.
func BenchmarkRead(b *testing.B) {
	s := open(b, Options{Partitions: 1})
	batch := batchOf(31)
	for range 2000 {
		if err := s.PublishTo(b.Context(), 0, Bulk, batch...); err != nil {
			b.Fatal(err)
		}
	}
	signals := 0
	b.ResetTimer()
	for range b.N {
		p := s.newPartition(b.Context(), 0)
		if err := p.Start(b.Context(), 0, 0, ""); err != nil {
			b.Fatal(err)
		}
		for !p.CaughtUp() {
			m, err := p.Next(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			signals += len(m.Events)
		}
		p.close()
	}
	b.ReportMetric(float64(signals)/b.Elapsed().Seconds(), "signals/s")
}

func BenchmarkCodec(b *testing.B) {
	batch := batchOf(1000)
	payload := encode(batch...)
	b.Run("encode", func(b *testing.B) {
		buffer := make([]byte, 0, len(payload))
		for b.Loop() {
			buffer = append(buffer[:0], codecVersion)
			for i := range batch {
				buffer = appendEvent(buffer, &batch[i])
			}
		}
		b.SetBytes(int64(len(payload)))
	})
	b.Run("decode", func(b *testing.B) {
		for b.Loop() {
			if _, err := decodeEvents(payload); err != nil {
				b.Fatal(err)
			}
		}
		b.SetBytes(int64(len(payload)))
	})
}

// BenchmarkOpen opens a stream of 32 partitions that exists, as a restart does.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	shut(b, open(b, Options{Dir: dir, Partitions: 32}))
	for b.Loop() {
		s := open(b, Options{Dir: dir, Partitions: 32})
		b.StopTimer()
		shut(b, s)
		b.StartTimer()
	}
}
