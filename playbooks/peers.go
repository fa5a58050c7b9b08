package playbooks

import (
	"cmp"
	"slices"

	"playcaller/rules"
)

// Peers are what rules ask of the other accounts: how features are spread over them, by
// segment. It keeps each account's own values, so that an account is judged by the
// others alone, and takes in digests of accounts that are kept elsewhere. The zero
// Peers is empty and ready; it is not safe for several goroutines at once.
type Peers struct {
	values map[string][]rules.PeerValue
	own    map[rules.PeerGroup]*rules.Distribution // of values
	others map[rules.PeerGroup]*rules.Distribution // of digests
}

// A PeerDigest is how one feature is spread over the accounts of one group: what one
// keeper of accounts tells the others.
type PeerDigest struct {
	rules.PeerGroup
	Spread *rules.Distribution `json:"spread"`
}

// Set replaces what an account adds; nil takes it out.
func (p *Peers) Set(account string, values []rules.PeerValue) {
	for _, v := range p.values[account] {
		if d := p.own[v.PeerGroup]; d != nil {
			d.Remove(v.Number, v.Beyond)
		}
	}
	delete(p.values, account)
	if len(values) == 0 {
		return
	}
	if p.values == nil {
		p.values, p.own = map[string][]rules.PeerValue{}, map[rules.PeerGroup]*rules.Distribution{}
	}
	p.values[account] = values
	for _, v := range values {
		if p.own[v.PeerGroup] == nil {
			p.own[v.PeerGroup] = &rules.Distribution{}
		}
		p.own[v.PeerGroup].Add(v.Number, v.Beyond)
	}
}

// Digest returns how the own accounts' features are spread, sorted.
func (p *Peers) Digest() []PeerDigest {
	var all []PeerDigest
	for group, d := range p.own {
		if d.Count() > 0 {
			all = append(all, PeerDigest{group, d.Clone()})
		}
	}
	slices.SortFunc(all, func(a, b PeerDigest) int {
		return cmp.Or(cmp.Compare(a.Feature, b.Feature), cmp.Compare(a.Segment, b.Segment), cmp.Compare(a.Value, b.Value))
	})
	return all
}

// Learn replaces what is known of accounts that are kept elsewhere.
func (p *Peers) Learn(digests ...[]PeerDigest) {
	p.others = map[rules.PeerGroup]*rules.Distribution{}
	for _, digest := range digests {
		for _, d := range digest {
			if p.others[d.PeerGroup] == nil {
				p.others[d.PeerGroup] = &rules.Distribution{}
			}
			p.others[d.PeerGroup].Merge(d.Spread)
		}
	}
}

// Of returns an account's peers, the account itself not among them; it is what
// rules.Facts.SetPeers takes. What it returns must not be changed.
func (p *Peers) Of(account string) func(rules.PeerGroup) *rules.Distribution {
	return func(group rules.PeerGroup) *rules.Distribution {
		own, others := p.own[group], p.others[group]
		i := slices.IndexFunc(p.values[account], func(v rules.PeerValue) bool { return v.PeerGroup == group })
		switch {
		case own == nil:
			return others
		case i < 0 && others == nil:
			return own
		}
		d := own.Clone()
		if i >= 0 {
			d.Remove(p.values[account][i].Number, p.values[account][i].Beyond)
		}
		d.Merge(others)
		return d
	}
}
