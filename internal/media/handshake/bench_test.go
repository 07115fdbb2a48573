package handshake

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
)

// BenchmarkHandshake is both ends of a handshake, over memory: about twice
// what the node pays.
func BenchmarkHandshake(b *testing.B) {
	identity, err := NewIdentity(time.Now())
	if err != nil {
		b.Fatal(err)
	}
	theirs, err := NewIdentity(time.Now())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		back := newHandshake(netip.MustParseAddrPort("192.0.2.1:1"), nil)
		done := make(chan error, 1)
		h := Start(identity, netip.MustParseAddrPort("192.0.2.2:2"), theirs.Fingerprint(), back.Deliver,
			func(_ Result, err error) { done <- err })
		conn, err := dtls.ClientWithOptions(socket{(*pipe)(back), h}, back.remote,
			dtls.WithCertificates(theirs.certificate), dtls.WithInsecureSkipVerify(true),
			dtls.WithSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM))
		if err != nil {
			b.Fatal(err)
		}
		if err := conn.HandshakeContext(context.Background()); err != nil {
			b.Fatal(err)
		}
		if err := <-done; err != nil {
			b.Fatal(err)
		}
		h.Stop()
		back.Stop()
		_ = conn.Close()
	}
}
