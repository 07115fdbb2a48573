package stoa

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/sdk/go/group"
	"github.com/stoa-audio/stoa/sdk/go/keys"
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
	s.sign, s.cert = private, sha256.Sum256([]byte(name))
	v := group.Voice{Slot: slot, PageKey: public, Cert: s.cert}
	copy(v.Who[:], name)
	return &inside{s, v}
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
		h, ok := b.open(*now, sealed)
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
		if _, ok := ben.open(now, sealed); ok != want {
			t.Errorf("time %d: %v", i+1, ok)
		}
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
	ada, ben, forger := newInside(t, "ada", 0), newInside(t, "ben", 1), newInside(t, "ada", 0)
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
	forger := newInside(t, "ada", 0)
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
		if h, ok := cleo.open(now, sealed); !ok || !h.until.IsZero() {
			t.Fatalf("on the stage, frame %d is heard at %v, %v", i, h.until, ok)
		}
		h, ok := ben.open(now, sealed)
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
