package stoa

import (
	"strings"
	"testing"
	"time"
)

// twenty is an Opus packet of 20 ms.
func twenty(n byte) []byte { return []byte{0x78, n} }

// play brings packets in the order of a script, one each 20 ms, and returns
// what is heard of them, copies in lower case. Each is a letter, for the frame
// in it, with the letters of the copies beside it, "C(A)"; a dot is one that
// does not come.
func play(t *testing.T, script string) (heard string, lost int) {
	t.Helper()
	var o order
	var out strings.Builder
	now := time.Unix(1000, 0)
	release := func() {
		for h, n, ok := o.next(now); ok; h, n, ok = o.next(now) {
			letter := string('A' + rune(h.packet[1]))
			if h.copy {
				letter = strings.ToLower(letter)
			}
			out.WriteString(letter)
			lost += n
		}
	}
	frame := func(letter byte, copied bool) held {
		n := letter - 'A' // both numbers wrap soon
		return held{timestamp: uint32(n)*960 - 3000, sequence: uint16(n) - 4, copy: copied, packet: twenty(n)}
	}
	for token := range strings.FieldsSeq(script) {
		now = now.Add(20 * time.Millisecond)
		if token != "." {
			o.add(now, frame(token[0], false))
			for _, c := range []byte(strings.Trim(token[1:], "()")) {
				o.add(now, frame(c, true))
			}
		}
		release()
	}
	now = now.Add(hearWait)
	release()
	if len(o.held) > 0 {
		t.Errorf("%d frames are held for ever", len(o.held))
	}
	return out.String(), lost
}

func TestOrder(t *testing.T) {
	for _, c := range []struct {
		name, script, heard string
		lost                int
	}{
		{"all come", "A B C D", "ABCD", 0},
		{"one overtakes another", "A C B D", "ABCD", 0},
		{"one comes twice", "A B B C", "ABC", 0},
		{"one comes late, when it was asked for again", "A . C D E B F", "ABCDEF", 0},
		{"one is lost", "A . C D", "ACD", 1},
		{"one comes too late", "A . C D E F G H I J K L M N B O", "ACDEFGHIJKLMNO", 1},
		{"a copy fills the hole", "A B . D(B) E(C) F(D)", "ABcDEF", 0},
		{"a burst of three with copies two and four later", "A B . . . F(DB) G(EC) H(FD)", "ABcdeFGH", 0},
		{"copies of what is there", "A B(A) C(BA) D(CB)", "ABCD", 0},
		{"a copy, and then the packet", "A . C(B) B D", "AbCD", 0},
		{"a copy behind a hole that stays", "A . . D(C) E", "AcDE", 1},
		{"copies of what was before us", "C(AB) D", "CD", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			if heard, lost := play(t, c.script); heard != c.heard || lost != c.lost {
				t.Errorf("%s: heard %s, lost %d; not %s, %d", c.script, heard, lost, c.heard, c.lost)
			}
		})
	}
}

// A pause is no hole, nor is it one when somebody else's voice goes on in the
// slot: numbers follow, and copies may be older than the slot is theirs.
func TestOrderAfterAPause(t *testing.T) {
	var o order
	now := time.Unix(1000, 0)
	o.add(now, held{timestamp: 0, sequence: 1, packet: twenty(0)})
	if _, _, ok := o.next(now); !ok {
		t.Fatal("nothing is heard")
	}
	o.add(now, held{timestamp: 96000, sequence: 2, packet: twenty(1)})
	o.add(now, held{timestamp: 96000 - 1920, copy: true, packet: twenty(2)})
	if h, lost, ok := o.next(now); !ok || h.copy || lost != 0 {
		t.Errorf("%+v, lost %d, %v", h, lost, ok)
	}
	if len(o.held) != 0 {
		t.Error("a copy from before is held")
	}
}

// Nothing waits without a bound.
func TestOrderIsBounded(t *testing.T) {
	var o order
	now := time.Unix(1000, 0)
	o.add(now, held{packet: twenty(0)})
	o.next(now)
	for i := range uint16(1000) {
		o.add(now, held{timestamp: 9600 + uint32(i)*1920, sequence: 10 + 2*i, packet: twenty(1)})
		for _, _, ok := o.next(now); ok; _, _, ok = o.next(now) {
		}
		if len(o.held) > heldMax {
			t.Fatalf("%d frames are held", len(o.held))
		}
	}
}

func FuzzOrder(f *testing.F) {
	f.Add([]byte{1, 2, 3, 130, 4, 5, 255, 6})
	f.Fuzz(func(t *testing.T, steps []byte) {
		var o order
		now := time.Unix(1000, 0)
		var last uint32
		heard := false
		for _, s := range steps {
			now = now.Add(time.Duration(s%8) * 5 * time.Millisecond)
			n := uint16(s & 0x3f)
			o.add(now, held{timestamp: uint32(n) * 960, sequence: n, copy: s&0x40 != 0, packet: twenty(byte(n))})
			for h, lost, ok := o.next(now); ok; h, lost, ok = o.next(now) {
				if heard && int32(h.timestamp-last) <= 0 || lost < 0 {
					t.Fatalf("%d after %d, lost %d", h.timestamp, last, lost)
				}
				last, heard = h.timestamp, true
			}
		}
	})
}
