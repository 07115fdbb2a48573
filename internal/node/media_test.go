package node

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stoa-audio/stoa/internal/api"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/media/sfu"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/room/live"
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
