package discover

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cloudflare/circl/group"
	"github.com/cloudflare/circl/oprf"
	"github.com/cloudflare/circl/zk/dleq"
)

func vectors(t testing.TB, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "test", "vectors", name))
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func unhex(t testing.TB, texts ...string) [][]byte {
	t.Helper()
	out := make([][]byte, len(texts))
	for i, text := range texts {
		b, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		out[i] = b
	}
	return out
}

// TestRFC9497 computes the examples of appendix A.1.2, in both halves.
func TestRFC9497(t *testing.T) {
	var v struct {
		Seed    string
		Info    string `json:"key_info"`
		Private string `json:"private_key"`
		Public  string `json:"public_key"`
		Vectors []struct {
			Input, Blind, Blinded, Evaluated, Output []string
			Proof                                    string
		}
	}
	vectors(t, "voprf.json", &v)
	key, err := newKey(unhex(t, v.Seed)[0], string(unhex(t, v.Info)[0]))
	if err != nil || hex.EncodeToString(key.Public()) != v.Public {
		t.Fatalf("the key is %x, %v", key.Public(), err)
	}
	for i, one := range v.Vectors {
		evaluated, proof, err := key.Evaluate(unhex(t, one.Blinded...))
		if err != nil {
			t.Fatal(err)
		}
		inputs := unhex(t, one.Input...)
		for j := range inputs {
			if got := hex.EncodeToString(evaluated[j]); got != one.Evaluated[j] {
				t.Errorf("%d: evaluated %s", i, got)
			}
			output, err := key.server.FullEvaluate(inputs[j])
			if err != nil || hex.EncodeToString(output) != one.Output[j] {
				t.Errorf("%d: the whole: %x, %v", i, output, err)
			}
		}
		// The client's half takes the proof of the examples, and this one.
		for _, p := range [][]byte{unhex(t, one.Proof)[0], proof} {
			outputs, err := finalize(t, key.Public(), inputs, unhex(t, one.Blind...), evaluated, p)
			if err != nil {
				t.Fatal(err)
			}
			for j, output := range outputs {
				if hex.EncodeToString(output) != one.Output[j] {
					t.Errorf("%d: output %x", i, output)
				}
			}
		}
		evaluated[0] = unhex(t, one.Blinded[0])[0]
		if _, err := finalize(t, key.Public(), inputs, unhex(t, one.Blind...), evaluated, proof); err == nil {
			t.Error("a proof of something else is taken")
		}
	}
}

// finalize is the client's half.
func finalize(t testing.TB, key []byte, inputs, blinds, evaluated [][]byte, proof []byte) ([][]byte, error) {
	t.Helper()
	var public oprf.PublicKey
	if err := public.UnmarshalBinary(oprf.SuiteRistretto255, key); err != nil {
		t.Fatal(err)
	}
	client := oprf.NewVerifiableClient(oprf.SuiteRistretto255, &public)
	scalars := make([]oprf.Blind, len(blinds))
	elements := make([]oprf.Evaluated, len(evaluated))
	for i := range blinds {
		scalars[i], elements[i] = group.Ristretto255.NewScalar(), group.Ristretto255.NewElement()
		if err := errors.Join(scalars[i].UnmarshalBinary(blinds[i]), elements[i].UnmarshalBinary(evaluated[i])); err != nil {
			t.Fatal(err)
		}
	}
	data, _, err := client.DeterministicBlind(inputs, scalars)
	if err != nil {
		t.Fatal(err)
	}
	var p dleq.Proof
	if err := p.UnmarshalBinary(group.Ristretto255, proof); err != nil {
		t.Fatal(err)
	}
	return client.Finalize(data, &oprf.Evaluation{Elements: elements, Proof: &p})
}

type discoveryVectors struct {
	Identifiers [][2]string
	None        []string
	Secret      string
	PublicKey   string            `json:"public_key"`
	Values      map[string]string // by identifier, base64url
}

func TestIdentifiers(t *testing.T) {
	var v discoveryVectors
	vectors(t, "discovery.json", &v)
	for _, one := range v.Identifiers {
		got, ok := ParseIdentifier(one[0])
		if string(got) != one[1] || !ok {
			t.Errorf("%q is %q, want %q", one[0], got, one[1])
		}
		if again, _ := ParseIdentifier(string(got)); again != got {
			t.Errorf("%q is %q the second time", got, again)
		}
	}
	for _, text := range append(v.None, "ada\xff@example.org", strings.Repeat("a", textMax)+"@example.org") {
		if got, ok := ParseIdentifier(text); ok {
			t.Errorf("%q is %q", text, got)
		}
	}
	key, err := NewKey(unhex(t, v.Secret)[0])
	if err != nil || base64.RawURLEncoding.EncodeToString(key.Public()) != v.PublicKey {
		t.Fatalf("the key is %x, %v", key.Public(), err)
	}
	for text, want := range v.Values {
		value, err := key.Value(Identifier(text))
		if got := base64.RawURLEncoding.EncodeToString(value[:]); err != nil || got != want {
			t.Errorf("the value of %s is %s, %v", text, got, err)
		}
	}
}

func FuzzIdentifier(f *testing.F) {
	var v discoveryVectors
	vectors(f, "discovery.json", &v)
	for _, one := range v.Identifiers {
		f.Add(one[0])
	}
	for _, text := range v.None {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := ParseIdentifier(text)
		if !ok {
			return
		}
		if again, ok := ParseIdentifier(string(got)); !ok || again != got {
			t.Errorf("%q is %q, and then %q", text, got, again)
		}
		if got.Kind() != Handle && got.Kind() != Mail {
			t.Errorf("%q has no kind", got)
		}
	})
}

// TestElements refuses what is no element, and says which.
func TestElements(t *testing.T) {
	key, err := NewKey(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	good, err := group.Ristretto255.HashToElement([]byte("ada"), nil).MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	negative := slices.Clone(good)
	negative[31] |= 0x80
	bad := map[string][]byte{
		"nothing": nil, "short": good[:31], "long": append(slices.Clone(good), 0),
		"the identity": make([]byte, 32), "not canonical": bytes.Repeat([]byte{0xff}, 32), "a high bit": negative,
		"negative": append([]byte{1}, make([]byte, 31)...),
	}
	for name, b := range bad {
		_, _, err := key.Evaluate([][]byte{good, b, good, b})
		if which, ok := errors.AsType[ElementsError](err); !ok || !slices.Equal(which, ElementsError{1, 3}) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := key.Evaluate([][]byte{good, good}); err != nil {
		t.Error(err)
	}
}

func TestBudget(t *testing.T) {
	noon := time.Date(2026, time.November, 29, 12, 0, 0, 0, time.UTC)
	var b Budget
	spend := func(after time.Duration, n int, want int, more time.Duration) {
		t.Helper()
		now := noon.Add(after)
		next, err := b.Spend(now, n)
		if spent, is := errors.AsType[BudgetError](err); is != (more > 0) || is && !spent.More.Equal(noon.Add(more)) {
			t.Fatalf("%d after %v: %v", n, after, err)
		} else if !is {
			b = next
		}
		if got := b.At(now).Left; got != want {
			t.Fatalf("%d after %v leaves %d, want %d", n, after, got, want)
		}
	}
	if more := b.At(noon).More(); !more.IsZero() {
		t.Errorf("a whole budget grows at %v", more)
	}
	spend(0, BudgetMax+1, BudgetMax, day)
	spend(time.Hour, 990, 10, 0)
	spend(2*time.Hour, 11, 10, 25*time.Hour)
	spend(2*time.Hour, 61, 10, 49*time.Hour)
	spend(2*time.Hour, 10, 0, 0)
	spend(24*time.Hour, 1, 0, 25*time.Hour)
	spend(25*time.Hour, 50, 0, 0)
	spend(20*time.Hour, 1, 0, 49*time.Hour) // a clock that goes back gives nothing
	spend(100*25*time.Hour, 1000, 0, 0)     // never more than at first
}
