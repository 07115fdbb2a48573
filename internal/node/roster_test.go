package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/media/sfu"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/spread"
)

// A world is one room, its media, and what a dishonest onlooker knows: every
// session there ever was.
type world struct {
	t      *testing.T
	rnd    *rand.Rand
	now    time.Time
	name   id.Room
	room   *room.Room
	media  *sfu.SFU
	spread *spread.Rooms
	people []id.Person
	known  map[id.Person][]id.Session
	log    []string
}

func (w *world) startMedia() {
	w.t.Helper()
	media, err := sfu.Start(sfu.Config{
		Listen: "127.0.0.1:0", Announce: []netip.Addr{netip.MustParseAddr("127.0.0.1")},
		Log: slog.New(slog.DiscardHandler), Sound: func(id.Room, sfu.Sound) {},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.media = media
	w.spread = spread.NewRooms(spread.RoomsConfig{Place: spread.NewPlace(id.Node{}, mediaOf(media))})
}

// do decides and applies a command, and tells the media as the node does.
func (w *world) do(c room.Command) {
	events, err := w.room.Decide(w.now, c)
	w.log = append(w.log, fmt.Sprintf("%T %+v: %d events, %v", c, c, len(events), err))
	if len(events) == 0 {
		return
	}
	first := w.room.Seq() + 1
	for _, e := range events {
		w.room.Apply(e)
	}
	w.spread.Happened(w.name, w.room, first, events)
}

// crash loses all that is not stored: connections and sessions.
func (w *world) crash() {
	w.log = append(w.log, "crash")
	stored, err := json.Marshal(w.room)
	if err != nil {
		w.t.Fatal(err)
	}
	w.room = new(room.Room)
	if err := json.Unmarshal(stored, w.room); err != nil {
		w.t.Fatal(err)
	}
	if err := w.media.Close(); err != nil {
		w.t.Fatal(err)
	}
	w.startMedia()
	w.do(room.Recover{})
}

// offer connects media with a session, which may be anybody's old one.
func (w *world) offer(who id.Person, session id.Session) {
	_, err := w.media.Offer(w.name, who, session, offerOf())
	w.log = append(w.log, fmt.Sprintf("offer of %v by %v: %v", who, session, err))
	if err != nil && !errors.Is(err, sfu.ErrNoSeat) {
		w.t.Fatal(err)
	}
}

// check holds what the loop does against what the room says.
func (w *world) check() {
	for who, r := range w.media.Roster(w.name) {
		p := w.room.Participant(who)
		switch {
		case p == nil:
			w.fail("%v is sent media and is not in the room", who)
		case p.Session != r.Session && !p.Away():
			w.fail("%v is sent media on a session that has lost the seat", who)
		case p.Away() && w.last(who) != r.Session:
			w.fail("%v is away, and media goes to a session that was not the last", who)
		case r.MaySpeak != (p.Role >= room.Speaker && !p.Muted):
			w.fail("%v may speak: %v; as %v, muted %v", who, r.MaySpeak, p.Role, p.Muted)
		}
	}
}

// last returns the session by which who sat here last, as far as is known.
func (w *world) last(who id.Person) id.Session {
	sessions := w.known[who]
	return sessions[len(sessions)-1]
}

func (w *world) fail(format string, args ...any) {
	w.t.Helper()
	w.t.Fatalf("%s\nafter:\n%s", fmt.Sprintf(format, args...), strings.Join(w.log[max(0, len(w.log)-40):], "\n"))
}

func (w *world) somebody() id.Person { return w.people[w.rnd.IntN(len(w.people))] }

// seatOf returns who's seat as it is, or, now and then, as it was once.
func (w *world) seatOf(who id.Person) room.Seat {
	if sessions := w.known[who]; len(sessions) > 0 && w.rnd.IntN(8) == 0 {
		return room.Seat{Who: who, Session: sessions[w.rnd.IntN(len(sessions))]}
	}
	if p := w.room.Participant(who); p != nil {
		return room.Seat{Who: who, Session: p.Session}
	}
	return room.Seat{Who: who}
}

func (w *world) enter(who id.Person) {
	session, previous := id.New[id.Session](), id.Session{}
	if sessions := w.known[who]; len(sessions) > 0 && w.rnd.IntN(2) == 0 {
		previous = sessions[w.rnd.IntN(len(sessions))]
	}
	before := w.room.Participant(who)
	w.do(room.Enter{Who: who, Name: "somebody", Session: session, Previous: previous})
	if p := w.room.Participant(who); p != nil && p.Session == session {
		w.known[who] = append(w.known[who], session)
		if before != nil && w.rnd.IntN(2) == 0 {
			return // comes back and keeps its connection, if it has one
		}
		w.offer(who, session)
	}
}

// step does one thing that people, devices, networks or nodes do.
func (w *world) step() {
	who, by := w.somebody(), w.seatOf(w.somebody())
	mine := w.seatOf(who)
	switch w.rnd.IntN(20) {
	case 0, 1, 2, 3:
		w.enter(who)
	case 4:
		w.do(room.Disconnect{By: mine})
	case 5:
		w.do(room.Leave{By: mine})
	case 6:
		w.do(room.Remove{By: by, Who: who})
	case 7, 8:
		w.do(room.AskUp{By: by, Who: who})
		w.do(room.StepUp{By: w.seatOf(who)})
	case 9:
		w.do(room.MoveDown{By: by, Who: who})
	case 10:
		w.do(room.StepDown{By: mine})
	case 11, 12:
		w.do(room.Unmute{By: mine})
	case 13:
		w.do(room.Mute{By: by, Who: who})
	case 14:
		w.do(room.MakeModerator{By: by, Who: who})
	case 15:
		w.do(room.LetIn{By: by, Who: who})
	case 16, 17:
		if sessions := w.known[who]; len(sessions) > 0 {
			w.offer(who, sessions[w.rnd.IntN(len(sessions))])
		}
	case 18:
		w.now = w.now.Add(time.Duration(w.rnd.IntN(40)) * time.Second)
		w.do(room.Expire{})
	case 19:
		if w.rnd.IntN(4) == 0 {
			w.crash()
		}
	}
}

// Receivers are the roster and senders the stage, after every step of every
// history (promises A12, A13, A14).
func TestReceiversAreTheRoster(t *testing.T) {
	histories, steps := 60, 150
	if testing.Short() {
		histories = 15
	}
	connected, spoke := 0, 0
	for seed := range uint64(histories) {
		w := &world{
			t: t, rnd: rand.New(rand.NewPCG(seed, 7)), now: time.Unix(1_800_000_000, 0),
			name: id.New[id.Room](), room: new(room.Room), known: make(map[id.Person][]id.Session),
			log: []string{fmt.Sprint("seed ", seed)},
		}
		for range 6 {
			w.people = append(w.people, id.New[id.Person]())
		}
		w.startMedia()
		w.do(room.OpenRoom{By: w.people[0], Name: "somebody", Visibility: room.Open})
		w.enter(w.people[0])
		for range steps {
			w.step()
			w.check()
			for _, r := range w.media.Roster(w.name) {
				connected++
				if r.MaySpeak {
					spoke++
				}
			}
			if w.room.Ended() {
				break
			}
		}
		if err := w.media.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if connected < 20*histories || spoke < 2*histories {
		t.Errorf("the histories are too quiet to show anything: %d receivers seen, %d of them speakers", connected, spoke)
	}
}

// offerOf returns an offer of a client that never follows it up.
func offerOf() string {
	var w strings.Builder
	w.WriteString("v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n")
	for mid, direction := range []string{"sendrecv", "recvonly"} {
		fmt.Fprintf(&w, "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:%d\r\na=%s\r\n", mid, direction)
		w.WriteString("a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\na=setup:actpass\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n")
		w.WriteString("a=fingerprint:sha-256 " + strings.Repeat("AB:", 31) + "AB\r\n")
	}
	return w.String()
}
