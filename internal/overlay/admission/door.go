package admission

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"time"

	"github.com/stoa-audio/stoa/internal/overlay/identity"
	"github.com/stoa-audio/stoa/internal/region"
)

// Bounds of the door.
const (
	requestMax  = 16 << 10 // bytes
	answerMax   = 1 << 20
	requestWait = 10 * time.Second

	answerRemovals = 256
	atOnce         = 32 // connections
)

const protocol = "stoa-admission/1"

// errRequest means that what was asked is not what can be asked.
var errRequest = errors.New("no request that can be answered")

// A request is what a machine says at the door, as JSON: with a secret to
// join, without to renew the certificate that it shows.
type request struct {
	Secret []byte `json:"secret,omitempty"`
	CSR    []byte `json:"csr"` // PKCS #10 (RFC 2986)
}

// An answer is what it gets: certificates, or a problem in words.
type answer struct {
	Problem  string                   `json:"problem,omitempty"`
	Chain    [][]byte                 `json:"chain,omitempty"` // its own, then its region's
	Root     []byte                   `json:"root,omitempty"`
	Regions  [][]byte                 `json:"regions,omitempty"`
	Removals []identity.SignedRemoval `json:"removals,omitempty"`
	// To a node that is to open a door, by its invite: where, and its region's key
	// (PKCS #8).
	Door string `json:"door,omitempty"`
	Key  []byte `json:"key,omitempty"`
}

// ServeDoor answers requests until ctx ends. Whoever asks too slowly or too
// much is cut off, and at most 32 are heard at a time.
func (o *Office) ServeDoor(ctx context.Context, l net.Listener, now func() time.Time, log *slog.Logger) error {
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	config := &tls.Config{
		MinVersion: tls.VersionTLS13, NextProtos: []string{protocol}, ClientAuth: tls.RequestClientCert,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			self, err := o.Self() // it is renewed now and then
			if err != nil {
				return nil, err
			}
			return &tls.Certificate{Certificate: append(self.Certificate().Certificate, self.Root.Raw), PrivateKey: self.Key}, nil
		},
		SessionTicketsDisabled: true, Time: now,
	}
	seats := make(chan struct{}, atOnce)
	for {
		c, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		select {
		case seats <- struct{}{}:
		default:
			c.Close() // they may try again
			continue
		}
		go func() {
			defer func() { <-seats }()
			defer c.Close()
			_ = c.SetDeadline(time.Now().Add(requestWait))
			if err := o.serve(ctx, tls.Server(c, config), now()); err != nil {
				log.WarnContext(ctx, "a machine was not admitted", "reason", err)
			}
		}()
	}
}

// serve hears one request.
func (o *Office) serve(ctx context.Context, c *tls.Conn, now time.Time) error {
	if err := c.HandshakeContext(ctx); err != nil {
		return err
	}
	var in request
	if err := json.NewDecoder(io.LimitReader(c, requestMax)).Decode(&in); err != nil {
		return errRequest
	}
	got, err := o.judge(now, in, c.ConnectionState().PeerCertificates)
	var out answer
	if err != nil {
		out.Problem = err.Error()
	} else if out, err = o.welcome(got); err != nil {
		return err
	}
	return errors.Join(err, json.NewEncoder(c).Encode(out), c.CloseWrite())
}

func (o *Office) judge(now time.Time, in request, shown []*x509.Certificate) (membership, error) {
	csr, err := x509.ParseCertificateRequest(in.CSR)
	if err != nil {
		return membership{}, errRequest
	}
	if len(in.Secret) == identity.SecretSize {
		return o.join(now, [identity.SecretSize]byte(in.Secret), csr)
	}
	self, err := o.Self()
	if err != nil {
		return membership{}, err
	}
	if _, err := o.ledger.Look(); err != nil {
		return membership{}, err
	}
	store, err := self.Store(region.Anywhere, o.ledger.Removals())
	if err != nil {
		return membership{}, err
	}
	who, err := store.Verify(shown, now)
	if err != nil {
		return membership{}, err
	}
	return o.renew(now, who, csr)
}

func (o *Office) welcome(got membership) (answer, error) {
	self, err := o.Self()
	if err != nil {
		return answer{}, err
	}
	out := answer{Root: self.Root.Raw, Removals: o.ledger.Signed(), Door: got.door}
	// What does not fit is told over the trunk.
	out.Removals = out.Removals[max(0, len(out.Removals)-answerRemovals):]
	for _, c := range got.chain {
		out.Chain = append(out.Chain, c.Raw)
	}
	for _, c := range self.Regions {
		out.Regions = append(out.Regions, c.Raw)
	}
	if got.key != nil {
		out.Key, err = x509.MarshalPKCS8PrivateKey(got.key)
	}
	return out, err
}

// Join makes this machine a node by a token, and keeps in dir who it is then.
func Join(ctx context.Context, dir string, t identity.Token, now time.Time) (*Identity, error) {
	if _, err := Load(dir); !errors.Is(err, ErrNoNetwork) {
		return nil, errors.Join(ErrThere, err)
	}
	key, err := identity.NewKey()
	if err != nil {
		return nil, err
	}
	node, err := identity.NodeOf(key.Public())
	if err != nil {
		return nil, err
	}
	m := identity.Member{Network: t.Network, Place: t.Place, Node: node}
	i := &Identity{Member: m, Key: key}
	got, out, err := i.ask(ctx, t.Address, t.Secret[:], now, func(shown []*x509.Certificate) error {
		root := shown[len(shown)-1]
		if sha256.Sum256(root.Raw) != t.Root {
			return identity.ErrOtherNetwork
		}
		store, err := identity.NewStore(root, shown[1:len(shown)-1], nil, region.Anywhere)
		if err != nil {
			return err
		}
		there, err := store.Verify(shown, now)
		i.Door = Door{t.Address, there.Place}
		return err
	})
	if err != nil {
		return nil, err
	}
	if root := sha256.Sum256(got.Root.Raw); root != t.Root {
		return nil, identity.ErrOtherNetwork
	}
	files, err := got.opensDoor(out, now)
	if err != nil {
		return nil, err
	}
	if files[removedFile], err = encodeRemovals(out.Removals); err != nil {
		return nil, err
	}
	return got, got.save(dir, files)
}

func encodeRemovals(list []identity.SignedRemoval) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	for _, s := range list {
		if err := e.Encode(s); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

// opensDoor returns the files of a door, if the answer says that the node is to
// have one: the key of its region, and a roll in which it is the first.
func (i *Identity) opensDoor(out answer, now time.Time) (map[string][]byte, error) {
	files := make(map[string][]byte)
	if out.Door == "" {
		return files, nil
	}
	name := i.Member.Place.Region
	key, err := x509.ParsePKCS8PrivateKey(out.Key)
	private, ok := key.(*ecdsa.PrivateKey)
	if ca := i.region(name); err != nil || !ok || ca == nil || !private.PublicKey.Equal(ca.PublicKey) || !isAddress(out.Door) {
		return nil, errors.New("the network's answer has a door without the key of its region")
	}
	if files[keyFile(name)], err = encodeKey(private); err != nil {
		return nil, err
	}
	i.Address = out.Door
	files[rollFile], err = encodeLines([]identity.Line{{Joined: &identity.Joined{
		Hash: make([]byte, sha256.Size), Node: i.Member.Node, Place: i.Member.Place, At: now.UTC(), Expires: i.Chain[0].NotAfter, Door: out.Door,
	}}})
	return files, err
}

// ErrNoDoor means that there is no door inside the fence at which a certificate
// could be renewed.
var ErrNoDoor = errors.New("no door of the network is known inside this node's fence")

// Renew asks for a newer certificate and keeps it in dir: at doors in turn,
// until one gives it. Who stands outside fence is told nothing.
func (i *Identity) Renew(ctx context.Context, dir string, fence region.Fence, doors []Door, now time.Time) (*Identity, error) {
	if len(doors) == 0 {
		return nil, ErrNoDoor
	}
	var errs []error
	for _, d := range doors[:min(len(doors), doorsMax)] {
		got, _, err := i.ask(ctx, d.Address, nil, now, func(shown []*x509.Certificate) error {
			store, err := i.Store(fence, nil)
			if err != nil {
				return err
			}
			there, err := store.Verify(shown, now)
			d.Place = there.Place
			return err
		})
		if err != nil {
			errs = append(errs, err)
			continue
		}
		got.Root, got.Address, got.Door = i.Root, i.Address, i.Door
		if d.Address == i.Door.Address {
			got.Door = d
		}
		for _, ca := range i.Regions { // what that door has not heard of yet
			if _, name, err := identity.RegionOf(ca); err == nil && got.region(name) == nil {
				got.Regions = append(got.Regions, ca)
			}
		}
		return got, got.renew(dir)
	}
	return nil, errors.Join(errs...)
}

// ask shows a request at the door, once trust says whose door it is.
func (i *Identity) ask(ctx context.Context, door string, secret []byte, now time.Time, trust func([]*x509.Certificate) error) (_ *Identity, out answer, err error) {
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{URIs: []*url.URL{i.Member.URI()}}, i.Key)
	if err != nil {
		return nil, out, err
	}
	config := &tls.Config{
		MinVersion: tls.VersionTLS13, NextProtos: []string{protocol}, Time: func() time.Time { return now },
		InsecureSkipVerify: true, // the name is no host's: VerifyConnection does what this leaves out
		VerifyConnection: func(s tls.ConnectionState) error {
			if len(s.PeerCertificates) < 3 || len(s.PeerCertificates) > 4 {
				return identity.ErrNoCertificate
			}
			return trust(s.PeerCertificates)
		},
	}
	if secret == nil {
		config.Certificates = []tls.Certificate{i.Certificate()}
	}
	ctx, cancel := context.WithTimeout(ctx, requestWait)
	defer cancel()
	c, err := (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", door)
	if err != nil {
		return nil, out, fmt.Errorf("the network's door: %w", err)
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	if err := json.NewEncoder(c).Encode(request{secret, csr}); err != nil {
		return nil, out, fmt.Errorf("the network's door: %w", err)
	}
	if err := json.NewDecoder(io.LimitReader(c, answerMax)).Decode(&out); err != nil {
		return nil, out, fmt.Errorf("the network's door has not answered: %w; if this was an invite, it may be used up, and takes a new one", err)
	}
	if out.Problem != "" {
		return nil, out, fmt.Errorf("the network refuses: %s", out.Problem)
	}
	got, err := i.take(out, now)
	return got, out, err
}

// take looks whether an answer makes us who we asked to be.
func (i *Identity) take(out answer, now time.Time) (*Identity, error) {
	got := &Identity{Member: i.Member, Key: i.Key, Door: i.Door}
	var err error
	if got.Root, err = x509.ParseCertificate(out.Root); err != nil {
		return nil, fmt.Errorf("the network's answer: %w", err)
	}
	for to, from := range map[*[]*x509.Certificate][][]byte{&got.Chain: out.Chain, &got.Regions: out.Regions} {
		for _, der := range from {
			c, err := x509.ParseCertificate(der)
			if err != nil {
				return nil, fmt.Errorf("the network's answer: %w", err)
			}
			*to = append(*to, c)
		}
	}
	store, err := got.Store(region.Anywhere, nil)
	if err != nil {
		return nil, err
	}
	if m, err := store.Verify(got.Chain, now); err != nil || m != i.Member || !i.Key.PublicKey.Equal(got.Chain[0].PublicKey) {
		return nil, fmt.Errorf("the network's answer is for somebody else: %w", errors.Join(err, errRequest))
	}
	return got, nil
}
