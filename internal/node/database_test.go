package node

import (
	"io"
	"net/http"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/store/postgrestest"
	"github.com/stoa-audio/stoa/internal/telemetry"
)

// A node whose database is gone says so to who asks for something, and goes on by
// itself when it is back.
func TestDatabaseIsGone(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some seconds")
	}
	server := postgrestest.Start(t)
	config, err := LoadConfig([]string{
		"--addr", "localhost:0", "--media.listen", "127.0.0.1:0", "--data", t.TempDir(), "--log", "json",
	}, []string{"STOA_DATABASE=" + server.Database(t)}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	var log book
	n, err := Start(t.Context(), config, telemetry.NewLog(&log, config.Log, config.LogLevel))
	if err != nil {
		t.Fatal(err)
	}
	g := newGuest(t, n)
	g.post("/signup/recovery", map[string]string{"invite": path.Base(n.Invite()), "name": "Ada"})
	room, _ := g.post("/rooms", map[string]string{"title": "Tea", "visibility": "open"})["id"].(string)

	server.Kill(t)
	began := time.Now()
	for _, c := range [][2]string{{http.MethodGet, "/me"}, {http.MethodPost, "/me/invites"}, {http.MethodPost, "/rooms/" + room + "/grants"}} {
		if status, answer := g.call(c[0], c[1], nil); status != http.StatusServiceUnavailable {
			t.Errorf("%s %s without a database: %d %v", c[0], c[1], status, answer)
		}
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v to say so", took)
	}
	if running := n.rooms.Counts().Running; running != 1 {
		t.Errorf("%d rooms run without a database", running)
	}

	server.Restart(t)
	g.post("/me/invites", nil)
	g.post("/rooms/"+room+"/grants", nil)
	if err := n.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if strings.Contains(log.String(), "postgres://") {
		t.Errorf("the log says where the database is:\n%s", &log)
	}
}
