package sqlite

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"playcaller/store"
)

// random returns n bytes that no compressor makes shorter.
func random(n int) string {
	r := rand.New(rand.NewPCG(uint64(n), 7))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return string(b)
}

func newTestCodec(t testing.TB) *codec {
	t.Helper()
	c, err := newCodec()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	return c
}

func TestBodiesAreCompressedWhereItGains(t *testing.T) {
	c := newTestCodec(t)
	for _, x := range []struct {
		name       string
		body       string
		compressed bool
	}{
		{"short", string(bytes.Repeat([]byte("0,"), 500)), false},
		{"long and regular", string(bytes.Repeat([]byte("0,"), 5000)), true},
		{"long and random", random(10_000), false},
		{"empty", "", false},
	} {
		packed, length := c.pack([]byte(x.body))
		if (length != 0) != x.compressed || x.compressed && len(packed) > len(x.body)/2 {
			t.Errorf("%s: %d bytes are stored in %d, length %d", x.name, len(x.body), len(packed), length)
		}
		if body, err := c.unpack(packed, length); err != nil || string(body) != x.body {
			t.Errorf("%s: got %d bytes back, error %v", x.name, len(body), err)
		}
	}
}

func TestADamagedBodyIsAnError(t *testing.T) {
	c := newTestCodec(t)
	packed, length := c.pack(bytes.Repeat([]byte("0,"), 5000))
	for name, x := range map[string]struct {
		packed []byte
		length int
	}{
		"cut off":         {packed[:len(packed)-1], length},
		"empty":           {nil, length},
		"one bit flipped": {append(append([]byte{}, packed[:len(packed)/2]...), append([]byte{packed[len(packed)/2] ^ 1}, packed[len(packed)/2+1:]...)...), length},
		"wrong length":    {packed, length + 1},
		"negative length": {packed, -1},
		"huge length":     {packed, store.MaxBody + 1},
	} {
		if _, err := c.unpack(x.packed, x.length); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	c := newTestCodec(f)
	for _, body := range []string{"", "{}", random(2000), string(bytes.Repeat([]byte(`{"a":1}`), 500))} {
		packed, length := c.pack([]byte(body))
		f.Add(packed, length)
		f.Add(packed[:len(packed)/2], length)
		f.Add(packed, 2000)
	}
	f.Fuzz(func(t *testing.T, packed []byte, length int) {
		body, err := c.unpack(packed, length)
		if err != nil {
			return
		}
		if length != 0 && len(body) != length {
			t.Fatalf("got %d bytes for a length of %d", len(body), length)
		}
		again, n := c.pack(body)
		if back, err := c.unpack(again, n); err != nil || !bytes.Equal(back, body) {
			t.Fatalf("%d bytes came back as %d, error %v", len(body), len(back), err)
		}
	})
}
