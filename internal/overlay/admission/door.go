package admission

import (
	"context"
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

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/overlay/identity"
	"github.com/stoa-audio/stoa/internal/region"
)

// Bounds of the door.
const (
	requestMax  = 16 << 10 // bytes
	answerMax   = 1 << 20
	requestWait = 10 * time.Second
	atOnce      = 32 // connections
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
	Problem string    `json:"problem,omitempty"`
	Chain   [][]byte  `json:"chain,omitempty"` // its own, then its region's
	Root    []byte    `json:"root,omitempty"`
	Regions [][]byte  `json:"regions,omitempty"`
	Removed []id.Node `json:"removed,omitempty"`
}

// ServeDoor answers requests until ctx ends. Whoever asks too slowly or too
// much is cut off, and at most 32 are heard at a time.
func (o *Office) ServeDoor(ctx context.Context, l net.Listener, now func() time.Time, log *slog.Logger) error {
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	chain := append(o.self.Certificate().Certificate, o.self.Root.Raw)
	config := &tls.Config{
		MinVersion: tls.VersionTLS13, NextProtos: []string{protocol}, ClientAuth: tls.RequestClientCert,
		Certificates:           []tls.Certificate{{Certificate: chain, PrivateKey: o.self.Key}},
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
	chain, err := o.judge(now, in, c.ConnectionState().PeerCertificates)
	var out answer
	if err != nil {
		out.Problem = err.Error()
	} else if out, err = o.welcome(chain); err != nil {
		return err
	}
	return errors.Join(err, json.NewEncoder(c).Encode(out), c.CloseWrite())
}

func (o *Office) judge(now time.Time, in request, shown []*x509.Certificate) ([]*x509.Certificate, error) {
	csr, err := x509.ParseCertificateRequest(in.CSR)
	if err != nil {
		return nil, errRequest
	}
	if len(in.Secret) == identity.SecretSize {
		return o.join(now, [identity.SecretSize]byte(in.Secret), csr)
	}
	removed, err := o.Removed()
	if err != nil {
		return nil, err
	}
	store, err := o.self.Store(region.Anywhere, removed)
	if err != nil {
		return nil, err
	}
	who, err := store.Verify(shown, now)
	if err != nil {
		return nil, err
	}
	return o.renew(now, who, csr)
}

func (o *Office) welcome(chain []*x509.Certificate) (answer, error) {
	removed, err := o.Removed()
	out := answer{Root: o.self.Root.Raw, Removed: removed}
	for _, c := range chain {
		out.Chain = append(out.Chain, c.Raw)
	}
	for _, c := range o.self.Regions {
		out.Regions = append(out.Regions, c.Raw)
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
	m := identity.Member{Network: t.Network, Place: t.Place, Node: id.New[id.Node]()}
	i := &Identity{Member: m, Key: key, Door: t.Address}
	got, err := i.ask(ctx, t.Secret[:], now, func(shown []*x509.Certificate) error {
		root := shown[len(shown)-1]
		if sha256.Sum256(root.Raw) != t.Root {
			return identity.ErrOtherNetwork
		}
		store, err := identity.NewStore(root, shown[1:len(shown)-1], nil, region.Anywhere)
		if err != nil {
			return err
		}
		_, err = store.Verify(shown, now)
		return err
	})
	if err != nil {
		return nil, err
	}
	if root := sha256.Sum256(got.Root.Raw); root != t.Root {
		return nil, identity.ErrOtherNetwork
	}
	return got, got.save(dir, nil)
}

// Renew asks for a newer certificate and keeps it in dir.
func (i *Identity) Renew(ctx context.Context, dir string, now time.Time) (*Identity, error) {
	got, err := i.ask(ctx, nil, now, func(shown []*x509.Certificate) error {
		store, err := i.Store(region.Anywhere, nil)
		if err != nil {
			return err
		}
		_, err = store.Verify(shown, now)
		return err
	})
	if err != nil {
		return nil, err
	}
	got.Root = i.Root
	return got, got.renew(dir)
}

// ask shows a request at the door, once trust says whose door it is.
func (i *Identity) ask(ctx context.Context, secret []byte, now time.Time, trust func([]*x509.Certificate) error) (*Identity, error) {
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{URIs: []*url.URL{i.Member.URI()}}, i.Key)
	if err != nil {
		return nil, err
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
	c, err := (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", i.Door)
	if err != nil {
		return nil, fmt.Errorf("the network's door: %w", err)
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	if err := json.NewEncoder(c).Encode(request{secret, csr}); err != nil {
		return nil, fmt.Errorf("the network's door: %w", err)
	}
	var out answer
	if err := json.NewDecoder(io.LimitReader(c, answerMax)).Decode(&out); err != nil {
		return nil, fmt.Errorf("the network's door has not answered: %w; if this was an invite, it may be used up, and takes a new one", err)
	}
	if out.Problem != "" {
		return nil, fmt.Errorf("the network refuses: %s", out.Problem)
	}
	return i.take(out, now)
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
