package stream

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// childEnv, when set, makes the test binary one of the processes below in place of running tests.
const childEnv = "STREAM_TEST_CHILD"

func TestMain(m *testing.M) {
	dir := os.Getenv("STREAM_TEST_DIR")
	switch os.Getenv(childEnv) {
	case "":
		os.Exit(m.Run())
	case "lock":
		childLocks(dir)
	case "publish":
		from, _ := strconv.Atoi(os.Getenv("STREAM_TEST_FROM"))
		childPublishes(dir, from)
	}
}

// childLocks holds the directory until it is killed.
func childLocks(dir string) {
	if _, err := LockDir(dir); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("locked")
	select {}
}

// childPublishes publishes numbers, reads and purges them, and prints what is acknowledged, until it is killed.
func childPublishes(dir string, from int) {
	ctx := context.Background()
	s, err := Open(ctx, Options{Dir: dir, Partitions: 2})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	go func() {
		_ = s.Run(ctx, func(ctx context.Context, p *Partition) error {
			now, bulk, incarnation, err := p.Oldest(ctx)
			if err == nil {
				err = p.Start(ctx, now, bulk, incarnation)
			}
			for err == nil {
				var m Message
				if m, err = p.Next(ctx); err == nil && m.Seq > 20 {
					err = p.Purge(ctx, m.Lane, m.Seq-20)
				}
			}
			return err
		})
	}()
	for n := from; ; n++ {
		e := Event{Key: "a", Kind: "signal", Data: []byte(strconv.Itoa(n))}
		if err := s.PublishTo(ctx, n%2, Bulk, e); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(n)
	}
}

// child starts the test binary as another process and returns its output line by line.
func child(t *testing.T, what, dir string, env ...string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(append(os.Environ(), childEnv+"="+what, "STREAM_TEST_DIR="+dir), env...)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kill(c) })
	return c, bufio.NewScanner(out)
}

func kill(c *exec.Cmd) {
	_ = c.Process.Kill()
	_ = c.Wait()
}

func TestWhatWasAcknowledgedOutlivesAKill(t *testing.T) {
	dir := t.TempDir()
	expected, incarnation := 0, ""
	for round := range 6 {
		c, lines := child(t, "publish", dir, fmt.Sprint("STREAM_TEST_FROM=", expected))
		acknowledged := expected - 1
		for range 30 + rand.IntN(100) {
			if !lines.Scan() {
				t.Fatal("the publisher ended by itself")
			}
			n, err := strconv.Atoi(lines.Text())
			if err != nil {
				t.Fatal(lines.Text())
			}
			acknowledged = n
		}
		_ = c.Process.Kill()
		for lines.Scan() { // what it had printed before it died; waiting for its end first would throw that away
			if n, err := strconv.Atoi(lines.Text()); err == nil {
				acknowledged = n
			}
		}
		kill(c)
		s := open(t, Options{Dir: dir, Partitions: 2})
		if incarnation != "" && s.Incarnation() != incarnation {
			t.Fatal("the stream became another one")
		}
		incarnation = s.Incarnation()
		last := lastNumbers(t, s)
		if got := max(last[0], last[1]); got < acknowledged || got > acknowledged+1 {
			t.Fatalf("round %d: the stream ends with %d, acknowledged was %d", round, got, acknowledged)
		}
		expected = max(last[0], last[1]) + 1
		shut(t, s)
	}
}

// lastNumbers reads both partitions, checks that each number follows the one before, and returns the last.
func lastNumbers(t *testing.T, s *Stream) [2]int {
	t.Helper()
	var last [2]int
	for number := range last {
		p := s.newPartition(within(t), number)
		now, bulk, incarnation, err := p.Oldest(within(t))
		if err == nil {
			err = p.Start(within(t), now, bulk, incarnation)
		}
		if err != nil {
			t.Fatal(err)
		}
		last[number] = -1
		for !p.CaughtUp() {
			n, err := strconv.Atoi(string(next(t, p).Events[0].Data))
			if err != nil || last[number] >= 0 && n != last[number]+2 {
				t.Fatalf("partition %d: %d follows %d (%v)", number, n, last[number], err)
			}
			last[number] = n
		}
		p.close()
	}
	return last
}

func TestADirectoryIsForOneProcess(t *testing.T) {
	dir := t.TempDir()
	c, lines := child(t, "lock", dir)
	if !lines.Scan() || lines.Text() != "locked" {
		t.Fatal(lines.Text())
	}
	_, err := LockDir(dir)
	if !errors.Is(err, ErrLocked) {
		t.Fatalf("got %v, want %v", err, ErrLocked)
	}
	for _, want := range []string{dir, fmt.Sprint("process ", c.Process.Pid), "stop it"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
	kill(c)
	release, err := LockDir(dir)
	if err != nil {
		t.Fatalf("still locked after the process has died: %v", err)
	}
	if _, err := LockDir(dir); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), fmt.Sprint(os.Getpid())) {
		t.Errorf("locked twice: %v", err)
	}
	release()
	release()
	again, err := LockDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	again()
}

func TestADirectoryThatCannotBeMadeIsNamed(t *testing.T) {
	file := t.TempDir() + "/file"
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LockDir(file + "/data"); err == nil || errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), file) {
		t.Errorf("got %v", err)
	}
}
