package intake

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"playcaller/playbooks/words"
	"playcaller/rules"
	"playcaller/store"
)

// AccountView is what is known of an account, as it is read.
type AccountView struct {
	rules.Account
	Known    bool                       `json:"known"`
	Signals  []string                   `json:"signals"`
	States   map[string]rules.RuleState `json:"states"`
	Snoozes  map[string]store.Snooze    `json:"snoozes"`
	Open     []string                   `json:"open"` // ids of the open runs
	Contacts []store.Contact            `json:"contacts"`
}

func (in *Intake) account(w http.ResponseWriter, r *http.Request) {
	a, err := in.o.Reads.Account(r.Context(), r.PathValue("id"))
	if err != nil {
		in.fail(w, r, err)
		return
	}
	var h rules.History
	if err := h.UnmarshalBinary(a.History); len(a.History) == 0 || err != nil {
		h = rules.History{}
	}
	answer(w, http.StatusOK, viewOf(a, &h))
}

func viewOf(a store.Account, h *rules.History) AccountView {
	return AccountView{Account: a.Account, Known: a.Known, Signals: h.Signals(), States: a.States, Snoozes: a.Snoozes, Open: a.Open, Contacts: a.Contacts}
}

func (in *Intake) series(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	today := rules.DateOf(in.o.Clock.Now().UTC())
	from, to := today-rules.KeepDays, today+1
	for name, d := range map[string]*rules.Date{"from": &from, "to": &to} {
		if s := q.Get(name); s != "" {
			v, err := rules.ParseDate(s)
			if err != nil {
				refuse(w, http.StatusBadRequest, fmt.Sprintf("%s: %v", name, err))
				return
			}
			*d = v
		}
	}
	signal := r.PathValue("signal")
	if in.o.Book().Signal(signal) == nil {
		refuse(w, http.StatusNotFound, unknownName("signal", signal, signalNames(in), "signals.yaml declares it").Error())
		return
	}
	days, err := in.o.Reads.Series(r.Context(), r.PathValue("id"), signal, q.Get("by"), from, to)
	if err != nil {
		in.fail(w, r, err)
		return
	}
	if days == nil {
		days = []rules.DayValue{}
	}
	answer(w, http.StatusOK, map[string]any{"account": r.PathValue("id"), "signal": signal, "days": days})
}

func signalNames(in *Intake) []string {
	var names []string
	for _, s := range in.o.Book().Signals {
		names = append(names, s.Name)
	}
	return names
}

func (in *Intake) decisions(w http.ResponseWriter, r *http.Request) {
	limit, ok := limit(w, r)
	if !ok {
		return
	}
	all, err := in.o.Reads.Decisions(r.Context(), r.PathValue("id"), r.URL.Query().Get("playbook"), limit)
	if err != nil {
		in.fail(w, r, err)
		return
	}
	list := make([]rules.Decision, len(all))
	for i, d := range all {
		list[i] = d.Decision
	}
	answer(w, http.StatusOK, map[string]any{"decisions": list})
}

func (in *Intake) runs(w http.ResponseWriter, r *http.Request) {
	limit, ok := limit(w, r)
	if !ok {
		return
	}
	account := r.URL.Query().Get("account")
	if account == "" {
		refuse(w, http.StatusBadRequest, "want /v1/runs?account=ID")
		return
	}
	all, err := in.o.Reads.Runs(r.Context(), account, limit)
	if err != nil {
		in.fail(w, r, err)
		return
	}
	if all == nil {
		all = []store.Run{}
	}
	answer(w, http.StatusOK, map[string]any{"runs": all})
}

func (in *Intake) run(w http.ResponseWriter, r *http.Request) {
	run, err := in.o.Reads.Run(r.Context(), r.PathValue("id"))
	if err != nil {
		in.fail(w, r, err)
		return
	}
	answer(w, http.StatusOK, run)
}

// limit reads how many are wanted: 100 unless said, at most 1,000.
func limit(w http.ResponseWriter, r *http.Request) (int, bool) {
	s := r.URL.Query().Get("limit")
	if s == "" {
		return 100, true
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 1000 {
		refuse(w, http.StatusBadRequest, fmt.Sprintf("limit %q: want a number from 1 to 1000", s))
		return 0, false
	}
	return n, true
}

// Language reads from a request's ?lang= which language to answer in: English where nothing is said.
func Language(q url.Values) (string, error) {
	switch lang := q.Get("lang"); {
	case !q.Has("lang"):
		return words.English, nil
	case lang == words.English || lang == words.Japanese:
		return lang, nil
	default:
		return "", fmt.Errorf("lang %q: want %s or %s", lang, words.English, words.Japanese)
	}
}

// explain says in words why a playbook does or does not start for an account.
func (in *Intake) explain(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	lang, err := Language(q)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	var at time.Time
	if s := q.Get("at"); s != "" {
		if at, err = parseTime(s); err != nil {
			refuse(w, http.StatusBadRequest, err.Error())
			return
		}
	}
	book, playbook := in.o.Book(), r.PathValue("playbook")
	if book.Playbooks[playbook] == nil {
		refuse(w, http.StatusNotFound, unknownName("playbook", playbook, slices.Collect(maps.Keys(book.Playbooks)), "the book has it").Error())
		return
	}
	text, err := in.o.Explain(r.Context(), r.PathValue("id"), playbook, lang, at)
	if errors.Is(err, store.ErrNotFound) {
		refuse(w, http.StatusNotFound, err.Error())
		return
	}
	if err != nil {
		in.fail(w, r, err)
		return
	}
	answer(w, http.StatusOK, map[string]string{"text": text})
}
