package sqlite

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"playcaller/store"
	"playcaller/store/storetest"
)

// childFile tells a copy of this test program which file to write until it is
// killed.
const childFile = "PLAYCALLER_TEST_CHILD_FILE"

// TestWhatWasAcknowledgedSurvivesAKill has a process of its own write counters
// and say each number that was acknowledged, kills it at some point, and looks
// at what it left, several times over.
func TestWhatWasAcknowledgedSurvivesAKill(t *testing.T) {
	if path := os.Getenv(childFile); path != "" {
		writeUntilKilled(t, path)
		return
	}
	path := filepath.Join(t.TempDir(), "x.db")
	for round := range 5 {
		acknowledged := runAndKill(t, path, 100+37*round)
		s, err := Open(t.Context(), path, storetest.Collections())
		if err != nil {
			t.Fatal(err)
		}
		for key, n := range acknowledged {
			r, err := s.Get(t.Context(), "plain", key)
			if got, _ := strconv.Atoi(string(r.Body)); err != nil || got < n {
				t.Errorf("round %d: %s is %s, error %v, though %d was acknowledged", round, key, r.Body, err, n)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// runAndKill returns the last acknowledged numbers by key; it kills the child
// after so many.
func runAndKill(t *testing.T, path string, after int) map[string]int {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestWhatWasAcknowledgedSurvivesAKill$", "-test.count=1")
	child.Env = append(os.Environ(), childFile+"="+path)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	acknowledged := make(map[string]int)
	lines := bufio.NewScanner(out)
	for count := 0; lines.Scan(); count++ {
		key, number, _ := strings.Cut(lines.Text(), " ")
		n, err := strconv.Atoi(number)
		if err != nil {
			t.Errorf("the child says %q", lines.Text())
			break
		}
		acknowledged[key] = n
		if count == after {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := child.Wait(); err == nil {
		t.Error("the child ended by itself")
	}
	if len(acknowledged) == 0 {
		t.Fatal("the child has acknowledged nothing")
	}
	return acknowledged
}

func writeUntilKilled(t *testing.T, path string) {
	s := open(t, path)
	var all, out sync.WaitGroup
	said := make(chan string)
	out.Go(func() {
		for line := range said {
			fmt.Println(line)
		}
	})
	for i := range 4 {
		all.Go(func() {
			key := fmt.Sprintf("counter%d", i)
			if err := countUp(t.Context(), s, key, said); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	close(said)
	out.Wait()
}

func countUp(ctx context.Context, s *Store, key string, said chan<- string) error {
	r, err := s.Get(ctx, "plain", key)
	if errors.Is(err, store.ErrNotFound) {
		r = record(key, 0, "0")
	} else if err != nil {
		return err
	}
	for n, _ := strconv.Atoi(string(r.Body)); ; r.Version++ {
		n++
		r.Body = strconv.AppendInt(nil, int64(n), 10)
		conflicts, err := s.BulkReplace(ctx, "plain", []store.Record{r})
		if err != nil || len(conflicts) > 0 {
			return fmt.Errorf("conflicts %v: %w", conflicts, err)
		}
		said <- fmt.Sprintf("%s %d", key, n)
	}
}
