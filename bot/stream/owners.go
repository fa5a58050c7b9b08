package stream

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Owner works one partition: it starts p from its checkpoint and reads until ctx ends or something fails.
type Owner func(ctx context.Context, p *Partition) error

// Run claims this replica's share of the partitions and calls own in a goroutine for each one it holds. The context
// of own ends before the lease can pass to another replica. When own returns while the lease still stands, the lease
// is checked and own is called anew with a fresh Partition after a short back-off. Run returns when ctx has ended,
// all own calls have returned, and the leases are released, so that other replicas take over at once. Its error is
// nil then, and ErrClosed after Close.
//
// A lease is an entry of a JetStream key-value bucket, changed only by whoever knows its revision. Nobody compares
// clocks: an owner stops when its last renewal, counted from before it was sent, is nearly Options.Lease ago, and
// others take a lease when they themselves have seen it unchanged for all of Options.Lease. With the embedded server
// the bucket lives in memory, so that the leases of a process that was killed end with it.
func (s *Stream) Run(ctx context.Context, own Owner) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.mu.Lock()
	switch {
	case s.closing.Err() != nil:
		s.mu.Unlock()
		return ErrClosed
	case s.stopped != nil:
		s.mu.Unlock()
		return errors.New("the event stream is being run already")
	}
	stopped := make(chan struct{})
	s.stopped = stopped
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.stopped = nil
		close(stopped)
	}()
	defer context.AfterFunc(s.closing, cancel)()

	bucket, err := s.leaseBucket(ctx)
	if err != nil {
		if ctx.Err() == nil {
			return fmt.Errorf("preparing the leases at %s: %w", s.options.where(), err)
		}
	} else {
		newOwners(s, bucket, own).run(ctx)
	}
	if s.closing.Err() != nil {
		return ErrClosed
	}
	return nil
}

// leaseBucket returns the bucket of leases, made if need be. Entries of replicas that are long gone age out of it.
func (s *Stream) leaseBucket(ctx context.Context) (jetstream.KeyValue, error) {
	storage := jetstream.FileStorage
	if s.sole() {
		storage = jetstream.MemoryStorage
	}
	config := jetstream.KeyValueConfig{
		Bucket:      s.options.Name + "-leases",
		Description: "Which replica owns which partition of the event stream.",
		TTL:         max(20*s.options.Lease, time.Minute),
		Storage:     storage,
		Replicas:    s.options.Replicas,
		MaxBytes:    16 << 20,
	}
	bucket, err := s.js.CreateKeyValue(ctx, config)
	if errors.Is(err, jetstream.ErrBucketExists) {
		return s.js.KeyValue(ctx, config.Bucket)
	}
	return bucket, err
}

// Owned returns the numbers of the partitions that this replica owns now, in order.
func (s *Stream) Owned() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.owned))
}

func (s *Stream) noteOwned(partition int, owned bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if owned {
		s.owned[partition] = true
		return
	}
	delete(s.owned, partition)
	delete(s.unreadable, partition) // another replica's concern now
}

// noteReadable keeps why a partition cannot be read, for Ready.
func (s *Stream) noteReadable(partition int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		delete(s.unreadable, partition)
		return
	}
	if errors.Is(err, ErrGap) || errors.Is(err, ErrForeign) {
		s.unreadable[partition] = err
	}
}

const (
	leaseKey   = "partition."
	replicaKey = "replica."
)

// sighting is an entry of the bucket as this replica last saw it.
type sighting struct {
	owner    string // "" when released
	revision uint64
	at       time.Time // when the revision was first seen, in real time
}

// owners shares the partitions out. Its fields belong to the goroutine of run; each lease has a goroutine of its own.
type owners struct {
	stream *Stream
	bucket jetstream.KeyValue
	own    Owner
	// identity is what this replica writes into the bucket: its name, and a mark of this Run.
	identity string

	leases   map[int]sighting
	replicas map[string]sighting
	mine     map[int]*lease
	ended    chan *lease
	tasks    sync.WaitGroup
}

func newOwners(s *Stream, bucket jetstream.KeyValue, own Owner) *owners {
	return &owners{
		stream: s, bucket: bucket, own: own,
		identity: s.options.Replica + "." + newMark(),
		leases:   map[int]sighting{},
		replicas: map[string]sighting{},
		mine:     map[int]*lease{},
		ended:    make(chan *lease),
	}
}

// run shares out until ctx ends, then hands everything back.
func (o *owners) run(ctx context.Context) {
	sightings := make(chan jetstream.KeyValueEntry)
	o.tasks.Go(func() { o.watch(ctx, sightings) })
	beat := time.NewTicker(o.stream.options.Lease / 3)
	defer beat.Stop()
	o.announce(ctx)
	settled := false
	for ctx.Err() == nil {
		select {
		case entry := <-sightings:
			settled = settled || entry == nil
			o.see(entry)
		case l := <-o.ended:
			o.drop(l)
		case <-beat.C:
			o.announce(ctx)
		case <-ctx.Done():
		}
		if settled && ctx.Err() == nil {
			o.balance(ctx)
		}
	}
	for _, l := range o.mine {
		l.giveUp()
	}
	for len(o.mine) > 0 {
		o.drop(<-o.ended)
	}
	o.tasks.Wait()
	o.leave()
}

// announce shows other replicas that this one is alive.
func (o *owners) announce(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, o.stream.options.Lease/3)
	defer cancel()
	if _, err := o.bucket.Put(ctx, replicaKey+o.identity, nil); err != nil && ctx.Err() == nil {
		o.stream.log.Debug("event stream heartbeat", "error", err)
	}
}

func (o *owners) leave() {
	ctx, cancel := context.WithTimeout(context.Background(), o.stream.options.Lease/3)
	defer cancel()
	_ = o.bucket.Delete(ctx, replicaKey+o.identity) // others notice its silence too
}

// watch passes on every change of the bucket, a nil entry once the present ones are through, and begins again when the
// connection fails.
func (o *owners) watch(ctx context.Context, sightings chan<- jetstream.KeyValueEntry) {
	for ctx.Err() == nil {
		if watcher, err := o.bucket.WatchAll(ctx); err == nil {
			o.passOn(ctx, watcher.Updates(), sightings)
			_ = watcher.Stop()
		}
		select {
		case <-time.After(o.stream.options.Lease / 10):
		case <-ctx.Done():
		}
	}
}

func (o *owners) passOn(ctx context.Context, from <-chan jetstream.KeyValueEntry, to chan<- jetstream.KeyValueEntry) {
	for {
		select {
		case entry, open := <-from:
			if !open {
				return
			}
			select {
			case to <- entry:
			case <-ctx.Done():
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// see takes in a change of the bucket.
func (o *owners) see(entry jetstream.KeyValueEntry) {
	if entry == nil {
		return
	}
	gone := entry.Operation() != jetstream.KeyValuePut
	if replica, ok := strings.CutPrefix(entry.Key(), replicaKey); ok {
		if gone {
			delete(o.replicas, replica)
		} else {
			notice(o.replicas, replica, sighting{owner: replica, revision: entry.Revision()})
		}
		return
	}
	var partition int
	if _, err := fmt.Sscanf(entry.Key(), leaseKey+"%d", &partition); err != nil {
		return
	}
	seen := sighting{owner: string(entry.Value()), revision: entry.Revision()}
	if gone {
		seen.owner = ""
	}
	notice(o.leases, partition, seen)
}

// notice keeps the newest revision and when it was first seen: an entry told again is not a sign of life.
func notice[K comparable](seen map[K]sighting, key K, s sighting) {
	if s.revision > seen[key].revision {
		s.at = time.Now()
		seen[key] = s
	}
}

// balance claims or sheds partitions until this replica has its share.
func (o *owners) balance(ctx context.Context) {
	share, rank := o.share()
	held := 0
	for _, l := range o.mine {
		if !l.ending {
			held++
		}
	}
	for _, number := range slices.Backward(slices.Sorted(maps.Keys(o.mine))) {
		if l := o.mine[number]; held > share && !l.ending {
			l.giveUp()
			held--
		}
	}
	count := o.stream.Partitions()
	for i := range count {
		// Replicas begin at different places, so that they do not all reach for the same partition.
		number := (rank + i) % count
		if held >= share || ctx.Err() != nil {
			return
		}
		if o.mine[number] == nil && o.claim(ctx, number) {
			held++
		}
	}
}

// share returns how many partitions are this replica's, and where it begins to look for them.
func (o *owners) share() (share, from int) {
	live := []string{o.identity}
	for name, s := range o.replicas {
		if name != o.identity && time.Since(s.at) < o.stream.options.Lease {
			live = append(live, name)
		}
	}
	slices.Sort(live)
	rank, count := slices.Index(live, o.identity), o.stream.Partitions()
	share = count / len(live)
	if rank < count%len(live) {
		share++
	}
	return share, rank * count / len(live)
}

// claim takes the partition's lease if nobody holds it, and reports whether it did.
func (o *owners) claim(ctx context.Context, number int) bool {
	seen := o.leases[number]
	if seen.owner != "" && time.Since(seen.at) < o.stream.options.Lease {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, o.stream.options.Lease/3)
	defer cancel()
	l := newLease(o, number)
	sent := time.Now()
	var revision uint64
	var err error
	if seen.owner == "" {
		revision, err = o.bucket.Create(ctx, l.key, []byte(o.identity))
	} else {
		revision, err = o.bucket.Update(ctx, l.key, []byte(o.identity), seen.revision)
	}
	if isConflict(err) {
		o.lookAgain(ctx, number)
	}
	if err != nil {
		return false
	}
	if seen.owner != "" {
		o.stream.log.Warn("event stream partition taken over from a silent replica", "partition", number, "replica", seen.owner)
	}
	notice(o.leases, number, sighting{owner: o.identity, revision: revision})
	o.mine[number] = l
	l.held(sent, revision)
	o.tasks.Go(l.keep)
	return true
}

// lookAgain corrects a sighting that is out of date: the entry may have aged out of the bucket.
func (o *owners) lookAgain(ctx context.Context, number int) {
	entry, err := o.bucket.Get(ctx, fmt.Sprint(leaseKey, number))
	switch {
	case errors.Is(err, jetstream.ErrKeyNotFound):
		delete(o.leases, number)
	case err == nil:
		o.see(entry)
	}
}

// drop forgets a lease whose goroutine has ended.
func (o *owners) drop(l *lease) {
	delete(o.mine, l.number)
	if seen := o.leases[l.number]; l.released && seen.owner == o.identity {
		delete(o.leases, l.number)
	}
}
