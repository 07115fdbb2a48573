package world

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"

	"github.com/stoa-audio/stoa/internal/bench/child"
)

// How a region's own servers are run: three, each on a machine of its own.
const (
	serversEach = 3
	clientPort  = 4222
	routePort   = 6222
	serverWait  = 5 * time.Second
	readyMax    = 20 * time.Second
)

// beServer has this very program be a region's server; it is all that the server
// is told.
const beServer = "NETNS_SERVER"

// A serverPlan is what a region's server is to be.
type serverPlan struct {
	Region, Name, Dir string
	At                netip.Addr
	Others            []netip.Addr
	Cert, Key         []byte // PEM
	Operator, System  string // who may sign, and the account of the servers' own
	Accounts          map[string]string
}

// Serve is a region's server, if this process is to be one, and returns true
// when that is over.
func Serve() (was bool, err error) {
	text := os.Getenv(beServer)
	if text == "" {
		return false, nil
	}
	var p serverPlan
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return true, err
	}
	o, err := p.options()
	if err != nil {
		return true, err
	}
	s, err := server.NewServer(o)
	if err != nil {
		return true, err
	}
	s.Start()
	s.WaitForShutdown()
	return true, nil
}

func (p serverPlan) options() (*server.Options, error) {
	own, err := tls.X509KeyPair(p.Cert, p.Key)
	if err != nil {
		return nil, err
	}
	trusted, err := jwt.DecodeOperatorClaims(p.Operator)
	if err != nil {
		return nil, err
	}
	accounts := new(server.MemAccResolver)
	for name, claims := range p.Accounts {
		if err := accounts.Store(name, claims); err != nil {
			return nil, err
		}
	}
	o := &server.Options{
		ServerName: p.Name, Host: p.At.String(), Port: clientPort, NoLog: true, NoSigs: true,
		JetStream: true, StoreDir: p.Dir, JetStreamMaxMemory: 64 << 20, JetStreamMaxStore: 512 << 20,
		Cluster:   server.ClusterOpts{Name: p.Region, Host: p.At.String(), Port: routePort},
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS13}, TLSTimeout: serverWait.Seconds(),
		TrustedOperators: []*jwt.OperatorClaims{trusted}, SystemAccount: p.System, AccountResolver: accounts,
	}
	for _, other := range p.Others {
		o.Routes = append(o.Routes, &url.URL{Scheme: "nats", Host: netip.AddrPortFrom(other, routePort).String()})
	}
	return o, nil
}

// serverAt is the address of one of a region's own servers.
func serverAt(name string, number int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(slices.Index(earth, name) + 1), 2, byte(number)}) //nolint:gosec // a few
}

// serve starts a region's own servers, and writes what its nodes need to reach
// them: credentials, and the authority that has signed the servers' certificates.
func (w *World) serve(ctx context.Context, name string) error {
	plan := serverPlan{Region: name}
	var at []netip.Addr
	for i := range serversEach {
		at = append(at, serverAt(name, i+1))
	}
	if err := errors.Join(w.certifyServers(&plan, at), w.accredit(&plan)); err != nil {
		return err
	}
	var started []*child.Process
	for i, one := range at {
		p := plan
		p.At, p.Name, p.Dir = one, fmt.Sprintf("%s-own-%d", name, i+1), filepath.Join(w.dir, fmt.Sprintf("%s-own-%d", name, i+1))
		p.Others = slices.Delete(slices.Clone(at), i, i+1)
		text, err := json.Marshal(p)
		if err != nil {
			return err
		}
		place, err := w.NewPlace(one)
		if err != nil {
			return err
		}
		c := exec.Command("/proc/self/exe") //nolint:noctx // it is ended with the world
		c.Env = append(os.Environ(), beServer+"="+string(text))
		s, err := w.Run(place, c)
		if err != nil {
			return err
		}
		started = append(started, s)
	}
	w.servers = append(w.servers, started...)
	ctx, cancel := context.WithTimeout(ctx, readyMax)
	defer cancel()
	for i, s := range started {
		if err := s.AwaitTCP(ctx, netip.AddrPortFrom(at[i], clientPort).String()); err != nil {
			return fmt.Errorf("%s: a server of the region: %w", name, err)
		}
	}
	return nil
}

// Files of a region that has servers of its own.
func (w *World) credentials(name string) string { return filepath.Join(w.dir, name+".creds") }
func (w *World) authority(name string) string   { return filepath.Join(w.dir, name+"-ca.pem") }

// reach is what a node must be told to take part in its region's coordination by
// the region's own servers.
func (w *World) reach(name string) []string {
	var servers []string
	for i := range serversEach {
		servers = append(servers, "tls://"+netip.AddrPortFrom(serverAt(name, i+1), clientPort).String())
	}
	return []string{
		"--coordination.servers", strings.Join(servers, ","),
		"--coordination.credentials", w.credentials(name), "--coordination.ca", w.authority(name),
	}
}

// certifyServers makes an authority, which signs one certificate for the servers
// of a region and is then forgotten.
func (w *World) certifyServers(p *serverPlan, at []netip.Addr) error {
	now := time.Now()
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: p.Region + " servers"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	signed, err := x509.CreateCertificate(rand.Reader, root, root, rootKey.Public(), rootKey)
	if err != nil {
		return err
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: p.Region + " server"},
		NotBefore: root.NotBefore, NotAfter: root.NotAfter, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, one := range at {
		leaf.IPAddresses = append(leaf.IPAddresses, net.IP(one.AsSlice()))
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	own, err := x509.CreateCertificate(rand.Reader, leaf, root, key.Public(), rootKey)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	p.Cert = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: own})
	p.Key = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	return os.WriteFile(w.authority(p.Region), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}), 0o600)
}

// accredit makes an operator of the servers, an account for the region's nodes
// and one for the servers themselves, and writes the nodes' credentials.
func (w *World) accredit(p *serverPlan) error {
	keys := make([]nkeys.KeyPair, 4)
	names := make([]string, len(keys))
	for i, create := range []func() (nkeys.KeyPair, error){nkeys.CreateOperator, nkeys.CreateAccount, nkeys.CreateAccount, nkeys.CreateUser} {
		var err error
		if keys[i], err = create(); err != nil {
			return err
		}
		if names[i], err = keys[i].PublicKey(); err != nil {
			return err
		}
	}
	const operator, system, nodes, user = 0, 1, 2, 3
	p.System = names[system]
	trusted := jwt.NewOperatorClaims(names[operator])
	trusted.SystemAccount = p.System
	shared := jwt.NewAccountClaims(names[nodes])
	shared.Limits.JetStreamLimits = jwt.JetStreamLimits{MemoryStorage: jwt.NoLimit, DiskStorage: jwt.NoLimit}
	var errs [4]error
	var ofSystem, ofNodes, ofUser string
	p.Operator, errs[0] = trusted.Encode(keys[operator])
	ofSystem, errs[1] = jwt.NewAccountClaims(p.System).Encode(keys[operator])
	ofNodes, errs[2] = shared.Encode(keys[operator])
	ofUser, errs[3] = jwt.NewUserClaims(names[user]).Encode(keys[nodes])
	if err := errors.Join(errs[:]...); err != nil {
		return err
	}
	p.Accounts = map[string]string{p.System: ofSystem, names[nodes]: ofNodes}
	seed, err := keys[user].Seed()
	if err != nil {
		return err
	}
	text, err := jwt.FormatUserConfig(ofUser, seed)
	if err != nil {
		return err
	}
	return os.WriteFile(w.credentials(p.Region), text, 0o600)
}

// Freeze has all servers that regions have of their own stand still: they keep
// their connections, and say nothing.
func (w *World) Freeze() error { return w.signal(syscall.SIGSTOP) }

// Thaw has them go on.
func (w *World) Thaw() error { return w.signal(syscall.SIGCONT) }

func (w *World) signal(what syscall.Signal) error {
	var errs []error
	for _, s := range w.servers {
		errs = append(errs, syscall.Kill(s.PID(), what))
	}
	return errors.Join(errs...)
}
