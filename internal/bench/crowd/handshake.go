package crowd

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/srtp/v3"
	"github.com/pion/transport/v5/packetio"
)

// A certificate is what all lean clients show: to make one for each would cost
// the crowd time and the node nothing.
type certificate struct {
	tls         tls.Certificate
	fingerprint string // as SDP writes it (RFC 8122)
}

func newCertificate(now time.Time) (certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "WebRTC"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return certificate{}, err
	}
	sum := sha256.Sum256(der)
	pairs := make([]string, len(sum))
	for i := range sum {
		pairs[i] = strings.ToUpper(hex.EncodeToString(sum[i : i+1]))
	}
	return certificate{
		tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, strings.Join(pairs, ":"),
	}, nil
}

// A pipe is the datagrams of one handshake, as pion/dtls wants them.
type pipe struct {
	in    *packetio.Buffer
	send  func([]byte) error
	node  net.Addr
	muted atomic.Bool
}

// shake runs the client's side of DTLS 1.2 (RFC 6347) with SRTP (RFC 5764) over
// p, and forgets the connection without a word: the node keeps the keys.
func (p *pipe) shake(ctx context.Context, own certificate, theirs [32]byte) (srtp.SessionKeys, error) {
	conn, err := dtls.ClientWithOptions(p, p.node,
		dtls.WithCertificates(own.tls),
		dtls.WithInsecureSkipVerify(true), // the fingerprint is what is verified
		dtls.WithVerifyPeerCertificate(func(raw [][]byte, _ [][]*x509.Certificate) error {
			if len(raw) == 0 || sha256.Sum256(raw[0]) != theirs {
				return errors.New("the certificate is not the one in the answer")
			}
			return nil
		}),
		dtls.WithExtendedMasterSecret(dtls.RequireExtendedMasterSecret),
		dtls.WithSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM),
	)
	if err != nil {
		return srtp.SessionKeys{}, err
	}
	defer func() {
		p.muted.Store(true)
		_ = conn.Close() // says goodbye into the muted pipe
	}()
	if err := conn.HandshakeContext(ctx); err != nil {
		return srtp.SessionKeys{}, fmt.Errorf("DTLS handshake: %w", err)
	}
	state, ok := conn.ConnectionState()
	if !ok {
		return srtp.SessionKeys{}, errors.New("DTLS handshake: no connection state")
	}
	config := srtp.Config{Profile: srtp.ProtectionProfileAeadAes128Gcm}
	err = config.ExtractSessionKeysFromDTLS(&state, true)
	return config.Keys, err
}

// ReadFrom is net.PacketConn's.
func (p *pipe) ReadFrom(b []byte) (int, net.Addr, error) {
	n, _, err := p.in.Read(b, packetio.Attributes{})
	if errors.Is(err, io.EOF) {
		err = net.ErrClosed
	}
	return n, p.node, err
}

// WriteTo is net.PacketConn's.
func (p *pipe) WriteTo(b []byte, _ net.Addr) (int, error) {
	if p.muted.Load() {
		return len(b), nil
	}
	return len(b), p.send(b)
}

// Close is net.PacketConn's.
func (p *pipe) Close() error { return p.in.Close() }

// LocalAddr is net.PacketConn's.
func (p *pipe) LocalAddr() net.Addr { return p.node }

// SetDeadline is net.PacketConn's. A write never waits.
func (p *pipe) SetDeadline(t time.Time) error { return p.in.SetReadDeadline(t) }

// SetReadDeadline is net.PacketConn's.
func (p *pipe) SetReadDeadline(t time.Time) error { return p.in.SetReadDeadline(t) }

// SetWriteDeadline is net.PacketConn's.
func (p *pipe) SetWriteDeadline(time.Time) error { return nil }
