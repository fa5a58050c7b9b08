package worker

import (
	"fmt"
	"sync"
	"time"

	"playcaller/bot/inbox"
	"playcaller/bot/stream"
	"playcaller/rules"
	"playcaller/store"
)

// storms counts how often each playbook was started by its rule, so that many starts at once are held back until ops have
// looked: twenty accounts that drop in one hour are more likely a broken feed than twenty customers. The counts are those
// of this process; what was found to be a storm, and when ops last ended one, is kept in every partition's checkpoint.
type storms struct {
	mu     sync.Mutex
	starts map[string][]time.Time // by playbook: business times, oldest first
	told   map[string]bool
	lifted map[string]time.Time // ops said go on: not limited for one period from here
}

// note counts a start.
func (s *storms) note(playbook string, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.starts == nil {
		s.starts = map[string][]time.Time{}
	}
	s.starts[playbook] = append(s.starts[playbook], at)
}

// full reports whether a playbook has been started n times within a period.
func (s *storms) full(playbook string, n int, per time.Duration, at time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at.Before(s.lifted[playbook].Add(per)) {
		return false
	}
	starts := s.starts[playbook]
	for len(starts) > 0 && !starts[0].After(at.Add(-per)) {
		starts = starts[1:]
	}
	if s.starts != nil {
		s.starts[playbook] = starts
	}
	return len(starts) >= n
}

// lift lets a playbook start as often as it wants for one period.
func (s *storms) lift(playbook string, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lifted == nil {
		s.lifted = map[string]time.Time{}
	}
	s.lifted[playbook] = at
	delete(s.told, playbook)
	delete(s.starts, playbook)
}

// learn takes in what a partition's checkpoint says: which storms ops were told of, and when they ended others. A storm is
// found a whole period after one was ended at the earliest, in every process: so its question has another key.
func (s *storms) learn(cp *store.Checkpoint) {
	for playbook := range cp.Storms {
		s.tell(playbook)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for playbook, at := range cp.Lifted {
		if at.After(s.lifted[playbook]) {
			s.lifted = with(s.lifted, playbook, at)
		}
	}
}

// tell reports whether ops have yet to be told of a storm.
func (s *storms) tell(playbook string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.told[playbook] {
		return false
	}
	if s.told == nil {
		s.told = map[string]bool{}
	}
	s.told[playbook] = true
	return true
}

// undo takes back what a message that failed has counted; it is worked again.
func (s *storms) undo(started, told []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, playbook := range started {
		if starts := s.starts[playbook]; len(starts) > 0 {
			s.starts[playbook] = starts[:len(starts)-1]
		}
	}
	for _, playbook := range told {
		delete(s.told, playbook)
	}
}

// stormy reports whether a playbook may not start now, because too many did.
func (o *owner) stormy(playbook string, at time.Time) bool {
	if o.cp.Value.Storms[playbook] {
		return true
	}
	p := o.book.Playbooks[playbook]
	return p != nil && p.Limit.N > 0 && o.w.storms.full(playbook, p.Limit.N, p.Limit.Per, at)
}

// unasked returns the playbooks whose start a storm held back on the account although the partition was never told of one: the
// process was stopped in between, and ops may not have been asked.
func (o *owner) unasked(a *account) []string {
	var all []string
	for key, s := range a.doc.Value.States {
		playbook, _ := store.SplitRuleKey(key)
		if p := o.book.Playbooks[playbook]; s.Phase == rules.Pending && s.Reason == rules.OverStormLimit && p != nil && p.Limit.N > 0 && !o.cp.Value.Storms[playbook] {
			all = append(all, playbook)
		}
	}
	return all
}

// announce holds a playbook back in every partition when it would have started too often, and asks ops once: the question's key
// is that of the time for which the limit counts. The own partition is told last, so that once it knows all others do.
func (j *job) announce(t *touched) error {
	for _, playbook := range t.c.storms {
		if j.o.cp.Value.Storms[playbook] || !j.o.w.storms.tell(playbook) { // another partition may have heard already that ops ended it
			continue
		}
		j.told = append(j.told, playbook)
		limit := j.o.book.Playbooks[playbook].Limit
		ev, err := inbox.Event(inbox.Everywhere, inbox.OpsKind, t.c.at, inbox.Ops{What: inbox.Storm, Playbook: playbook})
		if err != nil {
			return err
		}
		for p, all := 0, j.o.w.o.Stream.Partitions(); p < all; p++ {
			j.everyone = append(j.everyone, addressed{(j.o.n + 1 + p) % all, ev})
		}
		out := store.Outgoing{Key: fmt.Sprintf("ops/storm/%s/%d", playbook, t.c.at.Truncate(limit.Per).Unix()), Kind: "storm", Text: playbook,
			Limit: limit.N, At: t.c.at}
		if err := j.publish(inbox.ChannelKey(opsPlace(j.o.book.Team)), inbox.SendKind, t, out.Key, out); err != nil {
			return err
		}
	}
	return nil
}

// addressed is an event for one partition, whatever its key.
type addressed struct {
	partition int
	event     stream.Event
}
