package app

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// register makes the bot's metrics.
func (b *Bot) register() {
	w := b.worker.Counts()
	counter := func(name, help string, read func() int64) {
		b.metrics.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "playcaller_" + name, Help: help},
			func() float64 { return float64(read()) }))
	}
	gauge := func(name, help string, read func() float64) {
		b.metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "playcaller_" + name, Help: help}, read))
	}
	b.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	counter("signals_applied_total", "Signals added to series.", w.Applied.Load)
	counter("signals_duplicate_total", "Signals whose id was known: the exact count.", w.Duplicates.Load)
	counter("signals_refused_total", "Signals that passed intake and that their series would not take.", w.Refused.Load)
	counter("events_parked_total", "Events set aside after failing three times.", w.Parked.Load)
	counter("messages_undelivered_total", "Messages that Slack would not take.", w.Undelivered.Load)
	counter("slack_received_total", "Deliveries from Slack.", func() int64 { return b.slack.Stats().Received })
	counter("slack_refused_total", "Clicks and forms answered with a reason.", func() int64 { return b.slack.Stats().Refused })
	counter("slack_failed_total", "Deliveries from Slack that could not be worked.", func() int64 { return b.slack.Stats().Failed })
	gauge("slack_connected", "1 while Slack is connected.", func() float64 {
		if b.slack.Stats().Connected {
			return 1
		}
		return 0
	})
	gauge("messages_pending", "Messages that wait to be sent.", func() float64 { return float64(b.sender.Pending()) })
	pending := func(lane int) func() float64 {
		return func() float64 {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			now, bulk, err := b.stream.Pending(ctx)
			if err != nil {
				return -1
			}
			return float64([]uint64{now, bulk}[lane])
		}
	}
	gauge("stream_now_pending", "Messages of people, deliveries and due times not yet worked and saved; -1 while unknown.", pending(0))
	gauge("stream_bulk_pending", "Messages of signals not yet worked and saved; -1 while unknown.", pending(1))
}
