package identity

import (
	"crypto/x509"
	"errors"
	"testing"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/region"
)

// A region removes its own nodes, the root any, and nobody else anybody.
func TestRemoval(t *testing.T) {
	n, other := newNetwork(t), newNetwork(t)
	r := Removal{Node: id.New[id.Node](), Place: region.Place{Region: "eu", Operator: "example"}, At: noon}
	sign := func(s SignedRemoval, err error) SignedRemoval {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	good := sign(r.Sign(n.cas["eu"], n.keys["eu"]))
	for what, s := range map[string]SignedRemoval{"its region": good, "the root": sign(r.Sign(n.root, n.rootKey))} {
		if got, err := s.Verify(n.root); err != nil || got != r {
			t.Errorf("by %s: %+v, %v", what, got, err)
		}
	}
	key := n.key()
	leaf := n.node(n.member("eu", "example"), "eu", key, noon)
	moved, cut, empty := good, good, good
	moved.Body = []byte(string(good.Body[:len(good.Body)-1]) + " }")
	cut.Signature = good.Signature[1:]
	empty.Body = []byte("{}")
	for what, s := range map[string]SignedRemoval{
		"another region": sign(r.Sign(n.cas["us"], n.keys["us"])), "another network": sign(r.Sign(other.cas["eu"], other.keys["eu"])),
		"a node": sign(r.Sign(leaf, key)), "a CA without its key": sign(r.Sign(n.cas["eu"], n.keys["us"])),
		"changed": moved, "cut": cut, "of nobody": empty, "nothing": {},
	} {
		if _, err := s.Verify(n.root); !errors.Is(err, ErrRemoval) {
			t.Errorf("by %s: %v", what, err)
		}
	}
	// What a region says of its own nodes does not touch those of another one.
	m := n.member("us", "example")
	us := n.node(m, "us", key, noon)
	posing := Removal{Node: m.Node, Place: region.Place{Region: "eu", Operator: "example"}, At: noon}
	if _, err := n.storeWithout("*", posing).Verify([]*x509.Certificate{us}, noon); err != nil {
		t.Errorf("eu has removed a node of us: %v", err)
	}
	posing.Place.Region = "us"
	if _, err := n.storeWithout("*", posing).Verify([]*x509.Certificate{us}, noon); !errors.Is(err, ErrRemoved) {
		t.Errorf("a removed node: %v", err)
	}
}

func TestVerifyRegion(t *testing.T) {
	n, other := newNetwork(t), newNetwork(t)
	if ca, name, err := VerifyRegion(n.cas["us"].Raw, n.root, n.name); err != nil || name != "us" || !ca.Equal(n.cas["us"]) {
		t.Errorf("%s, %v", name, err)
	}
	for what, der := range map[string][]byte{"another network's": other.cas["us"].Raw, "the root": n.root.Raw, "rubbish": []byte("rubbish"), "none": nil} {
		if _, _, err := VerifyRegion(der, n.root, n.name); err == nil {
			t.Errorf("%s is taken", what)
		}
	}
}

func TestNodeOf(t *testing.T) {
	n := newNetwork(t)
	a, b := n.key(), n.key()
	one, err := NodeOf(a.Public())
	again, _ := NodeOf(a.Public())
	two, _ := NodeOf(b.Public())
	if err != nil || one != again || one == two || one.IsZero() {
		t.Errorf("%v %v %v %v", one, again, two, err)
	}
}
