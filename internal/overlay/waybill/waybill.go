// Package waybill is what nodes sign of the way that voices have taken: each
// one for itself, from whom it has them and how far away that is. A way is a
// list of them, from the node where the voices come in to the one where they
// are heard. docs/protocol/network.md describes it. Whom to ask for one is not
// decided here.
//
// A waybill shows that the node which its certificate names has said so. It
// does not show that no other node has seen the voices: a node can pass on what
// it has, and say nothing of it.
package waybill

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/overlay/identity"
	"github.com/stoa-audio/stoa/internal/region"
)

// Bounds.
const (
	HopsMax        = 13 // nodes of a way: a voice goes over twelve links at most
	bodyMax        = 512
	certificateMax = 2 << 10
	signatureMax   = 128
	delayMax       = 60_000 // milliseconds
	// Good is how long a waybill is good, and how far the clocks of those who
	// sign and check may be apart.
	Good = 5 * time.Minute
)

// purpose is what is signed besides, so that no other signature of a node's key
// can be taken for this.
const purpose = "stoa waybill 1\x00"

// Why a way is refused.
var (
	ErrWaybill = errors.New("no waybill")
	ErrForged  = errors.New("not signed by the node that it names")
	ErrOld     = errors.New("not of now")
	ErrOther   = errors.New("of another room, or of voices from elsewhere")
	ErrBroken  = errors.New("no way: a node has them from another one than the one before it")
	ErrLong    = errors.New("longer than a way can be")
)

// TagSize is the length of a tag in bytes.
const TagSize = 16

// TagOf returns what a room and the node where its voices come in go by on
// waybills: who knows both can tell, and nobody else learns which room it is.
func TagOf(room id.Room, origin id.Node) [TagSize]byte {
	h := sha256.New()
	h.Write([]byte(purpose))
	h.Write(room[:])
	h.Write(origin[:])
	return [TagSize]byte(h.Sum(nil))
}

// A Bill is what a node says: it has the voices From another node, which is so
// far away, one way; from none where they come in.
type Bill struct {
	Tag     []byte    `json:"tag"`
	From    id.Node   `json:"from,omitzero"`
	DelayMS float64   `json:"delay_ms,omitempty"`
	At      time.Time `json:"at"`
}

// New returns what a node says of the voices of a room at a time.
func New(room id.Room, origin, from id.Node, away time.Duration, at time.Time) Bill {
	tag := TagOf(room, origin)
	ms := math.Round(float64(away)/float64(time.Millisecond)*10) / 10
	return Bill{Tag: tag[:], From: from, DelayMS: min(max(ms, 0), delayMax), At: at.UTC().Truncate(time.Second)}
}

// A Signed bill goes with the certificate of who has signed it.
type Signed struct {
	Certificate []byte `json:"certificate"` // DER
	Body        []byte `json:"body"`        // the bill as JSON
	Signature   []byte `json:"signature"`   // ECDSA on P-256 with SHA-256, ASN.1
}

// Sign signs a bill by the key of a node's certificate.
func (b Bill) Sign(certificate *x509.Certificate, key crypto.Signer) (Signed, error) {
	body, err := json.Marshal(b)
	if err != nil {
		return Signed{}, err
	}
	signature, err := identity.SignStatement(purpose, body, key)
	return Signed{certificate.Raw, body, signature}, err
}

// Parse reads the body of a signed bill, or returns ErrWaybill.
func Parse(body []byte) (Bill, error) {
	var b Bill
	if len(body) > bodyMax || json.Unmarshal(body, &b) != nil || len(b.Tag) != TagSize || b.At.IsZero() || !(b.DelayMS >= 0 && b.DelayMS <= delayMax) {
		return Bill{}, ErrWaybill
	}
	return b, nil
}

// A Hop is a node of a way that was checked: where it stands by its
// certificate, and how far it is from the one before.
type Hop struct {
	Node  id.Node
	Place region.Place
	Delay time.Duration
	At    time.Time
}

// Check returns the nodes over which voices of a room have come from origin to
// last, or why the waybills do not show it.
func Check(way []Signed, store *identity.Store, room id.Room, origin, last id.Node, now time.Time) ([]Hop, error) {
	if len(way) > HopsMax {
		return nil, ErrLong
	}
	tag := TagOf(room, origin)
	var hops []Hop
	var before id.Node
	for _, s := range way {
		m, b, err := open(s, store, now)
		switch {
		case err != nil:
			return nil, err
		case [TagSize]byte(b.Tag) != tag:
			return nil, fmt.Errorf("%v: %w", m.Place, ErrOther)
		case b.From != before:
			return nil, fmt.Errorf("%v: %w", m.Place, ErrBroken)
		case now.Sub(b.At).Abs() > Good:
			return nil, fmt.Errorf("%v: %w", m.Place, ErrOld)
		}
		before = m.Node
		hops = append(hops, Hop{m.Node, m.Place, time.Duration(b.DelayMS * float64(time.Millisecond)), b.At})
	}
	if len(hops) == 0 || hops[0].Node != origin || before != last {
		return nil, ErrBroken
	}
	return hops, nil
}

// open checks one bill, and returns who has signed what.
func open(s Signed, store *identity.Store, now time.Time) (m identity.Member, b Bill, err error) {
	if len(s.Certificate) > certificateMax || len(s.Signature) > signatureMax {
		return m, b, ErrWaybill
	}
	certificate, err := x509.ParseCertificate(s.Certificate)
	if err != nil {
		return m, b, ErrWaybill
	}
	if m, err = store.Verify([]*x509.Certificate{certificate}, now); err != nil {
		return m, b, err
	}
	if !identity.VerifyStatement(purpose, s.Body, s.Signature, certificate) {
		return m, b, fmt.Errorf("%v: %w", m.Place, ErrForged)
	}
	b, err = Parse(s.Body)
	return m, b, err
}
