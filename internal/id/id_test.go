package id

import (
	"encoding/json"
	"testing"
)

func TestRoundTrip(t *testing.T) {
	v := New[Person]()
	got, err := Parse[Person](v.String())
	if err != nil || got != v {
		t.Fatalf("Parse(%s) = %v, %v", v, got, err)
	}
	text, err := json.Marshal(map[Person]Room{v: New[Room]()})
	if err != nil {
		t.Fatal(err)
	}
	var back map[Person]Room
	if err := json.Unmarshal(text, &back); err != nil || len(back) != 1 || back[v].IsZero() {
		t.Fatalf("%s came back as %v, %v", text, back, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(New[Room]().String())
	f.Add("00000000000000000000000000")
	f.Add("0000000000000000000000000v") // the last two bits do not belong to the name
	f.Fuzz(func(t *testing.T, text string) {
		v, err := Parse[Room](text)
		if err == nil && v.String() != text {
			t.Fatalf("%q and %q are one name", text, v)
		}
	})
}
