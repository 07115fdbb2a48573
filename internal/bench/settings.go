package bench

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Settings are what to measure.
type Settings struct {
	Listeners int
	Speakers  int
	Seconds   int
	FrameMS   int    // length of a frame, also known as ptime
	Client    string // what listeners are made of: "lean" or "pion"
	Lane      string // by which the node sends: "udp" or "packet"
	Wire      bool   // a veth pair between node and crowd, instead of loopback
	Joining   int    // listeners that come in at the same time
	Herd      int    // more lean listeners who come at once while the window is open
	Profile   string // where to write a CPU profile of the node; none if empty
}

// Bounds of Settings. A room takes 10,000 people, of whom 20 are on the stage.
const (
	listenersMax = 9_980
	speakersMax  = 20
	secondsMax   = 300
	joiningMax   = 1_000
	herdMax      = 5_000
)

// Check says what is wrong with s in one line.
func (s Settings) Check() error {
	for _, n := range []struct {
		name         string
		is, from, to int
	}{
		{"listeners", s.Listeners, 1, listenersMax},
		{"speakers", s.Speakers, 0, speakersMax},
		{"seconds", s.Seconds, 1, secondsMax},
		{"joining", s.Joining, 1, joiningMax},
		{"herd", s.Herd, 0, min(herdMax, listenersMax-s.Listeners)},
	} {
		if n.is < n.from || n.is > n.to {
			return fmt.Errorf("--%s takes %d to %d, not %d", n.name, n.from, n.to, n.is)
		}
	}
	switch {
	case s.Herd > 0 && s.Speakers == 0:
		return errors.New("--herd takes a speaker: those inside are to hear it")
	case !slices.Contains([]int{20, 40, 60}, s.FrameMS):
		return fmt.Errorf("--ptime takes 20, 40 or 60, not %d", s.FrameMS)
	case s.Client != "lean" && s.Client != "pion":
		return fmt.Errorf("--client takes lean or pion, not %q", s.Client)
	case s.Lane != "udp" && s.Lane != "packet":
		return fmt.Errorf("--lane takes udp or packet, not %q", s.Lane)
	case s.Lane == "packet" && !s.Wire:
		return errors.New("--lane packet takes --wire: over loopback there are no frames")
	}
	return nil
}

// host is where the node is.
func (s Settings) host() string {
	if s.Wire {
		return wireAddress
	}
	return "127.0.0.1"
}

func (s Settings) window() time.Duration { return time.Duration(s.Seconds) * time.Second }
func (s Settings) frame() time.Duration  { return time.Duration(s.FrameMS) * time.Millisecond }

// patience is how long all listeners may take to join, or the herd: ten a second would be
// slower than any node should be.
func (s Settings) patience() time.Duration {
	return time.Minute + time.Duration(max(s.Listeners, s.Herd))*time.Second/10
}

// files is how many files one process of the run opens at most: the node and
// the crowd have a WebSocket for each person, and pion/webrtc a socket more.
func (s Settings) files() uint64 {
	each := 1
	if s.Client == "pion" {
		each = 2
	}
	// Each of the herd has a call under way before there is a WebSocket.
	const rest = 200                                                                       // records, sockets, pollers
	return uint64(each*(s.Listeners+speakersMax) + s.Herd + max(s.Joining, s.Herd) + rest) //nolint:gosec // not negative
}
