package mumble

import (
	"bytes"
	"testing"
)

func TestNumbers(t *testing.T) {
	for n, size := range map[uint64]int{
		0: 1, 127: 1, 128: 2, 1<<14 - 1: 2, 1 << 14: 3, 1<<21 - 1: 3, 1 << 21: 4, 1<<28 - 1: 4, 1 << 28: 5, 1<<32 - 1: 5, 1 << 32: 9, 1<<64 - 1: 9,
	} {
		b := appendNumber(nil, n)
		got, rest, err := parseNumber(append(b, 7))
		if len(b) != size || got != n || !bytes.Equal(rest, []byte{7}) || err != nil {
			t.Errorf("%d is %x, which reads as %d, %x, %v", n, b, got, rest, err)
		}
		if _, _, err := parseNumber(b[:len(b)-1]); err == nil {
			t.Errorf("%x reads without its end", b)
		}
	}
}

// What one says comes with the speaker's number in front of the rest.
func TestVoice(t *testing.T) {
	said := appendVoice(nil, 300, []byte("opus"))
	heard := append([]byte{said[0], 9}, said[1:]...)
	if got, err := parseVoice(heard); err != nil || string(got) != "opus" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestMessage(t *testing.T) {
	b := appendMessage(appendMessage(nil, kindCrypt, []byte("body")), kindSync, nil)
	r := bytes.NewReader(b)
	for _, want := range []struct {
		kind kind
		body string
	}{{kindCrypt, "body"}, {kindSync, ""}} {
		if k, body, err := readMessage(r); k != want.kind || string(body) != want.body || err != nil {
			t.Errorf("%d %q, %v", k, body, err)
		}
	}
	if _, _, err := readMessage(bytes.NewReader([]byte{0, 0, 0xff, 0, 0, 0})); err == nil {
		t.Error("a message has no bound")
	}
}

func FuzzParseVoice(f *testing.F) {
	f.Add(append([]byte{typeOpus, 9}, appendVoice(nil, 300, []byte("opus"))[1:]...))
	f.Fuzz(func(t *testing.T, b []byte) {
		if opus, err := parseVoice(b); err == nil && len(opus) > len(b)-4 {
			t.Errorf("%d bytes of %d", len(opus), len(b))
		}
	})
}
