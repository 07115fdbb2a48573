package identity

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/region"
)

// removalPurpose is what is signed besides, so that no other signature of a
// CA's key can be taken for this.
const removalPurpose = "stoa removal 1\x00"

// removalMax is the length of a removal's body in bytes.
const removalMax = 1 << 10

// RemovalLife is for how long a removal has to be known: by then the node's last
// certificate has expired, and nobody renews it.
const RemovalLife = NodeLife + 24*time.Hour

// ErrRemoval means that something is no removal of a node that counts.
var ErrRemoval = errors.New("no removal of a node")

// A Removal says that a node is a member no more.
type Removal struct {
	Node  id.Node      `json:"node"`
	Place region.Place `json:"place"`
	At    time.Time    `json:"at"`
}

// A SignedRemoval is a removal as it passes from node to node.
type SignedRemoval struct {
	By        []byte `json:"by"`   // the CA of the node's region, or the root; DER
	Body      []byte `json:"body"` // the removal as JSON
	Signature []byte `json:"signature"`
}

// Sign signs a removal by the key of the node's region, or of the root.
func (r Removal) Sign(by *x509.Certificate, key crypto.Signer) (SignedRemoval, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return SignedRemoval{}, err
	}
	signature, err := SignStatement(removalPurpose, body, key)
	return SignedRemoval{by.Raw, body, signature}, err
}

// Parse returns what a signed removal says, before it is known whether that
// counts.
func (s SignedRemoval) Parse() (Removal, error) {
	var r Removal
	if len(s.Body) > removalMax || json.Unmarshal(s.Body, &r) != nil || r.Node.IsZero() || r.Place.Check() != nil {
		return Removal{}, ErrRemoval
	}
	return r, nil
}

// Verify returns what a signed removal says if it counts in the network of a
// root: a region's CA can remove nodes of its own region only.
func (s SignedRemoval) Verify(root *x509.Certificate) (Removal, error) {
	r, err := s.Parse()
	if err != nil {
		return Removal{}, err
	}
	by, err := x509.ParseCertificate(s.By)
	if err != nil {
		return Removal{}, ErrRemoval
	}
	if !by.Equal(root) {
		_, name, err := RegionOf(by)
		if err != nil || name != r.Place.Region || by.CheckSignatureFrom(root) != nil {
			return Removal{}, fmt.Errorf("%w: not by its region", ErrRemoval)
		}
	}
	if !VerifyStatement(removalPurpose, s.Body, s.Signature, by) {
		return Removal{}, fmt.Errorf("%w: not signed", ErrRemoval)
	}
	return r, nil
}

// A Ruling is what a network's authorities tell all nodes, from one to the next:
// that a node is removed, or that there is a region. It proves itself.
type Ruling struct {
	Removed *SignedRemoval `json:"removed,omitempty"`
	Region  []byte         `json:"region,omitempty"` // the CA's certificate, DER
}

// VerifyRegion returns the certificate of a region's CA and its name, if the
// network of a root has it.
func VerifyRegion(der []byte, root *x509.Certificate, network string) (ca *x509.Certificate, name string, err error) {
	if ca, err = x509.ParseCertificate(der); err != nil {
		return nil, "", fmt.Errorf("%w: no CA of a region", ErrName)
	}
	of, name, err := RegionOf(ca)
	if err != nil {
		return nil, "", err
	}
	if of != network {
		return nil, "", ErrOtherNetwork
	}
	if err := ca.CheckSignatureFrom(root); err != nil {
		return nil, "", fmt.Errorf("region %s: %w", name, err)
	}
	return ca, name, nil
}

// NodeOf returns the name of the node that a key belongs to: the beginning of
// the key's SHA-256. No two keys have one name, at whichever door they come in.
func NodeOf(public crypto.PublicKey) (node id.Node, err error) {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return node, err
	}
	sum := sha256.Sum256(der)
	copy(node[:], sum[:])
	return node, nil
}
