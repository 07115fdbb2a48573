package identity

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/region"
)

// Bounds of a roll.
const (
	InvitesMax = 1000
	MembersMax = 10_000
	InviteLife = 30 * 24 * time.Hour // at most
)

// Why something is not written down.
var (
	ErrInvite    = errors.New("no such invite, or not any more")
	ErrDuplicate = errors.New("there is a node of this name already")
	ErrUnknown   = errors.New("no such node")
	ErrFull      = errors.New("as many as there may be")
	ErrPlace     = errors.New("the invite is for another region or operator")
)

// A Roll is what a network's authority knows of invites and members. The zero
// Roll is empty. What happens is decided first, then stored, and applied last;
// it is safe for one goroutine.
type Roll struct {
	invites map[[sha256.Size]byte]invite
	members map[id.Node]Entry
}

type invite struct {
	place   region.Place
	expires time.Time
	door    string
}

// An Entry is what the roll says of a node.
type Entry struct {
	Node    id.Node      `json:"node"`
	Place   region.Place `json:"place"`
	Since   time.Time    `json:"since"`
	Expires time.Time    `json:"expires"` // of its newest certificate
	Removed bool         `json:"removed,omitzero"`
	Door    string       `json:"door,omitempty"` // where it admits nodes of its region, as host:port
}

// A Line is something that has happened, as it is stored: one of these.
type Line struct {
	Invited *Invited `json:"invited,omitzero"`
	Joined  *Joined  `json:"joined,omitzero"`
	Renewed *Renewed `json:"renewed,omitzero"`
	Removed *Removed `json:"removed,omitzero"`
}

type (
	// Invited means that somebody may join; Hash is that of the secret.
	Invited struct {
		Hash    []byte       `json:"hash"`
		Place   region.Place `json:"place"`
		Expires time.Time    `json:"expires"`
		Door    string       `json:"door,omitempty"` // who joins is given the region's key, for a door there
	}
	// Joined means that a node has used an invite up.
	Joined struct {
		Hash    []byte       `json:"hash"`
		Node    id.Node      `json:"node"`
		Place   region.Place `json:"place"`
		At      time.Time    `json:"at"`
		Expires time.Time    `json:"expires"`
		Door    string       `json:"door,omitempty"`
	}
	// Renewed means that a node has a newer certificate. It may have joined at
	// another door of its region.
	Renewed struct {
		Node    id.Node      `json:"node"`
		Place   region.Place `json:"place,omitzero"`
		At      time.Time    `json:"at,omitzero"`
		Expires time.Time    `json:"expires"`
	}
	// Removed means that a node is no member any more, and never will be.
	Removed struct {
		Node  id.Node      `json:"node"`
		Place region.Place `json:"place,omitzero"`
		At    time.Time    `json:"at"`
	}
)

// Invite returns the line that lets a node join by a secret until expires; with
// a door, host:port, it is given the key of its region, too.
func (r *Roll) Invite(now time.Time, secret [SecretSize]byte, place region.Place, expires time.Time, door string) (Line, error) {
	if err := place.Check(); err != nil {
		return Line{}, err
	}
	if !expires.After(now) || expires.Sub(now) > InviteLife {
		return Line{}, fmt.Errorf("an invite is good for at most %v, and not for no time at all", InviteLife)
	}
	open := 0
	for _, i := range r.invites {
		if now.Before(i.expires) {
			open++
		}
	}
	if open >= InvitesMax {
		return Line{}, fmt.Errorf("invites: %w", ErrFull)
	}
	hash := HashSecret(secret)
	return Line{Invited: &Invited{hash[:], place, expires.UTC(), door}}, nil
}

// Join returns the line that makes a node a member by a secret, with a
// certificate until expires. A name that was ever used is refused.
func (r *Roll) Join(now time.Time, secret [SecretSize]byte, m Member, expires time.Time) (Line, error) {
	hash := HashSecret(secret)
	i, ok := r.invites[hash]
	switch {
	case !ok || !now.Before(i.expires):
		return Line{}, ErrInvite
	case i.place != m.Place:
		return Line{}, ErrPlace
	case len(r.members) >= MembersMax:
		return Line{}, fmt.Errorf("members: %w", ErrFull)
	}
	if _, used := r.members[m.Node]; used || m.Node.IsZero() {
		return Line{}, ErrDuplicate
	}
	return Line{Joined: &Joined{hash[:], m.Node, m.Place, now.UTC(), expires.UTC(), i.door}}, nil
}

// Renew returns the line that gives a member a certificate until expires. Who has
// joined at another door is not known here, and has proven by the certificate
// before that it has.
func (r *Roll) Renew(now time.Time, m Member, expires time.Time) (Line, error) {
	e, ok := r.members[m.Node]
	switch {
	case !ok && len(r.members) >= MembersMax:
		return Line{}, fmt.Errorf("members: %w", ErrFull)
	case !ok:
		return Line{Renewed: &Renewed{m.Node, m.Place, now.UTC(), expires.UTC()}}, nil
	case e.Removed:
		return Line{}, ErrRemoved
	case e.Place != m.Place:
		return Line{}, ErrPlace
	}
	return Line{Renewed: &Renewed{Node: m.Node, Expires: expires.UTC()}}, nil
}

// Remove returns the line that ends a membership; none when it has ended. Of a
// node that has joined at another door the place must be told.
func (r *Roll) Remove(now time.Time, node id.Node, place region.Place) (Line, error) {
	e, ok := r.members[node]
	switch {
	case !ok && (place.Check() != nil || node.IsZero()):
		return Line{}, ErrUnknown
	case !ok && len(r.members) >= MembersMax:
		return Line{}, fmt.Errorf("members: %w", ErrFull)
	case !ok:
		return Line{Removed: &Removed{node, place, now.UTC()}}, nil
	case e.Removed:
		return Line{}, ErrRemoved
	}
	return Line{Removed: &Removed{node, e.Place, now.UTC()}}, nil
}

// Apply takes in what has happened, in the order in which it has.
func (r *Roll) Apply(l Line) {
	if r.invites == nil {
		r.invites, r.members = make(map[[sha256.Size]byte]invite), make(map[id.Node]Entry)
	}
	switch {
	case l.Invited != nil && len(l.Invited.Hash) == sha256.Size:
		r.invites[[sha256.Size]byte(l.Invited.Hash)] = invite{l.Invited.Place, l.Invited.Expires, l.Invited.Door}
	case l.Joined != nil && len(l.Joined.Hash) == sha256.Size:
		j := l.Joined
		delete(r.invites, [sha256.Size]byte(j.Hash))
		r.members[j.Node] = Entry{Node: j.Node, Place: j.Place, Since: j.At, Expires: j.Expires, Door: j.Door}
	case l.Renewed != nil:
		if e, ok := r.members[l.Renewed.Node]; ok {
			e.Expires = l.Renewed.Expires
			r.members[e.Node] = e
		} else if one := l.Renewed; one.Place.Check() == nil {
			r.members[one.Node] = Entry{Node: one.Node, Place: one.Place, Since: one.At, Expires: one.Expires}
		}
	case l.Removed != nil:
		if e, ok := r.members[l.Removed.Node]; ok {
			e.Removed = true
			r.members[e.Node] = e
		} else if one := l.Removed; one.Place.Check() == nil {
			r.members[one.Node] = Entry{Node: one.Node, Place: one.Place, Since: one.At, Expires: one.At, Removed: true}
		}
	}
}

// Forget drops invites that have expired; so many are left.
func (r *Roll) Forget(now time.Time) int {
	for hash, i := range r.invites {
		if !now.Before(i.expires) {
			delete(r.invites, hash)
		}
	}
	return len(r.invites)
}

// Members returns all who are or were members, by name.
func (r *Roll) Members() []Entry {
	list := slices.Collect(maps.Values(r.members))
	slices.SortFunc(list, func(a, b Entry) int { return bytes.Compare(a.Node[:], b.Node[:]) })
	return list
}

// Lines returns the shortest list of lines that makes the same roll.
func (r *Roll) Lines() []Line {
	var lines []Line
	for _, hash := range slices.SortedFunc(maps.Keys(r.invites), func(a, b [sha256.Size]byte) int { return bytes.Compare(a[:], b[:]) }) {
		i := r.invites[hash]
		lines = append(lines, Line{Invited: &Invited{hash[:], i.place, i.expires, i.door}})
	}
	used := make([]byte, sha256.Size) // by an invite that is gone
	for _, e := range r.Members() {
		lines = append(lines, Line{Joined: &Joined{used, e.Node, e.Place, e.Since, e.Expires, e.Door}})
		if e.Removed {
			lines = append(lines, Line{Removed: &Removed{Node: e.Node}})
		}
	}
	return lines
}
