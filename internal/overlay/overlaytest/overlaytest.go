// Package overlaytest makes networks of nodes for tests: certificates, and what
// checks them.
package overlaytest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/overlay/identity"
	"github.com/stoa-audio/stoa/internal/region"
)

// A Network is what certificates are made by.
type Network struct {
	t       testing.TB
	now     time.Time
	Name    string
	Root    *x509.Certificate
	Regions []*x509.Certificate
	keys    map[string]*ecdsa.PrivateKey
}

// A Node is a node's certificate and key.
type Node struct {
	Member identity.Member
	Leaf   *x509.Certificate
	Key    *ecdsa.PrivateKey
	region *x509.Certificate
}

// New makes a network of some regions at a time.
func New(t testing.TB, now time.Time, regions ...string) *Network {
	t.Helper()
	n := &Network{t: t, now: now, Name: identity.NewNetwork(), keys: make(map[string]*ecdsa.PrivateKey)}
	rootKey := n.key()
	var err error
	if n.Root, err = identity.MakeRoot(n.Name, rootKey, now); err != nil {
		t.Fatal(err)
	}
	for _, name := range regions {
		n.keys[name] = n.key()
		ca, err := identity.MakeRegion(n.Name, name, n.keys[name].Public(), n.Root, rootKey, now)
		if err != nil {
			t.Fatal(err)
		}
		n.Regions = append(n.Regions, ca)
	}
	return n
}

func (n *Network) key() *ecdsa.PrivateKey {
	n.t.Helper()
	key, err := identity.NewKey()
	if err != nil {
		n.t.Fatal(err)
	}
	return key
}

// Node makes a node at a place, whose certificate begins at the network's time.
func (n *Network) Node(place region.Place) Node {
	n.t.Helper()
	return n.NodeAt(place, n.now)
}

// NodeAt makes a node whose certificate is made at another time.
func (n *Network) NodeAt(place region.Place, at time.Time) Node {
	n.t.Helper()
	return n.nodeBy(place.Region, place, at)
}

// Astray makes a node whose certificate the authority of another region has
// signed.
func (n *Network) Astray(place region.Place, by string) Node {
	n.t.Helper()
	return n.nodeBy(by, place, n.now)
}

func (n *Network) nodeBy(by string, place region.Place, at time.Time) Node {
	n.t.Helper()
	m := identity.Member{Network: n.Name, Place: place, Node: id.New[id.Node]()}
	key := n.key()
	for _, ca := range n.Regions {
		if _, name, _ := identity.RegionOf(ca); name == by {
			leaf, err := identity.MakeNode(m, key.Public(), ca, n.keys[name], at)
			if err != nil {
				n.t.Fatal(err)
			}
			return Node{m, leaf, key, ca}
		}
	}
	n.t.Fatalf("no region %s", by)
	return Node{}
}

// Remove is the word of a node's region that it is a member no more.
func (n *Network) Remove(node Node, at time.Time) identity.SignedRemoval {
	n.t.Helper()
	r := identity.Removal{Node: node.Member.Node, Place: node.Member.Place, At: at}
	s, err := r.Sign(node.region, n.keys[node.Member.Place.Region])
	if err != nil {
		n.t.Fatal(err)
	}
	return s
}

// Store is whom a node inside a fence trusts.
func (n *Network) Store(fence region.Fence, removed ...identity.Member) *identity.Store {
	n.t.Helper()
	var list []identity.Removal
	for _, m := range removed {
		list = append(list, identity.Removal{Node: m.Node, Place: m.Place})
	}
	s, err := identity.NewStore(n.Root, n.Regions, list, fence)
	if err != nil {
		n.t.Fatal(err)
	}
	return s
}

// Certificate is what a node shows.
func (n Node) Certificate() tls.Certificate {
	return tls.Certificate{PrivateKey: crypto.PrivateKey(n.Key), Leaf: n.Leaf, Certificate: [][]byte{n.Leaf.Raw, n.region.Raw}}
}

// Fence parses a fence.
func Fence(t testing.TB, text string) region.Fence {
	t.Helper()
	f, err := region.ParseFence(text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
