package keys

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"regexp"
	"testing"
)

// bytes32 are 32 bytes that JSON has as hex.
type bytes32 [32]byte

func (b *bytes32) UnmarshalText(text []byte) error {
	_, err := hex.Decode(b[:], text)
	return err
}

type vectors struct {
	Secret  bytes32
	Commit  bytes32
	Roster  bytes32
	Code    string
	Senders []struct {
		Slot    uint8
		Cert    bytes32
		Sender  bytes32
		Windows []struct {
			Window, KID uint64
			Epoch       uint32
			Key, Commit bytes32
		}
	}
}

// The same derivations as in TypeScript.
func TestVectors(t *testing.T) {
	b, err := os.ReadFile("../../../test/vectors/keys.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	s := Secret(v.Secret)
	if s.Commit() != v.Commit || s.Code(v.Roster) != v.Code {
		t.Errorf("commit %x, code %s", s.Commit(), s.Code(v.Roster))
	}
	if len(v.Senders) < 2 {
		t.Fatal("the vectors are cut")
	}
	for _, x := range v.Senders {
		k := s.Sender(x.Slot, x.Cert)
		if k != Sender(x.Sender) {
			t.Errorf("sender %d: %x", x.Slot, k)
		}
		for _, y := range x.Windows {
			w := k.Window(y.Window)
			if w != Window(y.Key) || w.Commit() != y.Commit || KID(y.Epoch, x.Slot, y.Window) != y.KID {
				t.Errorf("window %d: %x, %x, %d", y.Window, w, w.Commit(), KID(y.Epoch, x.Slot, y.Window))
			}
			if low, slot, number := ParseKID(y.KID); low != EpochLow(y.Epoch) || slot != x.Slot || number != y.Window {
				t.Errorf("%d is epoch …%d, slot %d, window %d", y.KID, low, slot, number)
			}
		}
	}
}

func TestAllKeysDiffer(t *testing.T) {
	a, b := Secret{1}, Secret{2}
	seen := map[[32]byte]string{}
	note := func(what string, k [32]byte) {
		t.Helper()
		if was, ok := seen[k]; ok {
			t.Errorf("%s is %s", what, was)
		}
		seen[k] = what
	}
	for _, s := range []Secret{a, b} {
		note("secret", s)
		note("commit", s.Commit())
		for _, slot := range []uint8{0, 1, SlotMax} {
			for _, cert := range [][32]byte{{}, {1}} {
				k := s.Sender(slot, cert)
				note("sender", k)
				for _, w := range []uint64{0, 1, 1 << 40} {
					note("window", k.Window(w))
					note("window's commit", k.Window(w).Commit())
				}
			}
		}
	}
}

func TestCode(t *testing.T) {
	c := Secret{7}.Code([32]byte{8})
	if !regexp.MustCompile(`^\d{5}( \d{5}){5}$`).MatchString(c) {
		t.Error(c)
	}
	if c == (Secret{7}).Code([32]byte{9}) || c == (Secret{6}).Code([32]byte{8}) {
		t.Error("another room has the same code")
	}
}
