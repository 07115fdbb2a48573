package waybill

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/overlay/identity"
	"github.com/stoa-audio/stoa/internal/region"
)

var update = flag.Bool("update", false, "write the vectors anew")

// The vectors are for whoever checks waybills: sdk/ts does, too.
var vectorsFile = filepath.Join("..", "..", "..", "test", "vectors", "waybill.json")

type vectors struct {
	Now     time.Time `json:"now"`
	Room    id.Room   `json:"room"`
	Root    []byte    `json:"root"`
	Regions [][]byte  `json:"regions"`
	Ways    []vector  `json:"ways"`
}

type vector struct {
	What   string    `json:"what"`
	Good   bool      `json:"good"`
	Origin id.Node   `json:"origin"`
	Last   id.Node   `json:"last"`
	Way    []Signed  `json:"way"`
	Hops   []hopJSON `json:"hops,omitempty"`
}

type hopJSON struct {
	Node     id.Node `json:"node"`
	Region   string  `json:"region"`
	Operator string  `json:"operator"`
	DelayMS  float64 `json:"delay_ms"`
}

func TestVectors(t *testing.T) {
	if *update {
		writeVectors(t)
	}
	b, err := os.ReadFile(vectorsFile)
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	good := 0
	for _, c := range v.Ways {
		hops, err := checkAll(v, c)
		if (err == nil) != c.Good {
			t.Errorf("%s: %v", c.What, err)
		}
		if c.Good {
			good++
		}
		for i, hop := range hops {
			want := c.Hops[i]
			if hop.Node != want.Node || hop.Place.Region != want.Region || hop.Place.Operator != want.Operator || float64(hop.Delay)/float64(time.Millisecond) != want.DelayMS {
				t.Errorf("%s: hop %d is %+v", c.What, i, hop)
			}
		}
	}
	if good == 0 || good == len(v.Ways) {
		t.Errorf("%d of %d ways are good", good, len(v.Ways))
	}
}

func checkAll(v vectors, c vector) ([]Hop, error) {
	root, err := x509.ParseCertificate(v.Root)
	if err != nil {
		return nil, err
	}
	var regions []*x509.Certificate
	for _, b := range v.Regions {
		ca, err := x509.ParseCertificate(b)
		if err != nil {
			return nil, err
		}
		regions = append(regions, ca)
	}
	store, err := identity.NewStore(root, regions, nil, region.Anywhere)
	if err != nil {
		return nil, err
	}
	return Check(c.Way, store, v.Room, c.Origin, c.Last, v.Now)
}

func writeVectors(t *testing.T) {
	t.Helper()
	p, foreign := newTrip(t), newTrip(t)
	v := vectors{Now: p.now, Room: p.room, Root: p.net.Root.Raw}
	for _, ca := range p.net.Regions {
		v.Regions = append(v.Regions, ca.Raw)
	}
	add := func(what string, good bool, way ...Signed) {
		c := vector{What: what, Good: good, Origin: p.name(0), Last: p.name(2), Way: way}
		if good {
			hops, err := p.check(way)
			if err != nil {
				t.Fatal(err)
			}
			for _, hop := range hops {
				c.Hops = append(c.Hops, hopJSON{hop.Node, hop.Place.Region, hop.Place.Operator, float64(hop.Delay) / float64(time.Millisecond)})
			}
		}
		v.Ways = append(v.Ways, c)
	}
	second := func(what string, s Signed) { add(what, false, p.way[0], s, p.way[2]) }
	changed := func(from, to string) Signed {
		s := p.way[1]
		s.Body = bytes.Replace(s.Body, []byte(from), []byte(to), 1)
		return s
	}
	borrowed := p.way[1]
	borrowed.Certificate = p.nodes[2].Leaf.Raw
	torn := p.way[1]
	torn.Certificate = torn.Certificate[:len(torn.Certificate)-1]
	twisted := p.way[1]
	twisted.Signature = bytes.Clone(twisted.Signature)
	twisted.Signature[len(twisted.Signature)-1] ^= 1
	expired := p.net.NodeAt(dublin, p.now.Add(-identity.NodeLife-time.Hour))
	late, err := New(p.room, p.name(0), p.name(0), 0, p.now).Sign(expired.Leaf, expired.Key)
	if err != nil {
		t.Fatal(err)
	}
	early := p.net.NodeAt(dublin, p.now.Add(2*time.Hour))
	tooEarly, err := New(p.room, p.name(0), p.name(0), 0, p.now).Sign(early.Leaf, early.Key)
	if err != nil {
		t.Fatal(err)
	}
	authority := p.way[1]
	authority.Certificate = p.net.Regions[0].Raw

	stray := p.net.Astray(dublin, "us")
	astray, err := New(p.room, p.name(0), p.name(0), 0, p.now).Sign(stray.Leaf, stray.Key)
	if err != nil {
		t.Fatal(err)
	}

	add("three nodes", true, p.way...)
	second("a delay that was changed", changed("21.3", "11.3"))
	second("under the name of another node", borrowed)
	second("a certificate that is cut off", torn)
	second("a signature that was changed", twisted)
	second("the certificate of an authority", authority)
	second("of another room", p.signBill(1, New(foreign.room, p.name(0), p.name(0), 0, p.now)))
	second("of voices that come in elsewhere", p.signBill(1, New(p.room, p.name(1), p.name(0), 0, p.now)))
	second("from a node that is not the one before", p.sign(1, p.name(2)))
	second("of long ago", p.signBill(1, New(p.room, p.name(0), p.name(0), 0, p.now.Add(-Good-time.Second))))
	second("of a time to come", p.signBill(1, New(p.room, p.name(0), p.name(0), 0, p.now.Add(Good+time.Second))))
	second("of a node that another region has let in", astray)
	second("of another network", foreign.sign(1, p.name(0)))
	second("of a certificate that has expired", late)
	second("of a certificate that is not good yet", tooEarly)
	add("without the first node", false, p.way[1:]...)
	add("without the last node", false, p.way[:2]...)
	add("without the one between", false, p.way[0], p.way[2])
	add("two ways", false, append(append([]Signed{}, p.way...), p.way...)...)
	b, err := json.MarshalIndent(v, "", " ")
	if err == nil {
		err = os.WriteFile(vectorsFile, append(b, '\n'), 0o644) //nolint:gosec // it is public
	}
	if err != nil {
		t.Fatal(err)
	}
}
