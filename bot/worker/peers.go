package worker

import (
	"context"
	"errors"
	"sync"
	"time"

	"playcaller/bot/inbox"
	"playcaller/playbooks"
	"playcaller/rules"
	"playcaller/store"
)

// spreads are what every partition says of how features are spread over its accounts: those worked here as they are, the
// others as they were last written.
type spreads struct {
	mu      sync.RWMutex
	by      map[int][]playbooks.PeerDigest
	version int64 // grows with every change
}

func (s *spreads) set(partition int, digest []playbooks.PeerDigest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by == nil {
		s.by = map[int][]playbooks.PeerDigest{}
	}
	s.by[partition] = digest
	s.version++
}

// others returns what all partitions but one say, if that is news to who knows a version of it.
func (s *spreads) others(partition int, known int64) (digests [][]playbooks.PeerDigest, version int64, news bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.version == known {
		return nil, known, false
	}
	for n, digest := range s.by {
		if n != partition {
			digests = append(digests, digest)
		}
	}
	return digests, s.version, true
}

// asksPeers reports whether the book asks anything of accounts' peers.
func (o *owner) asksPeers() bool { return len(o.book.Rules.Compiler.PeerFeatures()) > 0 }

// prepare makes facts of an account at a time know what the partition knows: which feeds are alive, and the account's peers.
func (o *owner) prepare(f *rules.Facts, account string) {
	f.SetFeed(o.w.feeds.last)
	f.SetOutages(o.w.feeds.outages())
	if !o.asksPeers() {
		return
	}
	o.learnPeers()
	f.SetPeers(o.peers.Of(account))
}

// learnPeers takes in what the other partitions say, if that is news.
func (o *owner) learnPeers() {
	if digests, version, news := o.w.spreads.others(o.n, o.learnt); news {
		o.peers.Learn(digests...)
		o.learnt = version
	}
}

// spread notes what an account adds to the features of its peers: when it is made or changed, and once in each of its days.
func (o *owner) spread(a *account, c *change, f *rules.Facts) {
	if !c.all || !o.asksPeers() {
		return
	}
	o.peers.Set(a.doc.Key, o.peerValues(a, f))
	o.spreadNews = true
}

// sharePeers lets the other partitions of this process know how features are spread here now.
func (o *owner) sharePeers() {
	if o.spreadNews {
		o.w.spreads.set(o.n, o.peers.Digest())
		o.spreadNews = false
	}
}

func (o *owner) peerValues(a *account, f *rules.Facts) []rules.PeerValue {
	if !a.doc.Value.Known {
		return nil
	}
	return f.PeerValues()
}

// spreadAll notes what all accounts add, after loading.
func (o *owner) spreadAll() {
	if !o.asksPeers() {
		return
	}
	var f *rules.Facts
	for _, a := range o.accounts {
		if f == nil {
			f = o.book.Rules.Facts(&a.doc.Value.Account, &a.history, o.w.o.Clock.Now())
			f.SetFeed(o.w.feeds.last)
			f.SetOutages(o.w.feeds.outages())
		}
		f.Reset(&a.doc.Value.Account, &a.history, o.w.o.Clock.Now())
		o.peers.Set(a.doc.Key, o.peerValues(a, f))
	}
	o.w.spreads.set(o.n, o.peers.Digest())
}

// spreadEvery is how much business time passes between two writes of how features are spread: accounts all over the world
// begin a day at other times.
const spreadEvery = 6 * time.Hour

// writeSpread writes how features are spread over the partition's accounts, and reads what the others have written, some
// times in a business day.
func (o *owner) writeSpread(ctx context.Context) error {
	now := o.w.o.Clock.Now()
	if !o.asksPeers() || !o.spreadAt.IsZero() && now.Before(o.spreadAt.Add(spreadEvery)) {
		return nil
	}
	digest := o.peers.Digest()
	o.w.spreads.set(o.n, digest)
	key := store.CheckpointKey(o.n)
	doc, err := o.w.o.Records.Spreads.Get(ctx, key)
	switch {
	case errors.Is(err, store.ErrNotFound):
		doc = store.Doc[store.Spread]{Key: key, Value: store.Spread{Partition: o.n, At: now, Features: digest}}
		err = o.w.o.Records.Spreads.Insert(ctx, &doc)
	case err == nil:
		doc.Value = store.Spread{Partition: o.n, At: now, Features: digest}
		err = o.w.o.Records.Spreads.Replace(ctx, &doc)
	}
	if err != nil {
		return err
	}
	o.spreadAt = now
	return o.w.learnSpreads(ctx)
}

// learnSpreads reads what partitions that are not worked here have written.
func (w *Worker) learnSpreads(ctx context.Context) error {
	for d, err := range w.o.Records.Spreads.All(ctx, store.Query{}) {
		if err != nil {
			return err
		}
		w.mu.RLock()
		_, mine := w.owners[d.Value.Partition]
		w.mu.RUnlock()
		if !mine {
			w.spreads.set(d.Value.Partition, d.Value.Features)
		}
	}
	return nil
}

// Peers returns an account's peers, for rules.Facts.SetPeers; nil where this replica does not have the account. What it
// returns is a copy.
func (w *Worker) Peers(account string) func(rules.PeerGroup) *rules.Distribution {
	w.mu.RLock()
	o := w.owners[w.o.Stream.PartitionOf(inbox.AccountKey(account))]
	w.mu.RUnlock()
	if o == nil {
		return nil
	}
	return func(group rules.PeerGroup) *rules.Distribution {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.learnPeers()
		d := o.peers.Of(account)(group)
		if d == nil {
			return nil
		}
		return d.Clone()
	}
}
