//go:build interop

package interop

import (
	"bufio"
	"context"
	"encoding/json"
	"os/exec"
	"testing"
	"time"

	"github.com/pion/rtp"
)

// python is Debian's, because that is where its packages are found.
const python = "/usr/bin/python3"

// start starts client.py and returns a reader of what it says.
func start(h *house, args ...string) *json.Decoder {
	h.Helper()
	ctx, cancel := context.WithTimeout(h.Context(), time.Minute)
	cmd := exec.CommandContext(ctx, python, append([]string{"client.py"}, args...)...)
	cmd.Stderr = h.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		h.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		h.Fatal(err)
	}
	h.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // killed, if it has not ended by itself
	})
	return json.NewDecoder(bufio.NewReader(out))
}

// TestForeignStack lets a person with aiortc speak; one with pion comes up to
// the stage and says everything again, so that real Opus comes from there too;
// and another one with aiortc listens to both.
func TestForeignStack(t *testing.T) {
	if out, err := exec.CommandContext(t.Context(), python, "-c", "import aiohttp, aiortc").CombinedOutput(); err != nil {
		t.Fatalf("this test needs: sudo apt-get install -y --no-install-recommends python3-aiohttp python3-aiortc\n%s", out)
	}
	h := openHouse(t)

	var opened struct {
		Room, Me string
		Invites  []string
	}
	if err := start(h, "speak", h.url, h.invite, "Tuning fork").Decode(&opened); err != nil || len(opened.Invites) != 2 {
		t.Fatalf("the speaker: %v, %+v", err, opened)
	}

	parrot := signUp(h, opened.Invites[0], "Parrot")
	parrot.enter(opened.Room)
	parrot.ask("raise_hand", struct{}{})
	parrot.awaitEvent("asked_up", parrot.me)
	parrot.ask("step_up", struct{}{})
	parrot.ask("unmute", struct{}{})
	heard, lost, last := 0, 0, uint16(0)
	parrot.mu.Lock()
	parrot.each = func(who string, p *rtp.Packet) {
		if who != opened.Me {
			return
		}
		if heard > 0 {
			lost += int(p.SequenceNumber - last - 1)
		}
		heard, last = heard+1, p.SequenceNumber
		_ = parrot.mic.WriteRTP(&rtp.Packet{Header: rtp.Header{
			Version: 2, SequenceNumber: p.SequenceNumber, Timestamp: p.Timestamp,
		}, Payload: p.Payload})
	}
	parrot.mu.Unlock()

	listener := start(h, "listen", h.url, opened.Invites[1], "Listener", opened.Room, "2")
	var said struct {
		Listening bool
		Heard     map[string]float64
	}
	for said.Heard == nil {
		if err := listener.Decode(&said); err != nil {
			t.Fatalf("the listener: %v", err)
		}
	}
	for name, who := range map[string]string{"aiortc": opened.Me, "pion": parrot.me} {
		t.Logf("%s is heard by aiortc in %.0f %% of windows", name, 100*said.Heard[who])
		if said.Heard[who] < 0.95 {
			t.Errorf("%s is heard by aiortc in %.0f %% of windows", name, 100*said.Heard[who])
		}
	}
	parrot.mu.Lock()
	defer parrot.mu.Unlock()
	t.Logf("pion heard %d packets of aiortc, %d lost", heard, lost)
	if heard < 300 || lost > 0 {
		t.Errorf("pion heard %d packets of aiortc, %d lost", heard, lost)
	}
}
