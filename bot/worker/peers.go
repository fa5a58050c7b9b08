package worker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"playcaller/bot/inbox"
	"playcaller/playbooks"
	"playcaller/rules"
	"playcaller/store"
)

// spreads are what every partition says of how features are spread over its accounts: those worked here as they are, the
// others as they were last written. Another book may mean something else by the same feature, so each partition's are kept by
// the terms of a book: an account is judged by what all partitions say in the same terms, or its peers are not known.
type spreads struct {
	mu      sync.RWMutex
	by      map[int][]spread // by partition, first in the terms that it is judged in
	version int64            // grows with every change
}

// spread is what one partition says in the terms of one book.
type spread struct {
	terms    string
	features []playbooks.PeerDigest
}

// keptTerms is in the terms of how many books a partition's spread is kept: while a book is switched to, in those of both.
const keptTerms = 2

// set takes in what a partition says in the terms of the book that it is judged by.
func (s *spreads) set(partition int, terms string, digest []playbooks.PeerDigest) {
	s.put(partition, 0, spread{terms, digest})
}

// ahead takes in what a partition says in the terms of a book that it may be judged by soon. However many such books there are,
// what it says in the terms of its present one stays.
func (s *spreads) ahead(partition int, terms string, digest []playbooks.PeerDigest) {
	s.put(partition, 1, spread{terms, digest})
}

// put puts what a partition says in some terms at a place among what it says in others.
func (s *spreads) put(partition, place int, is spread) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by == nil {
		s.by = map[int][]spread{}
	}
	s.version++
	said := slices.Clone(s.by[partition])
	if i := slices.IndexFunc(said, func(of spread) bool { return of.terms == is.terms }); i >= 0 {
		place = min(place, i)
		said = slices.Delete(said, i, i+1)
	}
	said = slices.Insert(said, min(place, len(said)), is)
	s.by[partition] = said[:min(len(said), keptTerms)]
}

// others returns what all of so many partitions but one say in the terms of a book, if that is news to who knows a version of
// it. It is whole if each of them has said something.
func (s *spreads) others(partition, of int, terms string, known int64) (digests [][]playbooks.PeerDigest, whole bool, version int64, news bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.version == known {
		return nil, false, known, false
	}
	for n, said := range s.by {
		if i := slices.IndexFunc(said, func(of spread) bool { return of.terms == terms }); i >= 0 && n != partition {
			digests = append(digests, said[i].features)
		}
	}
	return digests, len(digests) == of-1, s.version, true
}

// peerTerms says what a book asks of peers, and by what segments and declarations of signals; "" where it asks nothing.
func peerTerms(book *playbooks.Book) string {
	asked := book.Rules.Compiler.PeerFeatures()
	if len(asked) == 0 {
		return ""
	}
	segments := string(book.Files[playbooks.SegmentsFile])
	terms := sha256.New()
	fmt.Fprintf(terms, "%q %q", asked, segments)
	for _, def := range book.Signals {
		if strings.Contains(segments, def.Name) || slices.ContainsFunc(asked, func(a rules.PeerFeature) bool { return strings.Contains(a.Feature, def.Name) }) {
			fmt.Fprintf(terms, " %v", def)
		}
	}
	return hex.EncodeToString(terms.Sum(nil)[:6])
}

// asksPeers reports whether the book asks anything of accounts' peers.
func (o *owner) asksPeers() bool { return len(o.book.Rules.Compiler.PeerFeatures()) > 0 }

// prepare makes facts of an account at a time know what the partition knows: which feeds are alive, and the account's peers.
func (o *owner) prepare(f *rules.Facts, account string) {
	o.w.feeds.tell(f)
	if !o.asksPeers() {
		return
	}
	o.learnPeers()
	f.SetPeers(o.peersOf(account))
}

// peersOf returns an account's peers; nil while what other partitions say is not all in the terms of this one's book.
func (o *owner) peersOf(account string) func(rules.PeerGroup) *rules.Distribution {
	if !o.peersWhole {
		return nil
	}
	return o.peers.Of(account)
}

// learnPeers takes in what the other partitions say, if that is news.
func (o *owner) learnPeers() {
	if digests, whole, version, news := o.w.spreads.others(o.n, o.w.o.Stream.Partitions(), o.terms, o.learnt); news {
		o.peers.Learn(digests...)
		o.peersWhole, o.learnt = whole, version
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
		o.w.spreads.set(o.n, o.terms, o.peers.Digest())
		o.spreadNews = false
	}
}

func (o *owner) peerValues(a *account, f *rules.Facts) []rules.PeerValue {
	if !a.doc.Value.Known {
		return nil
	}
	return f.PeerValues()
}

// spreadAll notes what all accounts add, after loading and where another book asks in other terms.
func (o *owner) spreadAll() {
	o.terms, o.peersWhole = peerTerms(o.book), false
	if !o.asksPeers() {
		return
	}
	o.spreadAt = time.Time{}
	var f *rules.Facts
	for _, a := range o.accounts {
		if f == nil {
			f = o.facts(o.book)
		}
		f.Reset(&a.doc.Value.Account, &a.history, o.w.o.Clock.Now())
		o.peers.Set(a.doc.Key, o.peerValues(a, f))
	}
	o.w.spreads.set(o.n, o.terms, o.peers.Digest())
}

// facts returns the facts of no account yet, by which its features are worked out for others to be compared with.
func (o *owner) facts(book *playbooks.Book) *rules.Facts {
	f := book.Rules.Facts(nil, nil, o.w.o.Clock.Now())
	o.w.feeds.tell(f)
	return f
}

// spreadBy returns how features are spread over the partition's accounts by a book that they are not judged by yet. What
// accounts have worked out by the present one is kept.
func (o *owner) spreadBy(book *playbooks.Book) (digest []playbooks.PeerDigest, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("comparing accounts by book %.12s: panic: %v\n%s", book.Hash, r, debug.Stack())
		}
	}()
	there, back := rules.NewCarrier(o.book.Rules.Compiler, book.Rules.Compiler), rules.NewCarrier(book.Rules.Compiler, o.book.Rules.Compiler)
	f := o.facts(book)
	var peers playbooks.Peers
	of := func(a *account) {
		there.Carry(&a.history)
		defer back.Carry(&a.history)
		f.Reset(&a.doc.Value.Account, &a.history, o.w.o.Clock.Now())
		peers.Set(a.doc.Key, o.peerValues(a, f))
	}
	for _, a := range o.accounts {
		of(a)
	}
	return peers.Digest(), nil
}

// spreadAhead lets every partition know how features are spread over all accounts by a book that is about to be switched to:
// the first to switch would otherwise compare its accounts with its own alone.
func (w *Worker) spreadAhead(ctx context.Context, book *playbooks.Book) error {
	terms := peerTerms(book)
	if present := w.Present(); terms == "" || present != nil && terms == peerTerms(present) {
		return nil
	}
	alone := w.alone()
	return w.inside(ctx, func(o *owner) error {
		digest, err := o.spreadBy(book)
		if err != nil {
			return err
		}
		w.spreads.ahead(o.n, terms, digest)
		if alone {
			return nil
		}
		return w.saveSpread(ctx, aheadKey(o.n, terms), store.Spread{Partition: o.n, At: w.o.Clock.Now(), Terms: terms, Features: digest})
	})
}

// aheadKey names what was worked out for a partition before it switched to a book.
func aheadKey(partition int, terms string) string {
	return store.CheckpointKey(partition) + "/" + terms
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
	digest, first := o.peers.Digest(), o.spreadAt.IsZero()
	o.w.spreads.set(o.n, o.terms, digest)
	if err := o.w.saveSpread(ctx, store.CheckpointKey(o.n), store.Spread{Partition: o.n, At: now, Terms: o.terms, Features: digest}); err != nil {
		return err
	}
	o.spreadAt = now
	if first {
		if err := o.w.dropAhead(ctx, o.n); err != nil {
			return err
		}
	}
	return o.w.learnSpreads(ctx)
}

// owesSpread reports whether the partition has not written yet how features are spread in its book's terms.
func (o *owner) owesSpread() bool { return o.spreadAt.IsZero() && o.asksPeers() }

// saveSpread writes a document over whatever it was.
func (w *Worker) saveSpread(ctx context.Context, key string, is store.Spread) error {
	doc, err := w.o.Records.Spreads.Get(ctx, key)
	switch {
	case errors.Is(err, store.ErrNotFound):
		doc = store.Doc[store.Spread]{Key: key, Value: is}
		err = w.o.Records.Spreads.Insert(ctx, &doc)
	case err == nil:
		doc.Value = is
		err = w.o.Records.Spreads.Replace(ctx, &doc)
	}
	return err
}

// dropAhead deletes what was worked out for a partition before switches: it says so itself now, and a book that was left again
// before the partition heard of it has no use for the rest.
func (w *Worker) dropAhead(ctx context.Context, partition int) error {
	ahead, err := w.o.Records.Spreads.Find(ctx, store.Query{From: aheadKey(partition, ""), To: aheadKey(partition, "~"), KeysOnly: true})
	if err != nil {
		return err
	}
	for _, d := range ahead {
		if err := w.o.Records.Spreads.Delete(ctx, d.Key, d.Version); err != nil && !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
	return nil
}

// hearSpreads reads what other replicas have written, where there are any.
func (w *Worker) hearSpreads(ctx context.Context) error {
	if w.alone() {
		return nil
	}
	return w.learnSpreads(ctx)
}

// learnSpreads reads what partitions that are not worked here have written: what they say themselves, and the latest that was
// worked out for them ahead of a switch.
func (w *Worker) learnSpreads(ctx context.Context) error {
	ahead := map[int]store.Spread{}
	for d, err := range w.o.Records.Spreads.All(ctx, store.Query{}) {
		if err != nil {
			return err
		}
		is := d.Value
		switch {
		case w.works(is.Partition):
		case d.Key == store.CheckpointKey(is.Partition):
			w.spreads.set(is.Partition, is.Terms, is.Features)
		case ahead[is.Partition].At.Before(is.At):
			ahead[is.Partition] = is
		}
	}
	for n, is := range ahead {
		w.spreads.ahead(n, is.Terms, is.Features)
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
		of := o.peersOf(account)
		if of == nil {
			return nil
		}
		d := of(group)
		if d == nil {
			return nil
		}
		return d.Clone()
	}
}
