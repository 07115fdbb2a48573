package handshake

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/srtp/v3"

	"github.com/stoa-audio/stoa/internal/media/seal"
)

// A client's socket whose other end is a Handshake.
type socket struct {
	*pipe

	to *Handshake
}

func (s socket) WriteTo(b []byte, _ net.Addr) (int, error) {
	s.to.Deliver(b)
	return len(b), nil
}

// shake runs a handshake between the node and a client with a certificate of
// its own.
func shake(t *testing.T, fingerprint func([32]byte) [32]byte, profiles ...dtls.SRTPProtectionProfile) (node seal.Keys, client srtp.SessionKeys, err error) {
	t.Helper()
	identity, err1 := NewIdentity(time.Now())
	theirs, err2 := NewIdentity(time.Now())
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	type result struct {
		keys seal.Keys
		err  error
	}
	done := make(chan result, 1)
	back := newHandshake(netip.MustParseAddrPort("192.0.2.1:1"), nil)
	h := Start(identity, netip.MustParseAddrPort("192.0.2.2:2"), fingerprint(theirs.Fingerprint()),
		back.Deliver, func(r Result, err error) { done <- result{r.Keys, err} })
	defer h.Stop()
	options := []dtls.ClientOption{dtls.WithCertificates(theirs.certificate), dtls.WithInsecureSkipVerify(true)}
	if len(profiles) > 0 {
		options = append(options, dtls.WithSRTPProtectionProfiles(profiles...))
	}
	conn, err := dtls.ClientWithOptions(socket{(*pipe)(back), h}, back.remote, options...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	clientErr := conn.HandshakeContext(ctx)
	r := <-done
	if r.err != nil {
		return r.keys, client, r.err
	}
	if clientErr != nil {
		t.Fatal(clientErr)
	}
	state, _ := conn.ConnectionState()
	config := srtp.Config{Profile: r.keys.Profile}
	if err := config.ExtractSessionKeysFromDTLS(&state, true); err != nil {
		t.Fatal(err)
	}
	return r.keys, config.Keys, nil
}

func same(f [32]byte) [32]byte { return f }

func TestBothEndsHaveTheKeys(t *testing.T) {
	for name, c := range map[string]struct {
		offered []dtls.SRTPProtectionProfile
		chosen  srtp.ProtectionProfile
	}{
		"both, worse first": {[]dtls.SRTPProtectionProfile{dtls.SRTP_AES128_CM_HMAC_SHA1_80, dtls.SRTP_AEAD_AES_128_GCM}, srtp.ProtectionProfileAeadAes128Gcm},
		"AES-CM only":       {[]dtls.SRTPProtectionProfile{dtls.SRTP_AES128_CM_HMAC_SHA1_80}, srtp.ProtectionProfileAes128CmHmacSha1_80},
	} {
		t.Run(name, func(t *testing.T) {
			node, client, err := shake(t, same, c.offered...)
			if err != nil {
				t.Fatal(err)
			}
			if node.Profile != c.chosen {
				t.Errorf("%v is chosen", node.Profile)
			}
			if string(node.RemoteKey) != string(client.LocalMasterKey) || string(node.LocalSalt) != string(client.RemoteMasterSalt) ||
				string(node.LocalKey) == string(node.RemoteKey) {
				t.Error("the keys differ")
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	other := func(f [32]byte) [32]byte { f[0] ^= 1; return f }
	if _, _, err := shake(t, other, dtls.SRTP_AEAD_AES_128_GCM); !errors.Is(err, ErrFingerprint) {
		t.Errorf("another certificate: %v", err)
	}
	if _, _, err := shake(t, same, dtls.SRTP_AEAD_AES_256_GCM); err == nil {
		t.Error("an unknown profile is taken")
	}
	if _, _, err := shake(t, same); err == nil {
		t.Error("no profile is taken")
	}
}

// A client that has missed the end of the handshake is sent it again, though
// the node has forgotten everything else.
func TestLastFlightIsLost(t *testing.T) {
	identity, err := NewIdentity(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := NewIdentity(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	const changeCipherSpec = 20
	back := newHandshake(netip.MustParseAddrPort("192.0.2.1:1"), nil)
	done, over := make(chan Result, 1), make(chan [][]byte, 1)
	h := Start(identity, netip.MustParseAddrPort("192.0.2.2:2"), theirs.Fingerprint(), func(b []byte) {
		if b[0] != changeCipherSpec {
			back.Deliver(b)
		}
	}, func(r Result, err error) {
		if err != nil {
			t.Error(err)
		}
		over <- r.Last
		done <- r
	})
	defer h.Stop()
	last := [][]byte(nil)
	again := 0
	conn, err := dtls.ClientWithOptions(wire{(*pipe)(back), func(b []byte) {
		select {
		case last = <-over:
		default:
		}
		switch {
		case last == nil:
			h.Deliver(b)
		case IsHandshake(b):
			again++
			for _, b := range last {
				back.Deliver(b)
			}
		}
	}}, back.remote, dtls.WithCertificates(theirs.certificate), dtls.WithInsecureSkipVerify(true),
		dtls.WithSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM), dtls.WithFlightInterval(50*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := conn.HandshakeContext(ctx); err != nil {
		t.Fatal(err)
	}
	if r := <-done; len(r.Last) == 0 || again == 0 {
		t.Errorf("the last flight has %d datagrams, and was sent again %d times", len(r.Last), again)
	}
}

// A wire is a client's way to the node.
type wire struct {
	*pipe

	send func([]byte)
}

func (w wire) WriteTo(b []byte, _ net.Addr) (int, error) {
	w.send(b)
	return len(b), nil
}

func TestStopEndsIt(t *testing.T) {
	identity, err := NewIdentity(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	h := Start(identity, netip.MustParseAddrPort("192.0.2.2:2"), [32]byte{}, func([]byte) {}, func(_ Result, err error) { done <- err })
	h.Stop()
	h.Stop()
	select {
	case err := <-done:
		if err == nil {
			t.Error("keys without a client")
		}
	case <-time.After(10 * time.Second):
		t.Error("it goes on")
	}
	for range 100 {
		h.Deliver([]byte("late"))
	}
}

// When as many handshakes run as may, the next waits, and keeps what has come
// for it; one that is stopped meanwhile ends.
func TestTurns(t *testing.T) {
	identity, err := NewIdentity(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := NewIdentity(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for range cap(identity.turns) {
		identity.turns <- struct{}{}
	}
	done := make(chan error, 2)
	back := newHandshake(netip.MustParseAddrPort("192.0.2.1:1"), nil)
	h := Start(identity, netip.MustParseAddrPort("192.0.2.2:2"), theirs.Fingerprint(), back.Deliver, func(_ Result, err error) { done <- err })
	defer h.Stop()
	// The client says hello once, long before it would say it again.
	conn, err := dtls.ClientWithOptions(socket{(*pipe)(back), h}, back.remote,
		dtls.WithCertificates(theirs.certificate), dtls.WithInsecureSkipVerify(true),
		dtls.WithSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM), dtls.WithFlightInterval(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	up := make(chan error, 1)
	go func() { up <- conn.HandshakeContext(t.Context()) }()
	impatient := Start(identity, netip.MustParseAddrPort("192.0.2.3:3"), [32]byte{}, func([]byte) {}, func(_ Result, err error) { done <- err })
	impatient.Stop()
	if err := <-done; err == nil {
		t.Error("keys without a client")
	}
	select {
	case err := <-up:
		t.Fatalf("it did not wait: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	<-identity.turns
	if err := errors.Join(<-up, <-done); err != nil {
		t.Error(err)
	}
	if n := len(identity.turns); n != cap(identity.turns)-1 {
		t.Errorf("%d turns are taken", n)
	}
}

func TestIsHello(t *testing.T) {
	hello := []byte{22, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 1}
	alert := append([]byte{21}, hello[1:]...)
	finished := append(hello[:13:13], 20)
	for _, c := range []struct {
		b    []byte
		want bool
	}{{hello, true}, {alert, false}, {finished, false}, {hello[:13], false}, {nil, false}} {
		if IsHello(c.b) != c.want {
			t.Errorf("IsHello(%x) = %v", c.b, !c.want)
		}
	}
}

// Whatever a stranger sends, the handshake ends without keys and without harm.
func FuzzDeliver(f *testing.F) {
	identity, err := NewIdentity(time.Now())
	if err != nil {
		f.Fatal(err)
	}
	// The client's own first flight, as a client makes it.
	var hello []byte
	caught := make(chan []byte, 1)
	back := newHandshake(netip.MustParseAddrPort("192.0.2.1:1"), func(b []byte) {
		select {
		case caught <- append([]byte(nil), b...):
		default:
		}
	})
	conn, err := dtls.ClientWithOptions((*pipe)(back), back.remote, dtls.WithInsecureSkipVerify(true),
		dtls.WithSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM))
	if err != nil {
		f.Fatal(err)
	}
	ctx, cancel := context.WithCancel(f.Context())
	over := make(chan struct{})
	go func() {
		defer close(over)
		_ = conn.HandshakeContext(ctx)
	}()
	hello = <-caught
	cancel()
	back.Stop()
	<-over
	if !IsHello(hello) {
		f.Fatalf("a client's first datagram is %x", hello)
	}
	f.Add(hello, hello[:40])
	f.Add(hello[:13], []byte{22})
	f.Fuzz(func(t *testing.T, first, second []byte) {
		done := make(chan error, 1)
		h := Start(identity, netip.MustParseAddrPort("192.0.2.2:2"), [32]byte{}, func([]byte) {}, func(_ Result, err error) { done <- err })
		h.Deliver(first)
		h.Deliver(second)
		h.Stop()
		if err := <-done; err == nil {
			t.Fatal("keys without a client")
		}
	})
}
