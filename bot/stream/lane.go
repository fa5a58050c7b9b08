package stream

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"
)

// lane is what this process knows of one partition's lane: a JetStream stream with one subject.
type lane struct {
	partition int
	lane      Lane
	stream    string
	subject   string

	last    atomic.Uint64 // highest sequence known to be durable
	read    atomic.Uint64 // last sequence returned to the owner; of a lane not read here, the last known to be worked
	reading atomic.Bool   // whether this replica reads it
	// unsure is set by a publication that was not answered: last may be too low until the next one is.
	unsure atomic.Bool
	// broken is why the embedded server writes no more to it, until a restart.
	broken atomic.Pointer[error]

	writer writer
}

func (s *Stream) newLane(partition int, l Lane) *lane {
	return &lane{
		partition: partition,
		lane:      l,
		stream:    fmt.Sprintf("%s-%d-%s", s.options.Name, partition, l),
		subject:   fmt.Sprintf("%s.events.%d.%s", s.options.Name, partition, l),
	}
}

func (l *lane) String() string { return fmt.Sprintf("partition %d, lane %s", l.partition, l.lane) }

// unread returns how many messages the owner has not been given.
func (l *lane) unread() uint64 {
	read, last := l.read.Load(), l.last.Load()
	return last - min(read, last)
}

// observe takes in the server's account of the lane.
func (l *lane) observe(state jetstream.StreamState) {
	raise(&l.last, state.LastSeq)
	if !l.reading.Load() {
		l.read.Store(worked(state))
	}
}

// worked returns the last sequence that a checkpoint has passed: purging spares the checkpoint's own message.
func worked(state jetstream.StreamState) uint64 {
	switch {
	case state.Msgs == 0:
		return state.LastSeq
	case state.FirstSeq > 1:
		return state.FirstSeq
	}
	return 0
}

func raise(v *atomic.Uint64, to uint64) {
	for {
		old := v.Load()
		if to <= old || v.CompareAndSwap(old, to) {
			return
		}
	}
}

const (
	metaIncarnation = "incarnation"
	metaPartitions  = "partitions"
)

// prepareAtMost bounds Open and Partition.Start where their contexts do not.
const prepareAtMost = 30 * time.Second

// prepare finds the lanes' streams, makes those that are missing and adapts their bounds.
func (s *Stream) prepare(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, prepareAtMost)
	defer cancel()
	var found map[string]*jetstream.StreamInfo
	err := patiently(ctx, func(ctx context.Context) (err error) {
		found, err = s.list(ctx)
		return err
	})
	if err != nil {
		return s.unprepared(err)
	}
	// The very first stream settles the number of partitions, also between replicas that start at the same time.
	first := s.newLane(0, Now)
	info := found[first.stream]
	for _, other := range found {
		if info == nil {
			info = other
		}
	}
	if info == nil {
		if info, err = s.create(ctx, first, s.options.Partitions); err != nil {
			return s.unprepared(err)
		}
		found[first.stream] = info
	}
	count, err := strconv.Atoi(info.Config.Metadata[metaPartitions])
	if err != nil || count < 1 {
		return fmt.Errorf("JetStream stream %s was not made by this program: set another name for the event stream", info.Config.Name)
	}
	for number := range count {
		s.partitions = append(s.partitions, [lanes]*lane{s.newLane(number, Now), s.newLane(number, Bulk)})
	}
	if err := s.complete(ctx, found); err != nil {
		return s.unprepared(err)
	}
	s.name(found)
	s.payload = min(s.options.MaxPayload, int(s.conn.MaxPayload())) - messageOverhead
	return nil
}

func (s *Stream) unprepared(err error) error {
	return fmt.Errorf("preparing the event stream at %s: %w", s.options.where(), err)
}

// patiently asks again where a cluster does not answer: without a leader, as while it starts, it never will.
func patiently(ctx context.Context, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, prepareAtMost)
	defer cancel()
	for {
		attempt, cancel := context.WithTimeout(ctx, time.Second)
		err := ask(attempt)
		cancel()
		var api *jetstream.APIError
		if err == nil || ctx.Err() != nil || errors.Is(err, nats.ErrConnectionClosed) || errors.As(err, &api) && api.Code < 500 {
			return err
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

// list returns the streams of all lanes by name.
func (s *Stream) list(ctx context.Context) (map[string]*jetstream.StreamInfo, error) {
	found := map[string]*jetstream.StreamInfo{}
	listing := s.js.ListStreams(ctx, jetstream.WithStreamListSubject(s.options.Name+".events.>"))
	for info := range listing.Info() {
		found[info.Config.Name] = info
	}
	return found, listing.Err()
}

// complete makes the streams that found lacks, adapts those whose bound has changed, and adds them to found.
func (s *Stream) complete(ctx context.Context, found map[string]*jetstream.StreamInfo) error {
	type made struct {
		lane *lane
		info *jetstream.StreamInfo
	}
	results := make([]made, 0, lanes*len(s.partitions))
	for _, pair := range s.partitions {
		for _, l := range pair {
			results = append(results, made{lane: l, info: found[l.stream]})
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(8)
	for i := range results {
		r := &results[i]
		group.Go(func() (err error) {
			if r.info == nil {
				r.info, err = s.create(ctx, r.lane, len(s.partitions))
			} else if bound := s.options.laneBytes(r.lane.lane, len(s.partitions)); r.info.Config.MaxBytes != bound {
				config := r.info.Config
				config.MaxBytes = bound
				var updated jetstream.Stream
				if updated, err = s.js.UpdateStream(ctx, config); err == nil {
					r.info = updated.CachedInfo()
				}
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, r := range results {
		found[r.lane.stream] = r.info
		r.lane.observe(r.info.State)
	}
	return nil
}

// create makes the lane's stream, or returns the one that another replica has just made.
func (s *Stream) create(ctx context.Context, l *lane, partitions int) (*jetstream.StreamInfo, error) {
	made, err := s.js.CreateStream(ctx, jetstream.StreamConfig{
		Name:        l.stream,
		Description: fmt.Sprintf("Events of partition %d, lane %s.", l.partition, l.lane),
		Subjects:    []string{l.subject},
		Retention:   jetstream.LimitsPolicy,
		Storage:     jetstream.FileStorage,
		Discard:     jetstream.DiscardNew,
		MaxBytes:    s.options.laneBytes(l.lane, partitions),
		Replicas:    s.options.Replicas,
		Duplicates:  DuplicateWindow,
		DenyDelete:  true,
		Metadata:    map[string]string{metaIncarnation: rand.Text(), metaPartitions: strconv.Itoa(partitions)},
	})
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
		made, err = s.js.Stream(ctx, l.stream)
	}
	if err != nil {
		return nil, fmt.Errorf("%v: %w", l, err)
	}
	return made.CachedInfo(), nil
}

// name derives the incarnation from those of all lanes: losing one makes the whole another stream.
func (s *Stream) name(found map[string]*jetstream.StreamInfo) {
	sum := sha256.New()
	for _, pair := range s.partitions {
		for _, l := range pair {
			fmt.Fprintf(sum, "%s %s\n", l.stream, found[l.stream].Config.Metadata[metaIncarnation])
		}
	}
	s.incarnation = hex.EncodeToString(sum.Sum(nil)[:10])
}

// refresh asks the server how far every lane has come.
func (s *Stream) refresh(ctx context.Context) error {
	found, err := s.list(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	for _, pair := range s.partitions {
		for _, l := range pair {
			if info := found[l.stream]; info != nil {
				l.observe(info.State)
			}
		}
	}
	return nil
}
