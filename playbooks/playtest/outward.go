package playtest

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"playcaller/playbooks"
	"playcaller/playbooks/replay"
	"playcaller/rules"
)

// called keeps what another system is sent. Those that the case names as failing take
// nothing.
func (w *world) called(a *replay.Account, r *replay.Run, e playbooks.Effect) bool {
	if slices.Contains(w.c.Failing, e.System) {
		w.Happened(e.System, "cannot be reached")
		return false
	}
	m := w.message(a, r, e.System, "webhook", e.Step)
	data, err := json.Marshal(e.Args)
	if err != nil {
		data = []byte(err.Error())
	}
	m.text += "\n" + string(data)
	w.messages = append(w.messages, m)
	w.Happened(e.System, "called with %s", data)
	return true
}

// grouped keeps the message about many accounts. Its text is the playbook's title, what
// the group says, and the accounts' names.
func (w *world) grouped(p *playbooks.Playbook, told *playbooks.GroupTold) {
	m := message{at: w.Now, to: p.GroupChannel(w.Team), what: "group", of: p.Name, accounts: told.Accounts()}
	first := w.account(m.accounts[0])
	var lines []string
	for _, lang := range []string{"en", "ja"} {
		for _, t := range []playbooks.Text{p.Title, p.Group.Say} {
			if template := t.In(lang); template != nil {
				lines = append(lines, template.Render(first.Facts, lang))
			}
		}
	}
	for _, id := range m.accounts {
		lines = append(lines, orWord(w.account(id).Data.Name, id))
	}
	m.text = strings.Join(slices.Compact(lines), "\n")
	w.messages = append(w.messages, m)
	w.Happened(m.to, "told: group of %s, %s", strings.Join(m.accounts, ", "), p.Name)
}

// spread notes what an account adds to the features of its peers: those are the other
// accounts of the case.
func (w *world) spread(a *account) {
	if len(w.Book.Rules.Compiler.PeerFeatures()) == 0 {
		return
	}
	f := w.Book.Rules.Facts(&a.Data, &a.History, w.Now)
	w.SetFeeds(f)
	w.peers.Set(a.ID, f.PeerValues())
}

func (w *world) peersOf(a *replay.Account) func(rules.PeerGroup) *rules.Distribution {
	return w.peers.Of(a.ID)
}

// heard notes that something of a signal arrived, for any account of the case: they are
// all that there are, so that a silence of them all is an outage.
func (w *world) heard(signal string, at time.Time) {
	log := w.feeds[signal]
	if log.Heard(at, *w.Book.Signal(signal)); len(log.Outages) > 0 {
		w.outages = maps.Clone(w.outages)
		if w.outages == nil {
			w.outages = map[string][]rules.Outage{}
		}
		w.outages[signal] = slices.Clone(log.Outages)
	}
	w.feeds[signal] = log
}

// systems returns the names of the systems that a book calls, sorted.
func (r *reader) systems() []string {
	var names []string
	for _, p := range r.book.Playbooks {
		for _, s := range stepsOf(p) {
			if s.Webhook != nil && !slices.Contains(names, s.Webhook.Name) {
				names = append(names, s.Webhook.Name)
			}
		}
	}
	slices.Sort(names)
	return names
}
