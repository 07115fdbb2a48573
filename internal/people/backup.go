package people

import (
	"context"

	"github.com/stoa-audio/stoa/internal/id"
)

// BackupMax is the size of a backup in bytes.
const BackupMax = 512

// A Backup is the key of a person's device, sealed by a secret that only the
// authenticator of a passkey makes: docs/protocol/keys.md, section "Backup".
// The house keeps it for the next browser that has the passkey, and can open
// none.
type Backup struct {
	Passkey []byte // its id
	Sealed  []byte
}

// KeepBackup keeps b beside a passkey of who, instead of the one before;
// ErrNoPasskey when it is none of theirs, ErrBackup when it is empty or too
// large.
func (p *People) KeepBackup(ctx context.Context, who id.Person, b Backup) error {
	if len(b.Sealed) == 0 || len(b.Sealed) > BackupMax {
		return ErrBackup
	}
	return p.store.KeepBackup(ctx, who, b)
}

// Backups returns the backups of who.
func (p *People) Backups(ctx context.Context, who id.Person) ([]Backup, error) {
	return p.store.Backups(ctx, who)
}

// ForgetBackups forgets all backups of who.
func (p *People) ForgetBackups(ctx context.Context, who id.Person) error {
	return p.store.ForgetBackups(ctx, who)
}
