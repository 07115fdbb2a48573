package identity

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/region"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// A network with CAs for two regions.
type network struct {
	t       testing.TB
	name    string
	rootKey *ecdsa.PrivateKey
	root    *x509.Certificate
	keys    map[string]*ecdsa.PrivateKey
	cas     map[string]*x509.Certificate
}

func newNetwork(t testing.TB) *network {
	n := &network{t: t, name: NewNetwork(), keys: map[string]*ecdsa.PrivateKey{}, cas: map[string]*x509.Certificate{}}
	n.rootKey = n.key()
	n.root = n.must(MakeRoot(n.name, n.rootKey, noon))
	for _, r := range []string{"eu", "us"} {
		n.keys[r] = n.key()
		n.cas[r] = n.must(MakeRegion(n.name, r, n.keys[r].Public(), n.root, n.rootKey, noon))
	}
	return n
}

func (n *network) key() *ecdsa.PrivateKey {
	n.t.Helper()
	key, err := NewKey()
	if err != nil {
		n.t.Fatal(err)
	}
	return key
}

func (n *network) must(c *x509.Certificate, err error) *x509.Certificate {
	n.t.Helper()
	if err != nil {
		n.t.Fatal(err)
	}
	return c
}

func (n *network) member(place, operator string) Member {
	return Member{n.name, region.Place{Region: place, Operator: operator}, id.New[id.Node]()}
}

// node returns a certificate of m, signed by the CA of a region.
func (n *network) node(m Member, by string, key *ecdsa.PrivateKey, at time.Time) *x509.Certificate {
	n.t.Helper()
	return n.must(MakeNode(m, key.Public(), n.cas[by], n.keys[by], at))
}

func (n *network) store(fence string, removed ...Member) *Store {
	n.t.Helper()
	var list []Removal
	for _, m := range removed {
		list = append(list, Removal{Node: m.Node, Place: m.Place})
	}
	return n.storeWithout(fence, list...)
}

func (n *network) storeWithout(fence string, removed ...Removal) *Store {
	n.t.Helper()
	f, err := region.ParseFence(fence)
	if err != nil {
		n.t.Fatal(err)
	}
	s, err := NewStore(n.root, []*x509.Certificate{n.cas["eu"], n.cas["us"]}, removed, f)
	if err != nil {
		n.t.Fatal(err)
	}
	return s
}

func TestNames(t *testing.T) {
	n := newNetwork(t)
	m := n.member("eu-west", "example")
	if got, err := ParseURI(m.URI()); err != nil || got != m {
		t.Errorf("%v is read as %v, %v", m.URI(), got, err)
	}
	good := m.URI().String()
	for _, text := range []string{
		"", strings.Replace(good, "spiffe", "https", 1), strings.Replace(good, "eu-west", "EU", 1), strings.Replace(good, "eu-west", "", 1),
		strings.Replace(good, "eu-west.", "", 1), strings.Replace(good, "example", "", 1), good + "/", good + "?a", good + "#a",
		strings.Replace(good, "spiffe://", "spiffe://x@", 1), strings.Replace(good, n.name, n.name+":7", 1), strings.Replace(good, n.name, n.name[1:], 1),
		strings.Replace(good, "eu-west", "eu.west", 1), strings.Replace(good, "node", "Node", 1), good[:len(good)-1], strings.Replace(good, "e", "%65", 1),
	} {
		u, err := url.Parse(text)
		if err != nil {
			continue
		}
		if got, err := ParseURI(u); err == nil {
			t.Errorf("%s names %v", text, got)
		}
	}
}

func FuzzParseURI(f *testing.F) {
	f.Add("spiffe://eu.aaaaaaaaaaaaaaaa/operator/example/node/00000000000000000000000001")
	f.Fuzz(func(t *testing.T, text string) {
		u, err := url.Parse(text)
		if err != nil {
			return
		}
		if m, err := ParseURI(u); err == nil && m.URI().String() != u.String() {
			t.Errorf("%q names %v", text, m)
		}
	})
}

// Each way in which a certificate can be wrong has its own refusal.
func TestVerify(t *testing.T) {
	n, other := newNetwork(t), newNetwork(t)
	key := n.key()
	eu, us := n.member("eu", "example"), n.member("us", "example")
	good := n.node(eu, "eu", key, noon)
	if m, err := n.store("*").Verify([]*x509.Certificate{good, n.cas["eu"]}, noon); err != nil || m != eu {
		t.Fatalf("%v, %v", m, err)
	}
	leaf := func(change func(*x509.Certificate)) *x509.Certificate {
		template := basic("Stoa node", noon, NodeLife)
		template.KeyUsage = x509.KeyUsageDigitalSignature
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
		template.URIs = []*url.URL{eu.URI()}
		change(template)
		return n.must(sign(template, n.cas["eu"], key.Public(), n.keys["eu"]))
	}
	self := func() *x509.Certificate {
		template := basic("Stoa node", noon, NodeLife)
		template.URIs = []*url.URL{eu.URI()}
		return n.must(sign(template, template, key.Public(), key))
	}
	foreign := other.member("eu", "example")
	posing := Member{n.name, eu.Place, eu.Node} // our name from their CA
	for what, one := range map[string]struct {
		leaf  *x509.Certificate
		fence string
		at    time.Time
		want  error
	}{
		"another network":           {other.node(foreign, "eu", key, noon), "*", noon, ErrOtherNetwork},
		"our name from their CA":    {other.must(MakeNode(posing, key.Public(), other.cas["eu"], other.keys["eu"], noon)), "*", noon, ErrUntrusted},
		"another region's CA":       {n.node(us, "eu", key, noon), "*", noon, ErrUntrusted},
		"signed by itself":          {self(), "*", noon, ErrUntrusted},
		"a region outside":          {n.node(us, "us", key, noon), "eu", noon, ErrOutside},
		"an operator outside":       {good, "eu@other", noon, ErrOutside},
		"expired":                   {good, "*", noon.Add(NodeLife + time.Second), ErrExpired},
		"a clock that is late":      {good, "*", noon.Add(-65 * time.Minute), ErrNotYet},
		"a clock a bit late":        {good, "*", noon.Add(-5 * time.Minute), nil},
		"no URI":                    {leaf(func(c *x509.Certificate) { c.URIs = nil }), "*", noon, ErrName},
		"two URIs":                  {leaf(func(c *x509.Certificate) { c.URIs = append(c.URIs, us.URI()) }), "*", noon, ErrName},
		"a name elsewhere":          {leaf(func(c *x509.Certificate) { c.URIs, c.Subject.CommonName = nil, eu.URI().String() }), "*", noon, ErrName},
		"a host's name beside":      {leaf(func(c *x509.Certificate) { c.DNSNames = []string{"example.org"} }), "*", noon, ErrName},
		"a CA as a node":            {n.cas["eu"], "*", noon, ErrName},
		"no use for this":           {leaf(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection} }), "*", noon, ErrUntrusted},
		"a CA under a region's own": {n.under(eu, key), "*", noon, ErrUntrusted},
	} {
		chain := []*x509.Certificate{one.leaf, other.cas["eu"], n.cas["us"], n.cas["eu"]}
		if _, err := n.store(one.fence).Verify(chain, one.at); !errors.Is(err, one.want) {
			t.Errorf("%s: %v, want %v", what, err, one.want)
		}
	}
	if _, err := n.store("*", eu).Verify([]*x509.Certificate{good}, noon); !errors.Is(err, ErrRemoved) {
		t.Errorf("removed: %v", err)
	}
	if _, err := n.store("*").Verify(nil, noon); !errors.Is(err, ErrNoCertificate) {
		t.Errorf("nothing: %v", err)
	}
	if s := n.store("eu"); s.Trusts("us") || !s.Trusts("eu") {
		t.Error("a region outside is trusted")
	}
	bundle := []*x509.Certificate{other.cas["eu"]}
	if _, err := NewStore(n.root, bundle, nil, region.Anywhere); err == nil {
		t.Error("a CA of another root is taken in")
	}
	if _, err := NewStore(n.root, []*x509.Certificate{good}, nil, region.Anywhere); !errors.Is(err, ErrName) {
		t.Errorf("a node as a CA: %v", err)
	}
}

// under returns a node's certificate from a CA that the region's CA has made.
func (n *network) under(m Member, key *ecdsa.PrivateKey) *x509.Certificate {
	caKey := n.key()
	template := authority("Stoa region eu", noon, RegionLife)
	ca := n.must(sign(template, n.cas["eu"], caKey.Public(), n.keys["eu"]))
	return n.must(MakeNode(m, key.Public(), ca, caKey, noon))
}

// Two nodes shake hands, and neither with a third that is not whom it says.
func TestTLS(t *testing.T) {
	n := newNetwork(t)
	end := func(m Member, fence string) Guard {
		key := n.key()
		leaf := n.node(m, m.Place.Region, key, noon)
		store := n.store(fence)
		return Guard{
			Certificate: tls.Certificate{Certificate: [][]byte{leaf.Raw, n.cas[m.Place.Region].Raw}, PrivateKey: key},
			Store:       func() *Store { return store }, Now: func() time.Time { return noon }, Protocols: []string{"stoa/1"},
		}
	}
	ada, bo, cy := n.member("eu", "example"), n.member("eu", "other"), n.member("us", "example")
	shake := func(a, b Guard, want id.Node) (called, calling error) {
		x, y := net.Pipe()
		done := make(chan error, 1)
		go func() {
			server := tls.Server(x, a.Listen())
			err := server.HandshakeContext(t.Context())
			if err == nil {
				_, err = server.Write([]byte("x"))
			}
			x.Close()
			done <- err
		}()
		client := tls.Client(y, b.Call(want))
		calling = client.HandshakeContext(t.Context())
		if calling == nil {
			_, calling = client.Read(make([]byte, 1))
		}
		y.Close()
		return <-done, calling
	}
	if a, b := shake(end(ada, "*"), end(bo, "*"), ada.Node); a != nil || b != nil {
		t.Errorf("two of a network: %v, %v", a, b)
	}
	if _, err := shake(end(ada, "*"), end(bo, "*"), cy.Node); !errors.Is(err, ErrOther) {
		t.Errorf("another than expected: %v", err)
	}
	if err, _ := shake(end(ada, "eu"), end(cy, "*"), ada.Node); !errors.Is(err, ErrOutside) {
		t.Errorf("called from outside: %v", err)
	}
	if _, err := shake(end(cy, "*"), end(ada, "eu"), cy.Node); !errors.Is(err, ErrOutside) {
		t.Errorf("calling outside: %v", err)
	}
	bare := end(bo, "*")
	bare.Certificate = tls.Certificate{}
	if a, _ := shake(end(ada, "*"), bare, ada.Node); a == nil {
		t.Error("somebody without a certificate is let in")
	}
}

func TestTokens(t *testing.T) {
	token := Token{
		Network: NewNetwork(), Root: sha256.Sum256([]byte("root")), Place: region.Place{Region: "eu", Operator: "example"},
		Address: "node.example:7883", Secret: NewSecret(), Expires: noon.Add(24 * time.Hour),
	}
	text := token.String()
	if got, err := ParseToken(" "+text+"\n", noon); err != nil || got != token {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, err := ParseToken(text, noon.Add(25*time.Hour)); !errors.Is(err, ErrTokenExpired) {
		t.Errorf("too late: %v", err)
	}
	for i := len(tokenPrefix); i < len(text); i++ {
		changed := []byte(text)
		changed[i] = 'A' + (changed[i]+1)%26
		if changed[i] == text[i] {
			changed[i] = '_'
		}
		if got, err := ParseToken(string(changed), noon); err == nil {
			t.Fatalf("with another character %d it is %+v", i, got)
		}
		if _, err := ParseToken(text[:i], noon); !errors.Is(err, ErrTokenCut) {
			t.Fatalf("cut off after %d characters: %v", i, err)
		}
	}
	for _, text := range []string{"", "hello", tokenPrefix, tokenPrefix + "!!", tokenPrefix + strings.Repeat("A", tokenMax+1), "stoa-join" + text[10:]} {
		if _, err := ParseToken(text, noon); !errors.Is(err, ErrToken) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzParseToken(f *testing.F) {
	f.Add(Token{Network: NewNetwork(), Place: region.Place{Region: "eu", Operator: "x"}, Address: "a:1", Expires: noon}.String())
	f.Fuzz(func(t *testing.T, text string) {
		token, err := ParseToken(text, noon)
		if err != nil {
			return
		}
		if again, err := ParseToken(token.String(), noon); err != nil || again != token {
			t.Errorf("%q is %+v, then %+v, %v", text, token, again, err)
		}
	})
}
