package intake

import (
	"hash/maphash"
	"sync"
)

// recentIDs is how many ids are recognised here at least, before the worker's longer memory.
const recentIDs = 200_000

// recent remembers the ids of signals that are durable, in two generations: when one is full the older is forgotten.
type recent struct {
	mu       sync.Mutex
	seed     maphash.Seed
	size     int
	old, new map[uint64]struct{}
}

func newRecent(size int) *recent {
	return &recent{seed: maphash.MakeSeed(), size: size, old: map[uint64]struct{}{}, new: map[uint64]struct{}{}}
}

func (r *recent) has(id string) bool {
	h := maphash.String(r.seed, id)
	r.mu.Lock()
	defer r.mu.Unlock()
	_, young := r.new[h]
	_, old := r.old[h]
	return young || old
}

func (r *recent) add(ids []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range ids {
		if len(r.new) >= r.size {
			r.old, r.new = r.new, map[uint64]struct{}{}
		}
		r.new[maphash.String(r.seed, id)] = struct{}{}
	}
}
