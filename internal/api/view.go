package api

import (
	"encoding/json"
	"fmt"
	"strconv"
	"sync"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
)

const scenesMax = 256 // scenes of rooms that are kept

// views keeps the scene of each room as it was last written, since thousands
// who come in at once are shown the same.
type views struct {
	mu     sync.Mutex
	scenes map[id.Room]scene
}

type scene struct {
	changed uint64 // the event that it is as of
	text    []byte
}

// write returns the view of r, which is being read.
func (v *views) write(name id.Room, r *room.Room) ([]byte, error) {
	text, err := v.scene(name, r)
	if err != nil {
		return nil, err
	}
	b := make([]byte, 0, len(text)+64)
	b = append(b, `{"seq":`...)
	b = strconv.AppendUint(b, r.Seq(), 10)
	b = append(b, `,"count":`...)
	b = strconv.AppendInt(b, int64(r.Len()), 10)
	b = append(b, ',')
	return append(b, text[1:]...), nil // the rest of the object
}

func (v *views) scene(name id.Room, r *room.Room) ([]byte, error) {
	v.mu.Lock()
	last := v.scenes[name]
	v.mu.Unlock()
	if last.text != nil && last.changed == r.Changed() {
		return last.text, nil
	}
	text, err := json.Marshal(r.Scene())
	if err != nil {
		return nil, fmt.Errorf("write the view of a room: %w", err)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.scenes == nil || len(v.scenes) >= scenesMax {
		v.scenes = make(map[id.Room]scene) // nobody tells when a room is gone
	}
	v.scenes[name] = scene{r.Changed(), text}
	return text, nil
}
