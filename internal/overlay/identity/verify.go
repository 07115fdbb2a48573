package identity

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/region"
)

// Why a node is refused.
var (
	ErrNoCertificate = errors.New("no certificate")
	ErrOtherNetwork  = errors.New("of another network")
	ErrOutside       = errors.New("outside the fence")
	ErrExpired       = errors.New("the certificate has expired")
	ErrNotYet        = errors.New("the certificate is not valid yet")
	ErrUntrusted     = errors.New("not signed by its region")
	ErrRemoved       = errors.New("removed from the network")
	ErrOther         = errors.New("another node than expected")
)

// A Store is whom a node trusts: the CAs of those regions that its fence
// allows. It does not change; a new one takes its place.
type Store struct {
	network string
	fence   region.Fence
	roots   *x509.CertPool
	regions *x509.CertPool
	names   map[string]bool
	removed map[regional]bool
}

// A regional name is a node's, and whose region's word counts for it.
type regional struct {
	region string
	node   id.Node
}

// NewStore returns a store of a network: of the regions' CAs, those that lie
// in fence and that the root has signed.
func NewStore(root *x509.Certificate, regions []*x509.Certificate, removed []Removal, fence region.Fence) (*Store, error) {
	s := &Store{fence: fence, roots: x509.NewCertPool(), regions: x509.NewCertPool(), names: make(map[string]bool), removed: make(map[regional]bool)}
	s.roots.AddCert(root)
	for _, ca := range regions {
		network, name, err := RegionOf(ca)
		if err != nil {
			return nil, err
		}
		if err := ca.CheckSignatureFrom(root); err != nil {
			return nil, fmt.Errorf("region %s: %w", name, err)
		}
		if s.network == "" {
			s.network = network
		}
		if network != s.network {
			return nil, fmt.Errorf("region %s is %w", name, ErrOtherNetwork)
		}
		// By region alone: which operators are allowed is a matter of the leaf.
		if only := fence.Regions(); len(only) > 0 && !region.In(only...).Allows(region.Place{Region: name, Operator: "any"}) || fence.IsNowhere() {
			continue
		}
		s.regions.AddCert(ca)
		s.names[name] = true
	}
	for _, r := range removed {
		s.removed[regional{r.Place.Region, r.Node}] = true
	}
	return s, nil
}

// Trusts reports whether the CA of a region is in the store.
func (s *Store) Trusts(name string) bool { return s.names[name] }

// Names returns the regions whose CAs are in the store, sorted.
func (s *Store) Names() []string { return slices.Sorted(maps.Keys(s.names)) }

// Verify returns the member that a chain of certificates names, the leaf
// first, or why it is refused; the reason says no more of it than its place.
// Whatever CAs the chain brings along count for nothing.
func (s *Store) Verify(chain []*x509.Certificate, now time.Time) (Member, error) {
	if len(chain) == 0 {
		return Member{}, ErrNoCertificate
	}
	leaf := chain[0]
	m, err := ParseLeaf(leaf)
	if err != nil {
		return Member{}, err
	}
	switch {
	case m.Network != s.network:
		return Member{}, ErrOtherNetwork
	case !s.fence.Allows(m.Place) || !s.names[m.Place.Region]:
		return Member{}, fmt.Errorf("%v is %w", m.Place, ErrOutside)
	case now.Before(leaf.NotBefore):
		return Member{}, fmt.Errorf("%v: %w, for %v: is a clock wrong?", m.Place, ErrNotYet, leaf.NotBefore.Sub(now).Round(time.Second))
	case now.After(leaf.NotAfter):
		return Member{}, fmt.Errorf("%v: %w, %v ago", m.Place, ErrExpired, now.Sub(leaf.NotAfter).Round(time.Second))
	}
	_, err = leaf.Verify(x509.VerifyOptions{
		Roots: s.roots, Intermediates: s.regions, CurrentTime: now,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return Member{}, fmt.Errorf("%v is %w", m.Place, ErrUntrusted)
	}
	if s.removed[regional{m.Place.Region, m.Node}] {
		return Member{}, fmt.Errorf("%v: %w", m.Place, ErrRemoved)
	}
	return m, nil
}

// A Guard is what a TLS connection between nodes is checked with.
type Guard struct {
	Certificate tls.Certificate
	Store       func() *Store // the newest
	Now         func() time.Time
	Protocols   []string    // ALPN (RFC 7301), the best first
	Refused     func(error) // told why another end is refused; may be nil
}

// Listen returns the configuration of the end that is called: TLS 1.3, both
// ends show certificates, no session is taken up again, for its check would be
// skipped.
func (g Guard) Listen() *tls.Config {
	c := g.config()
	c.ClientAuth = tls.RequireAnyClientCert
	c.VerifyConnection = func(state tls.ConnectionState) error { return g.check(state, id.Node{}) }
	return c
}

// Call returns the configuration of the end that calls: it takes no other node
// than the one that it expects; with the zero node, any that it trusts.
func (g Guard) Call(node id.Node) *tls.Config {
	c := g.config()
	c.InsecureSkipVerify = true // the name is no host's: VerifyConnection does what this leaves out
	c.VerifyConnection = func(state tls.ConnectionState) error { return g.check(state, node) }
	return c
}

func (g Guard) check(state tls.ConnectionState, node id.Node) error {
	m, err := g.Store().Verify(state.PeerCertificates, g.Now())
	if err == nil && !node.IsZero() && m.Node != node {
		err = fmt.Errorf("%v is %w", m.Place, ErrOther)
	}
	if err != nil && g.Refused != nil {
		g.Refused(err)
	}
	return err
}

func (g Guard) config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{g.Certificate}, NextProtos: g.Protocols,
		SessionTicketsDisabled: true, Time: g.Now,
	}
}
