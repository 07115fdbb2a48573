package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stoa-audio/stoa/internal/api"
	"github.com/stoa-audio/stoa/internal/beside"
	"github.com/stoa-audio/stoa/internal/hallway"
	"github.com/stoa-audio/stoa/internal/hub"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/media/forward"
	"github.com/stoa-audio/stoa/internal/media/sfu"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/room/live"
	"github.com/stoa-audio/stoa/internal/signal"
	"github.com/stoa-audio/stoa/internal/spread"
)

// Why an offer is not answered comes to the doors as something that they have
// words for, whichever node has refused it.
func TestOfferErrors(t *testing.T) {
	for _, c := range []struct{ from, want error }{
		{&spread.Refusal{Code: spread.RefusedSeat}, room.ErrNotHere},
		{&spread.Refusal{Code: spread.RefusedBusy}, live.ErrBusy},
		{fmt.Errorf("over: %w", spread.ErrNoPlace), api.ErrNode},
		{fmt.Errorf("stopping: %w", sfu.ErrClosed), live.ErrClosed},
	} {
		if got := offerError(c.from); !errors.Is(got, c.want) {
			t.Errorf("%v becomes %v, not %v", c.from, got, c.want)
		}
	}
	w := &world{t: t}
	w.startMedia()
	defer func() { _ = w.media.Close() }()
	if _, err := mediaOf(w.media).Offer(t.Context(), id.Room{1}, id.Person{1}, id.Session{1}, offerOf()); !errors.Is(offerError(err), room.ErrNotHere) {
		t.Errorf("an offer without a seat: %v", err)
	}
}

// How long somebody has been heard counts what is heard here, and what another
// node says that is heard there; what it says otherwise changes nothing.
func TestHeardAtAnotherNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		watchers := hub.New()
		n := &Node{beside: beside.New(watchers), hallway: hallway.New()}
		name, ada, there := id.Room{1}, id.Person{1}, id.Node{2}
		r := new(room.Room)
		events := []room.Event{room.Opened{By: ada, Visibility: room.Open}, room.Returned{Who: ada}, room.Unmuted{Who: ada}}
		var sights []room.Sight
		for _, e := range events {
			sights = append(sights, r.Apply(e))
		}
		watchers.Show(name, 1, sights, 1)
		n.beside.Happened(name, r, 1, events)
		watch, ok := watchers.Watch(name, 3, func() {})
		if !ok {
			t.Fatal("nothing to watch")
		}
		notice, speaking := encodeSound(name, sfu.Sound{Voices: forward.Voices{Slots: [forward.Slots]id.Person{ada}, Speaking: [forward.Slots]bool{true}}})
		if len(speaking) != 1 || speaking[0] != ada {
			t.Errorf("heard are %v", speaking)
		}
		n.soundAt(watchers, name, there, notice)
		n.soundAt(watchers, name, there, []byte("half a notice"))
		time.Sleep(12 * time.Second)
		quiet, _ := encodeSound(name, sfu.Sound{})
		n.soundAt(watchers, name, there, quiet)
		time.Sleep(time.Minute)
		var last signal.Notice
		for {
			text, _ := watch.Take()
			if text == nil {
				break
			}
			if err := json.Unmarshal(text, &last); err != nil {
				t.Fatal(err)
			}
		}
		if last.Clock == nil || last.Clock.Seconds[ada] != 12 {
			t.Errorf("told is %+v", last.Clock)
		}
	})
}
