package report

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"

	"github.com/stoa-audio/stoa/sdk/go/group"
	"github.com/stoa-audio/stoa/sdk/go/keys"
	"github.com/stoa-audio/stoa/sdk/go/red"
	"github.com/stoa-audio/stoa/sdk/go/voice"
)

// HashSize is the length of a hash in a case in bytes.
const HashSize = 16

// HashesMax is how many hashes a case has at most: what a voice may send in
// three minutes.
const HashesMax = 3 * 60 * 250

// A Case is a report with what the node knows by itself.
type Case struct {
	Room, About, By group.ID
	Made            uint64 // ms since 1970, by the node's clock
	// Hashes are of what the node has had from that voice lately, in that order.
	Hashes [][HashSize]byte
	Sealed []byte
}

// caseHead is how the file of a case begins.
const caseHead = "stoa case 1\n"

// Append appends the case to b.
func (c *Case) Append(b []byte) []byte {
	b = append(append(append(append(b, caseHead...), c.Room[:]...), c.About[:]...), c.By[:]...)
	b = binary.BigEndian.AppendUint64(b, c.Made)
	b = binary.BigEndian.AppendUint32(b, uint32(len(c.Hashes))) //nolint:gosec // at most HashesMax
	for _, h := range c.Hashes {
		b = append(b, h[:]...)
	}
	return append(b, c.Sealed...)
}

// ParseCase reads a case. It keeps b.
func ParseCase(b []byte) (*Case, error) {
	c, from := new(Case), reader{b, false}
	if string(from.take(len(caseHead))) != caseHead {
		return nil, ErrMalformed
	}
	for _, to := range []*group.ID{&c.Room, &c.About, &c.By} {
		copy(to[:], from.take(len(to)))
	}
	c.Made = binary.BigEndian.Uint64(from.take(8))
	for range from.count(4, HashesMax) {
		c.Hashes = append(c.Hashes, [HashSize]byte(from.take(HashSize)))
		if from.short {
			return nil, ErrMalformed
		}
	}
	if from.short || len(from.rest) == 0 || len(from.rest) > SealedMax {
		return nil, ErrMalformed
	}
	c.Sealed = from.rest
	return c, nil
}

// ErrAbout means that what a report says of whom and of which room is not what
// it was made about.
var ErrAbout = errors.New("the report is about somebody else, or another room")

// A Verdict says what a report is worth. Each of its frames is counted once, as
// the first of these that is true of it.
type Verdict struct {
	Frames   int // that the report has
	Unopened int // do not open by the keys in it, or stand in it twice
	Unseen   int // have not come to the node from that person
	Unsigned int // are not signed with their key by the voice in the cert
	Proven   int // are what that person has said

	// Missing is how many frames lie between those that are proven.
	Missing int
	// Packets are what is proven, Opus, in the order in which they were said.
	Packets []Packet
}

// A Packet is an Opus packet that somebody has said. Before says how many are
// missing before it.
type Packet struct {
	Before int
	Opus   []byte
}

// Judge says what a report is worth in a case; ErrAbout when it is about another,
// and the error of group when the cert is not that person's in that room.
func (r *Report) Judge(c *Case) (*Verdict, error) {
	if r.Room != c.Room || r.Who != c.About {
		return nil, ErrAbout
	}
	if err := r.Cert.Verify(r.Room, r.Who); err != nil {
		return nil, err
	}
	windows := make(map[uint64]keys.Window)
	for _, w := range r.Windows {
		windows[w.KID] = w.Key
	}
	came := make(map[[HashSize]byte]int) // which one it was
	for i, h := range c.Hashes {
		came[h] = i + 1
	}
	v := &Verdict{Frames: len(r.Frames)}
	said := make([]*voice.Finding, len(c.Hashes))
	twice := make(map[[HashSize]byte]bool)
	found := voice.Examine(r.Cert.PageKey[:], windows, r.Frames)
	for i := range found {
		h := Hash(r.Frames[i])
		at := came[h]
		switch f := &found[i]; {
		case !f.Opened || twice[h]:
			v.Unopened++
		case at == 0:
			v.Unseen++
		case !f.Signed:
			v.Unsigned++
		default:
			v.Proven++
			said[at-1] = f
		}
		twice[h] = true
	}
	v.gather(said)
	return v, nil
}

// gather collects the packets in the order in which the node had them.
func (v *Verdict) gather(said []*voice.Finding) {
	var last *voice.Finding
	for _, f := range said {
		if f == nil {
			continue
		}
		packet := Packet{Opus: f.Payload}
		if f.Redundant { // copies are what was said before, and came before
			_, _, own, err := red.Parse(f.Payload, nil)
			if err != nil {
				continue
			}
			packet.Opus = own
		}
		if last != nil && f.KID == last.KID && f.Number > last.Number+1 {
			packet.Before = int(f.Number - last.Number - 1) //nolint:gosec // within a window
			v.Missing += packet.Before
		}
		last = f
		v.Packets = append(v.Packets, packet)
	}
}

// Hash returns what a node remembers of a sealed frame: the beginning of SHA-256.
func Hash(sealed []byte) [HashSize]byte {
	sum := sha256.Sum256(sealed)
	return [HashSize]byte(sum[:HashSize])
}
