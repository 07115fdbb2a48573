package live

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
)

// Of many who open a room by one name, on one node or on two, one does.
func TestOpenAs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		h, other := start(t, m), start(t, m)
		defer h.Close(t.Context())
		defer other.Close(t.Context())
		name := id.New[id.Room]()
		var wg sync.WaitGroup
		var mu sync.Mutex
		opened := 0
		for n := range 8 {
			rooms := h.Rooms
			if n%2 == 1 {
				rooms = other.Rooms
			}
			wg.Go(func() {
				err := rooms.OpenAs(t.Context(), name, room.OpenRoom{By: person("ada"), Name: "Ada", Visibility: room.Open}, nil)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					opened++
				case !errors.Is(err, ErrBusy) && !errors.Is(err, ErrStore):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if opened != 1 {
			t.Errorf("opened %d times", opened)
		}
		if runs := h.Read(name, func(*room.Room) {}); runs == other.Read(name, func(*room.Room) {}) {
			t.Error("it does not run on one node alone")
		}
	})
}
