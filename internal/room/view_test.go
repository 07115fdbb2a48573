package room

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
	"time"
)

func TestSnapshotRefuses(t *testing.T) {
	lia, hal := person("lia").String(), person("hal").String()
	for _, text := range []string{
		``, `7`, `{"seq":-1}`, `{"visibility":"ajar"}`, `{"people":[null]}`, `{"people":[{"who":"x"}]}`,
		`{"seq":9,"people":[{"who":"` + lia + `","entered":1},{"who":"` + lia + `","entered":2}]}`, // twice there
		`{"seq":9,"people":[{"who":"` + lia + `","entered":2},{"who":"` + hal + `","entered":1}]}`, // out of order
		`{"seq":9,"people":[{"who":"` + lia + `","entered":10}]}`,                                  // in the future
		`{"seq":9,"people":[{"who":"` + lia + `"}]}`,                                               // never
	} {
		if err := new(Room).UnmarshalJSON([]byte(text)); !errors.Is(err, ErrSnapshot) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// A clone goes its own way.
func TestClone(t *testing.T) {
	r := agora(t)
	before, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	c := r.Clone()
	for _, command := range []Command{
		Unmute{seat("zeno")},
		RaiseHand{seat("lia")},
		Remove{seat("zeno"), person("hal")},
		LetIn{seat("zeno"), person("ron")},
		Disconnect{seat("sol")},
		End{seat("zeno")},
	} {
		do(t, c, noon, command)
	}
	if after, err := json.Marshal(r); err != nil || !bytes.Equal(before, after) {
		t.Errorf("what happened to the clone changed\n%s to\n%s", before, after)
	}
	expect(t, r, Unmute{seat("zeno")}, "unmuted") // the seats are the same
	if !r.Clone().Next().Equal(r.Next()) || len(r.waiting) != 1 {
		t.Error("the clone waits for something else")
	}
}

func FuzzUnmarshal(f *testing.F) {
	r := agora(f)
	do(f, r, noon, Disconnect{seat("lia")})
	for _, r := range []*Room{{}, r} {
		text, err := json.Marshal(r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var r, back Room
		if err := json.Unmarshal(text, &r); err != nil {
			return
		}
		written, err := json.Marshal(&r)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(written, &back); err != nil {
			t.Fatalf("%s: %v", written, err)
		}
		if again, err := json.Marshal(&back); err != nil || !bytes.Equal(written, again) {
			t.Fatalf("%s came back as\n%s, %v", written, again, err)
		}
		for now := noon; now.Before(noon.Add(time.Hour)) && !r.Ended(); now = now.Add(10 * time.Minute) {
			events, _ := r.Decide(now, Expire{}) // refused where the room was never opened
			for _, e := range events {
				r.Apply(e)
			}
		}
	})
}
