package voice

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/sdk/go/keys"
)

const frameTime = 20 * time.Millisecond

// signer returns a signing key of a speaker's, the same for a seed.
func signer(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
}

func certOf(k ed25519.PrivateKey) (cert [32]byte) {
	copy(cert[:], k.Public().(ed25519.PublicKey))
	return cert
}

const slot = 3

// A talk is one who speaks and one who hears, in one epoch.
type talk struct {
	*testing.T
	secret keys.Secret
	ada    *Speaker
	bo     *Hearer
	now    time.Time
	rnd    *rand.Rand
}

func newTalk(t *testing.T) *talk {
	k := signer(1)
	x := &talk{
		T: t, secret: keys.Secret{9}, ada: NewSpeaker(k, slot, BatchMax),
		bo: NewHearer(k.Public().(ed25519.PublicKey), slot), now: time.Unix(1e9, 0),
		rnd: rand.New(rand.NewPCG(5, 6)),
	}
	x.rekey(1, x.secret)
	return x
}

func (x *talk) rekey(epoch uint32, s keys.Secret) {
	x.Helper()
	sender := s.Sender(slot, certOf(signer(1)))
	if err := errors.Join(x.ada.Rekey(epoch, sender), x.bo.Rekey(epoch, sender)); err != nil {
		x.Fatal(err)
	}
}

func (x *talk) frame() []byte {
	b := make([]byte, 80)
	for i := range b {
		b[i] = byte(x.rnd.Uint32())
	}
	return b
}

func seal(t testing.TB, s *Speaker, frame []byte, repeats int) []byte {
	t.Helper()
	b, err := s.Seal(nil, frame, false, repeats)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// hear opens a frame a frame later.
func (x *talk) hear(sealed []byte) ([]byte, error) {
	x.now = x.now.Add(frameTime)
	b, _, err := x.bo.Open(x.now, nil, sealed)
	return b, err
}

func (x *talk) trusts(want Trust) {
	x.Helper()
	if got := x.bo.Trust(x.now); got != want {
		x.Errorf("trust is %d, want %d", got, want)
	}
}

// say says so many frames, which are heard and trusted.
func (x *talk) say(n int) {
	x.Helper()
	for i := range n {
		f := x.frame()
		got, err := x.hear(seal(x, x.ada, f, 0))
		if err != nil || !bytes.Equal(got, f) {
			x.Fatalf("frame %d: %v", i, err)
		}
		if trust := x.bo.Trust(x.now); trust > Proven {
			x.Fatalf("frame %d: trust is %d", i, trust)
		}
	}
}

func TestWhatIsSaidIsHeardAndProven(t *testing.T) {
	x := newTalk(t)
	x.trusts(Unproven)
	x.say(BatchMax)
	x.trusts(Unproven)
	x.say(1)
	x.trusts(Proven)
	x.say(3*keys.WindowFrames + 7) // over several windows
	x.rekey(2, keys.Secret{10})
	x.say(keys.WindowFrames + 7)
	x.trusts(Proven)
}

// The bar: at most 36 bytes a packet.
func TestOverhead(t *testing.T) {
	x := newTalk(t)
	frames, sealed := 0, 0
	for range 3000 {
		f := x.frame()
		frames, sealed = frames+len(f), sealed+len(seal(t, x.ada, f, 0))
	}
	if mean := float64(sealed-frames) / 3000; mean > 36 {
		t.Errorf("%.1f bytes a frame", mean)
	} else {
		t.Logf("%.1f bytes a frame", mean)
	}
}

func TestPauses(t *testing.T) {
	x := newTalk(t)
	if b := seal(t, x.ada, nil, 0); len(b) != 0 {
		t.Errorf("a pause becomes %d bytes", len(b))
	}
	if b, err := x.hear(nil); err != nil || len(b) != 0 {
		t.Errorf("a pause is %x, %v", b, err)
	}
	x.say(30)
}

func TestReplay(t *testing.T) {
	x := newTalk(t)
	f := seal(t, x.ada, x.frame(), 0)
	x.say(0)
	if _, err := x.hear(f); err != nil {
		t.Fatal(err)
	}
	if _, err := x.hear(f); !errors.Is(err, ErrReplay) {
		t.Error(err)
	}
	x.say(5 * keys.WindowFrames)
	if _, err := x.hear(f); err == nil {
		t.Error("an old window is opened anew")
	}
	x.trusts(Proven)
}

// No number is used twice under a key: an epoch cannot come again, and who
// loads the page anew signs with another key, and so seals with another.
func TestNumbersAreUsedOnce(t *testing.T) {
	x := newTalk(t)
	for _, epoch := range []uint32{0, 1} {
		if err := x.ada.Rekey(epoch, keys.Sender{}); !errors.Is(err, ErrEpoch) {
			t.Errorf("epoch %d: %v", epoch, err)
		}
		if err := x.bo.Rekey(epoch, keys.Sender{}); !errors.Is(err, ErrEpoch) {
			t.Errorf("epoch %d: %v", epoch, err)
		}
	}
	f := x.frame()
	first := seal(t, x.ada, f, 0)
	again := NewSpeaker(signer(2), slot, BatchMax)
	if err := again.Rekey(1, x.secret.Sender(slot, certOf(signer(2)))); err != nil {
		t.Fatal(err)
	}
	second := seal(t, again, f, 0)
	if len(first) != len(second) || bytes.Equal(first, second) {
		t.Error("a speaker who came again seals with the same key")
	}
	if _, err := new(Speaker).Seal(nil, f, false, 0); !errors.Is(err, ErrEpoch) {
		t.Errorf("without a key: %v", err)
	}
}

// forger returns one who has the secret, and all else but ada's signing key.
func (x *talk) forger() *Speaker {
	x.Helper()
	s := NewSpeaker(signer(66), slot, BatchMax)
	if err := s.Rekey(1, x.secret.Sender(slot, certOf(signer(1)))); err != nil {
		x.Fatal(err)
	}
	return s
}

// Somebody inside says something as ada: found within a second.
func TestForgers(t *testing.T) {
	for name, forge := range map[string]struct {
		attack func(*talk)
		want   Trust
	}{
		"who signs with a key of their own": {func(x *talk) {
			x.ada.next, x.ada.sign = 10, signer(66)
			for range BatchMax + 1 {
				_, _ = x.hear(seal(x, x.ada, x.frame(), 0))
			}
		}, Forged},
		"who puts one frame in place of hers": {func(x *talk) {
			f := x.forger()
			for i := range 40 {
				heard := seal(x, x.ada, x.frame(), 0)
				f.next, f.key = x.ada.next-1, nil
				if theirs := seal(x, f, x.frame(), 0); i == 10 {
					heard = theirs
				}
				_, _ = x.hear(heard)
			}
		}, Forged},
		"who never proves": {func(x *talk) {
			f := x.forger()
			f.next, f.batch = 1000, 1<<30
			for range 60 {
				_, _ = x.hear(seal(x, f, x.frame(), 0))
			}
		}, Overdue},
		"who says her proofs again": {func(x *talk) {
			f := x.forger()
			f.next, f.batch = 1000, 1<<30
			for range 60 {
				f.closed, f.again, f.apart = bytes.Clone(x.ada.closed), 1, 0
				_, _ = x.hear(seal(x, f, x.frame(), 0))
			}
		}, Overdue},
		"who numbers frames by another window": {func(x *talk) {
			f := x.forger()
			_ = seal(x, f, x.frame(), 0)
			f.next = 3*keys.WindowFrames + 1
			_, _ = x.hear(seal(x, f, x.frame(), 0))
		}, Forged},
	} {
		t.Run(name, func(t *testing.T) {
			x := newTalk(t)
			x.T = t
			x.say(30)
			x.trusts(Proven)
			forge.attack(x)
			x.trusts(forge.want)
		})
	}
}

// lose has her say so many frames, of which one is lost, and returns for how many
// the voice was overdue.
func (x *talk) lose(lost, frames int) (overdue int) {
	x.Helper()
	for i := range frames {
		f := seal(x, x.ada, x.frame(), 0)
		if i == lost {
			continue
		}
		if _, err := x.hear(f); err != nil {
			x.Fatal(err)
		}
		if x.bo.Trust(x.now) == Overdue {
			overdue++
		}
	}
	return overdue
}

// A proof that is lost is passed over when the next one has come. If that is so
// again soon, the voice is overdue a second after what it would have proven, until
// the next one proves something.
func TestALostProof(t *testing.T) {
	x := newTalk(t)
	x.say(30)
	const carries = 20 // the proof of the batch before
	if n := x.lose(carries, 8*BatchMax); n > 0 {
		t.Errorf("overdue for %d frames, for one proof", n)
	}
	x.trusts(Proven)
	if n := x.lose(carries, 8*BatchMax); n == 0 || n > BatchMax+1 {
		t.Errorf("overdue for %d frames, for another one soon after", n)
	}
	x.trusts(Proven)
	x.say(int(pardonEvery / frameTime))
	if n := x.lose(carries, 8*BatchMax); n > 0 {
		t.Errorf("overdue for %d frames, for one proof after a while", n)
	}
}

// Who puts half a second in place of hers, and does not let the proof of it through,
// is heard with that once in ten seconds.
func TestHalfASecondIsPassedOverSeldom(t *testing.T) {
	x := newTalk(t)
	x.say(BatchMax + 1)
	f := x.forger()
	f.batch = 1 << 30
	played := 0
	for range 10 {
		for i := range 2 * BatchMax {
			heard := seal(x, x.ada, x.frame(), 0)
			f.next, f.key, f.closed, f.open = x.ada.next-1, nil, nil, proof{}
			switch forged := seal(x, f, x.frame(), 0); {
			case i < BatchMax-1:
				if _, err := x.hear(forged); err != nil {
					t.Fatal(err)
				}
				if x.bo.Trust(x.now) <= Proven {
					played++
				}
			case i == BatchMax-1: // carries the proof
				x.now = x.now.Add(frameTime)
			default:
				_, _ = x.hear(heard)
				x.bo.Trust(x.now)
			}
		}
	}
	// What comes before the voice is overdue for the half second before is heard, as
	// long as her own voice is let through in between.
	t.Logf("%d of %d are played", played, 10*(BatchMax-1))
	if played > 10*(BatchMax-1)*3/4 {
		t.Errorf("%d of %d are played", played, 10*(BatchMax-1))
	}
}

// A proof whose frame was lost with a connection is said once more.
func TestAProofIsRepeated(t *testing.T) {
	x := newTalk(t)
	x.ada.Repeat() // there is none yet
	x.say(BatchMax)
	x.trusts(Unproven)
	seal(t, x.ada, x.frame(), 0) // with the proof, and nobody hears it
	x.now = x.now.Add(400 * time.Millisecond)
	x.say(1)
	x.trusts(Unproven)
	x.ada.Repeat()
	x.say(1)
	x.trusts(Proven)
}

// Where packets are lost, proofs come through: in bursts, too.
func TestProofsSurviveLoss(t *testing.T) {
	for _, c := range []struct{ loss, silent float64 }{{0.1, 0.001}, {0.3, 0.01}, {0.5, 0.05}} {
		x := newTalk(t)
		x.say(30)
		const frames = 20000
		heard, silent := 0, 0
		for range frames {
			f := seal(t, x.ada, x.frame(), RepeatsMax)
			x.now = x.now.Add(frameTime)
			if x.rnd.Float64() < c.loss {
				continue
			}
			if _, _, err := x.bo.Open(x.now, nil, f); err != nil {
				t.Fatal(err)
			}
			heard++
			switch x.bo.Trust(x.now) {
			case Forged:
				t.Fatal("loss is taken for a forgery")
			case Overdue:
				silent++
			default:
			}
		}
		share := float64(silent) / float64(heard)
		t.Logf("%.0f %% lost: silent for %.3f of the rest", 100*c.loss, share)
		if share > c.silent {
			t.Errorf("%.0f %% lost: silent for %.3f of the rest", 100*c.loss, share)
		}
	}
}

// The old epoch is heard while it is still on its way, and not a second longer
// than it is kept.
func TestEpochs(t *testing.T) {
	x := newTalk(t)
	late := seal(t, x.ada, x.frame(), 0)
	later := seal(t, x.ada, x.frame(), 0)
	x.rekey(2, keys.Secret{10})
	x.say(5)
	if _, err := x.hear(late); err != nil {
		t.Error(err)
	}
	x.bo.Forget(2)
	if _, err := x.hear(later); !errors.Is(err, ErrFrame) {
		t.Error(err)
	}
	x.rekey(3, keys.Secret{11})
	x.rekey(4, keys.Secret{12})
	if n := len(x.bo.epochs); n != epochsMax {
		t.Errorf("%d epochs are kept", n)
	}
	x.say(60)
	x.trusts(Proven)
}

func TestNotForUs(t *testing.T) {
	x := newTalk(t)
	x.say(30)
	other := NewSpeaker(signer(1), slot+1, BatchMax)
	if err := other.Rekey(1, x.secret.Sender(slot+1, certOf(signer(1)))); err != nil {
		t.Fatal(err)
	}
	wrong := NewSpeaker(signer(1), slot, BatchMax)
	if err := wrong.Rekey(1, keys.Secret{77}.Sender(slot, certOf(signer(1)))); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{
		"another slot's": seal(t, other, x.frame(), 0),
		"another key's":  seal(t, wrong, x.frame(), 0),
		"nonsense":       []byte("nonsense that is quite long enough"),
		"one byte":       {0xff},
	} {
		if got, err := x.hear(b); err == nil || len(got) != 0 {
			t.Errorf("%s: %x, %v", name, got, err)
		}
	}
	x.trusts(Proven) // nobody outside can make a voice suspect
	x.say(30)
}

func FuzzParse(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3})
	p := proof{kid: 5, first: 25, hashes: make([]byte, 2*hashLen), sig: make([]byte, ed25519.SignatureSize)}
	f.Add(append(p.append([]byte{flagProof}), 1, 2, 3))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, frame, redundant, err := parse(b)
		if err != nil {
			return
		}
		back := []byte{0}
		if p != nil {
			back = p.append([]byte{flagProof})
		}
		if redundant {
			back[0] |= flagRedundant
		}
		if !bytes.Equal(append(back, frame...), b) {
			t.Errorf("%x is read as %v and %x", b, p, frame)
		}
	})
}

func BenchmarkHear(b *testing.B) {
	k := signer(1)
	ada, bo := NewSpeaker(k, slot, BatchMax), NewHearer(k.Public().(ed25519.PublicKey), slot)
	sender := keys.Secret{9}.Sender(slot, certOf(k))
	if err := errors.Join(ada.Rekey(1, sender), bo.Rekey(1, sender)); err != nil {
		b.Fatal(err)
	}
	frame, out, now := make([]byte, 80), make([]byte, 0, 100), time.Unix(1e9, 0)
	for b.Loop() {
		sealed := seal(b, ada, frame, 0)
		var err error
		if out, _, err = bo.Open(now, out[:0], sealed); err != nil {
			b.Fatal(err)
		}
	}
}
