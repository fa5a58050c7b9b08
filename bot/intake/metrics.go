package intake

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// counts are intake's own metrics.
type counts struct {
	signals, accounts *prometheus.CounterVec
}

func newCounts(r *prometheus.Registry) *counts {
	c := &counts{
		signals: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "playcaller_intake_signals_total",
			Help: "Signals that came in, by what became of them: accepted, duplicate, rejected."}, []string{"result"}),
		accounts: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "playcaller_intake_accounts_total",
			Help: "Accounts that came in, by what became of them: accepted, rejected."}, []string{"result"}),
	}
	r.MustRegister(c.signals, c.accounts)
	return c
}

func (in *Intake) metrics() http.Handler {
	return promhttp.HandlerFor(in.o.Registry, promhttp.HandlerOpts{Registry: in.o.Registry})
}
