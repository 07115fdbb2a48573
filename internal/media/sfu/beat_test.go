package sfu

import (
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
)

// came returns how many packets have come to a client, whatever is in them.
func (p *person) came() uint32 {
	s, _ := p.pc.SCTP().Transport().ICETransport().GetSelectedCandidatePairStats()
	return s.PacketsReceived
}

// Whoever is on the stage hears every tick that the node is there, and whoever
// listens about once a second in a pause; where nobody has spoken, not at all.
func TestBeats(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for long: make test")
	}
	n, room := newTestNode(t, "127.0.0.1:0"), id.New[id.Room]()
	speaker, listener := n.join(room, true), n.join(room, false)
	n.Stage(room, speaker.who, true)
	before := listener.came()
	time.Sleep(15 * tick)
	if listener.came() != before {
		t.Error("a beat where nobody has spoken")
	}
	speaker.warm(&speech{}, listener)
	time.Sleep(5 * tick)
	fast, slow := speaker.came(), listener.came()
	began := time.Now()
	eventually(t, "two beats for a listener", func() bool { return listener.came() >= slow+2 })
	took := time.Since(began)
	if took < time.Second/2 {
		t.Errorf("two beats for a listener in %v", took)
	}
	if got, usual := speaker.came()-fast, uint32(took/tick); got < usual/2 || got > usual+2 {
		t.Errorf("%d beats for a speaker in %v", got, took)
	}
	// Not any more, once they have stepped down.
	n.Stage(room, speaker.who, false)
	time.Sleep(2 * tick)
	fast, began = speaker.came(), time.Now()
	eventually(t, "a beat for one who has stepped down", func() bool { return speaker.came() > fast })
	eventually(t, "three beats", func() bool { return speaker.came() >= fast+3 })
	if took := time.Since(began); took < time.Second {
		t.Errorf("three beats for one who has stepped down in %v", took)
	}
}

// While voices come there is nothing else to say.
func TestNoBeatsBesideVoices(t *testing.T) {
	n, room := newTestNode(t, "127.0.0.1:0"), id.New[id.Room]()
	ada, bo := n.join(room, true), n.join(room, false)
	adas := &speech{}
	ada.warm(adas, bo)
	before := n.Counts()["beats"] // hers count too: she hears nobody
	mine := bo.came()
	ada.say(adas, 100, 20*time.Millisecond)
	eventually(t, "bo hears ada", func() bool { return len(bo.packets(0)) == 100 })
	if more := int(bo.came()-mine) - 100; more > 5 { //nolint:gosec // few
		t.Errorf("%d packets beside 100 of a voice (%d beats)", more, n.Counts()["beats"]-before)
	}
}

// Who stands by is connected, and hears and says nothing, until it is their seat.
func TestStandby(t *testing.T) {
	n, room := newTestNode(t, "127.0.0.1:0"), id.New[id.Room]()
	ada, bo := n.join(room, true), n.join(room, true)
	cy := newPerson(t)
	n.seat(room, cy, true)
	n.Standby(room, cy.who, true)
	n.Stage(room, cy.who, true)
	cy.connect(n, room)
	adas, cys := &speech{}, &speech{}
	ada.warm(adas, bo)
	ada.say(adas, 20, pace)
	cy.say(cys, 20, pace)
	eventually(t, "what cy says is dropped", func() bool { return n.Counts()["drop_not_on_stage"] >= 20 })
	if n := cy.total(); n != 0 {
		t.Errorf("one who stands by hears %d packets", n)
	}
	if r := n.Roster(room)[cy.who]; !r.Up || !r.Standby || r.MaySpeak {
		t.Errorf("one who stands by is %+v", r)
	}
	before := cy.came()
	eventually(t, "beats for one who stands by", func() bool { return cy.came() > before+3 })

	n.Standby(room, cy.who, false)
	ada.warm(adas, cy)
	cy.warm(cys, ada, bo)
	if r := n.Roster(room)[cy.who]; !r.Up || r.Standby || !r.MaySpeak {
		t.Errorf("one who stood by is %+v", r)
	}
	n.Standby(room, cy.who, true) // there is no way back under the same keys
	if r, ok := n.Roster(room)[cy.who]; ok {
		t.Errorf("one who stands by again is %+v", r)
	}
}

// The seat may be theirs before the handshake has ended.
func TestStandbyWithoutAPause(t *testing.T) {
	n, room := newTestNode(t, "127.0.0.1:0"), id.New[id.Room]()
	ada, cy := n.join(room, true), newPerson(t)
	n.seat(room, cy, false)
	n.Standby(room, cy.who, true)
	done := make(chan struct{})
	go func() {
		defer close(done)
		time.Sleep(5 * time.Millisecond)
		n.Standby(room, cy.who, false)
	}()
	cy.connect(n, room)
	<-done
	ada.warm(&speech{}, cy)
}
