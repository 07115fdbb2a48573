package group

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/sdk/go/keys"
)

var (
	room  = ID{1, 2, 3}
	start = time.Unix(1e9, 0)
)

func idOf(name string) ID { return ID(pattern(16, name)) }

func newGroup(t testing.TB, name string, closed bool) *Group {
	t.Helper()
	g, err := New(Config{Room: room, Who: idOf(name), Device: ed25519.NewKeyFromSeed(pattern(32, name)), Closed: closed})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func stageOf(names ...string) (stage []Standing) {
	for _, name := range names {
		stage = append(stage, Standing{Who: idOf(name)})
	}
	return stage
}

// A desk is who announces by hand.
type desk struct {
	testing.TB
	ada, bo *Group
	now     time.Time
	secret  keys.Secret
	last    Announce
}

// newDesk returns ada, who is on the stage, and bo, who listens to her.
func newDesk(t testing.TB) *desk {
	d := &desk{TB: t, ada: newGroup(t, "ada", false), bo: newGroup(t, "bo", false), now: start, secret: keys.Secret{7}}
	d.bo.Entered(d.now)
	d.bo.See(d.now, stageOf("ada"))
	d.bo.Take()
	return d
}

func (d *desk) roster() Roster { return Roster{{3, d.ada.cert}} }

// announce returns what ada announces next, with a change.
func (d *desk) announce(change func(a *Announce, n *AnnounceNotice)) Notice {
	d.Helper()
	a := Announce{Sequence: d.last.Sequence + 1, Epoch: max(d.last.Epoch, 1), Slot: 3, Holders: 2, Commit: d.secret.Commit(), Roster: d.roster().Hash()}
	if d.last.Sequence > 0 {
		a.Before = d.last.Hash()
	}
	n := &AnnounceNotice{Room: room, AnnounceRequest: AnnounceRequest{Roster: d.roster().Append(nil), Stage: []ID{idOf("ada")}}}
	if change != nil {
		change(&a, n)
	}
	if err := a.Sign(d.ada.page, room); err != nil {
		d.Fatal(err)
	}
	n.Sequence, n.Epoch = a.Sequence, a.Epoch
	if n.Announce == nil {
		n.Announce = a.Append(nil)
	}
	return Notice{Announce: n}
}

// welcome returns a letter to bo.
func (d *desk) welcome(epoch uint32, s keys.Secret) (Notice, Kek) {
	d.Helper()
	l, kek, err := SealWelcome(room, d.bo.cert.Member, X25519, d.bo.key.PublicKey().Bytes(), epoch, s)
	if err != nil {
		d.Fatal(err)
	}
	return Notice{Letter: &LetterNotice{room, l.Append(nil)}}, kek
}

func rewrap(k Kek, epoch uint32, s keys.Secret) Notice {
	l := SealRewrap(k, epoch, s)
	return Notice{Letter: &LetterNotice{room, l.Append(nil)}}
}

// begin has bo take ada's first announce and a welcome to it.
func (d *desk) begin() Kek {
	d.Helper()
	n := d.announce(nil)
	d.last = must(ParseAnnounce(n.Announce.Announce))
	letter, kek := d.welcome(1, d.secret)
	d.bo.Hear(d.now, n)
	d.bo.Hear(d.now, letter)
	if s := d.bo.State(); len(s.Epochs) != 1 || s.Code == "" || s.Epochs[0].Secret != d.secret {
		d.Fatalf("bo is not in: %+v", s)
	}
	return kek
}

func TestAnnouncesThatAreIgnored(t *testing.T) {
	for name, x := range map[string]struct {
		change func(d *desk, a *Announce, n *AnnounceNotice)
		why    string
	}{
		"follows":                 {nil, ""},
		"of a greater epoch":      {func(d *desk, a *Announce, n *AnnounceNotice) { a.Epoch, a.Commit = 9, [32]byte{1} }, ""},
		"after one that is lost":  {func(d *desk, a *Announce, n *AnnounceNotice) { a.Sequence, a.Before = 9, [32]byte{1} }, ""},
		"with the same roster":    {func(d *desk, a *Announce, n *AnnounceNotice) { n.Roster, n.Stage = nil, nil }, ""},
		"cut":                     {func(d *desk, a *Announce, n *AnnounceNotice) { n.Announce = []byte{1} }, IgnoredMalformed},
		"of another room":         {func(d *desk, a *Announce, n *AnnounceNotice) { n.Room = ID{9} }, IgnoredMalformed},
		"of the same number":      {func(d *desk, a *Announce, n *AnnounceNotice) { a.Sequence = 1 }, IgnoredStale},
		"after another":           {func(d *desk, a *Announce, n *AnnounceNotice) { a.Before = [32]byte{1} }, IgnoredChain},
		"of another secret":       {func(d *desk, a *Announce, n *AnnounceNotice) { a.Commit = [32]byte{1} }, IgnoredCommit},
		"of another's slot":       {func(d *desk, a *Announce, n *AnnounceNotice) { a.Slot = 4 }, IgnoredRoster},
		"of a roster not there":   {func(d *desk, a *Announce, n *AnnounceNotice) { a.Roster, n.Roster = [32]byte{1}, nil }, IgnoredRoster},
		"of another roster":       {func(d *desk, a *Announce, n *AnnounceNotice) { a.Roster = [32]byte{1} }, IgnoredRoster},
		"by another page":         {func(d *desk, a *Announce, n *AnnounceNotice) { d.ada.page = d.bo.page }, IgnoredSignature},
		"by one who is not there": {func(d *desk, a *Announce, n *AnnounceNotice) { d.bo.See(d.now, stageOf("cy")) }, "kept"},
		"a roster of somebody else's": {func(d *desk, a *Announce, n *AnnounceNotice) {
			r := Roster{{3, d.bo.cert}}
			a.Roster, n.Roster = r.Hash(), r.Append(nil)
		}, IgnoredSignature},
		"a roster of fewer": {func(d *desk, a *Announce, n *AnnounceNotice) {
			r := append(d.roster(), Place{4, d.bo.cert})
			a.Roster, n.Roster = r.Hash(), r.Append(nil)
		}, IgnoredSignature},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.begin()
			before := d.bo.said.hash
			n := d.announce(func(a *Announce, n *AnnounceNotice) {
				if x.change != nil {
					x.change(d, a, n)
				}
			})
			d.bo.Hear(d.now, n)
			took := d.bo.said.hash != before
			if took != (x.why == "") {
				t.Errorf("taken: %v, ignored %v", took, d.bo.ignored)
			}
			switch {
			case x.why == "kept":
				d.bo.See(d.now, stageOf("cy", "ada"))
				if d.bo.said.hash == before {
					t.Error("it is not taken when she is on the stage")
				}
			case x.why != "" && d.bo.State().Ignored[x.why] != 1 || len(d.bo.ignored) > 1:
				t.Errorf("ignored %v, want %s", d.bo.ignored, x.why)
			}
		})
	}
	d := newDesk(t)
	d.begin()
	higher := d.announce(func(a *Announce, _ *AnnounceNotice) { a.Epoch = 5 })
	d.bo.Hear(d.now, higher)
	d.last = must(ParseAnnounce(higher.Announce.Announce))
	d.bo.Hear(d.now, d.announce(func(a *Announce, _ *AnnounceNotice) { a.Epoch = 4 }))
	if d.bo.ignored[IgnoredEpoch] != 1 {
		t.Errorf("an older epoch: %v", d.bo.ignored)
	}
}

func TestLettersThatAreIgnored(t *testing.T) {
	d := newDesk(t)
	kek := d.begin()
	next := keys.Secret{8}
	for name, x := range map[string]struct {
		b   []byte
		why string
	}{
		"cut":                       {[]byte{1, 0, 0}, IgnoredMalformed},
		"by a key that is not ours": {rewrap(Kek{1}, 2, next).Letter.Letter, IgnoredSealed},
		"to another": {func() []byte {
			n, _ := d.welcome(2, next)
			n.Letter.Letter[10] ^= 1
			return n.Letter.Letter
		}(), IgnoredSealed},
		"by X-Wing":                          {append([]byte{1, 0, 0, 0, 2}, make([]byte, encMax+sealedSize)...), IgnoredSealed},
		"of a secret that was not announced": {rewrap(kek, 1, next).Letter.Letter, IgnoredCommit},
	} {
		was := d.bo.State().Ignored[x.why]
		d.bo.Hear(d.now, Notice{Letter: &LetterNotice{room, x.b}})
		if d.bo.ignored[x.why] != was+1 || len(d.bo.waiting) > 0 {
			t.Errorf("%s: %v", name, d.bo.ignored)
		}
	}
	d.bo.Hear(d.now, d.announce(func(a *Announce, _ *AnnounceNotice) { a.Epoch, a.Commit = 3, keys.Secret{9}.Commit() }))
	d.bo.Hear(d.now, rewrap(kek, 2, next))
	if d.bo.ignored[IgnoredLate] != 1 {
		t.Errorf("late: %v", d.bo.ignored)
	}
	d.bo.Hear(d.now, Notice{})
	d.bo.Hear(d.now, Notice{Untended: &UntendedNotice{ID{8}}})
	d.bo.Hear(d.now, Notice{Knocks: &KnocksNotice{Room: room}})
	d.bo.Tended(d.now, 1, 1)
	if d.bo.ignored[IgnoredUnasked] != 2 {
		t.Errorf("unasked: %v", d.bo.ignored)
	}
}

// Only the last four letters wait, and the last four keys are kept.
func TestWhatIsKept(t *testing.T) {
	d := newDesk(t)
	first := d.begin()
	for i := range uint32(6) {
		d.bo.Hear(d.now, rewrap(first, 10+i, keys.Secret{byte(i)}))
	}
	if len(d.bo.waiting) != waitingMax || d.bo.waiting[0].epoch != 12 {
		t.Errorf("what waits: %v", d.bo.waiting)
	}
	for range 4 {
		n, _ := d.welcome(30, keys.Secret{30})
		d.bo.Hear(d.now, n)
	}
	d.bo.Hear(d.now, rewrap(first, 31, keys.Secret{31}))
	if len(d.bo.keks) != keksMax || d.bo.ignored[IgnoredSealed] != 1 {
		t.Errorf("%d keys, %v", len(d.bo.keks), d.bo.ignored)
	}
}

func TestEpochsFollowOneAnother(t *testing.T) {
	d := newDesk(t)
	kek := d.begin()
	s := d.bo.State()
	if !s.Epochs[0].From.Equal(start.Add(SpeakAfter)) || s.Tending || s.Holders != 2 || len(s.Roster) != 1 {
		t.Errorf("%+v", s)
	}
	if v := s.Roster[0]; v.Slot != 3 || v.Who != idOf("ada") || v.Cert != d.ada.cert.Hash() || s.Steward != v.Who {
		t.Errorf("%+v", v)
	}
	// The letter comes first, as it should.
	d.now = d.now.Add(time.Minute)
	next := keys.Secret{8}
	d.bo.Hear(d.now, rewrap(kek, 2, next))
	n := d.announce(func(a *Announce, _ *AnnounceNotice) { a.Epoch, a.Commit = 2, next.Commit() })
	d.last = must(ParseAnnounce(n.Announce.Announce))
	if len(d.bo.State().Epochs) != 1 {
		t.Error("it is used before it is announced")
	}
	d.bo.Hear(d.now, n)
	s = d.bo.State()
	if len(s.Epochs) != 2 || s.Epochs[0].Number != 2 || s.Epochs[0].Secret != next || s.Epochs[1].Secret != d.secret {
		t.Errorf("%+v", s.Epochs)
	}
	if at := d.bo.Due(); !at.Equal(d.now.Add(ForgetAfter)) {
		t.Errorf("due at %v", at)
	}
	d.bo.Tick(d.bo.Due())
	if s = d.bo.State(); len(s.Epochs) != 1 || !d.bo.Due().IsZero() {
		t.Errorf("%+v", s.Epochs)
	}
	// The announce comes first, and the letter never: knock again.
	n = d.announce(func(a *Announce, _ *AnnounceNotice) { a.Epoch, a.Commit = 3, keys.Secret{9}.Commit() })
	d.bo.Hear(d.now, n)
	if s = d.bo.State(); s.Code != "" || len(s.Epochs) != 1 {
		t.Errorf("%+v", s)
	}
	for i := range 3 {
		at := d.bo.Due()
		if want := d.now.Add(time.Duration(i+1) * KnockEvery); !at.Equal(want) {
			t.Fatalf("due at %v, want %v", at.Sub(d.now), want.Sub(d.now))
		}
		d.bo.Tick(at)
		out := d.bo.Take()
		if len(out) != 1 || out[0].Knock == nil || out[0].Knock.Epoch != 2 {
			t.Fatalf("%+v", out)
		}
	}
	d.bo.See(d.now.Add(5*time.Second), nil)
	if at := d.bo.Due(); !at.IsZero() {
		t.Errorf("with nobody on the stage it is due at %v", at)
	}
}

// Who is on the stage and not in the roster knocks again: it may be that nobody
// has seen them coming.
func TestNotInTheRoster(t *testing.T) {
	d := newDesk(t)
	d.begin()
	d.now = d.now.Add(time.Second)
	d.bo.See(d.now, stageOf("ada", "bo"))
	at := d.bo.Due()
	if !at.Equal(d.now.Add(KnockEvery)) {
		t.Fatalf("due at %v", at)
	}
	d.bo.Tick(at)
	if out := d.bo.Take(); len(out) != 1 || out[0].Knock == nil || out[0].Knock.Epoch != 1 {
		t.Errorf("%+v", out)
	}
}

// A hall is a steward, and those who knock by hand.
type hall struct {
	testing.TB
	g    *Group
	now  time.Time
	said []*AnnounceRequest
}

func newHall(t testing.TB, closed bool) *hall {
	h := &hall{TB: t, g: newGroup(t, "ada", closed), now: start}
	h.g.Entered(h.now)
	h.g.See(h.now, stageOf("ada"))
	out := h.g.Take()
	if len(out) != 2 || out[0].Knock == nil || out[1].Tend == nil {
		t.Fatalf("%+v", out)
	}
	h.g.Tended(h.now, 0, 0)
	return h
}

// run does what is due, and answers announces, for a while. It returns the
// letters.
func (h *hall) run(d time.Duration) (letters []Letter) {
	h.Helper()
	until := h.now.Add(d)
	for n := 0; ; n++ {
		if n > 10_000 {
			h.Fatal("time stands still")
		}
		for _, r := range h.g.Take() {
			if r.Letters != nil {
				for rest := []byte(r.Letters.Letters); len(rest) > 0; {
					_, b, more, err := CutLetter(rest)
					if err != nil {
						h.Fatal(err)
					}
					letters, rest = append(letters, must(ParseLetter(b))), more
				}
			}
			if r.Announce != nil {
				h.said = append(h.said, r.Announce)
				h.g.Hear(h.now, Notice{Announce: &AnnounceNotice{room, *r.Announce}})
			}
		}
		at := h.g.Due()
		if at.IsZero() || at.After(until) {
			h.now = until
			return letters
		}
		if at.After(h.now) {
			h.now = at
		}
		h.g.Tick(h.now)
	}
}

func (h *hall) last() Announce {
	h.Helper()
	if len(h.said) == 0 {
		h.Fatal("nothing was announced")
	}
	return must(ParseAnnounce(h.said[len(h.said)-1].Announce))
}

func caller(g *Group, epoch uint32) Caller { return Caller{g.who, g.cert.Member, g.knock, epoch} }

func (h *hall) knock(callers ...Caller) {
	h.g.Hear(h.now, Notice{Knocks: &KnocksNotice{Room: room, Knocks: callers}})
}

func (h *hall) gone(m Member, removed bool) {
	h.g.Hear(h.now, Notice{Knocks: &KnocksNotice{Room: room, Gone: []Gone{{m, removed}}}})
}

func (h *hall) epoch(want uint32, holders uint32) {
	h.Helper()
	if a := h.last(); a.Epoch != want || a.Holders != holders {
		h.Errorf("epoch %d with %d, want %d with %d", a.Epoch, a.Holders, want, holders)
	}
}

func TestASteward(t *testing.T) {
	h := newHall(t, false)
	h.run(time.Second)
	h.epoch(1, 1)
	if a := h.last(); a.Sequence != 1 || a.Before != [32]byte{} || len(h.said[0].Stage) != 1 {
		t.Errorf("the first is %+v", a)
	}
	if s := h.g.State(); !s.Tending || s.Steward != idOf("ada") || s.Code == "" {
		t.Errorf("%+v", s)
	}
	h.run(32 * time.Second) // she looked whether somebody had gone
	bo, cy := newGroup(t, "bo", false), newGroup(t, "cy", false)
	epoch := h.last().Epoch
	h.knock(caller(bo, 0), caller(cy, 0))
	if l := h.run(0); len(l) != 2 || l[0].Kind != Welcome || l[0].Epoch != epoch {
		t.Fatalf("%+v", l)
	}
	h.run(10 * time.Second)
	h.epoch(epoch, 3)
	if a := h.last(); h.said[len(h.said)-1].Roster != nil || a.Time != uint64(h.now.Add(-10*time.Second).UnixMilli()) {
		t.Errorf("%+v", a)
	}
	// One comes onto the stage: at once. Two more changes within a second: one.
	h.g.See(h.now, stageOf("ada", "bo"))
	if l := h.run(0); len(l) != 2 || l[0].Kind != Rewrap || l[0].Epoch != epoch+1 {
		t.Errorf("%+v", l)
	}
	h.epoch(epoch+1, 3)
	h.g.See(h.now, stageOf("ada", "bo", "cy"))
	h.g.See(h.now, stageOf("ada", "cy"))
	h.run(900 * time.Millisecond)
	h.epoch(epoch+1, 3)
	h.run(100 * time.Millisecond)
	h.epoch(epoch+2, 3)
	if r := must(ParseRoster(h.said[len(h.said)-1].Roster)); len(r) != 2 || r[0].Slot != 0 || r[1].Slot != 1 || r[1].Cert != cy.cert {
		t.Errorf("%+v", r)
	}
	// One leaves: within a minute. One is removed: at once.
	h.gone(bo.cert.Member, false)
	h.run(29 * time.Second)
	h.epoch(epoch+2, 3)
	h.run(2 * time.Second)
	h.epoch(epoch+3, 2)
	h.run(5 * time.Second)
	h.gone(cy.cert.Member, true)
	h.run(0)
	h.epoch(epoch+4, 1)
	if n := h.g.State().Ignored; len(n) != 0 {
		t.Errorf("ignored %v", n)
	}
	// Somebody else tends.
	h.g.Refused(h.now)
	if h.g.State().Tending {
		t.Error("she tends still")
	}
}

func TestKnocksThatAreIgnored(t *testing.T) {
	bo, cy, xe := newGroup(t, "bo", false), newGroup(t, "cy", false), newGroup(t, "xe", true)
	change := func(c Caller, f func(c *Caller)) Caller {
		f(&c)
		return c
	}
	bad := Knock{Cert: cy.cert, KEM: XWing, Key: make([]byte, keyMax)}
	for i := range bad.Key {
		bad.Key[i] = 0xff
	}
	if err := bad.Sign(cy.page, room, cy.who); err != nil {
		t.Fatal(err)
	}
	zero := Knock{Cert: cy.cert, KEM: X25519, Key: make([]byte, keyMin)}
	if err := zero.Sign(cy.page, room, cy.who); err != nil {
		t.Fatal(err)
	}
	for name, x := range map[string]struct {
		c      Caller
		closed bool
		why    string
	}{
		"cut":                         {change(caller(cy, 0), func(c *Caller) { c.Knock = c.Knock[1:] }), false, IgnoredKnock},
		"of another member":           {change(caller(cy, 0), func(c *Caller) { c.Member[0]++ }), false, IgnoredKnock},
		"by another person":           {change(caller(cy, 0), func(c *Caller) { c.Who = idOf("dee") }), false, IgnoredSignature},
		"by bo's member":              {change(caller(bo, 0), func(c *Caller) { c.Who = cy.who }), false, IgnoredKnock},
		"X25519 in a closed room":     {caller(cy, 0), true, IgnoredKnock},
		"X-Wing in an open room":      {caller(xe, 0), false, ""},
		"X-Wing in a closed room":     {caller(xe, 0), true, ""},
		"a key that is none":          {change(caller(cy, 0), func(c *Caller) { c.Knock = bad.Append(nil) }), false, IgnoredKnock},
		"a key that all could open":   {change(caller(cy, 0), func(c *Caller) { c.Knock = zero.Append(nil) }), false, IgnoredKnock},
		"with an epoch far beyond us": {caller(cy, 1<<31), false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHall(t, x.closed)
			h.run(time.Second)
			if !x.closed {
				h.knock(caller(bo, 0))
				h.run(0)
			}
			h.knock(x.c)
			if l := h.run(0); len(l) == 1 != (x.why == "") || x.why != "" && h.g.ignored[x.why] != 1 {
				t.Errorf("%d letters, ignored %v", len(l), h.g.ignored)
			}
			h.run(40 * time.Second)
			if h.last().Epoch > 10 {
				t.Errorf("epoch %d", h.last().Epoch)
			}
		})
	}
}

// An epoch that was not announced is not begun again, and nothing is sealed
// twice for it.
func TestRefusedEpoch(t *testing.T) {
	h := newHall(t, false)
	h.run(time.Second)
	bo := newGroup(t, "bo", false)
	h.knock(caller(bo, 0))
	h.run(40 * time.Second)
	was := h.last().Epoch
	h.g.See(h.now, stageOf("ada", "bo"))
	lost := h.g.Take()
	if len(lost) != 2 || lost[0].Letters == nil || lost[0].Letters.Epoch != was+1 || lost[1].Announce == nil {
		t.Fatalf("%+v", lost)
	}
	h.g.Refused(h.now)
	h.now = h.now.Add(tendApart)
	h.g.Tick(h.now)
	if out := h.g.Take(); len(out) != 1 || out[0].Tend == nil {
		t.Fatalf("%+v", out)
	}
	h.g.Tended(h.now, h.last().Sequence, was)
	h.knock(caller(bo, was+1)) // a letter has brought it
	h.run(time.Second)
	h.epoch(was+2, 2)
}

// Who has more than one page is there by the newest alone.
func TestANewPage(t *testing.T) {
	h := newHall(t, false)
	h.run(40 * time.Second)
	bo, again := newGroup(t, "bo", false), newGroup(t, "bo", false)
	h.g.See(h.now, stageOf("ada", "bo"))
	h.knock(caller(bo, 0))
	h.run(10 * time.Second)
	was := h.last()
	h.knock(caller(again, 0))
	h.gone(bo.cert.Member, false)
	h.run(time.Second)
	h.epoch(was.Epoch+1, 2)
	if r := must(ParseRoster(h.said[len(h.said)-1].Roster)); r[1].Cert != again.cert {
		t.Errorf("%+v", r)
	}
	h.run(time.Minute)
	h.epoch(was.Epoch+1, 2)
}

func TestTakingOver(t *testing.T) {
	g := newGroup(t, "cy", false)
	now := start
	g.See(now, stageOf("ada", "bo", "cy"))
	g.Entered(now)
	if out := g.Take(); len(out) != 1 || out[0].Knock == nil {
		t.Fatalf("%+v", out)
	}
	untended := Notice{Untended: &UntendedNotice{room}}
	g.Hear(now, untended)
	g.Hear(now.Add(100*time.Millisecond), untended)
	if at := g.Due(); !at.Equal(now.Add(2 * takeEvery)) {
		t.Errorf("due after %v", at.Sub(now))
	}
	g.Tick(g.Due())
	if out := g.Take(); len(out) != 1 || out[0].Tend == nil {
		t.Errorf("%+v", out)
	}
	// Others go, and it is first in line without that.
	g = newGroup(t, "cy", false)
	g.Entered(now)
	g.See(now, []Standing{{idOf("ada"), true}, {idOf("cy"), false}, {idOf("bo"), false}})
	if at := g.Due(); !at.Equal(now.Add(hearFirst)) {
		t.Errorf("due after %v", at.Sub(now))
	}
	g.See(now, []Standing{{idOf("ada"), true}, {idOf("cy"), false}, {idOf("bo"), true}})
	if out := g.Take(); len(out) != 2 || out[1].Tend == nil {
		t.Errorf("%+v", out)
	}
}

func TestLimits(t *testing.T) {
	h := newHall(t, false)
	h.run(time.Second)
	bo := newGroup(t, "bo", false)
	for i := range PeersMax {
		h.g.peers[ID{byte(i), byte(i >> 8), 9}] = &peer{}
	}
	h.knock(caller(bo, 0))
	if h.g.ignored[IgnoredFull] != 1 {
		t.Errorf("ignored %v", h.g.ignored)
	}
	// No number is left.
	h = newHall(t, false)
	h.g.sequence, h.g.epoch = 1<<32-1, 1<<32-1
	h.run(5 * time.Second)
	if len(h.said) > 0 || h.g.State().Tending {
		t.Errorf("announced %+v", h.said)
	}
	// More on the stage than there are slots.
	var many []Standing
	for i := range 50 {
		many = append(many, Standing{Who: ID{byte(i)}}, Standing{Who: ID{byte(i)}})
	}
	h.g.See(h.now, many)
	if len(h.g.stage) != RosterMax {
		t.Errorf("%d on the stage", len(h.g.stage))
	}
}

func TestNew(t *testing.T) {
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New(Config{Device: other}); err == nil {
		t.Error("a device key of another kind")
	}
	if _, err := New(Config{Device: ed25519.NewKeyFromSeed(make([]byte, 32)), Rand: strings.NewReader("short")}); err == nil {
		t.Error("chance that runs out")
	}
	if _, err := New(Config{Device: broken{ed25519.NewKeyFromSeed(make([]byte, 32))}}); err == nil {
		t.Error("a device that does not sign")
	}
	a, b := newGroup(t, "ada", true), newGroup(t, "ada", true)
	if a.Member() == b.Member() || a.PageKey().Equal(b.PageKey()) || len(a.knock) != 1419 {
		t.Error("two pages have the same keys")
	}
}

type broken struct{ ed25519.PrivateKey }

var errBroken = errors.New("broken")

func (broken) Sign(_ io.Reader, _ []byte, _ crypto.SignerOpts) ([]byte, error) {
	return nil, errBroken
}

func TestJSON(t *testing.T) {
	who := ID{0xff}
	for _, x := range []struct {
		v    any
		back any
		text string
	}{
		{Request{Knock: &KnockRequest{Member{1}, Bytes{0xfb, 0xff}, 3}}, &Request{}, `{"knock":{"member":"AQAAAAAAAAA","knock":"-_8","epoch":3}}`},
		{Request{Tend: &TendRequest{}}, &Request{}, `{"tend":{}}`},
		{Request{Announce: &AnnounceRequest{Sequence: 1, Epoch: 2, Announce: Bytes{1}}}, &Request{}, `{"announce":{"sequence":1,"epoch":2,"announce":"AQ"}}`},
		{Request{Announce: &AnnounceRequest{1, 2, Bytes{1}, Bytes{2}, []ID{who}}}, &Request{}, `{"announce":{"sequence":1,"epoch":2,"announce":"AQ","roster":"Ag","stage":["vs000000000000000000000000"]}}`},
		{Request{Letters: &LettersRequest{4, Bytes{1, 2, 3}}}, &Request{}, `{"letters":{"epoch":4,"letters":"AQID"}}`},
		{Notice{Announce: &AnnounceNotice{who, AnnounceRequest{Sequence: 1, Epoch: 2, Announce: Bytes{1}}}}, &Notice{}, `{"announce":{"room":"vs000000000000000000000000","sequence":1,"epoch":2,"announce":"AQ"}}`},
		{Notice{Letter: &LetterNotice{who, Bytes{1}}}, &Notice{}, `{"letter":{"room":"vs000000000000000000000000","letter":"AQ"}}`},
		{Notice{Knocks: &KnocksNotice{who, []Caller{{who, Member{1}, Bytes{1}, 3}}, []Gone{{Member{2}, true}}}}, &Notice{}, `{"knocks":{"room":"vs000000000000000000000000","knocks":[{"who":"vs000000000000000000000000","member":"AQAAAAAAAAA","knock":"AQ","epoch":3}],"gone":[{"member":"AgAAAAAAAAA","removed":true}]}}`},
		{Notice{Untended: &UntendedNotice{who}}, &Notice{}, `{"untended":{"room":"vs000000000000000000000000"}}`},
	} {
		b := must(json.Marshal(x.v))
		if string(b) != x.text {
			t.Errorf("%s, want %s", b, x.text)
		}
		if err := json.Unmarshal(b, x.back); err != nil {
			t.Errorf("%s: %v", b, err)
		} else if again := must(json.Marshal(x.back)); string(again) != x.text {
			t.Errorf("%s came back as %s", b, again)
		}
	}
	for _, text := range []string{`{"letter":{"room":"short"}}`, `{"letter":{"room":"vs00000000000000000000000v"}}`, `{"letter":{"letter":"A"}}`, `{"letter":{"letter":"AQ=="}}`, `{"knocks":{"gone":[{"member":"AQ"}]}}`} {
		if err := json.Unmarshal([]byte(text), &Notice{}); err == nil {
			t.Errorf("%s is read", text)
		}
	}
}

// Whatever a node says, nothing panics, and it is never due for ever.
func FuzzHear(f *testing.F) {
	d := newDesk(f)
	letter, _ := d.welcome(1, d.secret)
	bo := newGroup(f, "bo", false)
	for _, n := range []Notice{
		d.announce(nil),
		letter,
		{Knocks: &KnocksNotice{room, []Caller{caller(bo, 0)}, []Gone{{bo.cert.Member, true}}}},
		{Untended: &UntendedNotice{room}},
	} {
		f.Add(must(json.Marshal(n)), uint32(0), uint32(0), uint8(0))
		f.Add(must(json.Marshal(n)), uint32(1<<32-1), uint32(7), uint8(3))
	}
	f.Fuzz(func(t *testing.T, b []byte, sequence, epoch uint32, then uint8) {
		var n Notice
		if json.Unmarshal(b, &n) != nil {
			return
		}
		h := newHall(t, false)
		if then&1 != 0 {
			h.g.Entered(h.now)
			h.now = h.now.Add(2 * time.Second)
			h.g.Tick(h.now)
			h.g.Tended(h.now, sequence, epoch)
		}
		if then&2 != 0 {
			h.run(time.Second)
		}
		for range 2 {
			h.g.Hear(h.now, n)
			h.run(time.Minute)
			h.g.See(h.now, stageOf("ada", "bo"))
		}
		_ = h.g.State()
	})
}

// crowd returns a steward with listeners that it has welcomed.
func crowd(t testing.TB, n int) *hall {
	h := newHall(t, false)
	h.run(40 * time.Second)
	key := newGroup(t, "bo", false).key.PublicKey().Bytes()
	for i := range n {
		p := &peer{who: ID(pattern(16, fmt.Sprint(i))), kem: X25519, key: key, seen: true}
		p.cert.Member = Member(pattern(8, fmt.Sprint(i)))
		h.g.peers[p.who], h.g.members[p.cert.Member] = p, p
		h.g.todo = append(h.g.todo, p)
	}
	return h
}

// No step takes long, and letters go out before what they are about.
func TestACrowd(t *testing.T) {
	const n = 1200
	h := crowd(t, n)
	var said *AnnounceRequest
	for i, want := range []int{500, 500, 200} {
		h.g.Tick(h.now)
		letters := 0
		for _, r := range h.g.Take() {
			if r.Announce != nil { // of those who have their letters
				said = r.Announce
				continue
			}
			if len(r.Letters.Letters) > LettersMax {
				t.Errorf("%d bytes of letters", len(r.Letters.Letters))
			}
			letters += len(r.Letters.Letters) / (8 + 2 + 85)
		}
		if letters != want || i < 2 && !h.g.Due().Equal(h.now) {
			t.Errorf("step %d: %d letters, due in %v", i, letters, h.g.Due().Sub(h.now))
		}
	}
	h.g.Hear(h.now, Notice{Announce: &AnnounceNotice{room, *said}})
	for i, m := range []Member{Member(pattern(8, "7")), {1}} {
		h.gone(m, true) // one who is known, and one who may be
		h.now = h.now.Add(time.Second)
		if letters := h.run(time.Second); len(letters) != n-1 || letters[0].Kind != Rewrap {
			t.Errorf("%d letters", len(letters))
		}
		h.epoch(uint32(2+i), n)
	}
}

func BenchmarkWelcome(b *testing.B) {
	for _, kem := range []KEM{X25519, XWing} {
		b.Run(map[KEM]string{X25519: "X25519", XWing: "X-Wing"}[kem], func(b *testing.B) {
			key := must(kem.hpke().GenerateKey()).PublicKey().Bytes()
			for b.Loop() {
				if _, _, err := SealWelcome(room, Member{}, kem, key, 1, keys.Secret{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// What a steward does for one who knocks: it checks two signatures, and seals.
func BenchmarkKnock(b *testing.B) {
	h := newHall(b, false)
	h.run(40 * time.Second)
	bo := newGroup(b, "bo", false)
	for b.Loop() {
		clear(h.g.peers)
		clear(h.g.members)
		h.knock(caller(bo, 0))
		if len(h.g.Take()) == 0 {
			b.Fatal("no letter")
		}
	}
}

// A new epoch for 5,000 who were welcomed: all letters and the announce.
func BenchmarkRekey(b *testing.B) {
	const n = 5000
	h := crowd(b, n)
	h.run(0)
	b.ResetTimer()
	for b.Loop() {
		h.now = h.now.Add(2 * time.Second)
		h.g.removed = true
		if l := h.run(0); len(l) != n {
			b.Fatalf("%d letters", len(l))
		}
	}
}
