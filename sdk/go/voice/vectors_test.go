package voice

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/sdk/go/keys"
)

var update = flag.Bool("update", false, "write the vectors anew")

const vectorsFile = "../../../test/vectors/voice.json"

// hexBytes are bytes that JSON has as hex.
type hexBytes []byte

func (b hexBytes) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, b), nil }

func (b *hexBytes) UnmarshalText(text []byte) (err error) {
	*b, err = hex.DecodeString(string(text))
	return err
}

// vectors are what a speaker seals in some epochs.
type vectors struct {
	Seed   hexBytes `json:"seed"` // of the signing key
	Cert   hexBytes `json:"cert"` // its hash
	Slot   uint8    `json:"slot"`
	Batch  int      `json:"batch"`
	Epochs []struct {
		Epoch  uint32   `json:"epoch"`
		Secret hexBytes `json:"secret"`
		Frames []vector `json:"frames"`
	} `json:"epochs"`
}

type vector struct {
	Frame     hexBytes `json:"frame"`
	Redundant bool     `json:"redundant,omitempty"`
	Repeats   int      `json:"repeats"`
	Sealed    hexBytes `json:"sealed"`
}

// The same bytes as in TypeScript.
func TestVectors(t *testing.T) {
	b, err := os.ReadFile(vectorsFile)
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	sign := ed25519.NewKeyFromSeed(v.Seed)
	ada := NewSpeaker(sign, v.Slot, v.Batch)
	bo := NewHearer(sign.Public().(ed25519.PublicKey), v.Slot)
	now, proven := time.Unix(1e9, 0), false
	for _, e := range v.Epochs {
		sender := keys.Secret(e.Secret).Sender(v.Slot, [32]byte(v.Cert))
		if err := ada.Rekey(e.Epoch, sender); err != nil {
			t.Fatal(err)
		}
		if err := bo.Rekey(e.Epoch, sender); err != nil {
			t.Fatal(err)
		}
		for i := range e.Frames {
			f := &e.Frames[i]
			sealed, err := ada.Seal(nil, f.Frame, f.Redundant, f.Repeats)
			if err != nil {
				t.Fatal(err)
			}
			if *update {
				f.Sealed = sealed
			}
			if !bytes.Equal(sealed, f.Sealed) {
				t.Fatalf("epoch %d, frame %d: %x, want %x", e.Epoch, i, sealed, f.Sealed)
			}
			now = now.Add(frameTime)
			if got, redundant, err := bo.Open(now, nil, sealed); err != nil || redundant != f.Redundant || !bytes.Equal(got, f.Frame) {
				t.Fatalf("epoch %d, frame %d: %x, %v", e.Epoch, i, got, err)
			}
			if trust := bo.Trust(now); trust > Proven {
				t.Fatalf("epoch %d, frame %d: trust is %d", e.Epoch, i, trust)
			} else if trust == Proven {
				proven = true
			}
		}
	}
	if !proven {
		t.Error("the vectors prove nothing")
	}
	if *update {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		b = append(bytes.ReplaceAll(b, []byte(`{"frame"`), []byte("\n"+`{"frame"`)), '\n')
		if err := os.WriteFile(vectorsFile, b, 0o644); err != nil { //nolint:gosec // a file of the repository
			t.Fatal(err)
		}
	}
}
