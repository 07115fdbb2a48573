package node

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// A secret is what the node alone knows. It lies beside the database, and all
// its keys are derived from it: losing it voids open invites and grants, and
// nothing else.
type secret [32]byte

// loadSecret reads the secret, or makes one at the first start.
func loadSecret(path string) (secret, error) {
	var s secret
	b, err := os.ReadFile(path)
	switch {
	case err == nil:
		if len(b) != len(s) {
			return s, fmt.Errorf("%s is damaged: %d bytes, not %d", path, len(b), len(s))
		}
		copy(s[:], b)
		return s, nil
	case !errors.Is(err, fs.ErrNotExist):
		return s, err
	}
	_, _ = rand.Read(s[:]) // never fails (crypto/rand, Go 1.24)
	return s, writeNew(path, s[:])
}

// writeNew writes a file that must not be there yet, and sees it onto the
// disk: what is derived from it will be.
func writeNew(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Sync(), f.Close())
}

// key derives the key for one purpose (HKDF, RFC 5869).
func (s secret) key(purpose string) ([]byte, error) {
	return hkdf.Key(sha256.New, s[:], nil, "stoa "+purpose, 32)
}
