package stoa

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/sdk/go/group"
	"github.com/stoa-audio/stoa/sdk/go/keys"
	"github.com/stoa-audio/stoa/sdk/go/report"
	"github.com/stoa-audio/stoa/sdk/go/voice"
)

const frameLength = 20 * time.Millisecond

// One who is in a room: their stage, and what others know of them.
type inside struct {
	*stage

	voice group.Voice
}

func newInside(t *testing.T, name string, slot uint8) *inside {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := newStage()
	v := group.Voice{Slot: slot, PageKey: public}
	copy(v.Who[:], name)
	c := &v.Certificate
	c.PageKey, c.DeviceKey = [32]byte(public), [32]byte(public)
	if err := c.Sign(private, group.ID{}, v.Who); err != nil {
		t.Fatal(err)
	}
	s.sign, s.cert, v.Cert = private, c.Hash(), c.Hash()
	return &inside{s, v}
}

// forger returns who seals as somebody, and does not have the key that they sign
// with.
func (i *inside) forger(t *testing.T) *inside {
	t.Helper()
	f := newInside(t, "forger", i.voice.Slot)
	f.cert, f.voice = i.cert, i.voice
	return f
}

func epochOf(number uint32, secret byte, from time.Time) group.Epoch {
	return group.Epoch{Number: number, Secret: keys.Secret{secret}, From: from}
}

// agreeOn has people agree on epochs, newest first, with those who are on the
// stage.
func agreeOn(epochs []group.Epoch, stage []*inside, people ...*inside) {
	var roster []group.Voice
	for _, s := range stage {
		roster = append(roster, s.voice)
	}
	for _, p := range people {
		p.agree(group.State{Epochs: epochs, Roster: roster})
	}
}

// opens counts the frames of so many that b plays of a, one each 20 ms.
func opens(t *testing.T, now *time.Time, a, b *inside, n int) (played int) {
	t.Helper()
	for i := range n {
		*now = now.Add(frameLength)
		said := []byte{0xf8, byte(i), 1, 2, 3}
		sealed, ok := a.seal(*now, said, false, frameLength)
		if !ok {
			t.Fatal("not sealed")
		}
		if bytes.Contains(sealed, said) {
			t.Fatal("what was said is in what is sent")
		}
		h, ok := b.open(*now, sealed, 0)
		if ok && (!bytes.Equal(h.payload, said) || h.who != a.voice.Who || !h.until.IsZero()) {
			t.Fatalf("heard %+v", h)
		}
		if ok {
			played++
		}
	}
	return played
}

func TestOneHearsTheOther(t *testing.T) {
	now := time.Unix(1e9, 0)
	ada, ben := newInside(t, "ada", 0), newInside(t, "ben", 1)
	agreeOn([]group.Epoch{epochOf(1, 7, now)}, []*inside{ada}, ada, ben)
	if n := opens(t, &now, ada, ben, 100); n != 100 {
		t.Errorf("%d of 100 frames are played", n)
	}
	if trust, heard := ben.trust(now, ada.voice); trust != voice.Proven || !heard {
		t.Errorf("trust is %v", trust)
	}
	// The next epoch: both live for a while, and none is played twice.
	agreeOn([]group.Epoch{epochOf(2, 8, now), epochOf(1, 7, now)}, []*inside{ada}, ada, ben)
	if n := opens(t, &now, ada, ben, 100); n != 100 {
		t.Errorf("%d of 100 frames of the next epoch are played", n)
	}
	sealed, _ := ada.seal(now, []byte{0xf8, 1}, false, frameLength)
	for i, want := range []bool{true, false} {
		if _, ok := ben.open(now, sealed, 0); ok != want {
			t.Errorf("time %d: %v", i+1, ok)
		}
	}
}

// A voice that comes by two connections is heard once, and nothing is missing.
func TestOneConnectionAfterAnother(t *testing.T) {
	now := time.Unix(1e9, 0)
	ada, ben := newInside(t, "ada", 0), newInside(t, "ben", 1)
	agreeOn([]group.Epoch{epochOf(1, 7, now)}, []*inside{ada}, ada, ben)
	var said [][]byte
	for i := range 12 {
		sealed, _ := ada.seal(now, []byte{0xf8, byte(i)}, false, frameLength)
		said = append(said, sealed)
	}
	var heard []byte
	comes := func(n, by int) {
		if h, ok := ben.open(now, said[n], by); ok {
			heard = append(heard, h.payload[1])
		}
	}
	for n := range 4 {
		comes(n, 1)
	}
	comes(6, 2) // the newer one is ahead
	comes(4, 1) // what is missing at the end of the older
	comes(7, 1) // is the newer one's
	comes(5, 1)
	comes(6, 1)
	comes(7, 2)
	for n := 8; n < 12; n++ {
		comes(n, 1)
		comes(n, 2)
	}
	if want := []byte{0, 1, 2, 3, 6, 4, 5, 7, 8, 9, 10, 11}; !bytes.Equal(heard, want) {
		t.Errorf("heard %v", heard)
	}
}

func TestNothingIsSaidWithoutAKey(t *testing.T) {
	now := time.Unix(1e9, 0)
	ada, ben := newInside(t, "ada", 0), newInside(t, "ben", 1)
	silent := func(what string, at time.Time) {
		t.Helper()
		if _, ok := ada.seal(at, []byte{0xf8, 1}, false, frameLength); ok {
			t.Errorf("%s, and something is sent", what)
		}
	}
	silent("there is no epoch", now)
	if _, ok := ada.speaksIn(now); ok || ada.mayHear() {
		t.Error("there is no epoch, and one waits for its time")
	}
	agreeOn([]group.Epoch{epochOf(1, 7, now)}, []*inside{ben}, ada)
	silent("there is no place", now)
	agreeOn([]group.Epoch{epochOf(1, 7, now.Add(300*time.Millisecond))}, []*inside{ada}, ada)
	silent("it is too soon", now)
	if wait, ok := ada.speaksIn(now); !ok || wait != 300*time.Millisecond {
		t.Errorf("one may speak in %v, %v", wait, ok)
	}
	if _, ok := ada.seal(now.Add(300*time.Millisecond), []byte{0xf8, 1}, false, frameLength); !ok {
		t.Error("it is time")
	}
}

func TestAWrongKeyIsSilence(t *testing.T) {
	now := time.Unix(1e9, 0)
	ada, ben := newInside(t, "ada", 0), newInside(t, "ben", 1)
	agreeOn([]group.Epoch{epochOf(1, 7, now)}, []*inside{ada}, ada)
	agreeOn([]group.Epoch{epochOf(1, 8, now)}, []*inside{ada}, ben)
	if n := opens(t, &now, ada, ben, 50); n != 0 {
		t.Errorf("%d frames are played", n)
	}
	if trust, heard := ben.trust(now, ada.voice); heard || trust == voice.Forged {
		t.Errorf("what nobody inside can have sealed makes a voice suspect: %v", trust)
	}
}

// Somebody inside has the same keys, and seals as another: but signs by their own.
func TestWhoSpeaksForAnotherIsSilent(t *testing.T) {
	now := time.Unix(1e9, 0)
	ada, ben := newInside(t, "ada", 0), newInside(t, "ben", 1)
	forger := ada.forger(t)
	agreeOn([]group.Epoch{epochOf(1, 7, now)}, []*inside{ada}, ada, ben)
	agreeOn([]group.Epoch{epochOf(1, 7, now)}, []*inside{forger}, forger)
	if n := opens(t, &now, forger, ben, 200); n > voice.BatchMax {
		t.Errorf("%d frames are played", n)
	}
	if trust, _ := ben.trust(now, ada.voice); trust != voice.Forged {
		t.Errorf("trust is %v", trust)
	}
}

// Where a room wants it, who listens hears a second later, and only what is
// proven; who is on the stage hears at once.
func TestOnlyWhatIsProvenIsHeard(t *testing.T) {
	now := time.Unix(1e9, 0)
	ada, ben, cleo := newInside(t, "ada", 0), newInside(t, "ben", 1), newInside(t, "cleo", 2)
	forger := ada.forger(t)
	epochs := []group.Epoch{epochOf(1, 7, now)}
	roster := []group.Voice{ada.voice, cleo.voice}
	for _, p := range []*inside{ada, ben, cleo} {
		p.agree(group.State{Epochs: epochs, Roster: roster, Proven: true})
	}
	agreeOn(epochs, []*inside{forger}, forger)
	var all []heard
	for i := range 60 {
		now = now.Add(frameLength)
		by := ada
		if i == 30 { // somebody inside puts a word in
			by = forger
			for range 210 { // their numbers are free still
				forger.seal(now, []byte{0xf8}, false, frameLength)
			}
		}
		sealed, ok := by.seal(now, []byte{0xf8, byte(i)}, false, frameLength)
		if !ok {
			t.Fatal("not sealed")
		}
		if h, ok := cleo.open(now, sealed, 0); !ok || !h.until.IsZero() {
			t.Fatalf("on the stage, frame %d is heard at %v, %v", i, h.until, ok)
		}
		h, ok := ben.open(now, sealed, 0)
		if !ok || h.until != now.Add(voice.ProofWait) {
			t.Fatalf("frame %d is to be heard at %v, %v", i, h.until, ok)
		}
		all = append(all, h)
	}
	for i := range all {
		if want := i <= 50 && i != 30; ben.isProven(&all[i]) != want {
			t.Errorf("frame %d is proven: %v", i, !want)
		}
	}
}

// What was heard can be shown to moderators, for two minutes.
func TestWhatWasHeardCanBeReported(t *testing.T) {
	now := time.Now().Add(-time.Minute)
	ada, ben := newInside(t, "ada", 0), newInside(t, "ben", 1)
	agreeOn([]group.Epoch{epochOf(1, 7, now)}, []*inside{ada}, ada, ben)
	facts := &report.Case{About: ada.voice.Who, Sealed: []byte{0}}
	for i := range 600 {
		now = now.Add(frameLength)
		sealed, _ := ada.seal(now, []byte{0xf8, byte(i), byte(i >> 8)}, false, frameLength)
		if _, ok := ben.open(now, sealed, 0); !ok {
			t.Fatalf("frame %d is not heard", i)
		}
		facts.Hashes = append(facts.Hashes, report.Hash(sealed))
	}
	room := &Room{voices: ben.stage}
	if none := room.HeardOf(textOf(ben.voice.Who)); len(none) != 0 || room.HeardOf("nobody") != nil {
		t.Errorf("of who has said nothing: %v", none)
	}
	pieces := room.HeardOf(textOf(ada.voice.Who))
	if len(pieces) != 3 || pieces[0].Frames != 250 || pieces[2].Frames != 100 || !pieces[2].To.Equal(now) {
		t.Fatalf("of who has spoken: %+v", pieces)
	}
	key, err := report.NewPrivateKey()
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := room.SealReport(pieces[:2], "Listen to this", []report.PublicKey{key.Public()})
	if err != nil {
		t.Fatal(err)
	}
	r, err := key.Open(sealed)
	if err != nil {
		t.Fatal(err)
	}
	v, err := r.Judge(facts)
	if err != nil || v.Frames != 500 || v.Proven != 475 || v.Unsigned != 25 || r.Text != "Listen to this" || len(r.Windows) != 2 {
		t.Errorf("judged: %+v, %v", v, err)
	}
	if _, err := room.SealReport(nil, "", []report.PublicKey{key.Public()}); !errors.Is(err, ErrNothingHeard) {
		t.Errorf("of nothing: %v", err)
	}

	// Two minutes later it is gone; and there is a bound in any case.
	ring := &ben.ring
	ring.forget(now.Add(rememberedFor + frameLength))
	if len(ring.stretches) != 0 || ring.frames != 0 {
		t.Errorf("%d stretches and %d frames are left", len(ring.stretches), ring.frames)
	}
	for i := range rememberedMax + 1000 {
		ring.keep(now, ada.voice, uint64(i/250), keys.Window{byte(i / 250)}, nil)
	}
	if ring.forget(now); ring.frames > rememberedMax {
		t.Errorf("%d frames are remembered", ring.frames)
	}
}
