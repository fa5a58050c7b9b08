package history

import (
	"fmt"
	"slices"
	"time"

	"playcaller/bot/intake"
	"playcaller/bot/sample"
	"playcaller/playbooks/backtest"
	"playcaller/playbooks/replay"
	"playcaller/rules"
)

// Sample has the sandbox's sample accounts, as they would stand had the sandbox first been started on a day.
func Sample(today rules.Date) (*History, error) {
	s, err := sample.New(today)
	if err != nil {
		return nil, err
	}
	objects, err := s.Accounts()
	if err != nil {
		return nil, err
	}
	h := &History{Heard: map[string]backtest.Days{}, Key: fmt.Sprint("sample ", today), Ends: "the contracts"}
	inputs := map[string]*backtest.Input{}
	zones := map[string]*time.Location{}
	var all []*backtest.Input
	for _, text := range objects {
		a, err := intake.ReadAccount(text)
		if err != nil {
			return nil, err
		}
		in := &backtest.Input{Account: a, End: EndOf(&a, today)}
		inputs[a.ID], zones[a.ID] = in, replay.ZoneOf(&a)
		all = append(all, in)
	}
	for _, sig := range s.Signals((today - rules.KeepDays).In(time.UTC), (today + 1).In(time.UTC)) {
		in := inputs[sig.Account]
		sig.ID = ""
		in.Signals = append(in.Signals, sig)
		h.saw(sig.Signal, rules.DateOf(sig.At.In(zones[sig.Account])))
	}
	slices.SortFunc(all, byID)
	h.Accounts = len(all)
	h.All = func(yield func(backtest.Input, error) bool) {
		for _, in := range all {
			if !yield(*in, nil) {
				return
			}
		}
	}
	return h, nil
}
