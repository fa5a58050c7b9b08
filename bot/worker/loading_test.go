package worker

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"playcaller/playbooks"
	"playcaller/store"
)

// slowStore has one book, and gives it when it is told to or the reader's context ends.
type slowStore struct {
	store.Backend
	hash  string
	body  []byte
	reads atomic.Int64
	give  chan struct{}
}

func (s *slowStore) Get(ctx context.Context, _, key string) (store.Record, error) {
	s.reads.Add(1)
	select {
	case <-s.give:
		return store.Record{Key: key, Version: 1, Schema: 1, Body: s.body}, nil
	case <-ctx.Done():
		return store.Record{}, ctx.Err()
	}
}

func newSlowStore(t *testing.T) *slowStore {
	t.Helper()
	files := map[string][]byte{"team.yaml": []byte(`
people:
  tanaka: {name: Tanaka, email: tanaka@example.com, time_zone: Asia/Tokyo, country: JP}
default_owner: tanaka
`)}
	hash := playbooks.Hash(files)
	body, err := json.Marshal(store.Book{Hash: hash, Files: files})
	if err != nil {
		t.Fatal(err)
	}
	return &slowStore{hash: hash, body: body, give: make(chan struct{})}
}

// All partitions that judge by one book, or play runs of it, ask for it at once after a start.
func TestABookIsReadOnceHoweverManyAskForIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlowStore(t)
		b := newBooks(store.In(s), nil)
		const n = 20
		var all [n]*playbooks.Book
		var wait sync.WaitGroup
		for i := range n {
			wait.Go(func() {
				book, err := b.get(t.Context(), s.hash)
				if err != nil {
					t.Error(err)
				}
				all[i] = book
			})
		}
		synctest.Wait()
		close(s.give)
		wait.Wait()
		if got := s.reads.Load(); got != 1 {
			t.Errorf("the book was read %d times, want once", got)
		}
		for i := range n {
			if all[i] == nil || all[i] != all[0] {
				t.Fatalf("asked for by the %dth it is another book", i+1)
			}
		}
	})
}

func TestABookThatTheFirstNoLongerWantsIsReadForTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlowStore(t)
		b := newBooks(store.In(s), nil)
		first, leave := context.WithCancel(t.Context())
		var wait sync.WaitGroup
		wait.Go(func() {
			if _, err := b.get(first, s.hash); !errors.Is(err, context.Canceled) {
				t.Errorf("whoever left got %v", err)
			}
		})
		synctest.Wait()
		wait.Go(func() {
			if book, err := b.get(t.Context(), s.hash); book == nil || err != nil {
				t.Errorf("who waited got %v, %v; want the book", book, err)
			}
		})
		synctest.Wait()
		leave()
		synctest.Wait()
		close(s.give)
		wait.Wait()
	})
}
