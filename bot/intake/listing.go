package intake

import (
	"fmt"
	"net/http"
	"time"

	"playcaller/rules"
	"playcaller/store"
)

// AccountsView is a page of accounts, in the order of their ids.
type AccountsView struct {
	Accounts []ListedAccount `json:"accounts"`
	Next     string          `json:"next,omitempty"` // the page behind it is asked for with after=NEXT; "" on the last
}

// A ListedAccount is one of them, with its series where they are asked for.
type ListedAccount struct {
	AccountView
	Series []SeriesView `json:"series,omitempty"`
}

// A SeriesView is what is known of one signal, or of one value of its dimension.
type SeriesView struct {
	Signal string     `json:"signal"`
	By     string     `json:"by,omitempty"`
	First  rules.Date `json:"first"`  // the day of the first value
	Values []*float64 `json:"values"` // a day each; null is a day without data

	Hours      []rules.HourValue `json:"hours,omitempty"`      // those known, of a signal that is judged by the hour
	HoursSince time.Time         `json:"hours_since,omitzero"` // nothing of it is missing since then
}

// listing lists accounts: GET /v1/accounts?after=ID&limit=100&series=all.
func (in *Intake) listing(w http.ResponseWriter, r *http.Request) {
	limit, ok := limit(w, r)
	if !ok {
		return
	}
	q := r.URL.Query()
	series := q.Get("series")
	if series != "" && series != "all" {
		refuse(w, http.StatusBadRequest, fmt.Sprintf(`series %q: want "all", or leave it out`, series))
		return
	}
	all, err := in.o.Reads.Accounts(r.Context(), q.Get("after"), limit)
	if err != nil {
		in.fail(w, r, err)
		return
	}
	page := AccountsView{Accounts: []ListedAccount{}}
	for _, a := range all {
		page.Accounts = append(page.Accounts, listed(a, series == "all"))
	}
	if len(all) == limit {
		page.Next = all[limit-1].ID
	}
	answer(w, http.StatusOK, page)
}

func listed(a store.Account, series bool) ListedAccount {
	var h rules.History
	if err := h.UnmarshalBinary(a.History); len(a.History) == 0 || err != nil {
		h = rules.History{}
	}
	v := ListedAccount{AccountView: viewOf(a, &h)}
	if v.ID == "" { // signals came, and nobody has said what account it is
		v.ID = a.ID
	}
	for _, signal := range h.Signals() {
		for _, by := range append([]string{""}, h.By(signal)...) {
			if one := seriesOf(&h, signal, by); series && len(one.Values) > 0 {
				v.Series = append(v.Series, one)
			}
		}
	}
	return v
}

func seriesOf(h *rules.History, signal, by string) SeriesView {
	v := SeriesView{Signal: signal, By: by}
	for _, d := range h.Days(signal, by, rules.MinDate, rules.MaxDate) {
		if len(v.Values) == 0 {
			v.First = d.Date
		}
		for v.First+rules.Date(len(v.Values)) < d.Date {
			v.Values = append(v.Values, nil)
		}
		v.Values = append(v.Values, &d.Value)
	}
	if since := h.HoursSince(signal); by == "" && !since.IsZero() {
		v.Hours, v.HoursSince = h.Hours(signal, time.Time{}), since
	}
	return v
}
