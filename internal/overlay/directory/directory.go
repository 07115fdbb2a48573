// Package directory knows the nodes of a network: each says of itself where it
// is reached, signs that, and passes on what others have said, to those alone
// that may know of them. It has no socket and no clock.
//
// A node is told of another only where the fences of both allow it: that there
// is a node is itself something that does not leave a fence.
package directory

import (
	"crypto"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/overlay/identity"
	"github.com/stoa-audio/stoa/internal/region"
)

// Bounds.
const (
	NodesMax     = 4096
	bodyMax      = 4 << 10 // bytes
	AddressesMax = 8
	urlMax       = 255
)

// purpose is what is signed besides, so that no other signature of a node's key
// can be taken for this.
const purpose = "stoa advert 1\x00"

// Why an advert is refused.
var (
	ErrAdvert = errors.New("no advert of a node")
	ErrFull   = errors.New("as many nodes as this one can know")
)

// An Advert is what a node says of itself.
type Advert struct {
	Addresses []netip.AddrPort `json:"addresses"`     // of its trunk (UDP), best first
	URL       string           `json:"url,omitempty"` // where people find it
	Fence     region.Fence     `json:"fence"`         // it speaks to nobody outside
	Latitude  float64          `json:"latitude,omitempty"`
	Longitude float64          `json:"longitude,omitempty"`
	Leaving   bool             `json:"leaving,omitempty"`
	Door      *Door            `json:"door,omitempty"`
	Seat      bool             `json:"seat,omitempty"` // it has the coordination of its region
	Number    uint64           `json:"number"`         // a later one takes the place of an earlier one
}

// A Door is where a node admits others to the network, and renews their
// certificates.
type Door struct {
	Address string   `json:"address"` // host:port (TCP)
	Regions []string `json:"regions"` // whose keys it has
}

// Check returns ErrAdvert unless others can be told of a door.
func (d *Door) Check() error {
	if d == nil {
		return nil
	}
	u, err := url.Parse("//" + d.Address)
	if err != nil || len(d.Address) > urlMax || u.Host != d.Address || u.Hostname() == "" || len(d.Regions) > region.NamesMax {
		return ErrAdvert
	}
	if port, err := strconv.ParseUint(u.Port(), 10, 16); err != nil || port == 0 {
		return ErrAdvert
	}
	for _, name := range d.Regions {
		if (region.Place{Region: name, Operator: "any"}).Check() != nil {
			return ErrAdvert
		}
	}
	return nil
}

// A Signed advert is what passes from node to node.
type Signed struct {
	Certificate []byte `json:"certificate"` // DER
	Body        []byte `json:"body"`        // the advert as JSON
	Signature   []byte `json:"signature"`   // ECDSA on P-256 with SHA-256, ASN.1
}

// Sign signs an advert by the key of a node's certificate.
func (a Advert) Sign(certificate *x509.Certificate, key crypto.Signer) (Signed, error) {
	body, err := json.Marshal(a)
	if err != nil {
		return Signed{}, err
	}
	signature, err := identity.SignStatement(purpose, body, key)
	return Signed{certificate.Raw, body, signature}, err
}

// A Node is a node that is known.
type Node struct {
	identity.Member
	Advert

	Signed  Signed
	Expires time.Time // its certificate
}

// A Directory is the nodes that one node knows, itself among them. It is safe
// for one goroutine.
type Directory struct {
	store func() *identity.Store
	nodes map[id.Node]*Node
}

// New returns an empty directory. Whom store does not trust is not taken in.
func New(store func() *identity.Store) *Directory {
	return &Directory{store: store, nodes: make(map[id.Node]*Node)}
}

// Take takes an advert in and returns the node when there is news; nil when it
// is known already.
func (d *Directory) Take(s Signed, now time.Time) (*Node, error) {
	certificate, a, err := parse(s)
	if err != nil {
		return nil, err
	}
	// What is known is not verified once more: each neighbour tells it.
	named, err := identity.ParseLeaf(certificate)
	if err != nil {
		return nil, err
	}
	known := d.nodes[named.Node]
	if known != nil && known.Number >= a.Number {
		return nil, nil
	}
	if known == nil && len(d.nodes) >= NodesMax {
		return nil, ErrFull
	}
	member, err := d.store().Verify([]*x509.Certificate{certificate}, now)
	if err != nil {
		return nil, err
	}
	if !identity.VerifyStatement(purpose, s.Body, s.Signature, certificate) {
		return nil, fmt.Errorf("%w: not signed by it", ErrAdvert)
	}
	if !a.Fence.Allows(member.Place) {
		return nil, fmt.Errorf("%w: it stands outside its own fence", ErrAdvert)
	}
	n := &Node{Member: member, Advert: a, Signed: s, Expires: certificate.NotAfter}
	d.nodes[member.Node] = n
	return n, nil
}

// isOrigin reports whether a text is http:// or https:// and a host, or nothing:
// what is shown to browsers holds nothing that they could take for anything else.
func isOrigin(text string) bool {
	if text == "" {
		return true
	}
	u, err := url.Parse(text)
	if err != nil || len(text) > urlMax || u.Scheme != "http" && u.Scheme != "https" {
		return false
	}
	odd := strings.ContainsFunc(u.Host, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && !strings.ContainsRune("-.:[]", r)
	})
	return u.Host != "" && !odd && text == u.Scheme+"://"+u.Host
}

func parse(s Signed) (*x509.Certificate, Advert, error) {
	var a Advert
	if len(s.Body) > bodyMax || json.Unmarshal(s.Body, &a) != nil {
		return nil, a, ErrAdvert
	}
	if len(a.Addresses) > AddressesMax || !isOrigin(a.URL) || a.Latitude < -90 || a.Latitude > 90 || a.Longitude < -180 || a.Longitude > 180 {
		return nil, a, ErrAdvert
	}
	if err := a.Door.Check(); err != nil {
		return nil, a, err
	}
	for _, address := range a.Addresses {
		if !address.IsValid() || address.Addr().Zone() != "" || address.Port() == 0 {
			return nil, a, ErrAdvert
		}
	}
	certificate, err := x509.ParseCertificate(s.Certificate)
	if err != nil {
		return nil, a, ErrAdvert
	}
	return certificate, a, nil
}

// Node returns what is known of a node, or nil.
func (d *Directory) Node(name id.Node) *Node { return d.nodes[name] }

// For returns what a node at a place, which speaks to nobody outside fence, may
// be told.
func (d *Directory) For(place region.Place, fence region.Fence) []Signed {
	var out []Signed
	for _, n := range d.nodes {
		if n.MayBeTold(place, fence) {
			out = append(out, n.Signed)
		}
	}
	return out
}

// MayBeTold reports whether a node at a place, which speaks to nobody outside
// fence, may know of n.
func (n *Node) MayBeTold(place region.Place, fence region.Fence) bool {
	return n.Fence.Allows(place) && fence.Allows(n.Place)
}

// Sweep forgets nodes that are not trusted any more, and returns them.
func (d *Directory) Sweep(now time.Time) []id.Node {
	var gone []id.Node
	for name, n := range d.nodes {
		certificate, err := x509.ParseCertificate(n.Signed.Certificate)
		if err == nil {
			_, err = d.store().Verify([]*x509.Certificate{certificate}, now)
		}
		if err != nil {
			gone = append(gone, name)
			delete(d.nodes, name)
		}
	}
	return gone
}

// All returns the nodes that are known.
func (d *Directory) All() []*Node {
	out := make([]*Node, 0, len(d.nodes))
	for _, n := range d.nodes {
		out = append(out, n)
	}
	return out
}
