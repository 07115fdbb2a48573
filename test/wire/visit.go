package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// script is what people do, in Chromium.
const script = "test/e2e/wire.mjs"

// A visited is what came of a visit.
type visited struct {
	Canaries []canary `json:"canaries"`
	Log      string   `json:"log"` // of the node, at its most talkative
}

// visit runs the script to its end.
func visit(ctx context.Context) (v visited, err error) {
	dir, err := os.MkdirTemp("", "stoa-wire-")
	if err != nil {
		return v, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	if err := certify(cert, key); err != nil {
		return v, err
	}
	c := exec.CommandContext(ctx, "node", script, cert, key)
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, os.Stderr
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	c.WaitDelay = 10 * time.Second
	if err := c.Run(); err != nil {
		return v, fmt.Errorf("the visit: %w", err)
	}
	if err := json.Unmarshal(out.Bytes(), &v); err != nil {
		return v, fmt.Errorf("what came of the visit: %w", err)
	}
	for i := range v.Canaries {
		v.Canaries[i].stands()
	}
	return v, nil
}

// certify writes the certificate of a node that is there for this run alone.
func certify(cert, key string) error {
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	now := time.Now()
	about := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
	}
	signed, err := x509.CreateCertificate(rand.Reader, about, about, secret.Public(), secret)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(secret)
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}), 0o600),
		os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
}

// kinds are the canaries of which a visit has at least one each.
var kinds = []string{
	"name", "title", "me", "room", "session", "cookie", "grant", "invite", "recovery code",
	"device key", "passkey", "ICE password",
}

// missing returns what the visit should have had and has not, without which
// finding nothing would mean nothing.
func (v visited) missing() error {
	var errs []error
	for _, kind := range kinds {
		if !slices.ContainsFunc(v.Canaries, func(c canary) bool { return c.Kind == kind }) {
			errs = append(errs, fmt.Errorf("the visit had no %s", kind))
		}
	}
	if !strings.Contains(v.Log, "level=DEBUG") {
		errs = append(errs, errors.New("the node has logged nothing at its most talkative"))
	}
	// Addresses are on the wire, of course, but not in the log.
	for _, address := range []string{"127.0.0.1", "[::1]"} {
		if strings.Contains(v.Log, address) {
			errs = append(errs, errors.New("the node has logged an address"))
		}
	}
	return errors.Join(errs...)
}
