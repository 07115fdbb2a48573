package interop

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/pion/rtp"
)

// household returns three people in one open room: the founder who opened it,
// and two listeners.
func household(t *testing.T) (h *house, founder, a, b *client) {
	t.Helper()
	h = openHouse(t)
	founder = signUp(h, h.invite, "Founder")
	a, b = signUp(h, founder.invite(), "First guest"), signUp(h, founder.invite(), "Second guest")
	room := founder.openRoom("Pion", "open")
	for _, c := range []*client{founder, a, b} {
		c.enter(room)
	}
	return h, founder, a, b
}

// number returns the payload that speak sent.
func number(p rtp.Packet) uint32 { return binary.BigEndian.Uint32(p.Payload[1:]) }

// hears waits until c has heard n packets of who, without a hole, and fails on
// one that was sent before first.
func hears(c, who *client, first uint32, n int) {
	c.t.Helper()
	var got []rtp.Packet
	c.await("a voice", func() bool {
		slot := c.slotOf(who.me)
		if slot < 0 {
			return false
		}
		got = nil
		for _, p := range c.heard[slot] {
			if len(p.Payload) == 5 && number(p) >= first {
				got = append(got, p)
			}
		}
		return len(got) >= n
	})
	for i := range n - 1 {
		if number(got[i+1]) != number(got[i])+1 || got[i+1].SequenceNumber != got[i].SequenceNumber+1 || got[i+1].Timestamp != got[i].Timestamp+960 {
			c.t.Fatalf("packet %d (number %d, time %d) follows packet %d (number %d, time %d)",
				number(got[i+1]), got[i+1].SequenceNumber, got[i+1].Timestamp, number(got[i]), got[i].SequenceNumber, got[i].Timestamp)
		}
	}
}

// hearsNothingMore waits until c hears nothing, and fails if that takes longer
// than a second from since on.
func hearsNothingMore(c *client, since time.Time) {
	c.t.Helper()
	const quiet = 300 * time.Millisecond // fifteen packets that do not come
	last, changed := c.count(), time.Now()
	for time.Since(changed) < quiet {
		if changed.Sub(since) > time.Second {
			c.t.Fatalf("the voice is still heard after %v", changed.Sub(since))
		}
		time.Sleep(10 * time.Millisecond)
		if n := c.count(); n != last {
			last, changed = n, time.Now()
		}
	}
}

func TestVoicesReachTheRoom(t *testing.T) {
	_, founder, a, b := household(t)
	founder.ask("unmute", struct{}{})
	defer founder.speak(1)()
	hears(a, founder, 1, 50)
	hears(b, founder, 1, 50)
	if founder.count() > 0 {
		t.Error("the founder hears somebody, and nobody else speaks")
	}

	// A listener comes up, and nobody's sound is touched by it.
	a.refused("unmute", struct{}{}, "not_on_stage")
	a.refused("ask_up", who(b), "not_moderator")
	a.ask("raise_hand", struct{}{})
	founder.awaitEvent("hand_raised", a.me)
	founder.ask("ask_up", who(a))
	a.awaitEvent("asked_up", a.me)
	a.ask("step_up", struct{}{})
	a.ask("unmute", struct{}{})
	defer a.speak(1_000_000)()
	hears(founder, a, 1_000_000, 50)
	hears(b, a, 1_000_000, 50)
	hears(b, founder, 1, 100)

	// Muted by a moderator, whatever the device still sends.
	before := time.Now()
	founder.ask("mute", who(a))
	hearsNothingMore(founder, before)

	// Sent away, and the room is not there any more.
	founder.ask("remove", who(b))
	before = time.Now()
	if why := b.awaitMessage("cut", func(m message) bool { return m["cut"] != nil }).body("cut").text("why"); why != "removed" {
		t.Errorf("cut because %q", why)
	}
	hearsNothingMore(b, before)
	b.call("POST", "/rooms/"+b.room+"/grants", struct{}{}, 404, nil)
}

func TestWhoSendsWithoutTheStageIsNotHeard(t *testing.T) {
	_, founder, a, b := household(t)
	defer a.speak(1)() // a listener
	stop := founder.speak(1_000_000)
	founder.ask("unmute", struct{}{})
	hears(b, founder, 1_000_000, 100)
	stop()
	b.mu.Lock()
	defer b.mu.Unlock()
	for slot, packets := range b.heard {
		for _, p := range packets {
			if number(p) < 1_000_000 {
				t.Fatalf("slot %d carries packet %d of somebody who is not on the stage", slot, number(p))
			}
		}
	}
}

func TestSecondDeviceTakesOver(t *testing.T) {
	h, founder, a, _ := household(t)
	founder.ask("unmute", struct{}{})
	defer founder.speak(1)()
	hears(a, founder, 1, 25)

	second := newClient(h)
	second.http.Jar, second.me = a.http.Jar, a.me
	before := time.Now()
	second.enter(a.room)
	if why := a.awaitMessage("cut", func(m message) bool { return m["cut"] != nil }).body("cut").text("why"); why != "taken_over" {
		t.Errorf("cut because %q", why)
	}
	hearsNothingMore(a, before)
	hears(second, founder, 1, 50)
}

func TestRestartKeepsTheSeats(t *testing.T) {
	h, founder, a, _ := household(t)
	founder.ask("unmute", struct{}{})
	stop := founder.speak(1)
	hears(a, founder, 1, 25)
	stop()

	h.stop()
	h.start()
	founder.comeBack()
	a.comeBack()
	defer founder.speak(1_000_000)() // the microphone is as open as it was
	hears(a, founder, 1_000_000, 50)
	a.refused("end", struct{}{}, "not_moderator")
	founder.ask("end", struct{}{})
	if why := a.awaitMessage("cut", func(m message) bool { return m["cut"] != nil }).body("cut").text("why"); why != "ended" {
		t.Errorf("cut because %q", why)
	}
}

func TestAClosedRoomIsNowhereForOthers(t *testing.T) {
	h := openHouse(t)
	founder := signUp(h, h.invite, "Founder")
	a := signUp(h, founder.invite(), "Guest")
	room := founder.openRoom("Closed", "closed")
	var seen struct{ Rooms []struct{ ID string } }
	a.call("GET", "/rooms", nil, 200, &seen)
	if len(seen.Rooms) > 0 {
		t.Errorf("the hallway shows %v", seen.Rooms)
	}
	for _, name := range []string{room, "00000000000000000000000000"} {
		a.call("GET", "/rooms/"+name, nil, 404, nil)
		a.call("POST", "/rooms/"+name+"/grants", struct{}{}, 404, nil)
	}
	// Nor does somebody else's permission help.
	a.dial()
	a.refused("enter", map[string]string{"grant": founder.grant(room)}, "bad_grant")
	founder.enter(room)
}
