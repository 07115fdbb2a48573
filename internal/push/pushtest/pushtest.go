// Package pushtest plays the far ends of Web Push in tests: browsers, which open
// what they are sent (RFC 8291), and a push service on this machine, which looks
// who sends it (RFC 8292) and answers as it is told to.
package pushtest

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/push"
)

// Contact is whom the house of these tests names to push services.
const Contact = "house@stoa.example"

// A Browser is what a message is for.
type Browser struct {
	testing.TB

	key    *ecdh.PrivateKey
	secret [16]byte
}

// NewBrowser returns a browser with keys of its own.
func NewBrowser(t testing.TB) *Browser {
	t.Helper()
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	b := &Browser{TB: t, key: key}
	_, _ = rand.Read(b.secret[:]) // never fails (crypto/rand, Go 1.24)
	return b
}

// Subscribe returns a subscription of the browser at an address.
func (b *Browser) Subscribe(endpoint string) (s push.Subscription) {
	s.Endpoint, s.Secret = endpoint, b.secret
	copy(s.Key[:], b.key.PublicKey().Bytes())
	return s
}

// Open opens a body by RFC 8291, section 3.4, and RFC 8188, section 2.
func (b *Browser) Open(body []byte) string {
	b.Helper()
	salt, size, n := body[:16], binary.BigEndian.Uint32(body[16:]), int(body[20])
	theirs, sealed := body[21:21+n], body[21+n:]
	if int(size) < len(sealed) {
		b.Fatalf("a record of %d bytes has %d", size, len(sealed))
	}
	public, err := ecdh.P256().NewPublicKey(theirs)
	if err != nil {
		b.Fatal(err)
	}
	shared, err := b.key.ECDH(public)
	if err != nil {
		b.Fatal(err)
	}
	derive := func(secret, salt []byte, info string, n int) []byte {
		k, err := hkdf.Key(sha256.New, secret, salt, info, n)
		if err != nil {
			b.Fatal(err)
		}
		return k
	}
	ikm := derive(shared, b.secret[:], "WebPush: info\x00"+string(b.key.PublicKey().Bytes())+string(theirs), 32)
	block, err := aes.NewCipher(derive(ikm, salt, "Content-Encoding: aes128gcm\x00", 16))
	if err != nil {
		b.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		b.Fatal(err)
	}
	plain, err := gcm.Open(nil, derive(ikm, salt, "Content-Encoding: nonce\x00", 12), sealed, nil)
	if err != nil {
		b.Fatal(err)
	}
	text, padding, ok := strings.Cut(string(plain), "\x02")
	if !ok || strings.Trim(padding, "\x00") != "" {
		b.Fatalf("%q has no end", plain)
	}
	return text
}

// A Sent is a message as a service has taken it.
type Sent struct {
	Path   string
	Header http.Header
	Body   []byte
}

// A Service takes messages, and answers with 201 unless it is told otherwise.
type Service struct {
	testing.TB

	Sender *push.Sender // that reaches it
	Took   chan Sent

	server *httptest.Server
	mu     sync.Mutex
	status map[string]int // of a path
	after  string         // Retry-After
}

// NewService starts a service.
func NewService(t testing.TB) *Service {
	t.Helper()
	s := &Service{TB: t, Took: make(chan Sent, 1000), status: make(map[string]int)}
	s.server = httptest.NewTLSServer(http.HandlerFunc(s.take))
	t.Cleanup(s.server.Close)
	client := s.server.Client()
	client.Transport.(*http.Transport).TLSClientConfig.InsecureSkipVerify = true //nolint:gosec // its certificate has an address
	var err error
	if s.Sender, err = push.NewVia([]byte(strings.Repeat("k", 32)), Contact, client); err != nil {
		t.Fatal(err)
	}
	return s
}

// At returns an address at the service: a name, since an address of this machine is
// refused.
func (s *Service) At(path string) string {
	return strings.Replace(s.server.URL, "127.0.0.1", "localhost", 1) + path
}

// Answer has the service answer with a status at a path; Retry-After is after.
func (s *Service) Answer(path string, status int, after string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status[path], s.after = status, after
}

func (s *Service) take(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	status, after := s.status[r.URL.Path], s.after
	s.mu.Unlock()
	if after != "" {
		w.Header().Set("Retry-After", after)
	}
	if status == 0 {
		status = http.StatusCreated
	}
	s.Took <- Sent{r.URL.Path, r.Header, body}
	w.WriteHeader(status)
}

// Next returns the next message, which comes soon.
func (s *Service) Next() Sent {
	s.Helper()
	select {
	case got := <-s.Took:
		return got
	case <-time.After(10 * time.Second):
		s.Fatal("nothing is pushed")
		return Sent{}
	}
}

// None fails if a message comes within a while.
func (s *Service) None(d time.Duration) {
	s.Helper()
	select {
	case got := <-s.Took:
		s.Fatalf("pushed to %s", got.Path)
	case <-time.After(d):
	}
}

// Verify checks who has sent a message (RFC 8292, sections 2 and 3).
func (s *Service) Verify(m Sent) {
	s.Helper()
	authorization := m.Header.Get("Authorization")
	rest, ok := strings.CutPrefix(authorization, "vapid t=")
	token, key, ok2 := strings.Cut(rest, ", k=")
	if !ok || !ok2 || key != s.Sender.PublicKey() {
		s.Fatalf("%q", authorization)
	}
	parts := strings.Split(token, ".")
	raw := func(text string) []byte {
		b, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			s.Fatal(err)
		}
		return b
	}
	public, signature, digest := raw(key), raw(parts[2]), sha256.Sum256([]byte(parts[0]+"."+parts[1]))
	house, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), public)
	if err != nil {
		s.Fatal(err)
	}
	if !ecdsa.Verify(house, digest[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
		s.Error("it is not signed by the house")
	}
	var claims struct {
		Aud, Sub string
		Exp      int64
	}
	if err := json.Unmarshal(raw(parts[1]), &claims); err != nil {
		s.Fatal(err)
	}
	if until := time.Until(time.Unix(claims.Exp, 0)); claims.Aud != s.At("") || claims.Sub != "mailto:"+Contact || until <= 0 || until > 24*time.Hour {
		s.Errorf("%+v", claims)
	}
}
