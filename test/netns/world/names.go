package world

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stoa-audio/stoa/internal/region"
	"github.com/stoa-audio/stoa/test/netns/lines"
)

// Where things are at each node: every one has its namespace.
const (
	trunkPort = 7883
	mediaPort = 7882
	adminAddr = "127.0.0.1:9090"
	certFile  = "cert.pem"
	keyFile   = "key.pem"
)

// earth are the regions that there may be; their numbers are in the addresses.
var earth = []string{"eu", "us", "ap"}

// Round trips on earth.
var trips = map[[2]string]time.Duration{
	{"eu", "us"}: 80 * time.Millisecond,
	{"eu", "ap"}: 160 * time.Millisecond,
	{"us", "ap"}: 150 * time.Millisecond,
}

// Earth is how lines between regions are; within one a round trip takes 2 ms.
func Earth(a, b string) lines.Line {
	for _, p := range [][2]string{{a, b}, {b, a}} {
		if t, ok := trips[p]; ok {
			return lines.Line{Delay: t / 2}
		}
	}
	return lines.Line{Delay: time.Millisecond}
}

// regionOf returns in which region an address lies.
func regionOf(a netip.Addr) string {
	if i := int(a.As4()[1]) - 1; i >= 0 && i < len(earth) {
		return earth[i]
	}
	return ""
}

// Side returns who is at an address: the nodes of a region, its own servers, or
// its people.
func Side(a netip.Addr) string {
	r := regionOf(a)
	switch {
	case r == "":
		return "elsewhere"
	case a.As4()[2] == 0:
		return r
	case a.As4()[2] == 2:
		return r + " servers"
	}
	return r + " people"
}

// PeopleAt is an address of people in a region.
func PeopleAt(name string, number byte) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(slices.Index(earth, name) + 1), 1, number}) //nolint:gosec // a few
}

// names are the addresses of nodes, as people find them.
type names struct {
	addresses map[string]netip.Addr
	trusted   *x509.CertPool
}

func newNames() *names { return &names{addresses: make(map[string]netip.Addr)} }

// domain is the name by which people find a node.
func domain(name string) string { return name + ".stoa.test" }

// of gives a node its address: eu2 is 10.1.0.2.
func (n *names) of(name string) netip.Addr {
	spot := Spot{Name: name}
	number, _ := strconv.Atoi(strings.TrimPrefix(name, spot.Region()))
	a := netip.AddrFrom4([4]byte{10, byte(slices.Index(earth, spot.Region()) + 1), 0, byte(number)}) //nolint:gosec // a few
	n.addresses[domain(name)] = a
	return a
}

// certify writes the certificate of all nodes, which is there for this run
// alone.
func (n *names) certify(dir string, nodes []Spot) error {
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	now := time.Now()
	about := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "stoa.test"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	for _, one := range nodes {
		about.DNSNames = append(about.DNSNames, domain(one.Name))
	}
	signed, err := x509.CreateCertificate(rand.Reader, about, about, secret.Public(), secret)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(secret)
	if err != nil {
		return err
	}
	own, err := x509.ParseCertificate(signed)
	if err != nil {
		return err
	}
	n.trusted = x509.NewCertPool()
	n.trusted.AddCert(own)
	return errors.Join(
		os.WriteFile(filepath.Join(dir, certFile), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}), 0o600),
		os.WriteFile(filepath.Join(dir, keyFile), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
}

// client makes calls to nodes by their names. Programs that know only the usual
// way use it, too: there is nobody else to be called from here.
func (n *names) client() *http.Client {
	t := &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			host, port, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			at, ok := n.addresses[host]
			if !ok {
				return nil, fmt.Errorf("%s is nowhere", host)
			}
			return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort(at.String(), port))
		},
		TLSClientConfig:     &tls.Config{RootCAs: n.trusted, MinVersion: tls.VersionTLS13},
		ForceAttemptHTTP2:   true,
		TLSHandshakeTimeout: patience,
		IdleConnTimeout:     time.Minute,
	}
	http.DefaultTransport = t
	return &http.Client{Transport: t, Timeout: 2 * patience}
}

// Rules are the names for a browser (--host-resolver-rules).
func (w *World) Rules() string {
	var all []string
	for name, at := range w.names.addresses {
		all = append(all, fmt.Sprintf("MAP %s %v", name, at))
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// regions are those of some nodes, the first one's first.
func regions(nodes []Spot) []string {
	var out []string
	for _, n := range nodes {
		if !slices.Contains(out, n.Region()) {
			out = append(out, n.Region())
		}
	}
	return out
}

// fenceAllows reports whether a node with a fence may speak to one in a region.
func fenceAllows(fence, name string) bool {
	if fence == "" {
		return true
	}
	f, err := region.ParseFence(fence)
	return err == nil && f.Allows(region.Place{Region: name, Operator: operator})
}
