package group

import (
	"cmp"
	"crypto/sha256"
	"io"
	"math"
	"slices"
	"time"

	"github.com/stoa-audio/stoa/sdk/go/keys"
)

// How a steward goes about it.
const (
	// PeersMax is how many others a steward knows.
	PeersMax = 10_000
	// LettersMax is how many bytes of letters are in one request.
	LettersMax = 44 << 10

	apart       = time.Second            // of one epoch from the next
	goneAfter   = 30 * time.Second       // until who has gone is shut out
	sayEvery    = time.Second            // how often the same epoch is announced again
	sayEach     = 2 * time.Millisecond   // or of many holders, for each
	takeEvery   = 500 * time.Millisecond // from one in line to the next
	hearFirst   = 500 * time.Millisecond // who comes in waits for what there is
	settleAfter = 100 * time.Millisecond // who begins to tend waits for more knocks
	settleMax   = 500 * time.Millisecond
	answerMax   = 10 * time.Second // for the node to answer
	tendApart   = time.Second      // from asking to tend to asking again

	// What a step costs at most, so that none takes long: 500 welcomes.
	budgetMax, welcomeCost, rewrapCost = 10_000, 20, 1

	// A node that has forgotten what was announced may have passed on more than
	// this client has heard: numbers go on from the time in seconds, and from so
	// much later where this client has heard nothing.
	sequenceLater = 60
	// epochFar is how far beyond ours an epoch may be that a member names.
	epochFar = 1 << 16
)

// steward is what a client has to know to let others in.
type steward struct {
	first     bool      // in line
	passed    bool      // somebody else lets others in, though this client is first
	again     bool      // it did so until it lost its connection
	asked     bool      // to tend
	askedAt   time.Time // the last time
	takeAt    time.Time // when it is its turn if nobody else acts
	notBefore time.Time // to ask to tend

	tending  bool
	settled  bool
	settleAt time.Time // more knocks come until then
	settleBy time.Time
	sequence uint32 // of the newest announce that the node has
	epoch    uint32
	lost     bool // the node had forgotten what was announced
	far      bool // somebody may have heard more than this client and the node
	leapt    bool // numbers went beyond that

	peers   map[ID]*peer
	members map[Member]*peer
	todo    []*peer  // to be welcomed to the epoch in force
	left    []Holder // of its secret, who have gone
	next    *next
	sent    *sent
	used    uint32 // the newest epoch that was begun here
	beyond  uint32 // the newest that anybody has named

	removed bool      // somebody was
	goneBy  time.Time // when who has gone is to be shut out
	changed bool      // are the holders since the last announce
	sayNow  bool      // that this client tends
	withAll bool      // the roster too: the node may not have it
	lastNew time.Time // when an epoch was announced
}

// peer is one who has knocked.
type peer struct {
	who   ID
	cert  Cert
	kem   KEM
	key   []byte
	knock [sha256.Size]byte // its hash
	has   uint32            // the newest epoch that they were given
	seen  bool              // since this client tends
	gone  bool

	kek    Kek
	kekFor uint32 // the newest epoch that it was used for; 0: there is none
}

// next is an epoch that is being made.
type next struct {
	given
	todo    []*peer
	left    []Holder
	removed bool // somebody whom it shuts out was
}

// sent is an announce that the node has not answered.
type sent struct {
	at  time.Time
	far bool // it went beyond what somebody may have heard
}

// --- whose turn it is ---

// standInLine asks to tend when it is this client's turn.
func (g *Group) standInLine(now time.Time) {
	there, _ := g.onStage(g.who)
	if !there || g.entered.IsZero() {
		g.abandon()
		g.rest()
		g.steward = steward{used: g.used, lastNew: g.lastNew}
		return
	}
	first := g.line()[0] == g.who
	g.passed = g.passed && first && g.first && g.announcerThere()
	g.first = first
	if g.asked && due(g.askedAt.Add(answerMax), now) {
		g.asked = false
	}
	if !g.asked && due(g.tendDue(), now) {
		g.out = slices.DeleteFunc(g.out, func(r Request) bool { return r.Tend != nil })
		g.out = append(g.out, Request{Tend: &TendRequest{}})
		g.asked, g.askedAt, g.notBefore = true, now, now.Add(tendApart)
		g.takeAt, g.passed, g.again = time.Time{}, false, false
	}
}

// announcerThere reports whether it was somebody else who announced last, and
// who can still act.
func (g *Group) announcerThere() bool {
	if g.said == nil || g.said.by == g.who {
		return false
	}
	_, connected := g.onStage(g.said.by)
	return connected
}

// tendDue returns when to ask to tend.
func (g *Group) tendDue() time.Time {
	if there, _ := g.onStage(g.who); !there || g.tending || g.entered.IsZero() {
		return time.Time{}
	}
	if g.asked {
		return g.askedAt.Add(answerMax)
	}
	at := g.takeAt
	if g.first && !g.passed || g.again {
		switch {
		case len(g.line()) > 1 && !g.heardAfresh:
			at = earliest(at, g.entered.Add(hearFirst))
		case g.lacks() && g.announcerThere(): // who is about to let us in
		default:
			at = earliest(at, g.entered)
		}
	}
	if at.IsZero() {
		return at
	}
	return latest(at, g.notBefore)
}

// hearUntended: who is next in line takes over, unless somebody acts.
func (g *Group) hearUntended(now time.Time) {
	place := slices.Index(g.line(), g.who)
	if place < 0 || g.asked {
		return
	}
	if g.tending { // not any more, says the node
		g.abandon()
		g.rest()
	}
	if g.takeAt.IsZero() {
		g.takeAt = now.Add(time.Duration(place) * takeEvery)
	}
}

// Tended is the answer to a request to tend: the newest announce that the node
// has, 0 for none.
func (g *Group) Tended(now time.Time, sequence, epoch uint32) {
	if !g.asked {
		g.ignored[IgnoredUnasked]++
		return
	}
	g.abandon()
	g.asked, g.tending, g.settled = false, true, false
	g.settleAt, g.settleBy = now.Add(settleAfter), now.Add(settleMax)
	g.sequence, g.epoch, g.beyond = sequence, epoch, 0
	g.lost = sequence == 0 || g.said != nil && sequence < g.said.Sequence
	g.leapt = false
	g.far = g.said != nil && sequence <= g.said.Sequence && g.heard.hash != g.said.hash || g.lost && g.said != nil
	g.sayNow, g.withAll = true, true
	if g.peers == nil {
		g.peers, g.members = make(map[ID]*peer), make(map[Member]*peer)
	}
	for _, p := range g.peers {
		p.seen = false
	}
	g.step(now)
}

// Refused is the answer to an announce that was stale, or to anything else that
// only who tends may ask for: somebody else does.
func (g *Group) Refused(now time.Time) {
	g.refuse(now)
	g.step(now)
}

func (g *Group) refuse(now time.Time) {
	g.abandon()
	g.rest()
	g.asked, g.notBefore = false, now.Add(tendApart)
	g.passed = g.first && g.announcerThere()
}

// rest stops tending. An epoch that was announced may yet turn out to be in
// force.
func (g *Group) rest() {
	g.tending = false
	if g.sent == nil {
		g.abandon()
	}
	for _, r := range g.out {
		if r.Letters != nil {
			g.unpost(r.Letters.Letters)
		}
	}
	g.out = slices.DeleteFunc(g.out, func(r Request) bool { return r.Announce != nil || r.Letters != nil })
}

// unpost notes that letters are not sent: their keks will never be known.
func (g *Group) unpost(letters []byte) {
	for len(letters) > 0 {
		to, _, rest, err := CutLetter(letters)
		if err != nil {
			return
		}
		if p := g.members[to]; p != nil {
			p.kekFor = 0
		}
		letters = rest
	}
}

// abandon gives up the epoch that is being made.
func (g *Group) abandon() {
	if g.next != nil {
		g.removed = g.removed || g.next.removed
	}
	if g.sent != nil {
		g.far = g.far || g.sent.far
	}
	g.next, g.sent = nil, nil
}

// told notes that an announce is in force.
func (g *Group) told(s *said, fresh bool) {
	if fresh {
		g.left = nil
	}
	if s.by == g.who && s.voice() == g.cert.PageKey {
		if n := g.next; n != nil && n.epoch == s.Epoch {
			g.left, g.next = n.left, nil
			g.todo = append(g.todo, n.todo...)
		}
		g.sent = nil
		g.sequence, g.epoch = s.Sequence, s.Epoch
		return
	}
	g.abandon()
	if fresh {
		g.removed, g.goneBy = false, time.Time{}
	}
	if g.tending {
		g.rest()
	}
	g.again = false
	g.passed = g.first && !g.asked
}

// voice returns the page key of who announced.
func (s *said) voice() (key [32]byte) {
	for _, p := range s.roster {
		if p.Slot == s.Slot {
			key = p.Cert.PageKey
		}
	}
	return key
}

// --- who knocks, and who goes ---

func (g *Group) hearKnocks(now time.Time, n *KnocksNotice) {
	if !g.tending {
		g.ignored[IgnoredUnasked]++
		return
	}
	for i := range n.Knocks {
		if why := g.hearKnock(now, &n.Knocks[i]); why != "" {
			g.ignored[why]++
		}
	}
	for _, x := range n.Gone {
		if p := g.members[x.Member]; p != nil {
			g.drop(now, p, x.Removed)
		} else if x.Removed && x.Member != g.cert.Member {
			g.removed = true // who lets others in before may have let them in
		}
	}
	if !g.settled {
		g.settleAt = earliest(now.Add(settleAfter), g.settleBy)
	}
}

func (g *Group) hearKnock(now time.Time, c *Caller) (ignored string) {
	if c.Who == g.who {
		return ""
	}
	p, hash := g.peers[c.Who], sha256.Sum256(c.Knock)
	if p == nil || p.knock != hash {
		k, err := ParseKnock(c.Knock)
		if err != nil || k.Cert.Member != c.Member || g.closed && k.KEM != XWing {
			return IgnoredKnock
		}
		if other := g.members[c.Member]; c.Member == g.cert.Member || other != nil && other != p {
			return IgnoredKnock
		}
		if _, err := k.KEM.hpke().NewPublicKey(k.Key); err != nil {
			return IgnoredKnock
		}
		if k.Verify(g.room, c.Who) != nil {
			return IgnoredSignature
		}
		if p == nil && len(g.peers) >= PeersMax {
			return IgnoredFull
		}
		if p != nil {
			g.drop(now, p, false)
		}
		p = &peer{who: c.Who, cert: k.Cert, kem: k.KEM, key: slices.Clone(k.Key), knock: hash}
		g.peers[p.who], g.members[c.Member] = p, p
	}
	g.follows(now, p, c.Epoch)
	had := p.has
	p.seen, p.has = true, c.Epoch
	if _, ok := g.secret(); ok && c.Epoch == g.said.Epoch {
		g.changed = g.changed || had != p.has
	} else {
		p.kekFor = 0 // it may be that they do not have it
		g.todo = append(g.todo, p)
	}
	if g.next != nil {
		g.next.todo = append(g.next.todo, p)
	}
	return ""
}

// follows sees to it that one can follow who has heard of an epoch that is not
// ours: announced before the node forgot it, or begun and never announced.
func (g *Group) follows(now time.Time, p *peer, epoch uint32) {
	other := g.said != nil && epoch == g.said.Epoch && epoch == g.used && p.has != epoch && g.lost &&
		!slices.ContainsFunc(g.left, func(h Holder) bool { return h.Member == p.cert.Member })
	if g.lost && !g.leapt && epoch > 0 && p.has != epoch {
		g.far, g.sayNow, g.withAll = true, true, true
	}
	if epoch <= max(g.newest(), g.beyond) && !other || int64(epoch) > int64(g.newest())+epochFar {
		return
	}
	g.beyond, g.far, g.withAll = max(g.beyond, epoch), true, true
	if g.lost {
		g.goneBy = now
	} else {
		g.goneBy = earliest(g.goneBy, now.Add(goneAfter))
	}
}

// newest returns the newest epoch that this client or the node knows.
func (g *Group) newest() uint32 {
	n := g.epoch
	if g.said != nil {
		n = max(n, g.said.Epoch)
	}
	if len(g.epochs) > 0 {
		n = max(n, g.epochs[0].Number)
	}
	return n
}

// drop forgets one who has gone, and sees to it that they are shut out.
func (g *Group) drop(now time.Time, p *peer, removed bool) {
	delete(g.peers, p.who)
	delete(g.members, p.cert.Member)
	p.gone = true
	h := Holder{p.cert.Member, p.cert.DeviceKey}
	switch {
	case g.next == nil:
		if _, ok := g.secret(); ok && p.has == g.said.Epoch && len(g.left) < PeersMax {
			g.left = append(g.left, h)
		}
	case p.has != g.next.epoch:
		g.next.removed = g.next.removed || removed
		return
	case len(g.next.left) < PeersMax:
		g.next.left = append(g.next.left, h)
	}
	switch {
	case p.has == 0:
	case removed:
		g.removed = true
	default:
		g.goneBy = earliest(g.goneBy, now.Add(goneAfter))
	}
}

// --- what who tends has to do ---

func (g *Group) serve(now time.Time) {
	if !g.tending {
		return
	}
	if g.sent != nil && due(g.sent.at.Add(answerMax), now) {
		g.refuse(now)
		return
	}
	if !g.settled && due(g.settleAt, now) {
		// Somebody may have been let in, and have gone, when nobody was told.
		g.settled, g.goneBy = true, earliest(g.goneBy, now.Add(goneAfter))
	}
	budget := g.write(now, budgetMax)
	if g.sent != nil {
		return
	}
	if g.next == nil && due(g.beginDue(), now) {
		g.begin(now)
		g.write(now, budget)
	}
	switch {
	case g.next != nil && len(g.next.todo) == 0:
		g.say(now, g.next)
	case g.next == nil && due(g.sayDue(), now):
		g.say(now, nil)
	}
}

func (g *Group) serveDue() time.Time {
	switch {
	case !g.tending:
		return time.Time{}
	case len(g.todo) > 0 || g.next != nil && len(g.next.todo) > 0:
		return g.at
	case g.sent != nil:
		return g.sent.at.Add(answerMax)
	}
	at := earliest(g.beginDue(), g.sayDue())
	if !g.settled {
		at = earliest(at, g.settleAt)
	}
	return at
}

// has reports whether a cert is in the roster.
func (s *said) has(c *Cert) bool {
	return slices.ContainsFunc(s.roster, func(p Place) bool { return p.Cert == *c })
}

// beginDue returns when to begin a new epoch.
func (g *Group) beginDue() (at time.Time) {
	if !g.tending || g.sent != nil || g.next != nil {
		return time.Time{}
	}
	switch {
	case g.removed || g.lacks() || g.sequence > g.said.Sequence || g.stageChanged():
		at = g.settleAt
	case !g.goneBy.IsZero():
		at = latest(g.goneBy, g.settleAt)
	default:
		return time.Time{}
	}
	if g.lastNew.IsZero() {
		return at
	}
	return latest(at, g.lastNew.Add(apart))
}

// stageChanged reports whether somebody has come onto the stage or left it, or
// is on it with another cert.
func (g *Group) stageChanged() bool {
	for _, who := range g.said.stage {
		if there, _ := g.onStage(who); !there {
			return true
		}
	}
	return slices.ContainsFunc(g.stage, func(s Standing) bool {
		c := g.certOf(s.Who)
		return c != nil && !g.said.has(c)
	})
}

// certOf returns the cert by which a person is here, if they have knocked.
func (g *Group) certOf(who ID) *Cert {
	if who == g.who {
		return &g.cert
	}
	if p := g.peers[who]; p != nil {
		return &p.cert
	}
	return nil
}

// begin begins an epoch. Those on the stage are given it first.
func (g *Group) begin(now time.Time) {
	n := &next{removed: g.removed}
	n.epoch = max(g.newest(), g.used, g.beyond) + 1
	if g.said != nil && keys.EpochLow(n.epoch) == keys.EpochLow(g.said.Epoch) {
		n.epoch++ // in a frame they would look alike
	}
	if n.epoch <= g.newest() {
		g.refuse(now) // no number is left
		return
	}
	if _, err := io.ReadFull(g.rand, n.secret[:]); err != nil {
		g.refuse(now)
		return
	}
	for _, p := range g.peers {
		if p.seen {
			n.todo = append(n.todo, p)
			continue
		}
		p.gone = true
		delete(g.peers, p.who)
		delete(g.members, p.cert.Member)
	}
	above := make(map[*peer]bool, len(g.stage))
	for _, s := range g.stage {
		if p := g.peers[s.Who]; p != nil {
			above[p] = true
		}
	}
	slices.SortFunc(n.todo, func(a, b *peer) int {
		switch {
		case above[a] == above[b]:
			return a.cert.Member.compare(b.cert.Member)
		case above[a]:
			return -1
		}
		return 1
	})
	g.next, g.used = n, n.epoch
	g.removed, g.goneBy = false, time.Time{}
}

// write writes letters to those who have none, as many as a step may cost, and
// returns what is left of that.
func (g *Group) write(now time.Time, budget int) int {
	if s, ok := g.secret(); ok && (g.next == nil || g.sent == nil) {
		var wrote bool
		g.todo, budget, wrote = g.writeTo(now, g.todo, given{g.said.Epoch, s}, budget)
		g.changed = g.changed || wrote
	} else {
		g.todo = nil // they are given the next one
	}
	if g.next != nil {
		g.next.todo, budget, _ = g.writeTo(now, g.next.todo, g.next.given, budget)
	}
	return budget
}

func (g *Group) writeTo(now time.Time, to []*peer, w given, budget int) (rest []*peer, left int, wrote bool) {
	for len(to) > 0 && budget > 0 {
		p := to[0]
		to = to[1:]
		if p.gone || p.has == w.epoch {
			continue
		}
		l, cost, err := g.letter(p, w)
		if err != nil {
			g.ignored[IgnoredKnock]++
			g.drop(now, p, false)
			continue
		}
		p.has, wrote = w.epoch, true
		budget -= cost
		g.post(w.epoch, p.cert.Member, &l)
	}
	if len(to) == 0 {
		to = nil
	}
	return to, budget, wrote
}

// letter seals a secret to one. Nothing is sealed twice for an epoch by a kek.
func (g *Group) letter(p *peer, w given) (l Letter, cost int, err error) {
	if p.kekFor != 0 && p.kekFor < w.epoch {
		p.kekFor = w.epoch
		return SealRewrap(p.kek, w.epoch, w.secret), rewrapCost, nil
	}
	l, p.kek, err = SealWelcome(g.room, p.cert.Member, p.kem, p.key, w.epoch, w.secret)
	p.kekFor = w.epoch
	return l, welcomeCost, err
}

// post puts a letter into the last request, or into a new one when it is full.
func (g *Group) post(epoch uint32, to Member, l *Letter) {
	b := l.Append(make([]byte, 0, letterHead+encMax+sealedSize))
	if n := len(g.out); n > 0 && g.out[n-1].Letters != nil {
		last := g.out[n-1].Letters
		if last.Epoch == epoch && len(last.Letters)+letterMost <= LettersMax {
			last.Letters = AppendLetter(last.Letters, to, b)
			return
		}
	}
	g.out = append(g.out, Request{Letters: &LettersRequest{epoch, AppendLetter(nil, to, b)}})
}

// letterMost is how many bytes a letter takes at most in a request.
const letterMost = 8 + 2 + letterHead + encMax + sealedSize

// sayDue returns when to announce the epoch in force again.
func (g *Group) sayDue() time.Time {
	if !g.tending || g.sent != nil || g.next != nil || g.lacks() || !g.said.has(&g.cert) {
		return time.Time{}
	}
	switch {
	case g.sayNow || g.said.Flags != g.flags():
		return g.settleAt
	case g.changed:
		wait := max(sayEvery, time.Duration(g.said.Holders)*sayEach)
		return latest(g.settleAt, g.said.at.Add(wait))
	}
	return time.Time{}
}

// flags returns those of the next announce.
func (g *Group) flags() uint8 {
	if g.proven {
		return FlagProven
	}
	return 0
}

// say announces an epoch that was made, or the one in force again.
func (g *Group) say(now time.Time, n *next) {
	a := Announce{Time: uint64(max(now.UnixMilli(), 0))}
	var ok bool
	if a.Sequence, a.Before, ok = g.following(now); !ok {
		g.refuse(now)
		return
	}
	var roster Roster
	var stage []ID
	var others []Holder
	if n != nil {
		roster, stage = g.seat(n.epoch)
		a.Epoch, a.Commit, others = n.epoch, n.secret.Commit(), slices.Clone(n.left)
	} else {
		roster, stage = g.said.roster, g.said.stage
		a.Epoch, a.Commit, others = g.said.Epoch, g.said.Commit, slices.Clone(g.left)
	}
	a.Flags = g.flags()
	for _, p := range g.peers {
		if p.has == a.Epoch {
			others = append(others, Holder{p.cert.Member, p.cert.DeviceKey})
		}
	}
	others = slices.DeleteFunc(others, func(h Holder) bool {
		return slices.ContainsFunc(roster, func(p Place) bool { return p.Cert.Member == h.Member })
	})
	for _, p := range roster {
		if p.Cert == g.cert {
			a.Slot = p.Slot
		}
	}
	a.Holders = uint32(len(roster) + len(others)) //nolint:gosec // some thousands
	a.Roster, a.Audience = roster.Hash(), AudienceHash(others)
	if err := a.Sign(g.page, g.room); err != nil {
		g.refuse(now)
		return
	}
	r := &AnnounceRequest{Sequence: a.Sequence, Epoch: a.Epoch, Announce: a.Append(nil)}
	if g.withAll || g.said == nil || a.Roster != g.said.Announce.Roster {
		r.Roster, r.Stage = roster.Append(nil), slices.Clone(stage)
	}
	g.out = append(g.out, Request{Announce: r})
	g.sent, g.leapt = &sent{now, g.far}, g.leapt || g.far
	g.changed, g.sayNow, g.far, g.withAll = false, false, false, false
}

// following returns the number of the next announce, and the hash of the one
// before. When that is not known, a number is left out.
func (g *Group) following(now time.Time) (sequence uint32, before [sha256.Size]byte, ok bool) {
	base, step := g.sequence, int64(1)
	switch {
	case g.said != nil && g.said.Sequence >= base:
		base, before = g.said.Sequence, g.said.hash
	case g.heard.sequence == base:
		before = g.heard.hash
	case base > 0:
		step = 2
	}
	if g.far {
		step = max(2, now.Unix()-int64(base))
		if g.said == nil {
			step += sequenceLater
		}
	}
	next := int64(base) + step
	return uint32(next), before, next <= math.MaxUint32 //nolint:gosec // not used if it is greater
}

// seat returns the roster of an epoch. Who was in the roster before keeps their
// slot; the others are given the lowest that are free.
func (g *Group) seat(epoch uint32) (Roster, []ID) {
	type seat struct {
		Place
		who ID
	}
	var seats, others []seat
	var taken [keys.SlotMax + 1]bool
	for _, s := range g.stage {
		c := g.certOf(s.Who)
		if p := g.peers[s.Who]; c == nil || p != nil && p.has != epoch {
			continue
		}
		kept := -1
		if g.said != nil {
			kept = slices.IndexFunc(g.said.roster, func(p Place) bool { return p.Cert == *c })
		}
		if kept < 0 {
			others = append(others, seat{Place{0, *c}, s.Who})
			continue
		}
		seats = append(seats, seat{g.said.roster[kept], s.Who})
		taken[g.said.roster[kept].Slot] = true
	}
	for slot := range uint8(len(taken)) {
		if len(others) > 0 && !taken[slot] {
			others[0].Slot = slot
			seats, others = append(seats, others[0]), others[1:]
		}
	}
	slices.SortFunc(seats, func(a, b seat) int { return cmp.Compare(a.Slot, b.Slot) })
	var roster Roster
	var stage []ID
	for _, s := range seats {
		roster, stage = append(roster, s.Place), append(stage, s.who)
	}
	return roster, stage
}
