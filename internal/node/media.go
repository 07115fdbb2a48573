package node

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/stoa-audio/stoa/internal/api"
	"github.com/stoa-audio/stoa/internal/hub"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/media/forward"
	"github.com/stoa-audio/stoa/internal/media/peer"
	"github.com/stoa-audio/stoa/internal/media/sfu"
	"github.com/stoa-audio/stoa/internal/overlay/link"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/room/live"
	"github.com/stoa-audio/stoa/internal/signal"
	"github.com/stoa-audio/stoa/internal/spread"
)

// In a closed room, all that are open are heard.
const _ = uint(forward.Slots - room.OpenMax)

// encodeSound returns the notice of how a room sounds, and who is heard.
func encodeSound(name id.Room, s sfu.Sound) (text []byte, speaking []id.Person) {
	notice := signal.Voices{
		Room: name, Slots: make([]*id.Person, len(s.Slots)), Speaking: []id.Person{},
		FrameMS: int(s.Frame.Milliseconds()),
	}
	for i, who := range s.Slots {
		if who.IsZero() {
			continue
		}
		notice.Slots[i] = &s.Slots[i]
		if s.Speaking[i] {
			notice.Speaking = append(notice.Speaking, who)
		}
	}
	for _, back := range s.Repeat {
		if back > 0 {
			notice.Repeat = append(notice.Repeat, int(back))
		}
	}
	b, err := json.Marshal(signal.Notice{Voices: &notice})
	if err != nil {
		panic("node: voices have no JSON form: " + err.Error()) // a mistake in package signal
	}
	return b, notice.Speaking
}

// media is the media loop as a place for rooms knows it.
type media struct{ *sfu.SFU }

func mediaOf(s *sfu.SFU) spread.Media { return media{s} }

// Offer answers an offer, or says by a *spread.Refusal why not.
func (m media) Offer(_ context.Context, name id.Room, who id.Person, session id.Session, sdp string) (string, error) {
	answer, err := m.SFU.Offer(name, who, session, sdp)
	switch {
	case errors.Is(err, peer.ErrOffer):
		err = &spread.Refusal{Code: spread.RefusedOffer, Detail: err.Error()}
	case errors.Is(err, sfu.ErrNoSeat):
		err = &spread.Refusal{Code: spread.RefusedSeat}
	case errors.Is(err, sfu.ErrBusy):
		err = &spread.Refusal{Code: spread.RefusedBusy}
	}
	return answer, err
}

// voices is what is spread over nodes, as the doors know it.
type voices struct {
	*spread.Rooms

	self  id.Node
	trunk *link.Trunk
}

// Offer answers an offer at a node.
func (v voices) Offer(ctx context.Context, name id.Room, who id.Person, session id.Session, at id.Node, sdp string) (string, error) {
	if at == v.self {
		at = id.Node{}
	}
	if !at.IsZero() && !v.takes(at) || v.Put(name, who, session, at) != nil {
		return "", api.ErrNode
	}
	answer, err := v.Rooms.Offer(ctx, name, who, session, sdp)
	return answer, offerError(err)
}

// offerError is why an offer was not answered, as the doors know it.
func offerError(err error) error {
	if r, ok := errors.AsType[*spread.Refusal](err); ok {
		switch r.Code {
		case spread.RefusedOffer:
			return &api.OfferError{Detail: r.Detail}
		case spread.RefusedSeat:
			return room.ErrNotHere
		default:
			return live.ErrBusy
		}
	}
	switch {
	case errors.Is(err, spread.ErrNoPlace):
		return api.ErrNode
	case errors.Is(err, sfu.ErrClosed):
		return live.ErrClosed
	}
	return err
}

// takes reports whether another node takes people: it is known, and not about to
// stop.
func (v voices) takes(at id.Node) bool {
	if v.trunk == nil {
		return false
	}
	one := v.trunk.Node(at)
	return one != nil && !one.Leaving
}

// Stand answers an offer at a node where a session stands by.
func (v voices) Stand(ctx context.Context, name id.Room, who id.Person, session id.Session, at id.Node, sdp string) (string, error) {
	if at.IsZero() {
		at = v.self
	}
	if !v.takes(at) || v.Rooms.Stand(name, who, session, at) != nil {
		return "", api.ErrNode
	}
	answer, err := v.OfferStandby(ctx, name, who, session, sdp)
	return answer, offerError(err)
}

// Switch makes the node where a session stands by the one where its seat is.
func (v voices) Switch(name id.Room, who id.Person, session id.Session, at id.Node) error {
	if at.IsZero() {
		at = v.self
	}
	return offerError(v.Rooms.Switch(name, who, session, at))
}

// sound tells the people of a room at this node how it sounds: by its owner, who
// has their WebSockets.
func (n *Node) sound(watchers *hub.Hub, name id.Room, s sfu.Sound) {
	notice, speaking := encodeSound(name, s)
	if owner := n.place.Owner(name); owner == n.self() {
		watchers.Tell(name, id.Node{}, notice)
		n.heard(name, id.Node{}, speaking)
	} else {
		n.guests.Sound(owner, name, notice)
	}
}

// soundAt is told how a room of this node sounds at another one.
func (n *Node) soundAt(watchers *hub.Hub, name id.Room, at id.Node, notice []byte) {
	watchers.Tell(name, at, notice)
	var heard signal.Notice
	if json.Unmarshal(notice, &heard) == nil && heard.Voices != nil {
		n.heard(name, at, heard.Voices.Speaking)
	}
}

// heard notes who is heard at a place.
func (n *Node) heard(name id.Room, at id.Node, speaking []id.Person) {
	n.beside.Heard(name, at, speaking)
	if len(speaking) > 0 {
		n.hallway.Heard(time.Now(), name)
	}
}
