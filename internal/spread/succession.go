package spread

import (
	"context"
	"sync"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
)

// claimWait is how long a new owner waits for what places say of who sits there.
const claimWait = time.Second

// Claims is who sits at a node, by room: what a place tells the new owner of
// rooms whose owner is gone.
type Claims map[id.Room][]Seat

// Claims returns who sits here in the rooms of nodes that by may succeed.
func (p *Place) Claims(by id.Node) Claims {
	p.mu.RLock()
	defer p.mu.RUnlock()
	out := make(Claims)
	for name, r := range p.rooms {
		if r.owner != by && !p.succeeds(by, r.owner) {
			continue
		}
		for _, s := range r.seats {
			out[name] = append(out[name], s)
		}
	}
	return out
}

// Succession says which nodes may run the rooms of which others.
type Succession func(after, before id.Node) bool

// succeeds reports whether a node may run the rooms of another one.
func (p *Place) succeeds(after, before id.Node) bool {
	return p.Succession != nil && p.Succession(after, before)
}

// owned reports whether owner may say who sits in r, under a term: it is its
// owner, or takes over from it by a newer term. The lock is held.
func (p *Place) owned(r *stand, owner Owner) bool {
	switch {
	case r.owner == owner.Node:
		r.term = max(r.term, owner.Term)
		return true
	case owner.Term <= r.term || !p.succeeds(owner.Node, r.owner):
		return false
	}
	r.owner, r.term = owner.Node, owner.Term
	return true
}

// Held notes under which term a room runs here (live.Holder).
func (rs *Rooms) Held(name id.Room, term uint64, _ bool) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.terms[name] = term
}

// Gone forgets a room that goes on at another node: that one tells the places
// where people are.
func (rs *Rooms) Gone(name id.Room) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	delete(rs.terms, name)
	rs.drop(name)
}

// Claims asks nodes who sits there in rooms that this node is about to run. Those
// that do not answer in time have nobody.
func (rs *Rooms) Claims(ctx context.Context, nodes []id.Node, streams Streams) map[id.Node]Claims {
	ctx, cancel := context.WithTimeout(ctx, claimWait)
	defer cancel()
	var mu sync.Mutex
	var all sync.WaitGroup
	out := map[id.Node]Claims{rs.Self: rs.Place.Claims(rs.Self)}
	for _, node := range nodes {
		if node == rs.Self {
			continue
		}
		all.Go(func() {
			for ctx.Err() == nil {
				a, err := Ask(ctx, streams, node, Question{Claims: true})
				if err == nil {
					mu.Lock()
					defer mu.Unlock()
					out[node] = a.Claims
					return
				}
				select {
				case <-ctx.Done():
				case <-time.After(againMin):
				}
			}
		})
	}
	all.Wait()
	return out
}

// Assume takes over who sits where in a room that begins to run here. A seat that
// two nodes claim is nobody's: who it is will say so when they come back.
func (rs *Rooms) Assume(name id.Room, r *room.Room, claims map[id.Node]Claims) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	at, over := rs.judge(r, name, claims)
	for node, people := range over {
		for _, who := range people {
			rs.tell(node, Line{Room: name, Unseat: new(who)})
		}
	}
	if len(at) == 0 {
		return
	}
	h := &house{seats: at, counts: make(map[id.Node]int), ways: Ways{Fence: r.Fence()}}
	rs.rooms[name] = h
	for _, one := range at {
		h.counts[one.node]++
		if !one.spare.IsZero() {
			h.counts[one.spare]++
		}
		rs.sessions[one.Session] = one.node
	}
	for _, one := range at {
		rs.everywhere(name, one)
	}
	rs.lead(name, h)
}

// judge returns which claimed seats stand, and whose do not: of those who have
// gone, who sit where nobody may, or of whom two nodes say that they have them.
func (rs *Rooms) judge(r *room.Room, name id.Room, claims map[id.Node]Claims) (stands map[id.Person]*at, over map[id.Node][]id.Person) {
	count := make(map[id.Person]int)
	for _, of := range claims {
		for _, s := range of[name] {
			if !s.Standby {
				count[s.Who]++
			}
		}
	}
	stands, over = make(map[id.Person]*at), make(map[id.Node][]id.Person)
	sort := func(standby bool) {
		for node, of := range claims {
			for _, s := range of[name] {
				if s.Standby != standby {
					continue
				}
				there := r.Participant(s.Who) != nil && count[s.Who] == 1 && rs.inside(node, r.Fence())
				one := stands[s.Who]
				switch {
				case there && !standby:
					stands[s.Who] = &at{node: node, Seat: seatOf(r, s.Who, s.Session, id.Session{})}
				case there && one != nil && one.Session == s.Session && one.spare.IsZero():
					one.spare = node
				default:
					over[node] = append(over[node], s.Who)
				}
			}
		}
	}
	sort(false)
	sort(true)
	return stands, over
}
