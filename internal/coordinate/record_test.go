package coordinate

import (
	"bytes"
	"encoding/hex"
	"slices"
	"testing"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/region"
)

// What is written is what docs/protocol/coordination.md says.
func TestRecords(t *testing.T) {
	o := Owner{Owner: id.Node{1}, Deputy: id.Node{2}, Term: 3, URL: "http://x"}
	want := "01" + "0000000000000003" + "01000000000000000000000000000000" + "02000000000000000000000000000000" + "08" + hex.EncodeToString([]byte("http://x"))
	if got := hex.EncodeToString(o.bytes()); got != want {
		t.Errorf("an owner is %s", got)
	}
	n := Notice{region.Place{Region: "eu", Operator: "one"}, "0.1.0", true}
	want = "0101" + "02" + hex.EncodeToString([]byte("eu")) + "03" + hex.EncodeToString([]byte("one")) + "05" + hex.EncodeToString([]byte("0.1.0"))
	if got := hex.EncodeToString(n.bytes()); got != want {
		t.Errorf("a node is %s", got)
	}
	for _, later := range [][]byte{nil, {7, 7}} { // of a later version
		if got, err := parseOwner(append(o.bytes(), later...)); err != nil || got != o {
			t.Error(got, err)
		}
		if got, err := parseNotice(append(n.bytes(), later...)); err != nil || got != n {
			t.Error(got, err)
		}
	}
	for _, b := range [][]byte{o.bytes(), n.bytes()} {
		for i := range b {
			_, errOwner := parseOwner(b[:i])
			_, errNotice := parseNotice(b[:i])
			if errOwner == nil || errNotice == nil {
				t.Fatalf("the first %d of %d bytes are a record", i, len(b))
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(Owner{Owner: id.Node{1}, Deputy: id.Node{2}, Term: 3, URL: "http://x"}.bytes())
	f.Add(Notice{region.Place{Region: "eu", Operator: "one"}, "0.1.0", true}.bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		if o, err := parseOwner(b); err == nil && !bytes.HasPrefix(b, o.bytes()) {
			t.Error("an owner is written in another way")
		}
		if n, err := parseNotice(b); err == nil {
			if m, err := parseNotice(n.bytes()); err != nil || m != n {
				t.Error("a node is read in another way")
			}
		}
	})
}

func TestKeys(t *testing.T) {
	for text, is := range map[string]bool{"a": true, "A-b_9": true, "": false, "a.b": false, "*": false, ">": false, "a b": false, "ä": false, string(make([]byte, 65)): false} {
		if isKey(text) != is {
			t.Errorf("%q", text)
		}
	}
	if a, b := NodeKey(id.Node{1}), NodeKey(id.Node{2}); a == b || len(a) != 32 || !isKey(a) {
		t.Error(a, b)
	}
}

func TestAddresses(t *testing.T) {
	got := Addresses([]string{"tls://nats1.example.org:4222", "nats://nats2.example.org", "10.0.0.9:5222", "[2001:db8::1]", "nats://%zz", ""})
	want := []string{"nats1.example.org:4222", "nats2.example.org:4222", "10.0.0.9:5222", "[2001:db8::1]:4222"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
