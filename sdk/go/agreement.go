package stoa

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stoa-audio/stoa/sdk/go/group"
	"github.com/stoa-audio/stoa/sdk/go/voice"
)

const toldMax = 4096 // things that the node has said and that wait

var errBehind = errors.New("too much has come at once")

// An agreement is how a client agrees with the others on the secrets of a room.
// One goroutine owns the group: it is told what the node says, and asks the
// node for what the group wants.
type agreement struct {
	room  *Room
	me    group.ID
	told  chan func(now time.Time)
	stage []group.Standing
	group *group.Group
}

// A Device is the key by which others recognise who speaks; Ed25519. It signs
// once for each room that is joined.
type Device = crypto.Signer

// An entry is what the node says of a room when one comes in, as far as keys
// are concerned.
type entry struct {
	Room group.ID `json:"room"`
	Me   group.ID `json:"me"`
	View struct {
		Visibility string     `json:"visibility"`
		Proven     bool       `json:"proven"`
		People     []standing `json:"people"`
	} `json:"view"`
}

type standing struct {
	Who   group.ID   `json:"who"`
	Stage uint64     `json:"stage"` // the event by which they came onto it; 0: they listen
	Away  *time.Time `json:"away_until"`
}

// begin makes keys for this seat, and begins to agree. It is called by who
// reads, before anything that the node says later.
func (r *Room) begin(raw json.RawMessage) error {
	var e entry
	if err := json.Unmarshal(raw, &e); err != nil {
		return fmt.Errorf("entered: %w", err)
	}
	if a := r.agreement; a != nil { // again: the node knows nothing of us yet
		a.tell(func(now time.Time) { a.group.Prove(now, e.View.Proven) })
		a.tell(a.group.Entered)
		a.stands(e)
		return nil
	}
	if r.device == nil {
		_, device, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return err
		}
		r.device = device
	}
	g, err := group.New(group.Config{Room: e.Room, Who: e.Me, Device: r.device, Closed: e.View.Visibility == "closed"})
	if err != nil {
		return err
	}
	a := &agreement{room: r, me: e.Me, told: make(chan func(time.Time), toldMax), group: g}
	r.voices.mine(g)
	r.desk.begin(e.Room, e.Me, g)
	r.agreement, r.room = a, e.Room
	a.tell(func(now time.Time) { g.Prove(now, e.View.Proven) })
	a.tell(g.Entered)
	a.stands(e)
	go a.run()
	return nil
}

// stands takes in who is on the stage.
func (a *agreement) stands(e entry) {
	slices.SortFunc(e.View.People, func(a, b standing) int { return int(a.Stage) - int(b.Stage) }) //nolint:gosec // numbers of events
	a.stage = a.stage[:0]
	for _, p := range e.View.People {
		if p.Stage > 0 {
			a.stage = append(a.stage, group.Standing{Who: p.Who, Away: p.Away != nil})
		}
	}
	a.see()
}

// tell has the group told something, in the order in which it was said.
func (a *agreement) tell(what func(now time.Time)) {
	select {
	case a.told <- what:
	default:
		a.room.end(fmt.Errorf("%w: %w", ErrLost, errBehind))
	}
}

// run is the goroutine that owns the group.
func (a *agreement) run() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-a.room.done:
			return
		case what := <-a.told:
			what(time.Now())
		case <-timer.C:
			a.group.Tick(time.Now())
		}
		for _, r := range a.group.Take() {
			a.ask(r)
		}
		a.room.agreed(a.group.State())
		if due := a.group.Due(); !due.IsZero() {
			timer.Reset(time.Until(due))
		} else {
			timer.Stop()
		}
	}
}

// ask asks the node, and tells the group of the answer when it has come.
func (a *agreement) ask(r group.Request) {
	name, body := "", any(nil)
	switch {
	case r.Knock != nil:
		name, body = "knock", r.Knock
	case r.Tend != nil:
		name, body = "tend", r.Tend
	case r.Announce != nil:
		name, body = "announce", r.Announce
	case r.Letters != nil:
		name, body = "letters", r.Letters
	}
	l := a.room.socket()
	answered, err := l.send(name, body)
	if err != nil {
		return // the connection is gone: all begins anew on the next one
	}
	go func() {
		var tended struct {
			Sequence uint32 `json:"sequence"`
			Epoch    uint32 `json:"epoch"`
		}
		err := l.await(context.Background(), name, answered, &tended)
		switch {
		case name == "knock" || errors.Is(err, ErrLost):
		case err != nil:
			a.tell(a.group.Refused)
		case name == "tend":
			a.tell(func(now time.Time) {
				a.group.Tended(now, tended.Sequence, tended.Epoch)
				a.next()
			})
		}
	}()
}

// next asks for the knocks that have come, now that those before are done with.
func (a *agreement) next() {
	if _, err := a.room.socket().send("next_knocks", struct{}{}); err != nil {
		return // the connection is gone: all begins anew on the next one
	}
}

// hear takes in a notice about keys.
func (a *agreement) hear(n group.Notice) {
	a.tell(func(now time.Time) {
		a.group.Hear(now, n)
		if n.Knocks != nil {
			a.next()
		}
	})
}

// happened follows who is on the stage.
func (a *agreement) happened(e Event) {
	switch e.Name {
	case "widened":
		a.tell(func(time.Time) { a.group.Widen() })
		return
	case "proof_set":
		var set struct {
			Proven bool `json:"proven"`
		}
		if json.Unmarshal(e.Body, &set) == nil {
			a.tell(func(now time.Time) { a.group.Prove(now, set.Proven) })
		}
		return
	}
	var about struct {
		Who group.ID `json:"who"`
	}
	if json.Unmarshal(e.Body, &about) != nil {
		return // about nobody
	}
	i := slices.IndexFunc(a.stage, func(s group.Standing) bool { return s.Who == about.Who })
	switch {
	case e.Name == "stepped_up" && i < 0:
		a.stage = append(a.stage, group.Standing{Who: about.Who})
	case i < 0:
		return
	case e.Name == "stepped_down" || e.Name == "left":
		a.stage = slices.Delete(a.stage, i, i+1)
	case e.Name == "went_away":
		a.stage[i].Away = true
	case e.Name == "returned":
		a.stage[i].Away = false
	default:
		return
	}
	a.see()
}

func (a *agreement) see() {
	stage := slices.Clone(a.stage)
	a.room.stands(slices.ContainsFunc(stage, func(s group.Standing) bool { return s.Who == a.me }))
	a.tell(func(now time.Time) { a.group.See(now, stage) })
}

// --- what is known of it ---

// A Lock says how a room is sealed.
type Lock struct {
	Epoch   uint32    // which secret is in use; 0: none has come yet
	Since   time.Time // by the clock of who has announced it
	Holders int       // who have it now, oneself included
	Code    string    // six groups of five digits that all who have it have in common
	Steward string    // who lets others in
	Tending bool      // this client does
	Proven  bool      // listeners hear only what is proven, a second later
	Voices  []Voice   // who may speak
}

// A Voice is somebody on the stage, as their seal says.
type Voice struct {
	Who    string
	Device ed25519.PublicKey
	// Heard is whether anything was, Trust what their signatures say of it.
	// Who is not trusted is not heard.
	Heard bool
	Trust voice.Trust
}

// Lock returns how the room is sealed now.
func (r *Room) Lock() Lock {
	r.mu.Lock()
	s := r.state
	r.mu.Unlock()
	l := Lock{Code: s.Code, Tending: s.Tending, Steward: textOf(s.Steward), Proven: s.Proven}
	if s.Code == "" {
		return l
	}
	l.Epoch, l.Since, l.Holders = s.Epochs[0].Number, s.Since, int(s.Holders)
	now := time.Now()
	for _, v := range s.Roster {
		trust, heard := r.voices.trust(now, v)
		l.Voices = append(l.Voices, Voice{textOf(v.Who), slices.Clone(v.DeviceKey), heard, trust})
	}
	return l
}

// Changed returns a channel that is closed when something of the Lock has
// changed, but for what is known of each voice's signatures.
func (r *Room) Changed() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.changed
}

// Sealed waits until what is said can be heard: until the secret of the room has
// come and, for who is on the stage, until they may speak.
func (r *Room) Sealed(ctx context.Context) error {
	for {
		changed, up := r.Changed(), r.isUp()
		wait, ok := r.voices.speaksIn(time.Now())
		if !up && r.voices.mayHear() || ok && wait == 0 {
			return nil
		}
		var due <-chan time.Time
		if ok {
			due = time.After(wait)
		}
		select {
		case <-changed:
		case <-due:
		case <-ctx.Done():
			return fmt.Errorf("the room's secret does not come: %w", ctx.Err())
		case <-r.done:
			return r.Err()
		}
	}
}

// isUp reports whether this client's person is on the stage.
func (r *Room) isUp() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.up
}

// stands notes whether this client's person is on the stage.
func (r *Room) onStage() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.up
}

func (r *Room) stands(up bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.up = up
	r.change()
}

// agreed takes in what is agreed on now.
func (r *Room) agreed(s group.State) {
	r.voices.agree(s)
	for _, w := range r.desk.agree(time.Now(), s.Epochs) {
		r.written(w)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state = s
	r.change()
}

// change tells who waits for it. The lock is held.
func (r *Room) change() {
	close(r.changed)
	r.changed = make(chan struct{})
}

func textOf(v group.ID) string {
	if v == (group.ID{}) {
		return ""
	}
	text, _ := v.MarshalText() // never fails
	return string(text)
}
