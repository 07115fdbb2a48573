package api

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/signal"
)

// Bodies about the backup of a device's key.
type (
	// KeyBackup is the key of a person's device, sealed by a passkey of theirs.
	KeyBackup struct {
		Passkey signal.Bytes `json:"passkey" doc:"the id of the credential, base64url"`
		Sealed  signal.Bytes `json:"sealed" doc:"up to 512 bytes, base64url"`
	}
	// KeyBackups is all that one has.
	KeyBackups struct {
		Backups []KeyBackup `json:"backups"`
	}
)

func (a *API) addBackups() {
	const path = "/api/v1/me/keybackup"
	tags := []string{"me"}
	add(a, huma.Operation{
		OperationID: "list-key-backups", Method: "GET", Path: path, Tags: tags,
		Summary: "The backups of my device keys",
	}, toRead, func(ctx context.Context, _ *struct{}) (*output[KeyBackups], error) {
		kept, err := a.People.Backups(ctx, me(ctx))
		out := KeyBackups{make([]KeyBackup, len(kept))}
		for i, b := range kept {
			out.Backups[i] = KeyBackup{b.Passkey, b.Sealed}
		}
		return answer(out, err)
	})
	add(a, huma.Operation{
		OperationID: "keep-key-backup", Method: "PUT", Path: path, Tags: tags,
		Summary: "Keep a backup beside a passkey of mine",
	}, toWrite, func(ctx context.Context, in *struct{ Body KeyBackup }) (*nothing, error) {
		return &nothing{}, a.People.KeepBackup(ctx, me(ctx), people.Backup{Passkey: in.Body.Passkey, Sealed: in.Body.Sealed})
	})
	add(a, huma.Operation{
		OperationID: "forget-key-backups", Method: "DELETE", Path: path, Tags: tags,
		Summary: "Forget all backups of mine",
	}, toWrite, func(ctx context.Context, _ *struct{}) (*nothing, error) {
		return &nothing{}, a.People.ForgetBackups(ctx, me(ctx))
	})
}
