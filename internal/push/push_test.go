package push

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
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// A browser is what a message is for, and a service what takes it.
type browser struct {
	*testing.T
	key    *ecdh.PrivateKey
	secret [16]byte
}

func newBrowser(t *testing.T) *browser {
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{T: t, key: key}
	_, _ = rand.Read(b.secret[:])
	return b
}

func (b *browser) subscribe(endpoint string) (s Subscription) {
	s.Endpoint, s.Secret = endpoint, b.secret
	copy(s.Key[:], b.key.PublicKey().Bytes())
	return s
}

// open opens a body by RFC 8291, section 3.4, and RFC 8188, section 2.
func (b *browser) open(body []byte) string {
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

type sent struct {
	header http.Header
	body   []byte
}

// service takes messages, and answers with a status.
func service(t *testing.T, status int, header ...string) (*Sender, string, chan sent) {
	took := make(chan sent, 10)
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		took <- sent{r.Header, body}
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(s.Close)
	sender, err := newSender([]byte(strings.Repeat("k", 32)), "house@stoa.example", s.Client())
	if err != nil {
		t.Fatal(err)
	}
	// A name, since an address of this machine is refused.
	return sender, strings.Replace(s.URL, "127.0.0.1", "localhost", 1) + "/wpush/abc", took
}

func TestWhatIsSentIsForTheBrowserAlone(t *testing.T) {
	sender, at, took := service(t, http.StatusCreated)
	sender.client.Transport.(*http.Transport).TLSClientConfig.InsecureSkipVerify = true //nolint:gosec // its certificate has an address
	b := newBrowser(t)
	lengths := make(map[int]bool)
	for _, text := range []string{"", "Aylin is on the stage", strings.Repeat("x", MessageMax)} {
		if err := sender.Send(t.Context(), b.subscribe(at), Message{Text: []byte(text), Urgency: High, Life: time.Hour}); err != nil {
			t.Fatal(err)
		}
		got := <-took
		if s := b.open(got.body); s != text {
			t.Errorf("%q becomes %q", text, s)
		}
		lengths[len(got.body)] = true
		h := got.header
		if h.Get("Content-Encoding") != "aes128gcm" || h.Get("Ttl") != "3600" || h.Get("Urgency") != "high" {
			t.Errorf("%v", h)
		}
		verify(t, sender, h.Get("Authorization"), strings.TrimSuffix(at, "/wpush/abc"))
	}
	if len(lengths) != 1 {
		t.Errorf("messages can be told apart by their lengths: %v", lengths)
	}
}

// verify checks who sends it (RFC 8292, sections 2 and 3).
func verify(t *testing.T, s *Sender, authorization, origin string) {
	t.Helper()
	rest, ok := strings.CutPrefix(authorization, "vapid t=")
	token, key, ok2 := strings.Cut(rest, ", k=")
	if !ok || !ok2 || key != s.PublicKey() {
		t.Fatalf("%q", authorization)
	}
	parts := strings.Split(token, ".")
	raw := func(text string) []byte {
		b, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	public, signature, digest := raw(key), raw(parts[2]), sha256.Sum256([]byte(parts[0]+"."+parts[1]))
	house, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), public)
	if err != nil {
		t.Fatal(err)
	}
	if !ecdsa.Verify(house, digest[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
		t.Error("it is not signed by the house")
	}
	var claims struct {
		Aud, Sub string
		Exp      int64
	}
	if err := json.Unmarshal(raw(parts[1]), &claims); err != nil {
		t.Fatal(err)
	}
	if until := time.Until(time.Unix(claims.Exp, 0)); claims.Aud != origin || claims.Sub != "mailto:house@stoa.example" || until <= 0 || until > 24*time.Hour {
		t.Errorf("%+v", claims)
	}
}

func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		status int
		header []string
		want   error
	}{
		{404, nil, ErrGone},
		{410, nil, ErrGone},
		{429, []string{"Retry-After", "120"}, Busy{2 * time.Minute}},
		{429, []string{"Retry-After", "999999"}, Busy{busyMost}},
		{503, nil, Busy{busyUsual}},
	} {
		sender, at, _ := service(t, c.status, c.header...)
		sender.client.Transport.(*http.Transport).TLSClientConfig.InsecureSkipVerify = true //nolint:gosec // as above
		if err := sender.Send(t.Context(), newBrowser(t).subscribe(at), Message{}); !errors.Is(err, c.want) {
			t.Errorf("%d: %v, want %v", c.status, err, c.want)
		}
	}
}

// Nothing is sent into the house's own network, and the log does not hear where a
// browser is.
func TestOnlyToPublicAddresses(t *testing.T) {
	_, at, took := service(t, http.StatusCreated)
	sender, err := New([]byte(strings.Repeat("k", 32)), "house@stoa.example")
	if err != nil {
		t.Fatal(err)
	}
	err = sender.Send(t.Context(), newBrowser(t).subscribe(at), Message{})
	if !errors.Is(err, errPublic) || len(took) > 0 || strings.Contains(err.Error(), "wpush") {
		t.Errorf("%v, and %d arrived", err, len(took))
	}
	for text, want := range map[string]bool{
		"127.0.0.1": false, "::1": false, "10.1.2.3": false, "192.168.0.1": false, "172.16.5.5": false, "169.254.169.254": false, "100.64.0.1": false,
		"0.0.0.0": false, "0.1.2.3": false, "224.0.0.1": false, "255.255.255.255": false, "fe80::1": false, "fd00::1": false, "::ffff:10.0.0.1": false,
		"64:ff9b::a00:1": false, "2002:a00:1::": false, "8.8.8.8": true, "2606:4700::1111": true,
	} {
		if isPublic(netip.MustParseAddr(text)) != want {
			t.Errorf("%s: %v", text, !want)
		}
	}
}

func TestSubscriptions(t *testing.T) {
	good := newBrowser(t).subscribe("https://push.example/a")
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Subscription){
		"not https":           func(s *Subscription) { s.Endpoint = "http://push.example/a" },
		"no host":             func(s *Subscription) { s.Endpoint = "https:///a" },
		"a user":              func(s *Subscription) { s.Endpoint = "https://me@push.example/a" },
		"too long":            func(s *Subscription) { s.Endpoint += strings.Repeat("a", EndpointMax) },
		"this machine":        func(s *Subscription) { s.Endpoint = "https://127.0.0.1/a" },
		"a key off the curve": func(s *Subscription) { s.Key[64] ^= 1 },
		"no uncompressed key": func(s *Subscription) { s.Key[0] = 3 },
	} {
		s := good
		change(&s)
		if err := s.Check(); !errors.Is(err, ErrSubscription) {
			t.Errorf("%s: %v", name, err)
		}
	}
	sender, at, _ := service(t, http.StatusCreated)
	if err := sender.Send(t.Context(), newBrowser(t).subscribe(at), Message{Text: make([]byte, MessageMax+1)}); !errors.Is(err, ErrMessage) {
		t.Error(err)
	}
}

// The key of a house stays the same, or all subscriptions would be lost.
func TestTheKeyStays(t *testing.T) {
	one, err := New([]byte(strings.Repeat("k", 32)), "")
	if err != nil {
		t.Fatal(err)
	}
	again, _ := New([]byte(strings.Repeat("k", 32)), "")
	other, _ := New([]byte(strings.Repeat("l", 32)), "")
	if one.PublicKey() != again.PublicKey() || one.PublicKey() == other.PublicKey() {
		t.Error("the key does not follow from the secret")
	}
}
