// Package handshake runs the server's side of DTLS 1.2 (RFC 6347) over memory
// and hands back the SRTP keys (RFC 5764). pion/dtls does the protocol; here
// is where its datagrams come from and go to.
//
// The connection is forgotten with the handshake: media needs only the keys,
// and a client that has missed the last flight is sent the same datagrams
// again. Forgetting is silent, since a close_notify would make the client hang
// up.
package handshake

import (
	"bytes"
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
	// queueMax bounds the datagrams that wait; a flight has about five.
	queueMax = 16
	// runningMax bounds the handshakes that run at the same time. The others
	// wait for their turn with what has come for them: a client whose hello is
	// dropped would wait for seconds before it says it again.
	runningMax = 128
	// flightMax bounds what is kept to be sent again.
	flightMax = 8
)

// ErrFingerprint means that the client's certificate is not the one that its
// offer announced: somebody stands in between.
var ErrFingerprint = errors.New("the certificate is not the one in the offer")

var errStopped = errors.New("stopped before its turn")

// An Identity is the node's certificate: self-signed, made anew at each start,
// known to clients by its fingerprint in the answer (RFC 8122).
type Identity struct {
	certificate tls.Certificate
	fingerprint [32]byte
	turns       chan struct{} // has room for the handshakes that run
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
	return &Identity{
		certificate: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
		fingerprint: sha256.Sum256(der), turns: make(chan struct{}, runningMax),
	}, nil
}

// Fingerprint returns the SHA-256 of the certificate.
func (i *Identity) Fingerprint() [32]byte { return i.fingerprint }

// A Result is what a handshake yields.
type Result struct {
	Keys seal.Keys
	// Last is the datagrams of the node's last flight. Whoever sends more of
	// the handshake has missed them (RFC 6347, section 4.2.4).
	Last [][]byte
}

// Linger is how long a client may take to say that it has missed the last
// flight: the sum of its timers is longer, but then it begins anew.
const Linger = 5 * time.Second

// IsHandshake reports whether b belongs to a handshake, and not to what
// follows it: its first record is a handshake message or a change of cipher.
func IsHandshake(b []byte) bool {
	const changeCipherSpec, contentHandshake = 20, 22
	return len(b) > 0 && (b[0] == contentHandshake || b[0] == changeCipherSpec)
}

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

	mu     sync.Mutex // guards flight
	flight [][]byte   // datagrams sent since the last one came
	heard  bool       // one has come since the last one was sent
}

// Start begins a handshake with the client at remote, whose certificate must
// have the given SHA-256. send sends a datagram to it; done is told the keys,
// or why there are none. Both are called from goroutines of the handshake,
// which have nothing more to do then.
func Start(i *Identity, remote netip.AddrPort, fingerprint [32]byte, send func([]byte), done func(Result, error)) *Handshake {
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

func (h *Handshake) run(i *Identity, fingerprint [32]byte, done func(Result, error)) {
	select {
	case i.turns <- struct{}{}:
	case <-h.closed:
		done(Result{}, errStopped)
		return
	}
	r, err := h.shake(i, fingerprint)
	<-i.turns
	done(r, err)
}

func (h *Handshake) shake(i *Identity, fingerprint [32]byte) (r Result, err error) {
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
		h.Stop()
		return r, err
	}
	defer func() {
		h.Stop()
		_ = conn.Close() // says goodbye into the muted pipe
	}()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	stop := context.AfterFunc(ctx, h.Stop)
	defer stop()
	if err := conn.HandshakeContext(ctx); err != nil {
		return r, fmt.Errorf("DTLS handshake: %w", err)
	}
	if r.Keys, err = export(conn); err != nil {
		return r, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	r.Last = h.flight
	return r, nil
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
	if err == nil {
		p.mu.Lock()
		p.heard = true
		p.mu.Unlock()
	}
	return n, p.remote, err
}

func (p *pipe) WriteTo(b []byte, _ net.Addr) (int, error) {
	if p.muted.Load() {
		return len(b), nil
	}
	p.mu.Lock()
	if p.heard || len(p.flight) >= flightMax {
		p.heard, p.flight = false, nil
	}
	p.flight = append(p.flight, bytes.Clone(b))
	p.mu.Unlock()
	p.send(b)
	return len(b), nil
}

func (p *pipe) Close() error        { (*Handshake)(p).Stop(); return nil }
func (p *pipe) LocalAddr() net.Addr { return p.remote }

// Deadlines: pion/dtls sets one to end a Read when a handshake fails.
func (p *pipe) SetDeadline(t time.Time) error     { return p.in.SetReadDeadline(t) }
func (p *pipe) SetReadDeadline(t time.Time) error { return p.in.SetReadDeadline(t) }
func (p *pipe) SetWriteDeadline(time.Time) error  { return nil } // a write never waits
