// Package identity says who a node is: a certificate with its region and its
// operator, from the certificate authority (CA) of that region, which stands
// under the root of the network. It makes and judges these, with no file and
// no socket; docs/protocol/network.md describes them.
//
// A region's CA can make nodes of its own region only: X.509 name constraints
// (RFC 5280, section 4.2.1.10) say so, and every verifier holds to them. A
// node trusts the CAs of those regions alone that its fence allows: with a
// node outside it has no word in common.
package identity

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base32"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"strings"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/region"
)

// How long certificates are good. They begin an hour before they are made, for
// clocks that are late.
const (
	RootLife   = 20 * 365 * 24 * time.Hour
	RegionLife = 10 * 365 * 24 * time.Hour
	NodeLife   = 7 * 24 * time.Hour
	RenewAfter = 3 * 24 * time.Hour // a node asks for the next one then
	backdated  = time.Hour
)

// networkSize is the length of a network's name in bytes.
const networkSize = 10

var base = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// ErrName means that a certificate names no node.
var ErrName = errors.New("no name of a node")

// A Member is a node of a network, as its certificate says.
type Member struct {
	Network string
	Place   region.Place
	Node    id.Node
}

// NewNetwork returns a fresh name of a network: 80 random bits.
func NewNetwork() string {
	var b [networkSize]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand, Go 1.24)
	return base.EncodeToString(b[:])
}

func isNetwork(text string) bool {
	b, err := base.DecodeString(text)
	return err == nil && len(b) == networkSize && base.EncodeToString(b) == text
}

// URI returns the name in a node's certificate, a SPIFFE ID whose trust domain
// is the region's: spiffe://<region>.<network>/operator/<operator>/node/<node>.
func (m Member) URI() *url.URL {
	return &url.URL{Scheme: "spiffe", Host: m.Place.Region + "." + m.Network, Path: "/operator/" + m.Place.Operator + "/node/" + m.Node.String()}
}

// ParseURI returns the member that a URI names, written exactly as URI writes
// it, or ErrName.
func ParseURI(u *url.URL) (Member, error) {
	place, network, _ := strings.Cut(u.Host, ".")
	part := strings.Split(u.Path, "/")
	if len(part) != 5 || !isNetwork(network) {
		return Member{}, ErrName
	}
	node, err := id.Parse[id.Node](part[4])
	m := Member{network, region.Place{Region: place, Operator: part[2]}, node}
	if err != nil || m.Place.Check() != nil || m.URI().String() != u.String() {
		return Member{}, ErrName
	}
	return m, nil
}

// ParseLeaf returns the member that a certificate names: by its one URI, and
// by nothing else.
func ParseLeaf(leaf *x509.Certificate) (Member, error) {
	if len(leaf.URIs) != 1 || len(leaf.DNSNames)+len(leaf.EmailAddresses)+len(leaf.IPAddresses) > 0 || leaf.IsCA {
		return Member{}, ErrName
	}
	return ParseURI(leaf.URIs[0])
}

// NewKey returns a key for a root, a region or a node: ECDSA on P-256, which
// every TLS 1.3 has.
func NewKey() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

// MakeRoot returns the certificate of a network's root, signed by itself.
func MakeRoot(network string, key crypto.Signer, now time.Time) (*x509.Certificate, error) {
	if !isNetwork(network) {
		return nil, fmt.Errorf("%q names no network", network)
	}
	template := authority("Stoa network "+network, now, RootLife)
	template.MaxPathLen = 1
	return sign(template, template, key.Public(), key)
}

// MakeRegion returns the certificate of a region's CA, which the root signs.
func MakeRegion(network, name string, public crypto.PublicKey, root *x509.Certificate, rootKey crypto.Signer, now time.Time) (*x509.Certificate, error) {
	if err := (region.Place{Region: name, Operator: "any"}).Check(); err != nil {
		return nil, err
	}
	template := authority("Stoa region "+name, now, RegionLife)
	template.MaxPathLenZero = true
	template.URIs = []*url.URL{{Scheme: "spiffe", Host: name + "." + network}}
	template.PermittedURIDomains, template.PermittedDNSDomainsCritical = []string{name + "." + network}, true
	return sign(template, root, public, rootKey)
}

// RegionOf returns which region a certificate is the CA of.
func RegionOf(ca *x509.Certificate) (network, name string, err error) {
	if !ca.IsCA || len(ca.URIs) != 1 || ca.URIs[0].Scheme != "spiffe" || ca.URIs[0].Path != "" {
		return "", "", fmt.Errorf("%w: no CA of a region", ErrName)
	}
	name, network, _ = strings.Cut(ca.URIs[0].Host, ".")
	if !isNetwork(network) || len(ca.PermittedURIDomains) != 1 || ca.PermittedURIDomains[0] != ca.URIs[0].Host {
		return "", "", fmt.Errorf("%w: no CA of a region", ErrName)
	}
	return network, name, nil
}

// MakeNode returns the certificate of a node, which its region's CA signs.
func MakeNode(m Member, public crypto.PublicKey, ca *x509.Certificate, caKey crypto.Signer, now time.Time) (*x509.Certificate, error) {
	if err := m.Place.Check(); err != nil {
		return nil, err
	}
	template := basic("Stoa node", now, NodeLife)
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	template.URIs = []*url.URL{m.URI()}
	return sign(template, ca, public, caKey)
}

func basic(name string, now time.Time, life time.Duration) *x509.Certificate {
	return &x509.Certificate{
		Subject:   pkix.Name{CommonName: name},
		NotBefore: now.Add(-backdated), NotAfter: now.Add(life), BasicConstraintsValid: true,
	}
}

func authority(name string, now time.Time, life time.Duration) *x509.Certificate {
	c := basic(name, now, life)
	c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign
	return c
}

func sign(template, parent *x509.Certificate, public crypto.PublicKey, key crypto.Signer) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	template.SerialNumber = serial.Add(serial, big.NewInt(1))
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	return x509.ParseCertificate(der)
}
