// Package handshake runs the server's side of DTLS 1.2 (RFC 6347) over memory
// and hands back the SRTP keys (RFC 5764). pion/dtls does the protocol; here
// is where its datagrams come from and go to.
//
// The connection is forgotten a few seconds after the handshake: media needs
// only the keys. Forgetting is silent, since a close_notify would make the
// client hang up.
package handshake

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/srtp/v3"
	"github.com/pion/transport/v5/packetio"

	"github.com/stoa-audio/stoa/internal/media/seal"
)

const (
	// timeout bounds a handshake, with all retransmissions.
	timeout = 20 * time.Second
	// linger is how long a finished handshake is kept, to repeat the last
	// flight for a client that has missed it (RFC 6347, section 4.2.4).
	linger = 3 * time.Second
	// queueMax bounds the datagrams that wait; a flight has about five.
	queueMax = 16
)

// ErrFingerprint means that the client's certificate is not the one that its
// offer announced: somebody stands in between.
var ErrFingerprint = errors.New("the certificate is not the one in the offer")

// An Identity is the node's certificate: self-signed, made anew at each start,
// known to clients by its fingerprint in the answer (RFC 8122).
type Identity struct {
	certificate tls.Certificate
	fingerprint [32]byte
}

// NewIdentity makes a certificate with a fresh P-256 key. It names nobody.
func NewIdentity(now time.Time) (*Identity, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "WebRTC"},
		NotBefore:    now.Add(-24 * time.Hour),
		NotAfter:     now.AddDate(1, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return &Identity{tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, sha256.Sum256(der)}, nil
}

// Fingerprint returns the SHA-256 of the certificate.
func (i *Identity) Fingerprint() [32]byte { return i.fingerprint }

// IsHello reports whether b may begin a handshake: a ClientHello, or its first
// fragment (RFC 6347, section 4.3.2).
func IsHello(b []byte) bool {
	const contentHandshake, clientHello, recordHeader = 22, 1, 13
	return len(b) > recordHeader && b[0] == contentHandshake && b[recordHeader] == clientHello
}

// A Handshake is under way with one client.
type Handshake struct {
	in     *packetio.Buffer
	closed chan struct{}
	once   sync.Once
	muted  atomic.Bool
	remote net.Addr
	send   func([]byte)
}

// Start begins a handshake with the client at remote, whose certificate must
// have the given SHA-256. send sends a datagram to it; done is told the keys,
// or why there are none. Both are called from the handshake's own goroutine.
func Start(i *Identity, remote netip.AddrPort, fingerprint [32]byte, send func([]byte), done func(seal.Keys, error)) *Handshake {
	h := newHandshake(remote, send)
	go h.run(i, fingerprint, done)
	return h
}

func newHandshake(remote netip.AddrPort, send func([]byte)) *Handshake {
	h := &Handshake{
		in:     packetio.NewBuffer(),
		closed: make(chan struct{}),
		remote: net.UDPAddrFromAddrPort(remote),
		send:   send,
	}
	h.in.SetLimitCount(queueMax)
	return h
}

// Deliver hands over a datagram from the client. It is copied; when too many
// wait it is dropped, as the network might have done.
func (h *Handshake) Deliver(b []byte) {
	_, _ = h.in.Write(b, packetio.Attributes{})
}

// Stop ends the handshake, silently. It may be called more than once.
func (h *Handshake) Stop() {
	h.muted.Store(true)
	h.once.Do(func() {
		close(h.closed)
		_ = h.in.Close() // which cannot fail
	})
}

func (h *Handshake) run(i *Identity, fingerprint [32]byte, done func(seal.Keys, error)) {
	defer h.Stop()
	conn, keys, err := h.shake(i, fingerprint)
	done(keys, err)
	if err != nil {
		return
	}
	select {
	case <-time.After(linger):
	case <-h.closed:
	}
	h.Stop()
	_ = conn.Close() // says goodbye into the muted pipe
}

func (h *Handshake) shake(i *Identity, fingerprint [32]byte) (*dtls.Conn, seal.Keys, error) {
	conn, err := dtls.ServerWithOptions((*pipe)(h), h.remote,
		dtls.WithCertificates(i.certificate),
		dtls.WithClientAuth(dtls.RequireAnyClientCert),
		dtls.WithInsecureSkipVerify(true), // the fingerprint is what is verified
		dtls.WithVerifyPeerCertificate(func(raw [][]byte, _ [][]*x509.Certificate) error {
			if len(raw) == 0 || sha256.Sum256(raw[0]) != fingerprint {
				return ErrFingerprint
			}
			return nil
		}),
		dtls.WithExtendedMasterSecret(dtls.RequireExtendedMasterSecret),
		dtls.WithSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80),
		// The cookie exchange proves the client's address (RFC 6347, section
		// 4.2.1); a connectivity check has done that already.
		dtls.WithInsecureSkipVerifyHello(true),
	)
	if err != nil {
		return nil, seal.Keys{}, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	stop := context.AfterFunc(ctx, h.Stop)
	defer stop()
	if err := conn.HandshakeContext(ctx); err != nil {
		h.Stop()
		_ = conn.Close()
		return nil, seal.Keys{}, fmt.Errorf("DTLS handshake: %w", err)
	}
	keys, err := export(conn)
	if err != nil {
		h.Stop()
		_ = conn.Close()
	}
	return conn, keys, err
}

// export derives the SRTP keys (RFC 5764, section 4.2).
func export(conn *dtls.Conn) (seal.Keys, error) {
	profile, ok := conn.SelectedSRTPProtectionProfile()
	if !ok {
		return seal.Keys{}, errors.New("the client offers no SRTP profile that the node knows")
	}
	state, ok := conn.ConnectionState()
	if !ok {
		return seal.Keys{}, errors.New("no connection state")
	}
	config := srtp.Config{Profile: srtp.ProtectionProfile(profile)}
	if err := config.ExtractSessionKeysFromDTLS(&state, false); err != nil {
		return seal.Keys{}, fmt.Errorf("derive SRTP keys: %w", err)
	}
	k := config.Keys
	return seal.Keys{
		Profile:   config.Profile,
		RemoteKey: k.RemoteMasterKey, RemoteSalt: k.RemoteMasterSalt,
		LocalKey: k.LocalMasterKey, LocalSalt: k.LocalMasterSalt,
	}, nil
}

// A pipe is a Handshake as the net.PacketConn that pion/dtls wants.
type pipe Handshake

func (p *pipe) ReadFrom(b []byte) (int, net.Addr, error) {
	n, _, err := p.in.Read(b, packetio.Attributes{})
	if errors.Is(err, io.EOF) {
		err = net.ErrClosed
	}
	return n, p.remote, err
}

func (p *pipe) WriteTo(b []byte, _ net.Addr) (int, error) {
	if !p.muted.Load() {
		p.send(b)
	}
	return len(b), nil
}

func (p *pipe) Close() error        { (*Handshake)(p).Stop(); return nil }
func (p *pipe) LocalAddr() net.Addr { return p.remote }

// Deadlines: pion/dtls sets one to end a Read when a handshake fails.
func (p *pipe) SetDeadline(t time.Time) error     { return p.in.SetReadDeadline(t) }
func (p *pipe) SetReadDeadline(t time.Time) error { return p.in.SetReadDeadline(t) }
func (p *pipe) SetWriteDeadline(time.Time) error  { return nil } // a write never waits
