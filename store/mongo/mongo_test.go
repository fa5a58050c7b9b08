package mongo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"pgregory.net/rapid"

	"playcaller/store"
	"playcaller/store/storetest"
)

func open(t *testing.T, uri, database string) *Store {
	t.Helper()
	s, err := Open(t.Context(), uri, database, storetest.Collections())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestBackend runs against a real MongoDB. Each case has a database of its own,
// which is dropped at its end.
func TestBackend(t *testing.T) {
	uri := os.Getenv("MONGODB_TEST_URI")
	if uri == "" {
		t.Skip("MONGODB_TEST_URI is not set; store/mongo/ferrettest runs the suite without a MongoDB")
	}
	storetest.Run(t,
		func(t *testing.T) store.Backend {
			s := open(t, uri, "playcaller_test_"+bson.NewObjectID().Hex())
			t.Cleanup(func() { drop(t, uri, s.db.Name()) })
			return s
		},
		storetest.Options{
			Reopen: func(t *testing.T, b store.Backend) store.Backend {
				if err := b.Close(); err != nil {
					t.Fatal(err)
				}
				return open(t, uri, b.(*Store).db.Name())
			},
			Second:   func(t *testing.T, b store.Backend) store.Backend { return open(t, uri, b.(*Store).db.Name()) },
			BreakAll: func(t *testing.T, b store.Backend) { _ = b.Close() },
			Skip: map[string]string{
				"while writes are impossible they are unavailable and reads go on": "a server cannot be made read-only by its client",
			},
		})
}

// drop removes a database by a connection of its own, since the case may have
// closed its.
func drop(t *testing.T, uri, database string) {
	ctx := context.WithoutCancel(t.Context())
	s, err := Open(ctx, uri, database, nil)
	if err != nil {
		t.Error(err)
		return
	}
	if err := errors.Join(s.db.Drop(ctx), s.Close()); err != nil {
		t.Error(err)
	}
}

func TestTheURINamesTheDatabase(t *testing.T) {
	for uri, want := range map[string]string{
		"mongodb://127.0.0.1:27017":                                 "playcaller",
		"mongodb://127.0.0.1:27017/":                                "playcaller",
		"mongodb://127.0.0.1:27017/?replicaSet=rs0":                 "playcaller",
		"mongodb://127.0.0.1:27017/cs":                              "cs",
		"mongodb://me:p%2Fw@a:1,b:2,c:3/cs?replicaSet=a/b&w=1":      "cs",
		"mongodb+srv://cluster.example.com/customer%20success?x=/y": "customer success",
		"": "playcaller",
	} {
		if got := DatabaseOf(uri); got != want {
			t.Errorf("%s: got %q, want %q", uri, got, want)
		}
	}
}

func TestAnUnreachableServerIsUnavailableAndItsPasswordNotTold(t *testing.T) {
	_, err := Open(t.Context(), "mongodb://me:secret@127.0.0.1:1/cs?serverSelectionTimeoutMS=100", "", storetest.Collections())
	if !errors.Is(err, store.ErrUnavailable) {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{"127.0.0.1:1/cs", "MONGODB_URI"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not name %s: %v", want, err)
		}
	}
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("the error tells the password: %v", err)
	}
}

func TestABadURIIsRefused(t *testing.T) {
	for _, uri := range []string{"", "127.0.0.1", "http://127.0.0.1/cs", "mongodb://"} {
		if _, err := Open(t.Context(), uri, "", nil); err == nil || !strings.Contains(err.Error(), "mongodb://HOST:PORT/DATABASE") {
			t.Errorf("%q: got error %v, want one that shows the form", uri, err)
		}
	}
}

// TestMissedNeverTakesAnothersWriteForItsOwn plays bulks against other writers
// who write before, between and after: what missed leaves out was written, and
// where only one record is in doubt, what it reports was not.
func TestMissedNeverTakesAnothersWriteForItsOwn(t *testing.T) {
	me, other := bson.NewObjectID(), bson.NewObjectID()
	rapid.Check(t, func(rt *rapid.T) {
		stored := make(map[string]document)
		var rs []store.Record
		written := make(map[string]bool)
		moved := 0
		for i := range rapid.IntRange(1, 6).Draw(rt, "records") {
			r := store.Record{Key: fmt.Sprint(i), Version: rapid.Int64Range(1, 5).Draw(rt, "version read")}
			now := document{Version: r.Version, Writer: other}
			now.Version += rapid.Int64Range(0, 2).Draw(rt, "writes before")
			if now.Version == r.Version {
				now = document{Version: r.Version + 1, Writer: me}
				written[r.Key] = true
			}
			if n := rapid.Int64Range(0, 2).Draw(rt, "writes after"); n > 0 {
				now = document{Version: now.Version + n, Writer: other}
			}
			if now.Version > r.Version+1 {
				moved++
			}
			rs = append(rs, r)
			if rapid.IntRange(0, 5).Draw(rt, "deleted after") > 0 {
				stored[r.Key] = now
			} else if now.Version <= r.Version+1 {
				moved++
			}
		}
		got := missed(rs, stored, me, len(written))
		for _, r := range rs {
			switch reported := slices.Contains(got, r.Key); {
			case !reported && !written[r.Key]:
				rt.Errorf("%s was not written and not reported", r.Key)
			case reported && written[r.Key] && moved <= 1:
				rt.Errorf("%s was written and reported", r.Key)
			}
		}
	})
}
