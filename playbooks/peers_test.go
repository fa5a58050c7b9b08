package playbooks

import (
	"encoding/json"
	"testing"

	"playcaller/rules"
)

func TestAnAccountIsNotAmongItsPeers(t *testing.T) {
	group := rules.PeerGroup{PeerFeature: rules.PeerFeature{Feature: "f", Segment: "touch"}, Value: "high"}
	value := func(v float64, beyond bool) []rules.PeerValue {
		return []rules.PeerValue{{PeerGroup: group, Number: v, Beyond: beyond}}
	}
	median := func(p *Peers, account string) (int, float64) {
		d := p.Of(account)(group)
		if d == nil {
			return 0, 0
		}
		return d.Count(), d.Share()
	}
	var here, there Peers
	if n, _ := median(&here, "a"); n != 0 {
		t.Errorf("an empty store knows %d peers", n)
	}
	here.Set("a", value(1, true))
	here.Set("b", value(2, false))
	there.Set("c", value(3, true))
	there.Set("d", value(4, false))
	data, err := json.Marshal(there.Digest())
	if err != nil {
		t.Fatal(err)
	}
	var digest []PeerDigest
	if err := json.Unmarshal(data, &digest); err != nil {
		t.Fatal(err)
	}
	here.Learn(digest)
	for account, want := range map[string]struct {
		count int
		share float64
	}{"a": {3, 1.0 / 3}, "b": {3, 2.0 / 3}, "z": {4, 0.5}} {
		if n, share := median(&here, account); n != want.count || share != want.share {
			t.Errorf("%s has %d peers, %v of them beyond chance; want %v", account, n, share, want)
		}
	}
	here.Set("a", value(1, false))
	here.Set("b", nil)
	if n, share := median(&here, "z"); n != 3 || share != 1.0/3 {
		t.Errorf("after a change there are %d peers, %v of them beyond chance", n, share)
	}
	here.Learn(digest)
	if n, _ := median(&here, "z"); n != 3 {
		t.Errorf("a digest counts again: %d", n)
	}
	if len(here.Digest()) != 1 || here.Digest()[0].Spread.Count() != 1 {
		t.Errorf("the digest holds others' accounts: %v", here.Digest())
	}
}
