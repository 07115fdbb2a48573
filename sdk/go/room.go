// Package stoa is a client for Stoa rooms, for programs that listen and speak:
// recorders, bridges, bots.
//
//	room, err := stoa.Join(ctx, "https://stoa.example/r/"+name, grant)
//	frame, err := room.Hear(ctx) // who speaks, and 20 ms of Opus
//	err = room.Speak(frame.Opus)
//	err = room.Write(ctx, "Hello.") // and Read what others write
//
// It speaks the protocol of docs/protocol: one WebSocket and one WebRTC
// connection. What is said is sealed from end to end, by keys that the node does
// not have: the room agrees on them, and this client lets others in when it is
// its turn. Frames are Opus (RFC 6716), as they are; what is lost on the way is
// asked for again and filled in from copies (RFC 2198) before it is heard.
//
// When the house is gone, and another node goes on with its rooms, the seat is
// taken again there, and in the house when that is back.
//
// Not here: encoding and decoding sound, signing up and getting grants (that is
// HTTP, docs/protocol/http.md), and keeping a view of the room up to date. A room
// that is over is joined again with a new grant.
package stoa

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/stoa-audio/stoa/sdk/go/group"
)

// joinWait is how long joining may take, if the context allows longer.
const joinWait = 20 * time.Second

var (
	// ErrLeft means that the room was left by Leave.
	ErrLeft = errors.New("the room was left")
	// ErrLost means that a connection to the node is gone.
	ErrLost = errors.New("the connection is lost")
	// ErrAddress means that an address is not that of a room.
	ErrAddress = errors.New("not the address of a room")
)

// A Cut is the error of a room in which there is no seat any more, for the
// reason that docs/protocol/signal.md names: "removed", "ended", "restart".
type Cut struct{ Why string }

func (c Cut) Error() string { return "no seat in the room any more: " + c.Why }

// A Problem is why the node has refused a request. Code is stable and for
// programs (docs/protocol/http.md), Title for people.
type Problem struct {
	Code   string `json:"code"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Status int    `json:"status"`
}

func (p *Problem) Error() string { return fmt.Sprintf("%s (%s)", p.Title, p.Code) }

// A Participant is a person in the room.
type Participant struct {
	Who   string `json:"who"`
	Name  string `json:"name"`
	Role  string `json:"role"` // "listener", "speaker" or "moderator"
	Muted bool   `json:"muted"`
}

// A View is the room as it was on entering.
type View struct {
	Seq    uint64        `json:"seq"` // events with greater numbers follow
	Title  string        `json:"title"`
	People []Participant `json:"people"`
	// Visibility is who may come in: "open", "social", "members" of the club, or
	// "closed".
	Visibility string `json:"visibility"`
	Club       *Club  `json:"club,omitempty"` // that it is of; nil for none
	// Language is in which one speaks there (BCP 47), and Topics are what it is
	// about, of the list in docs/protocol/http.md; both may be none.
	Language string   `json:"language,omitempty"`
	Topics   []string `json:"topics,omitempty"`
}

// A Club is the club that a room is of. One that is not listed has no name here.
type Club struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
}

// An Event is what has happened in the room, by the name that
// docs/protocol/signal.md gives it, with its body.
type Event struct {
	Seq  uint64
	Name string
	Body json.RawMessage
}

// A Room is a seat in a room. Its methods may be called from anywhere.
type Room struct {
	Me   string // my id
	View View

	microphone *microphone
	voices     *stage
	device     Device
	house      string // where it says who it is
	at         string // the node where media is to be first; empty: the one that is joined
	nodes      []Node // at which media may be
	moves      chan move
	agreement  *agreement // the reader's; nil before one is in
	room       group.ID   // set with it
	frames     chan Frame
	events     chan Event
	words      chan Word
	desk       desk // where one reads and writes

	cancel context.CancelCauseFunc
	done   <-chan struct{} // closed when the room is over
	err    func() error    // why it is

	mu      sync.Mutex // guards what follows
	live    *live
	way     way // back to the seat
	current *connection
	numbers int    // of connections
	ready   string // at which node one is ready
	state   group.State
	up      bool          // on the stage
	changed chan struct{} // closed when state or up has
	counts  Counts
	root    []byte // of the house's network; nil in none
	asked   bool   // it has said which
}

// An Option is how a room is joined.
type Option func(*Room)

// At has the media connection be with one of the nodes that came with the grant,
// in place of the one that is joined.
func At(node string) Option { return func(r *Room) { r.at = node } }

// Among has the media connection go to others of the nodes that came with the
// grant, when its own is gone or about to stop; whoever is on the stage has one
// ready there.
func Among(nodes ...Node) Option { return func(r *Room) { r.nodes = nodes } }

// By has others recognise the one who joins by a device's key, which is kept.
// Without it they see another one each time.
func By(device Device) Option { return func(r *Room) { r.device = device } }

// Join enters the room at an address, such as "https://stoa.example/r/" and its
// name, with a grant, and connects its media. When ctx ends, so does the seat.
// The error is a *Problem where the node refuses.
func Join(ctx context.Context, address, grant string, options ...Option) (*Room, error) {
	node, err := liveAddress(address)
	if err != nil {
		return nil, err
	}
	inside, cancel := context.WithCancelCause(ctx)
	voices := newStage()
	r := &Room{
		house:      houseAddress(node),
		microphone: newMicrophone(voices.seal), voices: voices, frames: make(chan Frame, framesMax), events: make(chan Event, eventsMax), words: make(chan Word, wordsMax), changed: make(chan struct{}), moves: make(chan move, movesMax),
		cancel: cancel, done: inside.Done(), err: func() error { return context.Cause(inside) },
	}
	for _, o := range options {
		o(r)
	}
	joining, stop := context.WithTimeout(inside, joinWait)
	defer stop()
	if err := r.join(joining, node, grant); err != nil {
		r.end(err)
		if l := r.socket(); l != nil {
			_ = l.conn.CloseNow()
		}
		r.connection().close()
		return nil, fmt.Errorf("join: %w", err)
	}
	go r.attend(inside)
	context.AfterFunc(inside, func() {
		l := r.socket()
		l.settle()
		_ = l.conn.Close(websocket.StatusNormalClosure, "") // the seat goes with it, a little later
	})
	return r, nil
}

func (r *Room) join(ctx context.Context, node, grant string) (err error) {
	l, err := dial(ctx, node, r)
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.live, r.way.house = l, node
	r.mu.Unlock()
	var entered struct {
		Me   string
		View View
	}
	if err := l.ask(ctx, "enter", map[string]string{"grant": grant}, &entered); err != nil {
		return err
	}
	r.Me, r.View = entered.Me, entered.View
	return r.connect(ctx)
}

// socket returns the WebSocket that there is now.
func (r *Room) socket() *live {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.live
}

// liveAddress returns the node's WebSocket for the address of a room.
func liveAddress(room string) (string, error) {
	u, err := url.Parse(room)
	if err != nil || u.Host == "" {
		return "", fmt.Errorf("%w: %q", ErrAddress, room)
	}
	switch u.Scheme {
	case "https":
		u.Scheme = "wss"
	case "http":
		u.Scheme = "ws"
	default:
		return "", fmt.Errorf("%w: %q is neither https:// nor http://", ErrAddress, room)
	}
	return u.Scheme + "://" + u.Host + "/api/v1/live", nil
}

// Leave goes, and ends what Hear and Next wait for.
func (r *Room) Leave(ctx context.Context) error {
	err := r.Ask(ctx, "leave", struct{}{})
	r.end(ErrLeft)
	return err
}

// Done is closed when the seat is gone; Err then says why.
func (r *Room) Done() <-chan struct{} { return r.done }

// Err returns why the room is over: ErrLeft, ErrLost, a Cut, or what the
// context of Join says. It is nil before.
func (r *Room) Err() error { return r.err() }

// end is told why the room is over. Only the first time counts.
func (r *Room) end(why error) { r.cancel(why) }

// Ask makes a request of docs/protocol/signal.md, and returns when it is done,
// or a *Problem.
func (r *Room) Ask(ctx context.Context, request string, body any) error {
	return r.socket().ask(ctx, request, body, nil)
}

// RaiseHand asks to come onto the stage.
func (r *Room) RaiseHand(ctx context.Context) error { return r.Ask(ctx, "raise_hand", struct{}{}) }

// LowerHand takes that back.
func (r *Room) LowerHand(ctx context.Context) error {
	return r.Ask(ctx, "lower_hand", map[string]string{"who": r.Me})
}

// StepUp accepts an invitation to the stage.
func (r *Room) StepUp(ctx context.Context) error {
	err := r.Ask(ctx, "step_up", struct{}{})
	if err == nil {
		r.stands(true) // the event may come a moment later
	}
	return err
}

// StepDown goes back into the audience.
func (r *Room) StepDown(ctx context.Context) error { return r.Ask(ctx, "step_down", struct{}{}) }

// Unmute opens the own microphone: before, nobody hears what is spoken.
func (r *Room) Unmute(ctx context.Context) error { return r.Ask(ctx, "unmute", struct{}{}) }

// Mute closes it.
func (r *Room) Mute(ctx context.Context) error {
	return r.Ask(ctx, "mute", map[string]string{"who": r.Me})
}

// Next waits for the next event of the room. If nobody has asked for long, the
// oldest are gone: their numbers grow by one.
func (r *Room) Next(ctx context.Context) (Event, error) { return next(ctx, r, r.events) }

// next returns the next of a queue, which still has what came before the end.
func next[T any](ctx context.Context, r *Room, from <-chan T) (one T, err error) {
	select {
	case one = <-from:
		return one, nil
	default:
	}
	select {
	case one = <-from:
		return one, nil
	case <-ctx.Done():
		return one, ctx.Err()
	case <-r.done:
		return one, r.Err()
	}
}

// offer puts one into a queue, and takes the oldest out while it is full. It
// returns how many.
func offer[T any](to chan T, one T) (dropped int) {
	for {
		select {
		case to <- one:
			return dropped
		default:
		}
		select {
		case <-to:
			dropped++
		default:
		}
	}
}
