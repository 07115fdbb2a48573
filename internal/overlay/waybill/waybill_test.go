package waybill

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/overlay/identity"
	"github.com/stoa-audio/stoa/internal/overlay/overlaytest"
	"github.com/stoa-audio/stoa/internal/region"
)

var (
	berlin  = region.Place{Region: "eu", Operator: "one"}
	dublin  = region.Place{Region: "eu", Operator: "two"}
	chicago = region.Place{Region: "us", Operator: "two"}
)

// A trip is a way of three nodes, and what it is checked by.
type trip struct {
	t     *testing.T
	net   *overlaytest.Network
	nodes []overlaytest.Node
	room  id.Room
	now   time.Time
	way   []Signed
}

func newTrip(t *testing.T) *trip {
	now := time.Date(2026, 11, 28, 20, 0, 0, 0, time.UTC)
	p := &trip{t: t, net: overlaytest.New(t, now, "eu", "us"), room: id.New[id.Room](), now: now}
	for _, place := range []region.Place{berlin, dublin, chicago} {
		p.nodes = append(p.nodes, p.net.Node(place))
	}
	p.way = []Signed{p.sign(0, id.Node{}), p.sign(1, p.name(0)), p.sign(2, p.name(1))}
	return p
}

func (p *trip) name(i int) id.Node { return p.nodes[i].Member.Node }

func (p *trip) sign(i int, from id.Node) Signed {
	return p.signBill(i, New(p.room, p.name(0), from, time.Duration(i)*21_340*time.Microsecond, p.now))
}

func (p *trip) signBill(i int, b Bill) Signed {
	p.t.Helper()
	s, err := b.Sign(p.nodes[i].Leaf, p.nodes[i].Key)
	if err != nil {
		p.t.Fatal(err)
	}
	return s
}

func (p *trip) check(way []Signed) ([]Hop, error) {
	return Check(way, p.net.Store(region.Anywhere), p.room, p.name(0), p.name(2), p.now)
}

func TestWay(t *testing.T) {
	p := newTrip(t)
	hops, err := p.check(p.way)
	want := []Hop{
		{p.name(0), berlin, 0, p.now},
		{p.name(1), dublin, 21_300 * time.Microsecond, p.now},
		{p.name(2), chicago, 42_700 * time.Microsecond, p.now},
	}
	if err != nil || !reflect.DeepEqual(hops, want) {
		t.Errorf("got %+v, %v", hops, err)
	}
}

func TestWaysThatAreNotBelieved(t *testing.T) {
	p := newTrip(t)
	foreign := newTrip(t)
	other := New(id.New[id.Room](), p.name(0), p.name(0), 0, p.now)
	old := New(p.room, p.name(0), p.name(0), 0, p.now.Add(-Good-time.Second))
	ahead := New(p.room, p.name(0), p.name(0), 0, p.now.Add(Good+time.Second))
	forged := p.way[1]
	forged.Body = bytes.Replace(forged.Body, []byte("21.3"), []byte("11.3"), 1)
	borrowed := p.way[1]
	borrowed.Certificate = p.nodes[2].Leaf.Raw
	torn := p.way[1]
	torn.Certificate = torn.Certificate[:100]
	expired := p.net.NodeAt(dublin, p.now.Add(-identity.NodeLife-time.Hour))
	late, err := New(p.room, p.name(0), p.name(0), 0, p.now).Sign(expired.Leaf, expired.Key)
	if err != nil {
		t.Fatal(err)
	}
	long := make([]Signed, HopsMax+1)
	for name, c := range map[string]struct {
		second Signed
		want   error
	}{
		"of another room":      {p.signBill(1, other), ErrOther},
		"old":                  {p.signBill(1, old), ErrOld},
		"of a time to come":    {p.signBill(1, ahead), ErrOld},
		"changed":              {forged, ErrForged},
		"under another's name": {borrowed, ErrForged},
		"with half a name":     {torn, ErrWaybill},
		"from somebody else":   {p.sign(1, p.name(2)), ErrBroken},
		"of another network":   {foreign.sign(1, p.name(0)), identity.ErrOtherNetwork},
		"of one that is over":  {late, identity.ErrExpired},
	} {
		if _, err := p.check([]Signed{p.way[0], c.second, p.way[2]}); !errors.Is(err, c.want) {
			t.Errorf("a waybill %s: %v, want %v", name, err, c.want)
		}
	}
	for name, c := range map[string]struct {
		way  []Signed
		want error
	}{
		"of nobody":         {nil, ErrBroken},
		"without its start": {p.way[1:], ErrBroken},
		"without its end":   {p.way[:2], ErrBroken},
		"with a gap":        {[]Signed{p.way[0], p.way[2]}, ErrBroken},
		"without end":       {long, ErrLong},
	} {
		if _, err := p.check(c.way); !errors.Is(err, c.want) {
			t.Errorf("a way %s: %v, want %v", name, err, c.want)
		}
	}
	// Who trusts only some regions believes no way over others.
	if _, err := Check(p.way, p.net.Store(region.In("eu")), p.room, p.name(0), p.name(2), p.now); !errors.Is(err, identity.ErrOutside) {
		t.Errorf("a way that leaves the fence: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	room, origin := id.Room{1}, id.Node{2}
	for _, from := range []id.Node{{}, {3}} {
		b, err := json.Marshal(New(room, origin, from, time.Millisecond, time.Unix(1_800_000_000, 0)))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(`{"tag":"AAAAAAAAAAAAAAAAAAAAAA==","delay_ms":1e9,"at":"2026-11-28T20:00:00Z"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		b, err := Parse(body)
		if err != nil {
			return
		}
		again, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		twice, err := Parse(again)
		if len(again) <= bodyMax && (err != nil || !b.At.Equal(twice.At) || !bytes.Equal(b.Tag, twice.Tag) || b.From != twice.From || b.DelayMS != twice.DelayMS) {
			t.Errorf("%s becomes %s, %v", body, again, err)
		}
	})
}

// What a node pays once for each tree in ten seconds, and who checks for each
// node of a way.
func BenchmarkWaybill(b *testing.B) {
	net := overlaytest.New(b, time.Now(), "eu")
	node := net.Node(berlin)
	bill := New(id.Room{1}, node.Member.Node, id.Node{}, 0, time.Now())
	way := make([]Signed, 1)
	b.Run("sign", func(b *testing.B) {
		for b.Loop() {
			var err error
			if way[0], err = bill.Sign(node.Leaf, node.Key); err != nil {
				b.Fatal(err)
			}
		}
	})
	store := net.Store(region.Anywhere)
	b.Run("check", func(b *testing.B) {
		for b.Loop() {
			if _, err := Check(way, store, id.Room{1}, node.Member.Node, node.Member.Node, time.Now()); err != nil {
				b.Fatal(err)
			}
		}
	})
}
