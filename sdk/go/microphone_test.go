package stoa

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/stoa-audio/stoa/sdk/go/opus"
	"github.com/stoa-audio/stoa/sdk/go/red"
)

func TestSamplesOf(t *testing.T) {
	for _, c := range []struct {
		packet []byte
		ms     float64
	}{
		{nil, 0},
		{[]byte{0x00}, 10},            // SILK narrow
		{[]byte{0x08}, 20},            // SILK narrow
		{[]byte{0x58}, 60},            // SILK wide
		{[]byte{0x60}, 10},            // hybrid
		{[]byte{0x78}, 20},            // hybrid
		{[]byte{0xe0}, 2.5},           // CELT
		{[]byte{0xf8}, 20},            // CELT
		{[]byte{0xf9}, 40},            // two of a size
		{[]byte{0xfa}, 40},            // two
		{[]byte{0xfb}, 0},             // cut off
		{[]byte{0xfb, 0x83}, 60},      // three
		{[]byte{0xfb, 0x00}, 0},       // none
		{[]byte{0x5b, 0x02}, 120},     // two of 60 ms
		{[]byte{0x5b, 0x03}, 0},       // longer than a packet may be
		{[]byte{0xe3, 0x30, 1}, 120},  // 48 of 2.5 ms
		{[]byte{0xe3, 0x31, 1}, 0},    // and one more
		{[]byte{0xff, 0xff, 0xff}, 0}, // 63 of 20 ms
	} {
		if got := opus.Samples(c.packet); float64(got) != c.ms*48 {
			t.Errorf("%x: %d samples, not %v", c.packet, got, c.ms*48)
		}
	}
}

// split takes a packet of code 3 with lengths of their own apart, by RFC 6716,
// section 3.2.5.
func split(t *testing.T, packet []byte) (frames [][]byte) {
	t.Helper()
	if packet[0]&3 != 3 || packet[1]&0xc0 != 0x80 {
		t.Fatalf("%x is not a packet of that kind", packet[:2])
	}
	n, rest := int(packet[1]&0x3f), packet[2:]
	lengths := make([]int, 0, n)
	for range n - 1 {
		length := int(rest[0])
		rest = rest[1:]
		if length >= 252 {
			length += 4 * int(rest[0])
			rest = rest[1:]
		}
		lengths = append(lengths, length)
	}
	for _, length := range lengths {
		frames = append(frames, append([]byte{packet[0] &^ 3}, rest[:length]...))
		rest = rest[length:]
	}
	return append(frames, append([]byte{packet[0] &^ 3}, rest...))
}

func TestJoinerMakesOneOfSeveral(t *testing.T) {
	for _, sizes := range [][]int{{80, 90}, {0, 1, 2}, {251, 252, 253}, {255, 256, 1275}, {1275, 0, 1275}} {
		var j joiner
		var frames [][]byte
		for i, size := range sizes {
			frame := append([]byte{0x78}, bytes.Repeat([]byte{byte(i + 1)}, size)...)
			frames = append(frames, frame)
			if !j.add(frame) {
				t.Fatalf("%v: frame %d does not go in", sizes, i)
			}
		}
		packet := j.take()
		if opus.Samples(packet) != uint32(len(sizes))*960 {
			t.Errorf("%v: %d samples", sizes, opus.Samples(packet))
		}
		for i, frame := range split(t, packet) {
			if !bytes.Equal(frame, frames[i]) {
				t.Errorf("%v: frame %d is another", sizes, i)
			}
		}
	}
}

func TestJoinerKeepsApartWhatIsOfTwoKinds(t *testing.T) {
	for _, second := range [][]byte{
		{0xf8, 1},                     // another configuration
		{0x7c, 1},                     // stereo
		{0x79, 1, 1},                  // two frames
		append(make([]byte, 1276), 1), // longer than a frame can be
	} {
		var j joiner
		j.add([]byte{0x78, 1})
		if j.add(second) {
			t.Errorf("%x goes together with 78", second[0])
		}
		if got := j.take(); !bytes.Equal(got, []byte{0x78, 1}) {
			t.Errorf("%x is left", got)
		}
	}
}

// A sent packet, as the microphone writes it.
type packet struct {
	rtp.Header

	payload   []byte
	redundant bool
}

// testMicrophone returns a microphone, the packets that it has sent, and its
// clock.
func testMicrophone(asRED bool) (m *microphone, sent *[]packet, clock *time.Time) {
	clock, sent = new(time.Time), new([]packet)
	*clock = time.Unix(1000, 0)
	said := false
	m = newMicrophone(func(_ time.Time, payload []byte, redundant bool, _ time.Duration) ([]byte, bool) {
		said = redundant
		return payload, true
	})
	m.now = func() time.Time { return *clock }
	m.red = asRED
	m.write = func(h *rtp.Header, payload []byte) error {
		*sent = append(*sent, packet{*h, payload, said})
		return nil
	}
	return m, sent, clock
}

// say speaks n frames at the pace of sound, numbered from first.
func say(t *testing.T, m *microphone, clock *time.Time, first, n int) {
	t.Helper()
	for i := range n {
		if err := m.speak(twenty(byte(first + i))); err != nil {
			t.Fatal(err)
		}
		*clock = clock.Add(20 * time.Millisecond)
	}
}

func TestMicrophoneRepeats(t *testing.T) {
	m, sent, clock := testMicrophone(true)
	say(t, m, clock, 0, 4)
	m.speakAs(20*time.Millisecond, []int{1, 3})
	say(t, m, clock, 4, 4)
	m.speakAs(20*time.Millisecond, nil)
	say(t, m, clock, 8, 1)
	for i, p := range *sent {
		frame, copies := opened(t, p)
		if p.PayloadType != redType || int(frame[1]) != i {
			t.Fatalf("packet %d: %x", i, p.payload)
		}
		want := 0
		if 4 <= i && i < 8 {
			want = 2
		}
		if len(copies) != want {
			t.Errorf("packet %d has %d copies", i, len(copies))
		}
		for _, c := range copies {
			if n := i - int(c.Offset/960); int(c.Data[1]) != n {
				t.Errorf("packet %d has frame %d for %d", i, c.Data[1], n)
			}
		}
		if int(p.SequenceNumber) != i || p.Timestamp != uint32(i)*960 || p.Marker != (i == 0) {
			t.Errorf("packet %d is %+v", i, p.Header)
		}
	}
}

// opened returns what a packet says, and the copies in it.
func opened(t *testing.T, p packet) (frame []byte, copies []red.Copy) {
	t.Helper()
	if !p.redundant {
		return p.payload, nil
	}
	payloadType, copies, frame, err := red.Parse(p.payload, nil)
	if err != nil || payloadType != opusType {
		t.Fatalf("%x: %v", p.payload, err)
	}
	return frame, copies
}

// A node that knows no RED knows nothing of copies, which are under the seal.
func TestMicrophoneRepeatsWhereThereIsNoRED(t *testing.T) {
	m, sent, clock := testMicrophone(false)
	m.speakAs(20*time.Millisecond, []int{1})
	say(t, m, clock, 0, 3)
	for i, p := range *sent {
		frame, copies := opened(t, p)
		if p.PayloadType != opusType || !bytes.Equal(frame, twenty(byte(i))) || len(copies) != min(i, 1) {
			t.Errorf("packet %d: %d %x", i, p.PayloadType, p.payload)
		}
	}
}

func TestMicrophoneSaysNothingInClear(t *testing.T) {
	m, sent, clock := testMicrophone(true)
	seal := m.seal
	m.seal = func(time.Time, []byte, bool, time.Duration) ([]byte, bool) { return nil, false }
	say(t, m, clock, 0, 3)
	if len(*sent) != 0 || m.unsent() != 3 {
		t.Fatalf("%d packets without a key, %d counted", len(*sent), m.unsent())
	}
	m.seal = seal
	say(t, m, clock, 3, 1)
	if p := (*sent)[0]; p.SequenceNumber != 0 || p.Timestamp != 3*960 {
		t.Errorf("with a key: %+v", p.Header)
	}
}

func TestMicrophoneJoinsFrames(t *testing.T) {
	for _, c := range []struct {
		length  time.Duration
		samples uint32
	}{
		{20 * time.Millisecond, 960},
		{40 * time.Millisecond, 1920},
		{60 * time.Millisecond, 2880},
		{30 * time.Millisecond, 960},
		{0, 960},
		{time.Hour, 960}, // which the protocol does not know
	} {
		m, sent, clock := testMicrophone(false)
		m.speakAs(c.length, nil)
		say(t, m, clock, 0, 12)
		if got := len(*sent); got != 12*960/int(c.samples) {
			t.Errorf("%v: %d packets", c.length, got)
		}
		for i, p := range *sent {
			if opus.Samples(p.payload) != c.samples || p.Timestamp != uint32(i)*c.samples {
				t.Errorf("%v: packet %d has %d samples at %d", c.length, i, opus.Samples(p.payload), p.Timestamp)
			}
		}
	}
}

func TestMicrophoneGoesOnAfterAPause(t *testing.T) {
	m, sent, clock := testMicrophone(false)
	m.speakAs(40*time.Millisecond, nil)
	say(t, m, clock, 0, 3) // the third waits for a fourth
	*clock = clock.Add(2 * time.Second)
	say(t, m, clock, 10, 2)
	if len(*sent) != 2 {
		t.Fatalf("%d packets", len(*sent))
	}
	p := (*sent)[1]
	if p.Timestamp != 3*960+2*clockRate || !p.Marker || p.SequenceNumber != 1 {
		t.Errorf("after the pause: %+v", p.Header)
	}
	if frames := split(t, p.payload); frames[0][1] != 10 {
		t.Errorf("it begins with frame %d", frames[0][1])
	}
}

func TestMicrophoneRefuses(t *testing.T) {
	m, _, _ := testMicrophone(false)
	for _, b := range [][]byte{nil, {}, {0xfb}, {0xff, 0xff}} {
		if err := m.speak(b); !errors.Is(err, ErrFrame) {
			t.Errorf("%x: %v", b, err)
		}
	}
	m.write = nil
	if err := m.speak(twenty(0)); !errors.Is(err, ErrLost) {
		t.Errorf("without a connection: %v", err)
	}
}

// Whatever frames are spoken, the sound in the packets is as long as theirs.
func FuzzSpeak(f *testing.F) {
	f.Add([]byte{0x78, 1, 0x78, 2, 0xf8, 3, 0x79, 4}, uint8(40))
	f.Fuzz(func(t *testing.T, b []byte, length uint8) {
		m, sent, _ := testMicrophone(true)
		m.speakAs(time.Duration(length)*time.Millisecond, []int{1, 2})
		var said, heard uint32
		for ; len(b) >= 2; b = b[2:] {
			frame := append(binary.BigEndian.AppendUint16(nil, binary.BigEndian.Uint16(b)), 1)
			if m.speak(frame) == nil {
				said += opus.Samples(frame)
			}
		}
		said -= m.joiner.samples
		for _, p := range *sent {
			frame, _ := opened(t, p)
			heard += opus.Samples(frame)
		}
		if said != heard {
			t.Fatalf("said %d samples, sent %d", said, heard)
		}
	})
}
