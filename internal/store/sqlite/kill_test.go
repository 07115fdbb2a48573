package sqlite

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stoa-audio/stoa/internal/store/storetest"
)

func openStore(ctx context.Context, path string) (storetest.Store, error) { return Open(ctx, path) }

func TestMain(m *testing.M) { storetest.Main(m, openStore) }

func TestKill(t *testing.T) {
	storetest.Kill(t, filepath.Join(t.TempDir(), "stoa.db"), openStore)
}
