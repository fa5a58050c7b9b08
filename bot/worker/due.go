package worker

import (
	"container/heap"
	"time"
)

// dueQueue holds the times at which keys want to be looked at, the earliest first. A key has one time; setting another
// replaces it.
type dueQueue struct {
	heap dueHeap
	at   map[string]time.Time
}

type dueEntry struct {
	at  time.Time
	key string
}

type dueHeap []dueEntry

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h dueHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *dueHeap) Push(x any)        { *h = append(*h, x.(dueEntry)) }
func (h *dueHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}

// set makes at the key's time; the zero time means none.
func (q *dueQueue) set(key string, at time.Time) {
	if q.at == nil {
		q.at = map[string]time.Time{}
	}
	if old, ok := q.at[key]; ok && old.Equal(at) {
		return
	}
	if at.IsZero() {
		delete(q.at, key)
		return
	}
	q.at[key] = at
	heap.Push(&q.heap, dueEntry{at, key})
}

// peek returns the earliest entry that still stands.
func (q *dueQueue) peek() (key string, at time.Time, ok bool) {
	for len(q.heap) > 0 {
		e := q.heap[0]
		if now, ok := q.at[e.key]; ok && now.Equal(e.at) {
			return e.key, e.at, true
		}
		heap.Pop(&q.heap)
	}
	return "", time.Time{}, false
}

// pop removes the entry that peek returned.
func (q *dueQueue) pop() {
	e := heap.Pop(&q.heap).(dueEntry)
	delete(q.at, e.key)
}
