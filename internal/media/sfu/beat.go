package sfu

import (
	"time"

	"github.com/stoa-audio/stoa/internal/id"
)

// A beat is a packet that says nothing but that the node is there, by which a
// client knows within a third of a second when it is not. Those on the stage get
// one each tick. Whoever listens gets one a second in the pauses of a conversation:
// while voices come they say the same, and where nobody has spoken for long nobody
// misses anything.
const (
	beatQuiet = 900 * time.Millisecond // looks come about once a second
	heardAgo  = 500 * time.Millisecond
	pauseMax  = 30 * time.Second
)

// Stage says whether who stands on the stage of a room. They do not, to begin
// with.
func (s *SFU) Stage(room id.Room, who id.Person, up bool) {
	s.withSeat(room, who, func(_ *hall, at *seat) {
		if at.onStage == up {
			return
		}
		at.onStage = up
		if c := at.client; c != nil {
			c.onStage.Store(up)
			if l := c.owner.Load(); l != nil {
				l.post(func() { l.attend(c) })
			}
		}
	})
}

// Standby says whether who's seat in a room is only held ready: its connection
// is made and kept, and hears and says nothing. A seat that was given its voices
// once is not taken them again; it is taken away.
func (s *SFU) Standby(room id.Room, who id.Person, ready bool) {
	s.withSeat(room, who, func(_ *hall, at *seat) {
		if at.standby == ready {
			return
		}
		at.standby = ready
		c := at.client
		switch {
		case c == nil:
		case ready: // its numbers cannot be begun again under the same keys
			s.cut(c)
		default:
			c.standby.Store(false)
			if l := c.owner.Load(); l != nil {
				l.post(func() { l.begin(c) })
			}
		}
	})
}

// attend keeps account of who gets a beat each tick.
func (l *shard) attend(c *client) {
	if c.onStage.Load() && !c.gone.Load() {
		l.near[c] = struct{}{}
	} else {
		delete(l.near, c)
	}
}

// begin has a client that was ready hear and be heard.
func (l *shard) begin(c *client) {
	if c.gone.Load() || c.ready == nil {
		return // or its handshake has not ended, and it will arrive then
	}
	with := *c.ready
	c.ready = nil
	l.arrive(c, with)
	c.reportAt = l.now.Add(reportEvery)
}

// beatNear sends a beat to everybody on a stage.
func (l *shard) beatNear() {
	if !l.sfu.beats {
		return
	}
	for c := range l.near {
		l.beat(c)
	}
}

// beatQuietly sends a beat to one who listens, in a pause.
func (l *shard) beatQuietly(c *client) {
	if !l.sfu.beats || c.place == nowhere || l.now.Before(c.beatAt) || c.onStage.Load() {
		return
	}
	var last time.Time
	for _, at := range l.floors[c.hall].voices {
		if at.After(last) {
			last = at
		}
	}
	if ago := l.now.Sub(last); ago < heardAgo || ago > pauseMax {
		return
	}
	c.beatAt = l.now.Add(beatQuiet)
	l.beat(c)
}

func (l *shard) beat(c *client) {
	if !c.Addr.IsValid() {
		return
	}
	if b, ok := c.AppendBeat(l.space()); ok {
		l.sfu.counters.add(beats)
		l.send(b, c.Addr)
	}
}
