package red

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// vectors are shared with the TypeScript client.
type vectors struct {
	PayloadType uint8 `json:"payload_type"`
	Streams     []struct {
		Name   string
		Repeat []int
		Stream []struct {
			Timestamp      uint32
			Frame, Payload octets
		}
	}
	Read []struct {
		Name           string
		Payload, Frame octets
		Copies         []struct {
			Offset uint32
			Data   octets
		}
	}
	Malformed []struct {
		Name    string
		Payload octets
	}
}

type octets []byte

func (o *octets) UnmarshalText(text []byte) (err error) {
	*o, err = hex.DecodeString(string(text))
	return err
}

func load(t testing.TB) (v vectors) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "..", "test", "vectors", "red.json"))
	if err == nil {
		err = json.Unmarshal(b, &v)
	}
	if err != nil || len(v.Streams) == 0 || len(v.Read) == 0 || len(v.Malformed) == 0 {
		t.Fatal("the vectors are not there: ", err)
	}
	return v
}

func TestVectors(t *testing.T) {
	v := load(t)
	for _, s := range v.Streams {
		var r Repeater
		for i, f := range s.Stream {
			if got := r.Append(nil, v.PayloadType, f.Timestamp, f.Frame, s.Repeat); !bytes.Equal(got, f.Payload) {
				t.Errorf("%s: payload %d is %x, not %x", s.Name, i, got, f.Payload)
			}
			checkCopies(t, s.Name, f.Timestamp, f.Payload, func(timestamp uint32, data []byte) bool {
				for _, before := range s.Stream[:i] {
					if before.Timestamp == timestamp && bytes.Equal(before.Frame, data) {
						return true
					}
				}
				return false
			})
		}
	}
	for _, r := range v.Read {
		payloadType, copies, frame, err := Parse(r.Payload, nil)
		if err != nil || payloadType != v.PayloadType || !bytes.Equal(frame, r.Frame) || len(copies) != len(r.Copies) {
			t.Errorf("%s: %d, %v, %x, %v", r.Name, payloadType, copies, frame, err)
			continue
		}
		for i, c := range r.Copies {
			if copies[i].Offset != c.Offset || !bytes.Equal(copies[i].Data, c.Data) {
				t.Errorf("%s: copy %d is %v", r.Name, i, copies[i])
			}
		}
	}
	for _, m := range v.Malformed {
		if _, copies, frame, err := Parse(m.Payload, nil); !errors.Is(err, ErrMalformed) || copies != nil || frame != nil {
			t.Errorf("%s: %v, %x, %v", m.Name, copies, frame, err)
		}
	}
}

// checkCopies fails unless each copy in a payload is a frame that was sent at
// the timestamp that it says.
func checkCopies(t *testing.T, name string, timestamp uint32, payload []byte, was func(uint32, []byte) bool) {
	t.Helper()
	_, copies, _, err := Parse(payload, nil)
	if err != nil {
		t.Errorf("%s: %x: %v", name, payload, err)
	}
	for _, c := range copies {
		if !was(timestamp-c.Offset, c.Data) {
			t.Errorf("%s: nothing like %x was sent at %d", name, c.Data, timestamp-c.Offset)
		}
	}
}

// Whatever a stream does, a copy says when it was sent, and payloads stay
// within their bounds.
func TestCopiesTellTheTruth(t *testing.T) {
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		var r Repeater
		sent := make(map[uint32][]octets)
		now := rnd.Uint32()
		for range 100 {
			switch rnd.IntN(10) {
			case 0:
				now = rnd.Uint32() // another source
			case 1:
				now += 960 * rnd.Uint32N(100) // a pause
			default:
				now += 960 * (1 + rnd.Uint32N(3))
			}
			frame := make(octets, 1+rnd.IntN(1+1400>>rnd.IntN(8)))
			for i := range frame {
				frame[i] = byte(rnd.Uint32())
			}
			distances := make([]int, rnd.IntN(6))
			for i := range distances {
				distances[i] = rnd.IntN(20) - 1
			}
			payload := r.Append(nil, 111, now, frame, distances)
			if len(payload) > max(PayloadMax, 1+len(frame)) || !bytes.HasSuffix(payload, frame) {
				t.Fatalf("seed %d: %d bytes for a frame of %d", seed, len(payload), len(frame))
			}
			checkCopies(t, "a random stream", now, payload, func(timestamp uint32, data []byte) bool {
				return slices.ContainsFunc(sent[timestamp], func(f octets) bool { return bytes.Equal(f, data) })
			})
			sent[now] = append(sent[now], frame)
		}
	}
}

func FuzzParse(f *testing.F) {
	v := load(f)
	for _, s := range v.Streams {
		for _, p := range s.Stream {
			f.Add([]byte(p.Payload))
		}
	}
	for _, m := range v.Malformed {
		f.Add([]byte(m.Payload))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		payloadType, copies, frame, err := Parse(b, nil)
		if err != nil {
			return
		}
		if len(frame) == 0 || len(copies) > CopiesMax {
			t.Fatalf("%d copies, %d bytes", len(copies), len(frame))
		}
		again, copiesAgain, frameAgain, err := Parse(Append(nil, payloadType, copies, frame), nil)
		if err != nil || again != payloadType || len(copiesAgain) != len(copies) || !bytes.Equal(frameAgain, frame) {
			t.Fatalf("it does not survive being written: %v", err)
		}
	})
}
