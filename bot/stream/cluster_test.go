package stream

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats-server/v2/server"
)

// cluster starts three servers on loopback and returns them and their URL.
func cluster(t *testing.T) ([]*server.Server, string) {
	t.Helper()
	var ports []int
	var routes []*url.URL
	var held []net.Listener // until all are chosen, so that none is chosen twice
	for range 3 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
		routes = append(routes, &url.URL{Scheme: "nats", Host: l.Addr().String()})
		defer l.Close() // in case a later one fails
		held = append(held, l)
	}
	for _, l := range held {
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	var servers []*server.Server
	var urls []string
	for i, port := range ports {
		ns, err := server.NewServer(&server.Options{
			ServerName: fmt.Sprint("node", i), Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true,
			JetStream: true, StoreDir: t.TempDir(), JetStreamMaxStore: 1 << 40, JetStreamMaxMemory: 1 << 30,
			Cluster: server.ClusterOpts{Name: "three", Host: "127.0.0.1", Port: port}, Routes: routes,
		})
		if err != nil {
			t.Fatal(err)
		}
		ns.Start()
		t.Cleanup(func() { ns.Shutdown(); ns.WaitForShutdown() })
		servers = append(servers, ns)
	}
	for _, ns := range servers {
		if !ns.ReadyForConnections(time.Minute) {
			t.Fatal("a node did not start")
		}
		urls = append(urls, ns.ClientURL())
	}
	return servers, strings.Join(urls, ",")
}

// patient asks again for what a cluster cannot answer while it chooses a leader.
func patient(t *testing.T, ask func() error) {
	t.Helper()
	ctx := within(t)
	for err := ask(); err != nil; err = ask() {
		select {
		case <-ctx.Done():
			t.Fatal(err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func TestAClusterLosesANodeAndNoEvent(t *testing.T) {
	if testing.Short() {
		t.Skip("starts three servers")
	}
	nodes, urls := cluster(t)
	seen := &ledger{}
	options := Options{URL: urls, Partitions: 4, Replicas: 3, MaxBytes: 64 << 20, Lease: 5 * time.Second}
	writer := run(t, "writer", seen, options)
	options.Partitions = 9
	reader := run(t, "reader", seen, options)
	writer.until(t, 2)
	reader.until(t, 2)
	if writer.Incarnation() != reader.Incarnation() || reader.Partitions() != 4 {
		t.Fatal("two replicas see different streams")
	}
	const each = 300
	var publishing sync.WaitGroup
	for number := range writer.Partitions() {
		publishing.Go(func() {
			for n := range each {
				if number == 0 && n == each/3 {
					nodes[0].Shutdown()
				}
				e := event(fmt.Sprint(number), n)
				e.ID = fmt.Sprint(number, "/", n)
				for {
					err := writer.PublishTo(within(t), number, Bulk, e)
					if err == nil {
						break
					}
					if !errors.Is(err, ErrUnavailable) {
						t.Error(err)
						return
					}
					<-time.After(10 * time.Millisecond) // as a client waits that is told to come back
				}
			}
		})
	}
	got := make([]int, 4)
	for number := range got {
		p := start(t, reader.Stream, number, 0, 0)
		for got[number] < each {
			for _, e := range next(t, p).Events {
				if want := fmt.Sprint(got[number]); string(e.Data) != want {
					t.Fatalf("partition %d: got %s, want %s", number, e.Data, want)
				}
				got[number]++
			}
		}
		patient(t, func() error {
			if !p.CaughtUp() {
				return fmt.Errorf("partition %d is not caught up", number)
			}
			return nil
		})
		patient(t, func() error { return p.Purge(t.Context(), Bulk, each) })
	}
	publishing.Wait()
	if diff := cmp.Diff([]int{each, each, each, each}, got); diff != "" {
		t.Error(diff)
	}
	patient(t, func() error {
		now, bulk, err := reader.Pending(t.Context())
		if err == nil && now+bulk != 0 {
			err = fmt.Errorf("%d and %d pending", now, bulk)
		}
		return err
	})
	if err := reader.Ready(); err != nil {
		t.Error(err)
	}
	writer.stop()
	reader.until(t, 4)
	if twice := seen.overlaps(); len(twice) > 0 {
		t.Errorf("partitions %v had two owners at a time", twice)
	}
}
