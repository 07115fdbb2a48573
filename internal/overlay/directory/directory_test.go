package directory

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/overlay/identity"
	"github.com/stoa-audio/stoa/internal/overlay/overlaytest"
	"github.com/stoa-audio/stoa/internal/region"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func newDirectory(t testing.TB, n *overlaytest.Network, fence string, removed ...identity.Member) *Directory {
	t.Helper()
	store := n.Store(overlaytest.Fence(t, fence), removed...)
	return New(func() *identity.Store { return store })
}

func advert(t testing.TB, fence string, number uint64) Advert {
	return Advert{Addresses: []netip.AddrPort{netip.MustParseAddrPort("192.0.2.1:7883")}, Fence: overlaytest.Fence(t, fence), Number: number}
}

func sign(t testing.TB, a Advert, by overlaytest.Node) Signed {
	t.Helper()
	s, err := a.Sign(by.Leaf, by.Key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var (
	berlin  = region.Place{Region: "eu", Operator: "one"}
	dublin  = region.Place{Region: "eu", Operator: "two"}
	chicago = region.Place{Region: "us", Operator: "one"}
)

func TestTake(t *testing.T) {
	n := overlaytest.New(t, noon, "eu", "us")
	d := newDirectory(t, n, "*")
	node := n.Node(berlin)
	first := sign(t, advert(t, "*", 5), node)
	got, err := d.Take(first, noon)
	if err != nil || got == nil || got.Place != berlin || got.Number != 5 {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, old := range []uint64{5, 4} {
		if got, err := d.Take(sign(t, advert(t, "*", old), node), noon); got != nil || err != nil {
			t.Errorf("number %d after 5 is news: %v, %v", old, got, err)
		}
	}
	if got, err := d.Take(sign(t, advert(t, "eu", 6), node), noon); err != nil || got == nil || got.Fence.String() != "eu" {
		t.Errorf("number 6 after 5: %v, %v", got, err)
	}
}

func TestRefusals(t *testing.T) {
	n, other := overlaytest.New(t, noon, "eu", "us"), overlaytest.New(t, noon, "eu")
	node := n.Node(berlin)
	strange := other.Node(berlin)
	american := n.Node(chicago)
	good := sign(t, advert(t, "*", 1), node)
	with := func(change func(*Signed)) Signed {
		s := Signed{good.Certificate, bytes.Clone(good.Body), bytes.Clone(good.Signature)}
		change(&s)
		return s
	}
	for name, c := range map[string]struct {
		d   *Directory
		s   Signed
		now time.Time
		err error
	}{
		"of another network":             {newDirectory(t, n, "*"), sign(t, advert(t, "*", 1), strange), noon, identity.ErrOtherNetwork},
		"outside the fence":              {newDirectory(t, n, "eu"), sign(t, advert(t, "*", 1), american), noon, identity.ErrOutside},
		"expired":                        {newDirectory(t, n, "*"), good, noon.Add(identity.NodeLife + time.Minute), identity.ErrExpired},
		"removed":                        {newDirectory(t, n, "*", node.Member), good, noon, identity.ErrRemoved},
		"signed by another":              {newDirectory(t, n, "*"), with(func(s *Signed) { s.Signature = sign(t, advert(t, "*", 1), american).Signature }), noon, ErrAdvert},
		"changed":                        {newDirectory(t, n, "*"), with(func(s *Signed) { s.Body = bytes.Replace(s.Body, []byte("7883"), []byte("7884"), 1) }), noon, ErrAdvert},
		"no certificate":                 {newDirectory(t, n, "*"), with(func(s *Signed) { s.Certificate = nil }), noon, ErrAdvert},
		"outside its own fence":          {newDirectory(t, n, "*"), sign(t, advert(t, "us", 1), node), noon, ErrAdvert},
		"an address with no port":        {newDirectory(t, n, "*"), sign(t, Advert{Addresses: []netip.AddrPort{{}}, Fence: overlaytest.Fence(t, "*")}, node), noon, ErrAdvert},
		"north of the pole":              {newDirectory(t, n, "*"), sign(t, Advert{Latitude: 91, Fence: overlaytest.Fence(t, "*")}, node), noon, ErrAdvert},
		"more addresses than bound":      {newDirectory(t, n, "*"), sign(t, Advert{Addresses: make([]netip.AddrPort, AddressesMax+1), Fence: overlaytest.Fence(t, "*")}, node), noon, ErrAdvert},
		"a URL that is more than a host": {newDirectory(t, n, "*"), sign(t, Advert{URL: "https://a.example/b", Fence: overlaytest.Fence(t, "*")}, node), noon, ErrAdvert},
		"a URL that says more":           {newDirectory(t, n, "*"), sign(t, Advert{URL: "https://a.example; script-src *", Fence: overlaytest.Fence(t, "*")}, node), noon, ErrAdvert},
		"another scheme":                 {newDirectory(t, n, "*"), sign(t, Advert{URL: "javascript:alert(1)", Fence: overlaytest.Fence(t, "*")}, node), noon, ErrAdvert},
		"a door without a port":          {newDirectory(t, n, "*"), sign(t, Advert{Door: &Door{Address: "a.example"}, Fence: overlaytest.Fence(t, "*")}, node), noon, ErrAdvert},
		"a door that is more than that":  {newDirectory(t, n, "*"), sign(t, Advert{Door: &Door{Address: "b@a.example:1/x"}, Fence: overlaytest.Fence(t, "*")}, node), noon, ErrAdvert},
		"a door for no region":           {newDirectory(t, n, "*"), sign(t, Advert{Door: &Door{Address: "a.example:1", Regions: []string{"E U"}}, Fence: overlaytest.Fence(t, "*")}, node), noon, ErrAdvert},
		"a body beyond the bound":        {newDirectory(t, n, "*"), with(func(s *Signed) { s.Body = make([]byte, bodyMax+1) }), noon, ErrAdvert},
	} {
		if node, err := c.d.Take(c.s, c.now); !errors.Is(err, c.err) || node != nil {
			t.Errorf("%s: %v, %v", name, node, err)
		}
		if len(c.d.All()) != 0 {
			t.Errorf("%s, and it is in", name)
		}
	}
}

// Nobody is told of a node that may not know of them, nor of one that they may
// not speak to.
func TestWhoIsTold(t *testing.T) {
	n := overlaytest.New(t, noon, "eu", "us")
	d := newDirectory(t, n, "*")
	for place, fence := range map[region.Place]string{berlin: "eu", dublin: "*", chicago: "*"} {
		node := n.Node(place)
		if _, err := d.Take(sign(t, advert(t, fence, 1), node), noon); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		place region.Place
		fence string
		count int
	}{
		{berlin, "*", 3}, {berlin, "eu", 2}, {chicago, "*", 2}, {chicago, "us", 1}, {berlin, "@two", 1},
	} {
		if got := d.For(c.place, overlaytest.Fence(t, c.fence)); len(got) != c.count {
			t.Errorf("a node at %v that is %s is told of %d nodes, want %d", c.place, c.fence, len(got), c.count)
		}
	}
}

func TestSweep(t *testing.T) {
	n := overlaytest.New(t, noon, "eu")
	d := newDirectory(t, n, "*")
	node := n.Node(berlin)
	if _, err := d.Take(sign(t, advert(t, "*", 1), node), noon); err != nil {
		t.Fatal(err)
	}
	if gone := d.Sweep(noon.Add(time.Hour)); len(gone) != 0 {
		t.Errorf("%v is gone", gone)
	}
	if gone := d.Sweep(noon.Add(identity.NodeLife + time.Minute)); len(gone) != 1 || gone[0] != node.Member.Node || d.Node(node.Member.Node) != nil {
		t.Errorf("an expired node stays: %v", gone)
	}
}

func FuzzTake(f *testing.F) {
	n := overlaytest.New(f, noon, "eu")
	node := n.Node(berlin)
	good := sign(f, advert(f, "*", 1), node)
	text, err := json.Marshal(good)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	store := newDirectory(f, n, "*").store
	f.Fuzz(func(t *testing.T, b []byte) {
		var s Signed
		if json.Unmarshal(b, &s) != nil {
			return
		}
		node, err := New(store).Take(s, noon)
		if node != nil && (err != nil || !bytes.Equal(s.Body, good.Body)) {
			t.Errorf("taken in: %s", s.Body)
		}
	})
}
