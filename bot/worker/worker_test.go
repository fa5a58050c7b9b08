package worker

import (
	"runtime"
	"strings"
	"testing"
	"time"
)

// Whoever works a partition asks meanwhile which others are worked here, and tenures begin and end.
func TestAskingWhatIsDueNextHoldsNobodyUp(t *testing.T) {
	o := &owner{}
	w := &Worker{owners: map[int]*owner{0: o}}
	o.mu.Lock() // as while a message is worked
	asked := make(chan struct{})
	go func() {
		w.NextDue()
		close(asked)
	}()
	stacks := make([]byte, 1<<20)
	for late := time.Now().Add(10 * time.Second); !strings.Contains(string(stacks[:runtime.Stack(stacks, true)]), "(*owner).nextDue"); {
		if time.Now().After(late) {
			t.Fatal("nobody asks the owner")
		}
		runtime.Gosched()
	}
	if w.mu.TryLock() {
		w.mu.Unlock()
	} else {
		t.Error("no tenure can begin or end while NextDue waits for a partition")
	}
	o.mu.Unlock()
	<-asked
}
