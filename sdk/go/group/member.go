package group

import (
	"crypto/sha256"
	"slices"
	"time"

	"github.com/stoa-audio/stoa/sdk/go/keys"
)

// Bounds of what a member remembers.
const (
	keksMax    = 4
	waitingMax = 4
	epochsMax  = 2
)

// member is what every client has to know.
type member struct {
	said  *said           // the announce in force
	heard heard           // the one that came last, taken or not
	kept  *AnnounceNotice // by one who is not on the stage yet

	epochs   []epoch   // newest first
	forgetAt time.Time // the second of them
	waiting  []given   // secrets that wait for their announce
	keks     []Kek     // newest first

	knocked, lackedAt time.Time
	heardAfresh       bool // an announce since coming in
}

// said is an announce that was taken.
type said struct {
	Announce
	hash   [sha256.Size]byte
	roster Roster
	stage  []ID // whose the certs are
	by     ID
	at     time.Time
}

type epoch struct {
	Epoch
	commit [32]byte
}

type heard struct {
	sequence uint32
	hash     [sha256.Size]byte
}

type given struct {
	epoch  uint32
	secret keys.Secret
}

// secret returns that of the epoch in force, if it is there.
func (g *Group) secret() (s keys.Secret, ok bool) {
	if g.said == nil || len(g.epochs) == 0 || g.epochs[0].Number != g.said.Epoch || g.epochs[0].commit != g.said.Commit {
		return s, false
	}
	return g.epochs[0].Secret, true
}

// lacks reports whether an announce or a secret has not come.
func (g *Group) lacks() bool {
	_, ok := g.secret()
	return !ok || g.heard.sequence > g.said.Sequence
}

// --- knocking ---

func (g *Group) knockNow(now time.Time) {
	g.knocked, g.lackedAt = now, now
	has := uint32(0)
	if len(g.epochs) > 0 {
		has = g.epochs[0].Number
	}
	g.out = slices.DeleteFunc(g.out, func(r Request) bool { return r.Knock != nil })
	g.out = append(g.out, Request{Knock: &KnockRequest{g.cert.Member, g.knock, has}})
}

// knockAgain knocks when a secret has not come for too long. With nobody on the
// stage it cannot come.
func (g *Group) knockAgain(now time.Time) {
	switch {
	case g.entered.IsZero() || g.tending || !g.lacks() && !g.unseated() || len(g.line()) == 0:
		g.lackedAt = time.Time{}
	case g.lackedAt.IsZero():
		g.lackedAt = now
	case due(g.knockDue(), now):
		g.knockNow(now)
	}
}

// unseated reports whether this client is on the stage and not in the roster:
// nobody may have seen it coming.
func (g *Group) unseated() bool {
	there, _ := g.onStage(g.who)
	return there && !g.said.has(&g.cert)
}

func (g *Group) knockDue() time.Time {
	if g.lackedAt.IsZero() {
		return time.Time{}
	}
	return latest(g.lackedAt, g.knocked).Add(KnockEvery)
}

// --- announces ---

func (g *Group) hearAnnounce(now time.Time, n *AnnounceNotice) {
	a, err := ParseAnnounce(n.Announce)
	if err != nil {
		g.ignored[IgnoredMalformed]++
		return
	}
	s := &said{Announce: a, hash: a.Hash(), at: now}
	g.heard, g.heardAfresh = heard{a.Sequence, s.hash}, true
	if g.said != nil && g.said.hash == s.hash {
		return // said again to who knocks again
	}
	if why := g.judge(s, n); why != "" {
		g.ignored[why]++
		return
	}
	if there, _ := g.onStage(s.by); !there {
		g.kept = n
		return
	}
	g.take(now, s)
}

// judge checks an announce, and returns why it is ignored.
func (g *Group) judge(s *said, n *AnnounceNotice) string {
	last := g.said
	switch {
	case last == nil:
	case s.Sequence <= last.Sequence:
		return IgnoredStale
	case s.Sequence == last.Sequence+1 && s.Before != last.hash:
		return IgnoredChain
	case s.Epoch < last.Epoch:
		return IgnoredEpoch
	case s.Epoch == last.Epoch && s.Commit != last.Commit:
		return IgnoredCommit
	}
	if last != nil && s.Announce.Roster == last.Announce.Roster {
		s.roster, s.stage = last.roster, last.stage
	} else {
		roster, err := ParseRoster(n.Roster)
		if err != nil || roster.Hash() != s.Announce.Roster {
			return IgnoredRoster
		}
		if !g.known(roster, n.Stage) && roster.Verify(g.room, n.Stage) != nil {
			return IgnoredSignature
		}
		s.roster, s.stage = roster, slices.Clone(n.Stage)
	}
	i := slices.IndexFunc(s.roster, func(p Place) bool { return p.Slot == s.Slot })
	if i < 0 {
		return IgnoredRoster
	}
	s.by = s.stage[i]
	if s.Verify(s.roster[i].Cert.PageKey[:], g.room) != nil {
		return IgnoredSignature
	}
	return ""
}

// known reports whether all of a roster has been verified before.
func (g *Group) known(r Roster, stage []ID) bool {
	if g.said == nil || len(stage) != len(r) {
		return false
	}
	for i := range r {
		j := slices.IndexFunc(g.said.roster, func(p Place) bool { return p.Cert == r[i].Cert })
		if j < 0 || g.said.stage[j] != stage[i] {
			return false
		}
	}
	return true
}

// take puts an announce into force.
func (g *Group) take(now time.Time, s *said) {
	fresh := g.said == nil || g.said.Epoch != s.Epoch
	g.said, g.kept, g.takeAt = s, nil, time.Time{}
	if fresh {
		g.lastNew = now
	}
	if g.next != nil && g.next.epoch == s.Epoch && g.next.secret.Commit() == s.Commit {
		g.give(now, given{g.next.epoch, g.next.secret})
	}
	for _, w := range g.waiting {
		if w.epoch == s.Epoch {
			g.give(now, w)
		}
	}
	g.waiting = slices.DeleteFunc(g.waiting, func(w given) bool { return w.epoch <= s.Epoch })
	g.told(s, fresh)
}

// --- letters ---

func (g *Group) hearLetter(now time.Time, b []byte) {
	l, err := ParseLetter(b)
	if err != nil {
		g.ignored[IgnoredMalformed]++
		return
	}
	if g.said != nil && l.Epoch < g.said.Epoch {
		g.ignored[IgnoredLate]++
		return
	}
	s, err := g.open(&l)
	if err != nil {
		g.ignored[IgnoredSealed]++
		return
	}
	g.takeAt = time.Time{}
	w := given{l.Epoch, s}
	if g.said != nil && l.Epoch == g.said.Epoch {
		g.give(now, w)
		return
	}
	if slices.Contains(g.waiting, w) {
		return
	}
	if len(g.waiting) == waitingMax {
		g.waiting = slices.Delete(g.waiting, 0, 1)
	}
	g.waiting = append(g.waiting, w)
}

func (g *Group) open(l *Letter) (s keys.Secret, err error) {
	if l.Kind == Rewrap {
		for _, k := range g.keks {
			if s, err = l.OpenRewrap(k); err == nil {
				return s, nil
			}
		}
		return s, ErrSealed
	}
	s, k, err := l.OpenWelcome(g.room, g.cert.Member, g.key)
	if err == nil {
		g.keks = slices.Insert(g.keks, 0, k)
		g.keks = g.keks[:min(len(g.keks), keksMax)]
	}
	return s, err
}

// give takes a secret of the epoch in force, if it is the one that was
// announced.
func (g *Group) give(now time.Time, w given) {
	commit := w.secret.Commit()
	if commit != g.said.Commit {
		g.ignored[IgnoredCommit]++
		return
	}
	if _, ok := g.secret(); ok {
		return
	}
	// Of two that look alike in a frame only one can be there.
	g.epochs = slices.DeleteFunc(g.epochs, func(e epoch) bool { return keys.EpochLow(e.Number) == keys.EpochLow(w.epoch) })
	g.epochs = slices.Insert(g.epochs, 0, epoch{Epoch{w.epoch, w.secret, now.Add(SpeakAfter)}, commit})
	g.epochs = g.epochs[:min(len(g.epochs), epochsMax)]
	g.forgetAt = time.Time{}
	if len(g.epochs) > 1 {
		g.forgetAt = now.Add(ForgetAfter)
	}
}
