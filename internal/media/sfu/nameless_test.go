package sfu

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/pion/rtp"

	"github.com/stoa-audio/stoa/internal/id"
)

// told are the parts of an answer that a browser hands on to others or to the
// wire: ICE's name and password, SSRCs, CNAME, msid.
var told = regexp.MustCompile(`(?m)^(?:o=- |a=(?:ice-ufrag|ice-pwd|msid|ssrc):)(\S+?)(?:-\d)?(?: cname:(\S+)| .*)?\r$`)

// Answers to one person in one room are of chance: nothing in them is the same
// twice, or follows from who asks and where. Header extensions are offered by
// every browser, and none is taken.
func TestAnswersAreOfChance(t *testing.T) {
	n, room := newTestNode(t, "127.0.0.1:0"), id.New[id.Room]()
	p := newPerson(t)
	n.seat(room, p, true)
	offer := strings.ReplaceAll(p.offer(), "a=rtcp-mux\r\n",
		"a=rtcp-mux\r\na=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\na=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n")
	if !strings.Contains(offer, "ssrc-audio-level") {
		t.Fatalf("it offers no extensions:\n%s", offer)
	}
	seen := make(map[string]int)
	for round := range 3 {
		answer, err := n.Offer(room, p.who, p.session, offer)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(answer, "extmap") {
			t.Errorf("an extension is taken:\n%s", answer)
		}
		all := make(map[string]bool)
		for _, found := range told.FindAllStringSubmatch(answer, -1) {
			for _, v := range found[1:] {
				all[v] = true
			}
		}
		delete(all, "")
		delete(all, "0")
		// A name, a password and a CNAME, which msid repeats, and eight SSRCs, of
		// which the session's number is one.
		if len(all) != 1+1+1+8 {
			t.Errorf("%d are told: %v", len(all), all)
		}
		for v := range all {
			if before, ok := seen[v]; ok {
				t.Errorf("%q is in answers %d and %d", v, before, round)
			}
			seen[v] = round
		}
		for what, name := range map[string][id.Size]byte{"room": room, "person": p.who, "session": p.session} {
			for _, form := range []string{
				fmt.Sprint(id.Room(name)), hex.EncodeToString(name[:8]), hex.EncodeToString(name[8:]),
				base64.RawStdEncoding.EncodeToString(name[:9]), base64.RawURLEncoding.EncodeToString(name[:9]),
			} {
				if strings.Contains(strings.ToLower(answer), strings.ToLower(form)) {
					t.Errorf("the answer has the id of the %s as %s", what, form)
				}
			}
		}
	}
}

// What a speaker's browser puts into extensions goes to nobody.
func TestExtensionsGoNoFurther(t *testing.T) {
	n, room := newTestNode(t, "127.0.0.1:0"), id.New[id.Room]()
	ada, bo := n.join(room, true), n.join(room, false)
	said := &speech{}
	ada.warm(said, bo)
	for range 20 {
		said.seq++
		said.ts += 960
		h := rtp.Header{Version: 2, SequenceNumber: said.seq, Timestamp: said.ts}
		if err := h.SetExtension(1, []byte{0x7f}); err != nil {
			t.Fatal(err)
		}
		if err := ada.mic.WriteRTP(&rtp.Packet{Header: h, Payload: []byte("a voice")}); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "they are heard", func() bool { return len(bo.packets(0)) >= 20 })
	for _, p := range bo.packets(0) {
		if p.Extension || len(p.Extensions) > 0 || string(p.Payload) != "a voice" {
			t.Errorf("what is heard: %v", p.String())
		}
	}
}

// In the log somebody goes by a member, which lasts as long as one device has
// the seat, and follows from nothing.
func TestMembersAreOfAVisit(t *testing.T) {
	n, room, who := newTestNode(t, "127.0.0.1:0"), id.New[id.Room](), id.New[id.Person]()
	seat := func(session, previous id.Session) string {
		n.Seat(room, who, session, previous)
		h := n.hall(room)
		h.mu.Lock()
		defer h.mu.Unlock()
		return h.seats[who].member
	}
	phone, again, laptop := id.New[id.Session](), id.New[id.Session](), id.New[id.Session]()
	first := seat(phone, id.Session{})
	if got := seat(again, phone); got != first {
		t.Errorf("the device that came back is %s, and was %s", got, first)
	}
	second := seat(laptop, id.Session{})
	n.Unseat(room, who)
	third := seat(laptop, id.Session{})
	if first == second || second == third || first == third {
		t.Errorf("three visits go by %s, %s and %s", first, second, third)
	}
}
