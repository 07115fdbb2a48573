// Package mailtest is a mail relay on this machine, for tests: it takes messages
// and keeps them, refuses them, or is slow, and shows the certificate of a root that
// its caller is given.
package mailtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// User and Password are what a relay wants to see.
const (
	User     = "house"
	Password = "a password for tests"
)

// A Got is a message that a relay has taken.
type Got struct {
	To      string
	Header  mail.Header
	Text    string
	Encoded string // as it came
	Secure  bool   // by TLS
	SignIn  bool   // by who has signed in
}

// A Relay is a mail relay at localhost.
type Relay struct {
	testing.TB

	Port  int
	Roots *x509.CertPool

	mu     sync.Mutex
	codes  []int
	slow   time.Duration
	offers bool // STARTTLS
	got    chan Got
	tried  int
}

// New starts a relay that offers STARTTLS and sign-in, or neither.
func New(tb testing.TB, offers bool) *Relay {
	tb.Helper()
	r := &Relay{TB: tb, got: make(chan Got, 100), offers: offers}
	s := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &session{relay: r, conn: c}, nil }))
	s.Domain, s.MaxMessageBytes, s.ReadTimeout, s.WriteTimeout = "localhost", 1<<20, time.Minute, time.Minute
	s.ErrorLog = quiet{}
	certificate, roots := issue(tb)
	r.Roots = roots
	if offers {
		s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	}
	l, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	r.Port = l.Addr().(*net.TCPAddr).Port
	go func() { _ = s.Serve(l) }()
	tb.Cleanup(func() { _ = s.Close() })
	return r
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

// Answer has the next messages refused with codes, one each; 0 takes one.
func (r *Relay) Answer(codes ...int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.codes = append(r.codes, codes...)
}

// Slow has the relay wait before it takes a message.
func (r *Relay) Slow(wait time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.slow = wait
}

// Tried returns how many messages have been handed over, also in vain.
func (r *Relay) Tried() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tried
}

// Next returns the next message that comes.
func (r *Relay) Next() Got {
	r.Helper()
	select {
	case got := <-r.got:
		return got
	case <-time.After(10 * time.Second):
		r.Fatal("no mail comes")
		return Got{}
	}
}

// None fails when a message comes meanwhile.
func (r *Relay) None(within time.Duration) {
	r.Helper()
	select {
	case got := <-r.got:
		r.Fatalf("mail comes: %s", got.Header.Get("Subject"))
	case <-time.After(within):
	}
}

type session struct {
	relay  *Relay
	conn   *smtp.Conn
	to     string
	signed bool
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != User || password != Password {
			return smtp.ErrAuthFailed
		}
		s.signed = true
		return nil
	}), nil
}

func (s *session) Mail(string, *smtp.MailOptions) error { return nil }

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	s.relay.mu.Lock()
	defer s.relay.mu.Unlock()
	s.relay.tried++
	if len(s.relay.codes) == 0 {
		return nil
	}
	code := s.relay.codes[0]
	s.relay.codes = s.relay.codes[1:]
	if code == 0 {
		return nil
	}
	// Relays repeat the address.
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 1, 1}, Message: "not for <" + to + ">"}
}

func (s *session) Data(r io.Reader) error {
	s.relay.mu.Lock()
	slow := s.relay.slow
	s.relay.mu.Unlock()
	time.Sleep(slow)
	all, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	m, err := mail.ReadMessage(strings.NewReader(string(all)))
	if err != nil {
		return err
	}
	body := m.Body
	if m.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
		body = quotedprintable.NewReader(m.Body)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	_, secure := s.conn.TLSConnectionState()
	s.relay.got <- Got{s.to, m.Header, strings.ReplaceAll(string(text), "\r\n", "\n"), string(all), secure, s.signed}
	return nil
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

// issue returns a certificate for localhost, and the root that it is of.
func issue(tb testing.TB) (tls.Certificate, *x509.CertPool) {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	about := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a relay for tests"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, about, about, &key.PublicKey, key)
	if err != nil {
		tb.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}
