package words

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/sdk/go/group"
	"github.com/stoa-audio/stoa/sdk/go/keys"
)

var update = flag.Bool("update", false, "write the vectors anew")

var now = time.Unix(1e9, 0)

// pattern returns bytes that a name stands for.
func pattern(name string) [32]byte { return sha256.Sum256([]byte(name)) }

func idOf(name string) group.ID { p := pattern(name); return group.ID(p[:16]) }

func epoch(n uint32) group.Epoch {
	return group.Epoch{Number: n, Secret: keys.Secret(pattern(fmt.Sprint("secret ", n)))}
}

var agora = idOf("agora")

// A writer is somebody with a device and a page.
type writer struct {
	*Writer

	who    group.ID
	cert   group.Cert
	device ed25519.PrivateKey
}

// come has somebody come into a room on a device, by a new page.
func come(room group.ID, who, device, page string) *writer {
	d, p := pattern(device), pattern(page)
	w := &writer{who: idOf(who), device: ed25519.NewKeyFromSeed(d[:])}
	key := ed25519.NewKeyFromSeed(p[:])
	member := pattern("member " + page)
	w.cert = group.Cert{
		Member: group.Member(member[:8]), PageKey: [32]byte(key.Public().(ed25519.PublicKey)),
		DeviceKey: [32]byte(w.device.Public().(ed25519.PublicKey)),
	}
	if err := w.cert.Sign(w.device, room, w.who); err != nil {
		panic(err)
	}
	w.Writer = NewWriter(room, w.who, w.cert, key)
	return w
}

func (w *writer) write(t testing.TB, n uint32, text string) []byte {
	t.Helper()
	sealed, err := w.Seal(n, epoch(n).Secret, text)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func read(r *Reader, w *writer, sealed []byte) (Word, bool) {
	return r.Read(now, Message{N: 7, Who: w.who, Name: "Ada", Sealed: sealed})
}

func inside(epochs ...uint32) *Reader {
	r := NewReader(agora)
	var all []group.Epoch
	for _, n := range epochs {
		all = append(all, epoch(n))
	}
	r.Agree(now, all)
	return r
}

// ignored ends the test unless this is all that was ignored.
func ignored(t *testing.T, r *Reader, want map[string]uint64) {
	t.Helper()
	if got := r.Ignored(); !maps.Equal(got, want) {
		t.Errorf("ignored are %v, want %v", got, want)
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	ada, r := come(agora, "ada", "phone", "page"), inside(2, 1)
	for _, text := range []string{"a", "Grüße\naus 東京 🎈", strings.Repeat("ä", TextMax), strings.Repeat("x", 63), strings.Repeat("x", 64)} {
		sealed := ada.write(t, 2, text)
		if len(sealed) > SaidMax || (len(sealed)-Overhead)%PadTo != 0 {
			t.Errorf("%d bytes for %d", len(sealed), len(text))
		}
		word, ok := read(r, ada, sealed)
		if !ok || word.Text != text || word.N != 7 || word.Who != ada.who || word.Name != "Ada" ||
			!word.Device.Equal(ada.device.Public()) {
			t.Errorf("%q is read as %+v, %v: %v", text, word, ok, r.Ignored())
		}
	}
	if _, ok := read(r, ada, ada.write(t, 1, "by the one before")); !ok {
		t.Error("not read in the epoch before")
	}
	ignored(t, r, map[string]uint64{})
}

// Of two texts of up to 63 bytes, nobody can tell which is longer.
func TestLengthsAreSteps(t *testing.T) {
	ada := come(agora, "ada", "phone", "page")
	sizes := make(map[int]bool)
	for n := 1; n < PadTo; n++ {
		sizes[len(ada.write(t, 1, strings.Repeat("x", n)))] = true
	}
	if len(sizes) != 1 {
		t.Errorf("there are %d lengths", len(sizes))
	}
}

func TestTexts(t *testing.T) {
	for text, want := range map[string]bool{
		"a": true, "two\nlines": true, strings.Repeat("ä", 500): true, strings.Repeat("東", 405): true, "👩‍👩‍👧": true,
		"": false, strings.Repeat("a", 501): false, strings.Repeat("東", 406): false, "\xff": false,
		"tab\t": false, "\r\n": false, "a\x00": false, "\x1b[31m": false, "\u0085": false, "\x7f": false,
	} {
		if IsText(text) != want {
			t.Errorf("%q is a text: %v", text, !want)
		}
		if _, err := come(agora, "ada", "phone", "page").Seal(1, epoch(1).Secret, text); (err == nil) != want {
			t.Errorf("%q is sealed: %v", text, err)
		}
	}
}

// TestForgeries has everybody do what they can do: the node, those inside, and
// those who were.
func TestForgeries(t *testing.T) {
	ada, eve := come(agora, "ada", "phone", "page"), come(agora, "eve", "laptop", "another page")
	sealed := ada.write(t, 2, "Hello.")
	change := func(at int) []byte { b := bytes.Clone(sealed); b[at] ^= 1; return b }
	signature := len(sealed) - ed25519.SignatureSize

	// Somebody inside, who can seal with what Ada's words are sealed with.
	forged, err := Parse(sealed)
	if err != nil {
		t.Fatal(err)
	}
	forged.Sealed = gcm(epoch(2).Secret.Words(ada.cert.Hash())).Seal(nil, nonce(0), pad("Evil."), append(forged.appendHead(nil), agora[:]...))

	// Somebody inside who makes up a cert of Ada's: of a device of their own it
	// would be signed, but names Ada only if that device does.
	other := ada.cert
	other.PageKey = eve.cert.PageKey
	borrowed := NewWriter(agora, ada.who, other, eve.page)

	// What Eve has written, by the node in Ada's name; and in another room.
	elsewhere := come(idOf("elsewhere"), "ada", "phone", "page")
	outside, _ := ada.Seal(2, epoch(9).Secret, "Hello.")
	controls, _ := ada.Seal(2, epoch(2).Secret, "x")
	badText := func(padded []byte) []byte {
		s, err := Parse(controls)
		if err != nil {
			t.Fatal(err)
		}
		s.Sealed = gcm(epoch(2).Secret.Words(ada.cert.Hash())).Seal(nil, nonce(s.Number), padded, append(s.appendHead(nil), agora[:]...))
		copy(s.Signature[:], ed25519.Sign(ada.page, s.signed(agora, ada.who)))
		return s.Append(nil)
	}
	full := func(b ...byte) []byte { return append(b, make([]byte, PadTo-len(b))...) }

	for _, test := range []struct {
		about  string
		who    *writer
		sealed []byte
		why    string
	}{
		{"nothing", ada, nil, IgnoredMalformed},
		{"half", ada, sealed[:100], IgnoredMalformed},
		{"longer", ada, append(bytes.Clone(sealed), 0), IgnoredMalformed},
		{"another version", ada, change(0), IgnoredMalformed},
		{"another version of the cert", ada, change(13), IgnoredMalformed},
		{"too long", ada, append(bytes.Clone(sealed), make([]byte, 64*20)...), IgnoredMalformed},
		{"another epoch", ada, change(4), IgnoredSignature},
		{"another number", ada, change(12), IgnoredSignature},
		{"another member", ada, change(14), IgnoredSignature},
		{"another page key", ada, change(30), IgnoredSignature},
		{"another device", ada, change(60), IgnoredSignature},
		{"another text", ada, change(headSize), IgnoredSignature},
		{"another signature", ada, change(signature), IgnoredSignature},
		{"as if by somebody else", eve, sealed, IgnoredSignature},
		{"sealed by somebody inside", ada, forged.Append(nil), IgnoredSignature},
		{"by another's cert", ada, mustSeal(borrowed.Seal(2, epoch(2).Secret, "Hello.")), IgnoredSignature},
		{"in another room", ada, elsewhere.write(t, 2, "Hello."), IgnoredSignature},
		{"by another secret", ada, outside, IgnoredSealed},
		{"of an epoch that is gone", ada, come(agora, "ada", "phone", "page").write(t, 0, "Hello."), IgnoredLate},
		{"without an end", ada, badText(make([]byte, PadTo)), IgnoredText},
		{"without a text", ada, badText(full(0x80)), IgnoredText},
		{"with another end", ada, badText(full('a', 0x81)), IgnoredText},
		{"padded for too long", ada, badText(append(full('a', 0x80), make([]byte, PadTo)...)), IgnoredText},
		{"with a bell", ada, badText(full('\a', 0x80)), IgnoredText},
		{"not in UTF-8", ada, badText(full(0xff, 0x80)), IgnoredText},
	} {
		r := inside(2, 1)
		if word, ok := read(r, test.who, test.sealed); ok {
			t.Errorf("%s: read as %q", test.about, word.Text)
		}
		if got := r.Ignored(); !maps.Equal(got, map[string]uint64{test.why: 1}) {
			t.Errorf("%s: ignored are %v, want %s", test.about, got, test.why)
		}
		if _, ok := read(r, ada, sealed); !ok {
			t.Errorf("%s: what is well written is not read any more: %v", test.about, r.Ignored())
		}
	}
}

func mustSeal(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

func TestNothingIsReadTwice(t *testing.T) {
	ada := come(agora, "ada", "phone", "page")
	r := inside(1)
	var all [][]byte
	for range 20 {
		all = append(all, ada.write(t, 1, "Hello."))
	}
	for i := range all {
		if i > 0 && bytes.Equal(all[i], all[i-1]) {
			t.Fatal("one text is sealed alike twice")
		}
		for try := range 2 {
			if _, ok := read(r, ada, all[len(all)-1-i]); ok != (try == 0) {
				t.Fatalf("number %d, for the %d time: %v", i, try+1, ok)
			}
		}
	}
	// In the next epoch numbers go on; nothing of before is read again, also when
	// that epoch is gone.
	r.Agree(now, []group.Epoch{epoch(2), epoch(1)})
	next, err := Parse(ada.write(t, 2, "Hello."))
	if err != nil || next.Number != 20 {
		t.Fatalf("number %d, %v", next.Number, err)
	}
	if _, ok := read(r, ada, all[3]); ok {
		t.Error("read again in the next epoch")
	}
	r.Agree(now, []group.Epoch{epoch(3), epoch(2)})
	if _, ok := read(r, ada, all[3]); ok {
		t.Error("read again after its epoch")
	}
	if len(r.read) > 1 {
		t.Errorf("%d epochs are remembered", len(r.read))
	}
	// A page that is loaded anew counts from zero, and seals with another key.
	again := come(agora, "ada", "phone", "page, loaded anew")
	if _, ok := read(r, again, again.write(t, 3, "Hello.")); !ok {
		t.Errorf("not read from another page: %v", r.Ignored())
	}
}

// Somebody who comes in again and again is not read any more, and others are.
func TestManyPages(t *testing.T) {
	r, bo := inside(1), come(agora, "bo", "bo's phone", "bo's page")
	for n := range certsMax + 1 {
		ada := come(agora, "ada", "phone", fmt.Sprint("page ", n))
		if _, ok := read(r, ada, ada.write(t, 1, "Hello.")); ok != (n < certsMax) {
			t.Errorf("page %d is read: %v", n, ok)
		}
	}
	ignored(t, r, map[string]uint64{IgnoredFull: 1})
	if _, ok := read(r, bo, bo.write(t, 1, "Hello.")); !ok {
		t.Error("others are not read")
	}
}

func TestWaiting(t *testing.T) {
	ada := come(agora, "ada", "phone", "page")
	r := NewReader(agora)
	if _, ok := read(r, ada, ada.write(t, 1, "first")); ok {
		t.Fatal("read without a secret")
	}
	texts := func(words []Word) (all []string) {
		for _, w := range words {
			all = append(all, w.Text)
		}
		return all
	}
	if got := texts(r.Agree(now.Add(WaitFor), []group.Epoch{epoch(1)})); !slices.Equal(got, []string{"first"}) {
		t.Errorf("read after a wait: %q", got)
	}
	read(r, ada, ada.write(t, 2, "second"))
	read(r, ada, ada.write(t, 3, "third"))
	if got := texts(r.Agree(now, []group.Epoch{epoch(2), epoch(1)})); !slices.Equal(got, []string{"second"}) {
		t.Errorf("read after a wait: %q", got)
	}
	if got := r.Agree(now.Add(WaitFor+time.Second), []group.Epoch{epoch(3), epoch(2)}); got != nil {
		t.Errorf("read after too long a wait: %v", got)
	}
	ignored(t, r, map[string]uint64{IgnoredLate: 1})
	for n := range WaitMax + 3 {
		read(r, ada, ada.write(t, 4, fmt.Sprint(n)))
	}
	if got := texts(r.Agree(now, []group.Epoch{epoch(4), epoch(3)})); len(got) != WaitMax || got[0] != "3" {
		t.Errorf("%d have waited, from %q", len(got), got[0])
	}
	// What is forged does not even wait.
	eve := come(agora, "eve", "laptop", "another page")
	read(r, eve, ada.write(t, 5, "Hello."))
	if len(r.waiting) != 0 {
		t.Error("a forgery waits")
	}
}

func FuzzParse(f *testing.F) {
	ada := come(agora, "ada", "phone", "page")
	for _, text := range []string{"a", strings.Repeat("x", 200)} {
		f.Add(ada.write(f, 1, text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := Parse(b)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatal(err)
			}
			return
		}
		if back := s.Append(nil); !bytes.Equal(back, b) {
			t.Fatalf("%x came back as %x", b, back)
		}
		if _, ok := read(inside(1, 2), ada, b); ok && s.verify(agora, ada.who) != nil {
			t.Fatal("read though it is not signed")
		}
	})
}

// --- vectors ---

const vectorsFile = "../../../test/vectors/words.json"

// hexBytes are bytes that JSON has as hex.
type hexBytes []byte

func (b hexBytes) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, b), nil }

func (b *hexBytes) UnmarshalText(text []byte) (err error) {
	*b, err = hex.DecodeString(string(text))
	return err
}

// vectors are what people write in some epochs, in the order in which it is read,
// and what is not read.
type vectors struct {
	Room   hexBytes `json:"room"`
	People []struct {
		Who    hexBytes `json:"who"`
		Device hexBytes `json:"device"` // its key's seed
		Page   hexBytes `json:"page"`   // its key's seed
		Cert   hexBytes `json:"cert"`
	} `json:"people"`
	Epochs []struct {
		Epoch  uint32   `json:"epoch"`
		Secret hexBytes `json:"secret"`
	} `json:"epochs"` // newest first
	Said []struct {
		By     int      `json:"by"`
		Epoch  uint32   `json:"epoch"`
		Number uint64   `json:"number"`
		Text   string   `json:"text"`
		Key    hexBytes `json:"key"`
		Sealed hexBytes `json:"sealed"`
	} `json:"said"`
	Ignored []struct {
		About  string   `json:"about"`
		By     int      `json:"by"`
		Why    string   `json:"why"`
		Sealed hexBytes `json:"sealed"`
	} `json:"ignored"`
}

func makeVectors(t *testing.T) (v vectors) {
	v.Room = agora[:]
	people := []*writer{come(agora, "ada", "phone", "page"), come(agora, "bo", "laptop", "another page")}
	for i, w := range people {
		device, page := pattern([]string{"phone", "laptop"}[i]), pattern([]string{"page", "another page"}[i])
		v.People = append(v.People, struct {
			Who    hexBytes `json:"who"`
			Device hexBytes `json:"device"`
			Page   hexBytes `json:"page"`
			Cert   hexBytes `json:"cert"`
		}{w.who[:], device[:], page[:], w.cert.Append(nil)})
	}
	for _, n := range []uint32{0x01020304, 0x01020303} {
		secret := epoch(n).Secret
		v.Epochs = append(v.Epochs, struct {
			Epoch  uint32   `json:"epoch"`
			Secret hexBytes `json:"secret"`
		}{n, secret[:]})
	}
	for i, text := range []string{"a", "Grüße\naus 東京 🎈", strings.Repeat("x", 63), strings.Repeat("y", 64), strings.Repeat("ä", TextMax)} {
		by, n := i%2, v.Epochs[i/3].Epoch
		w := people[by]
		number := w.next
		key := epoch(n).Secret.Words(w.cert.Hash())
		v.Said = append(v.Said, struct {
			By     int      `json:"by"`
			Epoch  uint32   `json:"epoch"`
			Number uint64   `json:"number"`
			Text   string   `json:"text"`
			Key    hexBytes `json:"key"`
			Sealed hexBytes `json:"sealed"`
		}{by, n, number, text, key[:], w.write(t, n, text)})
	}
	bad := func(about string, by int, why string, sealed []byte) {
		v.Ignored = append(v.Ignored, struct {
			About  string   `json:"about"`
			By     int      `json:"by"`
			Why    string   `json:"why"`
			Sealed hexBytes `json:"sealed"`
		}{about, by, why, sealed})
	}
	n := v.Epochs[0].Epoch
	good := people[0].write(t, n, "Hello.")
	change := func(at int) []byte { b := bytes.Clone(good); b[at] ^= 1; return b }
	bad("read before", 0, IgnoredReplay, v.Said[0].Sealed)
	bad("as if by somebody else", 1, IgnoredSignature, good)
	bad("another version", 0, IgnoredMalformed, change(0))
	bad("cut", 0, IgnoredMalformed, good[:len(good)-1])
	bad("another epoch", 0, IgnoredSignature, change(3))
	bad("a byte changed", 0, IgnoredSignature, change(headSize+3))
	bad("in another room", 0, IgnoredSignature, come(idOf("elsewhere"), "ada", "phone", "page").write(t, n, "Hello."))
	bad("by another secret", 0, IgnoredSealed, mustSeal(people[0].Seal(n, epoch(9).Secret, "Hello.")))
	bad("of an epoch that is gone", 0, IgnoredLate, people[0].write(t, n-2, "Hello."))
	s, _ := Parse(people[0].write(t, n, "x"))
	s.Sealed = gcm(epoch(n).Secret.Words(people[0].cert.Hash())).Seal(nil, nonce(s.Number), pad("bell \a"), append(s.appendHead(nil), agora[:]...))
	copy(s.Signature[:], ed25519.Sign(people[0].page, s.signed(agora, people[0].who)))
	bad("with a bell", 0, IgnoredText, s.Append(nil))
	return v
}

// The same bytes as in TypeScript.
func TestVectors(t *testing.T) {
	made, err := json.MarshalIndent(makeVectors(t), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	made = append(made, '\n')
	if *update {
		if err := os.WriteFile(vectorsFile, made, 0o644); err != nil { //nolint:gosec // a file of the repository
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(vectorsFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b, made) {
		t.Error("the file is not what is made now; if it should be: go test ./sdk/go/words -run TestVectors -update")
	}
	var v vectors
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	r := NewReader(group.ID(v.Room))
	var epochs []group.Epoch
	for _, e := range v.Epochs {
		epochs = append(epochs, group.Epoch{Number: e.Epoch, Secret: keys.Secret(e.Secret)})
	}
	r.Agree(now, epochs)
	for _, s := range v.Said {
		word, ok := r.Read(now, Message{Who: group.ID(v.People[s.By].Who), Sealed: s.Sealed})
		if parsed, _ := Parse(s.Sealed); !ok || word.Text != s.Text || parsed.Number != s.Number || parsed.Epoch != s.Epoch {
			t.Errorf("%q is read as %q: %v", s.Text, word.Text, r.Ignored())
		}
	}
	want := make(map[string]uint64)
	for _, i := range v.Ignored {
		want[i.Why]++
		if word, ok := r.Read(now, Message{Who: group.ID(v.People[i.By].Who), Sealed: i.Sealed}); ok {
			t.Errorf("%s: read as %q", i.About, word.Text)
		}
		ignored(t, r, want)
	}
}
