package keyring

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"
)

// A ring from before has no such table.
const secretsSchema = `
CREATE TABLE IF NOT EXISTS secrets (
    purpose TEXT    PRIMARY KEY,
    secret  BLOB    NOT NULL CHECK (length(secret) = 32),
    made    INTEGER NOT NULL
);`

const readSecret = "SELECT secret FROM secrets WHERE purpose = $1"

// Secret returns a secret of the house's own for one purpose, which can be replaced
// by another, also by another process: it is read each time. The first time it is made.
func (r *Ring) Secret(ctx context.Context, purpose string) (secret []byte, err error) {
	if err := r.db.QueryRowContext(ctx, readSecret, purpose).Scan(&secret); err == nil {
		return secret, nil
	}
	return r.setSecret(ctx, purpose, "ON CONFLICT DO NOTHING")
}

// Rotate replaces the secret for a purpose. Nobody can tell what the one before was.
func (r *Ring) Rotate(ctx context.Context, purpose string) ([]byte, error) {
	return r.setSecret(ctx, purpose, "ON CONFLICT (purpose) DO UPDATE SET secret = excluded.secret, made = excluded.made")
}

func (r *Ring) setSecret(ctx context.Context, purpose, conflict string) (secret []byte, err error) {
	made := make([]byte, KeySize)
	_, _ = rand.Read(made) // never fails (crypto/rand, Go 1.24)
	if _, err = r.db.ExecContext(ctx, secretsSchema); err == nil {
		_, err = r.db.ExecContext(ctx, "INSERT INTO secrets (purpose, secret, made) VALUES ($1, $2, $3) "+conflict, //nolint:gosec // one of two
			purpose, made, time.Now().UnixMilli())
	}
	if err == nil {
		err = r.db.QueryRowContext(ctx, readSecret, purpose).Scan(&secret)
	}
	if err != nil {
		return nil, fmt.Errorf("read a secret: %w", err)
	}
	return secret, nil
}
