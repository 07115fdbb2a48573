package keyring

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestSecrets replaces a secret, and looks for the one before in the file.
func TestSecrets(t *testing.T) {
	ctx, path := t.Context(), filepath.Join(t.TempDir(), "keys.db")
	r := open(t, path)
	_, err := r.db.ExecContext(ctx, "DROP TABLE IF EXISTS secrets") // as in a ring from before
	must(t, err)
	first, err := r.Secret(ctx, ForDiscovery)
	must(t, err)
	again, err := r.Secret(ctx, ForDiscovery)
	must(t, err)
	other, err := r.Secret(ctx, "something else")
	must(t, err)
	if len(first) != KeySize || !bytes.Equal(first, again) || bytes.Equal(first, other) {
		t.Errorf("secrets are %x, %x and %x", first, again, other)
	}
	has := func(secret []byte) bool {
		b, err := os.ReadFile(path)
		must(t, err)
		return bytes.Contains(b, secret)
	}
	if !has(first) {
		t.Error("the test looks in the wrong file")
	}
	second, err := r.Rotate(ctx, ForDiscovery)
	must(t, err)
	again, err = r.Secret(ctx, ForDiscovery)
	must(t, err)
	if bytes.Equal(first, second) || !bytes.Equal(second, again) || has(first) || !has(second) {
		t.Error("the secret from before is still there")
	}
}

// What it costs to look whether a secret is still the one there was.
func BenchmarkSecret(b *testing.B) {
	r, err := Open(b.Context(), filepath.Join(b.TempDir(), File), true)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	for b.Loop() {
		if _, err := r.Secret(b.Context(), ForDiscovery); err != nil {
			b.Fatal(err)
		}
	}
}
