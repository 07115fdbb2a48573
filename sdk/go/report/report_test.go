package report

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"slices"
	"testing"

	"github.com/stoa-audio/stoa/sdk/go/group"
	"github.com/stoa-audio/stoa/sdk/go/keys"
	"github.com/stoa-audio/stoa/sdk/go/red"
	"github.com/stoa-audio/stoa/sdk/go/voice"
)

const (
	slot  = 3
	epoch = 7
	said  = 251 // frames: one more than a window, so that its last are signed
)

var room = group.ID{1, 2, 3}

// A talk is what somebody has said in a room, what a node knows of it, and what
// a listener reports.
type talk struct {
	testing.TB
	who    group.ID
	page   ed25519.PrivateKey
	cert   group.Cert
	sender keys.Sender
	report *Report
	facts  *Case
}

func pattern(n int, of string) []byte { return bytes.Repeat([]byte(of), n/len(of)+1)[:n] }

// newTalk returns a talk in which everything is as it should be.
func newTalk(t testing.TB) *talk {
	t.Helper()
	k := &talk{TB: t, who: group.ID(pattern(16, "ada")), page: ed25519.NewKeyFromSeed(pattern(32, "page"))}
	device := ed25519.NewKeyFromSeed(pattern(32, "device"))
	k.cert = group.Cert{
		Member: [8]byte{8}, PageKey: [32]byte(k.page.Public().(ed25519.PublicKey)),
		DeviceKey: [32]byte(device.Public().(ed25519.PublicKey)),
	}
	k.must(k.cert.Sign(device, room, k.who))
	k.sender = keys.Secret(pattern(32, "secret")).Sender(slot, k.cert.Hash())
	k.report = &Report{
		Room: room, Who: k.who, Cert: k.cert, Time: 1e12, Text: "Das war nicht schön.",
		Windows: []Window{{keys.KID(epoch, slot, 0), k.sender.Window(0)}},
		Frames:  k.speak(k.page, 0, said),
	}
	k.facts = &Case{Room: room, About: k.who, By: group.ID(pattern(16, "ben")), Made: 1e12}
	for _, f := range k.report.Frames {
		k.facts.Hashes = append(k.facts.Hashes, Hash(f))
	}
	k.report.Frames = k.report.Frames[:250] // the key of the second window is not revealed
	return k
}

func (k *talk) must(err error) {
	k.Helper()
	if err != nil {
		k.Fatal(err)
	}
}

func opusOf(i int) []byte { return []byte{0xf8, byte(i), byte(i >> 8)} }

// speak seals n frames from a first on, and signs them with a key. Every second
// one has a copy of the one before.
func (k *talk) speak(by ed25519.PrivateKey, first, n int) (frames [][]byte) {
	k.Helper()
	s := voice.NewSpeaker(by, slot, voice.BatchMax)
	k.must(s.Rekey(epoch, k.sender))
	for i := range n {
		payload := opusOf(first + i)
		if i%2 == 1 {
			payload = red.Append(nil, 111, []red.Copy{{Offset: 960, Data: opusOf(first + i - 1)}}, payload)
		}
		f, err := s.Seal(nil, payload, i%2 == 1, 0)
		k.must(err)
		frames = append(frames, f)
	}
	return frames
}

// judged is the verdict, after the way through a moderator's key and a file.
func (k *talk) judged() *Verdict {
	k.Helper()
	moderator, err := NewPrivateKey()
	k.must(err)
	other, err := NewPrivateKey()
	k.must(err)
	k.facts.Sealed, err = k.report.Seal([]PublicKey{other.Public(), moderator.Public()})
	k.must(err)
	facts, err := ParseCase(k.facts.Append(nil))
	k.must(err)
	report, err := moderator.Open(facts.Sealed)
	k.must(err)
	v, err := report.Judge(facts)
	k.must(err)
	return v
}

// expect compares all but the packets.
func (k *talk) expect(want Verdict) *Verdict {
	k.Helper()
	v := k.judged()
	got := *v
	got.Packets = nil
	if got.Frames != want.Frames || got.Unopened != want.Unopened || got.Unseen != want.Unseen ||
		got.Unsigned != want.Unsigned || got.Proven != want.Proven || got.Missing != want.Missing || len(v.Packets) != want.Proven {
		k.Errorf("got %+v with %d packets, want %+v", got, len(v.Packets), want)
	}
	return v
}

func TestAnHonestReport(t *testing.T) {
	k := newTalk(t)
	// The proof of the last batch of a window is in the window after it, whose
	// key is not revealed.
	v := k.expect(Verdict{Frames: 250, Unsigned: 25, Proven: 225})
	for i, p := range v.Packets {
		if !bytes.Equal(p.Opus, opusOf(i)) || p.Before != 0 {
			t.Fatalf("packet %d is %x, %d before it", i, p.Opus, p.Before)
		}
	}
	// Some never came; they came in another order, and one of them twice.
	k = newTalk(t)
	frames := slices.Delete(k.report.Frames, 10, 14)
	slices.Reverse(frames)
	k.report.Frames = append(frames, frames[0])
	v = k.expect(Verdict{Frames: 247, Unopened: 1, Unsigned: 25, Proven: 221, Missing: 4})
	if v.Packets[10].Before != 4 || !bytes.Equal(v.Packets[10].Opus, opusOf(14)) {
		t.Errorf("after what is missing: %+v", v.Packets[10])
	}
}

// Cheat 1: bits of what came are turned.
func TestForgedFrames(t *testing.T) {
	k := newTalk(t)
	for i := 100; i < 150; i++ {
		k.report.Frames[i][20] ^= 1
	}
	// The first of them carried the proof of the batch before.
	k.expect(Verdict{Frames: 250, Unopened: 50, Unsigned: 50, Proven: 150, Missing: 75})
}

// Cheat 2: the reporter holds the same keys as everybody inside, and seals words
// that were never said.
func TestResealedFrames(t *testing.T) {
	k := newTalk(t)
	_, own, err := ed25519.GenerateKey(nil)
	k.must(err)
	k.report.Frames = k.speak(own, 1000, said)[:250]
	k.expect(Verdict{Frames: 250, Unseen: 250})
	// Between what was said it stands out as well.
	k = newTalk(t)
	copy(k.report.Frames[100:], k.speak(own, 1000, said)[100:120])
	k.expect(Verdict{Frames: 250, Unseen: 20, Unsigned: 50, Proven: 180, Missing: 45})
}

// Cheat 3: the node is in it, and says that it has come; but the speaker has not
// signed it. Nor does a cert help that the reporter has made for them.
func TestMisSignedFrames(t *testing.T) {
	k := newTalk(t)
	_, own, err := ed25519.GenerateKey(nil)
	k.must(err)
	k.report.Frames = k.speak(own, 1000, said)[:250]
	for _, f := range k.report.Frames {
		k.facts.Hashes = append(k.facts.Hashes, Hash(f))
	}
	k.expect(Verdict{Frames: 250, Unsigned: 250})

	k = newTalk(t)
	k.report.Cert.PageKey = [32]byte(own.Public().(ed25519.PublicKey))
	k.facts.Sealed = []byte{1}
	if _, err := k.report.Judge(k.facts); !errors.Is(err, group.ErrSignature) {
		t.Errorf("a changed cert: %v", err)
	}
	k.report.Cert.DeviceKey = k.report.Cert.PageKey
	k.must(k.report.Cert.Sign(own, room, k.who))
	k.expect(Verdict{Frames: 250, Unsigned: 250})
}

// Cheat 4: another key. It opens nothing; and where the speaker has made frames
// that open under two keys (AES-GCM does not commit to one), only one of them is
// signed.
func TestMisKeyedFrames(t *testing.T) {
	k := newTalk(t)
	k.report.Windows[0].Key[0] ^= 1
	k.expect(Verdict{Frames: 250, Unopened: 250})

	k = newTalk(t)
	k.report.Windows[0].KID = keys.KID(epoch, slot, 1)
	k.expect(Verdict{Frames: 250, Unopened: 250})

	k = newTalk(t)
	first := k.sender.Window(0)
	second, number, frame := twoKeys(t, keys.KID(epoch, slot, 0), first)
	k.report.Frames = append(k.report.Frames[:number:number], frame)
	k.report.Frames = append(k.report.Frames, k.signedFor(first, number, frame))
	k.facts.Hashes = nil
	for _, f := range k.report.Frames {
		k.facts.Hashes = append(k.facts.Hashes, Hash(f))
	}
	honest := k.judged()
	if n := len(honest.Packets); n == 0 || !bytes.Equal(honest.Packets[n-1].Opus[:4], pattern(4, "one!")) {
		t.Fatalf("by the key that is signed: %d packets, %d proven", n, honest.Proven)
	}
	k.report.Windows[0].Key = second
	// It opens by the other key too, and is not what was said.
	k.expect(Verdict{Frames: number + 2, Unopened: number + 1, Unsigned: 1})
}

var update = flag.Bool("update", false, "write the vectors anew")

const vectorsFile = "../../../test/vectors/report.json"

// vectors are a report as it is written, and what it says; all bytes in hex. The
// sealed one is of the time when they were made: sealing is by chance.
type vectors struct {
	Room       string   `json:"room"`
	Who        string   `json:"who"`
	Cert       string   `json:"cert"`
	Time       uint64   `json:"time"`
	Text       string   `json:"text"`
	KID        uint64   `json:"kid"`
	Window     string   `json:"window"`
	Frames     []string `json:"frames"`
	Plain      string   `json:"plain"`
	PrivateKey string   `json:"private_key"`
	PublicKey  string   `json:"public_key"`
	Sealed     string   `json:"sealed"`
}

func TestVectors(t *testing.T) {
	k := newTalk(t)
	k.report.Frames = k.report.Frames[:3]
	plain := hex.EncodeToString(k.report.Append(nil))
	if *update {
		key, err := NewPrivateKey()
		k.must(err)
		text, err := key.Text()
		k.must(err)
		sealed, err := k.report.Seal([]PublicKey{key.Public()})
		k.must(err)
		v := vectors{
			Room: hex.EncodeToString(room[:]), Who: hex.EncodeToString(k.who[:]), Cert: hex.EncodeToString(k.cert.Append(nil)),
			Time: k.report.Time, Text: k.report.Text, KID: k.report.Windows[0].KID, Window: hex.EncodeToString(k.report.Windows[0].Key[:]),
			Plain: plain, PrivateKey: text, PublicKey: key.Public().String(), Sealed: hex.EncodeToString(sealed),
		}
		for _, f := range k.report.Frames {
			v.Frames = append(v.Frames, hex.EncodeToString(f))
		}
		b, err := json.MarshalIndent(v, "", "  ")
		k.must(err)
		k.must(os.WriteFile(vectorsFile, append(b, '\n'), 0o644)) //nolint:gosec // a file of the repository
	}
	b, err := os.ReadFile(vectorsFile)
	k.must(err)
	var v vectors
	k.must(json.Unmarshal(b, &v))
	key, err := ParsePrivateKey(v.PrivateKey)
	k.must(err)
	sealed, err := hex.DecodeString(v.Sealed)
	k.must(err)
	r, err := key.Open(sealed)
	k.must(err)
	if v.Plain != plain || hex.EncodeToString(r.Append(nil)) != plain || key.Public().String() != v.PublicKey {
		t.Error("the vectors say something else")
	}
}

func TestAboutAnother(t *testing.T) {
	for what, change := range map[string]func(*Report){
		"another room":   func(r *Report) { r.Room[0]++ },
		"another person": func(r *Report) { r.Who[0]++ },
	} {
		k := newTalk(t)
		change(k.report)
		if _, err := k.report.Judge(k.facts); !errors.Is(err, ErrAbout) {
			t.Errorf("%s: %v", what, err)
		}
	}
	// What was said on another day is not among what the node has had lately.
	k := newTalk(t)
	k.facts.Hashes = nil
	k.expect(Verdict{Frames: 250, Unseen: 250})
}

func TestKeys(t *testing.T) {
	k := newTalk(t)
	ours, err := NewPrivateKey()
	k.must(err)
	text, err := ours.Text()
	k.must(err)
	same, err := ParsePrivateKey(text + "\n")
	if err != nil || same.Public() != ours.Public() {
		t.Fatalf("read back: %v", err)
	}
	public, err := ParsePublicKey(ours.Public().String())
	if err != nil || public != ours.Public() {
		t.Fatalf("read back: %v", err)
	}
	for _, text := range []string{"", "x", text, ours.Public().String()[1:], ours.Public().String() + "\n"} {
		if _, err := ParsePublicKey(text); !errors.Is(err, ErrKey) {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, text := range []string{"", ours.Public().String(), text[1:], text[:len(text)-4]} {
		if _, err := ParsePrivateKey(text); !errors.Is(err, ErrKey) {
			t.Errorf("%q: %v", text, err)
		}
	}
	sealed, err := k.report.Seal([]PublicKey{ours.Public()})
	k.must(err)
	other, err := NewPrivateKey()
	k.must(err)
	if _, err := other.Open(sealed); !errors.Is(err, ErrSealed) {
		t.Errorf("another key: %v", err)
	}
	for i := range len(sealed) {
		if i > 200 && i < len(sealed)-20 {
			continue // a long body, of which each byte is like the next
		}
		b := bytes.Clone(sealed)
		b[i] ^= 1
		if _, err := ours.Open(b); !errors.Is(err, ErrSealed) && !errors.Is(err, ErrMalformed) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
		if _, err := ours.Open(sealed[:i]); err == nil {
			t.Fatalf("cut to %d bytes", i)
		}
	}
	for _, to := range [][]PublicKey{nil, make([]PublicKey, ModeratorsMax+1), {{}}} {
		if _, err := k.report.Seal(to); err == nil {
			t.Errorf("sealed to %d", len(to))
		}
	}
}

func TestBounds(t *testing.T) {
	for what, change := range map[string]func(*Report){
		"too long a text":    func(r *Report) { r.Text = string(make([]byte, TextMax+1)) },
		"no text":            func(r *Report) { r.Text = "\xff" },
		"a key twice":        func(r *Report) { r.Windows = append(r.Windows, r.Windows[0]) },
		"too many windows":   func(r *Report) { r.Windows = []Window{{KID: 1}, {KID: 2}, {KID: 3}, {KID: 4}} },
		"too many frames":    func(r *Report) { r.Frames = make([][]byte, FramesMax+1) },
		"too large a frame":  func(r *Report) { r.Frames[0] = make([]byte, FrameMax+1) },
		"another version":    nil,
		"something after it": nil,
	} {
		k := newTalk(t)
		if change != nil {
			change(k.report)
		}
		b := k.report.Append(nil)
		switch what {
		case "another version":
			b[0]++
		case "something after it":
			b = append(b, 0)
		}
		if _, err := Parse(b); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	k := newTalk(f)
	k.report.Frames = k.report.Frames[:3]
	f.Add(k.report.Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := Parse(b); err == nil && !bytes.Equal(r.Append(nil), b) {
			t.Error("read and written, it is another")
		}
	})
}

func FuzzParseCase(f *testing.F) {
	k := newTalk(f)
	k.facts.Hashes, k.facts.Sealed = k.facts.Hashes[:3], []byte("sealed")
	f.Add(k.facts.Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := ParseCase(b); err == nil && !bytes.Equal(c.Append(nil), b) {
			t.Error("read and written, it is another")
		}
	})
}

func FuzzOpen(f *testing.F) {
	k := newTalk(f)
	k.report.Frames = k.report.Frames[:3]
	ours, err := NewPrivateKey()
	k.must(err)
	sealed, err := k.report.Seal([]PublicKey{ours.Public()})
	k.must(err)
	f.Add(sealed)
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := ours.Open(b); err == nil && !bytes.Equal(b, sealed) {
			t.Errorf("opened %+v", r)
		}
	})
}
