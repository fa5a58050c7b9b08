package main

import "playcaller/rules"

// An incident is a labelled event with what of its series surrounds it.
type incident struct {
	realEvent
	series *realSeries
	from   rules.Date // first day that is used
	start  int        // days from there to the event
	days   int        // from its start on that are scored
}

// learntDays is how much of a series before a labelled event is used, at most.
const learntDays = 200

// name is how a labelled event is called in results.
func (in incident) name() string { return in.What + ", " + in.From.String() }

// incidents returns the labelled events that enough days lie before.
func (p plan) incidents() (all []incident) {
	for _, s := range p.series {
		for _, e := range s.notes.Events {
			in := incident{realEvent: e, series: s, from: max(s.first, e.From-learntDays)}
			in.start = int(e.From - in.from)
			in.days = min(horizon, int(s.last()-e.From)+1)
			if in.start > warmUp && in.days > 0 && p.only(materialLabelled, in.name()) {
				all = append(all, in)
			}
		}
	}
	return all
}

// measureIncidents finds labelled events in repeated thinnings of their series, with
// thresholds tuned on untouched windows.
func (p plan) measureIncidents(rep *report, t *tuning, incidents []incident, mean float64) error {
	for _, in := range incidents {
		sheets := make([]*sheet, max(1, p.Windows/2))
		err := spread(len(sheets), func(j *judge, i int) error {
			w := thinned(in.series, in.from, in.start+in.days, mean, dice(p.Seed, "incident", in.name(), i, mean))
			look := map[string]question{"drop": suddenDrop, "spike": spike, "quiet": suddenDrop}[in.Expect]
			one, err := scoreEvent(j, w, w.counts, in.name(), look, in.start, in.days)
			sheets[i] = &sheet{half: neither, events: []scored{one}}
			return err
		})
		if err != nil {
			return err
		}
		rep.Results = append(rep.Results, t.results(result{Material: materialLabelled, Event: in.name(), Mean: mean}, sheets, func(s *sheet) scored { return s.events[0] })...)
	}
	return nil
}
