package frame

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
)

func name[T ~[id.Size]byte](b byte) (v T) {
	for i := range v {
		v[i] = b
	}
	return v
}

// each is a record as it is appended, and how to read it back.
var each = map[Kind]struct {
	record any
	append func([]byte) []byte
	parse  func([]byte) (any, error)
}{}

func record[R interface{ Append([]byte) []byte }](kind Kind, r R, parse func([]byte) (R, error)) {
	each[kind] = struct {
		record any
		append func([]byte) []byte
		parse  func([]byte) (any, error)
	}{r, r.Append, func(b []byte) (any, error) { return parse(b) }}
}

func TestMain(m *testing.M) {
	record(KindAudio, Audio{1 << 31, 7, 65535, 8, 3, []byte("packet")}, ParseAudio)
	record(KindBeat, Beat{true, true, 1, 1 << 31, 65535, 1000}, ParseBeat)
	record(KindNack, Nack{1 << 63, 5}, ParseNack)
	record(KindWant, Want{name[id.Room](1), true}, ParseWant)
	record(KindInstall, Install{
		1 << 63, name[id.Room](2), 9, 8, true, true, name[id.Node](3), name[id.Node](4), "eu+ch@example",
		[]Voice{{0, name[id.Person](5)}, {19, name[id.Person](6)}},
	}, ParseInstall)
	record(KindInstalled, Installed{7, 1 << 31}, ParseInstalled)
	record(KindDismiss, Dismiss{7, 8}, ParseDismiss)
	record(KindJoin, Join{7, 8}, ParseJoin)
	record(KindJoined, Joined{7, JoinFull}, ParseJoined)
	record(KindPrune, Prune{7, 8}, ParsePrune)
	record(KindTrouble, Trouble{7, 8, name[id.Node](1), name[id.Node](2)}, ParseTrouble)
	record(KindLinks, Links{{name[id.Node](1), 65535, 255, 254}, {name[id.Node](2), 0, 1, 2}}, parseLinks)
	m.Run()
}

func parseLinks(b []byte) (l Links, err error) {
	err = ParseLinks(b, func(one Link) { l = append(l, one) })
	return l, err
}

func TestRecords(t *testing.T) {
	datagram := AppendPromise(nil, 21*time.Millisecond)
	var order []Kind
	for kind := range Kind(64) {
		one, known := each[kind]
		if !known {
			if kind > 20 { // what a later version says
				datagram = append(datagram, byte(kind), 0, 3, 1, 2, 3)
				order = append(order, kind)
			}
			continue
		}
		order = append(order, kind)
		datagram = one.append(datagram)
	}
	promise, rest, ok := ParsePromise(datagram)
	if !ok || promise != 25*time.Millisecond {
		t.Errorf("promised are %v, %v", promise, ok)
	}
	for _, want := range order {
		kind, body, after, ok := Next(rest)
		if !ok || kind != want {
			t.Fatalf("got record %v, %v; want %v", kind, ok, want)
		}
		rest = after
		one, known := each[kind]
		if !known {
			continue
		}
		got, err := one.parse(body)
		if err != nil || !reflect.DeepEqual(got, one.record) {
			t.Errorf("%T: got %+v, %v", one.record, got, err)
		}
		for n := range body {
			if got, err := one.parse(body[:n]); err == nil && reflect.DeepEqual(got, one.record) {
				t.Errorf("%T is read from %d of %d bytes", one.record, n, len(body))
			}
		}
	}
	if _, _, _, ok := Next(rest); ok || len(rest) != 0 {
		t.Errorf("%d bytes are left", len(rest))
	}
}

func TestAgain(t *testing.T) {
	_, body, _, _ := Next(AppendAgain(nil, 77, []byte("records")))
	if counter, records, err := ParseAgain(body); counter != 77 || string(records) != "records" || err != nil {
		t.Errorf("got %d %q, %v", counter, records, err)
	}
	if _, _, err := ParseAgain(body[:7]); err == nil {
		t.Error("a number cut off is read")
	}
}

// Eight packets of a voice and their promise fit into one datagram.
func TestRoom(t *testing.T) {
	if n := 1 + 8*AudioSize(120); n > PlainMax {
		t.Errorf("%d bytes, %d fit", n, PlainMax)
	}
	long := Audio{Packet: make([]byte, PacketMax)}.Append(nil)
	if len(long) != RecordMax || len(long) != AudioSize(PacketMax) {
		t.Errorf("the longest record has %d bytes, %d fit", len(long), RecordMax)
	}
	voices := make([]Voice, VoicesMax+1)
	install := Install{Fence: string(bytes.Repeat([]byte("x"), fenceMax+1)), Voices: voices}.Append(nil)
	if len(install) > RecordMax {
		t.Errorf("an install has %d bytes, %d fit", len(install), RecordMax)
	}
	if n := len(make(Links, LinksMax+1).Append(nil)); n > RecordMax {
		t.Errorf("links have %d bytes, %d fit", n, RecordMax)
	}
}

func FuzzRecords(f *testing.F) {
	for _, one := range each {
		f.Add(one.append(nil))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for {
			kind, body, rest, ok := Next(b)
			if !ok {
				return
			}
			if one, known := each[kind]; known {
				if r, err := one.parse(body); err == nil {
					again := r.(interface{ Append([]byte) []byte }).Append(nil)
					_, body, _, _ := Next(again)
					if twice, err := one.parse(body); err != nil || !reflect.DeepEqual(twice, r) {
						t.Fatalf("%+v becomes %+v, %v", r, twice, err)
					}
				}
			}
			b = rest
		}
	})
}

func BenchmarkAudio(b *testing.B) {
	a := Audio{Packet: make([]byte, 120)}
	buf := make([]byte, 0, PlainMax)
	b.ReportAllocs()
	for b.Loop() {
		buf = a.Append(buf[:0])
		_, body, _, _ := Next(buf)
		if _, err := ParseAudio(body); err != nil {
			b.Fatal(err)
		}
	}
}
