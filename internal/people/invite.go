package people

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
)

type (
	inviteKind struct{}
	codeKind   struct{}
)

// InviteID names an invite. It is for listing and revoking, and opens nothing.
type InviteID = id.ID[inviteKind]

// A Code is what an invite link carries: whoever knows it may use the invite.
type Code = id.ID[codeKind]

// An Invite lets one person in.
type Invite struct {
	ID      InviteID
	By      Person // nobody, for the founder's
	Created time.Time
	Expires time.Time // zero means never
	Revoked time.Time // zero means not
	Used    time.Time // zero means not
	UsedBy  Profile   // as By sees them
}

// An InviteState is what has become of an invite.
type InviteState string

// The states of an invite.
const (
	InviteOpen    InviteState = "open"
	InviteUsed    InviteState = "used"
	InviteRevoked InviteState = "revoked"
	InviteExpired InviteState = "expired"
)

// State returns what has become of i by now.
func (i Invite) State(now time.Time) InviteState {
	switch {
	case !i.Used.IsZero():
		return InviteUsed
	case !i.Revoked.IsZero():
		return InviteRevoked
	case !i.Expires.IsZero() && !now.Before(i.Expires):
		return InviteExpired
	}
	return InviteOpen
}

// A GivenInvite is an invite as the person who gave it sees it.
type GivenInvite struct {
	Invite

	State InviteState
	Code  Code // zero unless the invite is open
}

// Invite returns the open invite that code is for, or ErrNoInvite.
func (p *People) Invite(ctx context.Context, code string) (Invite, error) {
	hash, err := hashInvite(code)
	if err != nil {
		return Invite{}, err
	}
	i, err := p.store.Invite(ctx, hash)
	if err != nil {
		return Invite{}, err
	}
	if i.State(p.now()) != InviteOpen {
		return Invite{}, ErrNoInvite
	}
	return i, p.read(ctx, &i.By)
}

// FounderInvite returns the invite of the first person in the house, who has
// nobody to be invited by. It is needed until there is an account.
func (p *People) FounderInvite(ctx context.Context) (code string, needed bool, err error) {
	i := Invite{Created: p.now()} // its id is zero: there is only one
	c := p.code(i.ID)
	needed, err = p.store.Founder(ctx, i, sha256.Sum256(c[:]))
	if err != nil || !needed {
		return "", false, err
	}
	return c.String(), true, nil
}

// GivenInvites are the invites of somebody, the newest first.
type GivenInvites struct {
	Given []GivenInvite
	Left  int       // how many more they may give; revoked and expired ones do not count
	Next  time.Time // when they get one more; zero for never
}

// Invites returns the invites of who.
func (p *People) Invites(ctx context.Context, who id.Person) (GivenInvites, error) {
	standing, err := p.store.Standing(ctx, who)
	if err != nil {
		return GivenInvites{}, err
	}
	invites, err := p.store.Invites(ctx, who)
	if err != nil {
		return GivenInvites{}, err
	}
	out := GivenInvites{Given: make([]GivenInvite, len(invites))}
	out.Left, out.Next = p.config.Growth.Allowance(standing, p.now())
	for n, i := range invites {
		if err := p.read(ctx, &i.UsedBy.Person); err != nil {
			return GivenInvites{}, err
		}
		out.Given[n] = p.given(i)
		if s := out.Given[n].State; s == InviteOpen || s == InviteUsed {
			out.Left--
		}
	}
	out.Left = max(out.Left, 0)
	return out, nil
}

// Give makes an invite from who, or ErrNoInvitesLeft.
func (p *People) Give(ctx context.Context, who id.Person) (GivenInvite, error) {
	now := p.now()
	standing, err := p.store.Standing(ctx, who)
	if err != nil {
		return GivenInvite{}, err
	}
	allowance, _ := p.config.Growth.Allowance(standing, now)
	i := Invite{ID: id.New[InviteID](), By: Person{ID: who}, Created: now, Expires: now.Add(p.config.InviteLife)}
	code := p.code(i.ID)
	if err := p.store.Give(ctx, i, sha256.Sum256(code[:]), allowance); err != nil {
		return GivenInvite{}, err
	}
	return p.given(i), nil
}

// Revoke takes an unused invite of who back, or ErrNoInvite.
func (p *People) Revoke(ctx context.Context, who id.Person, name InviteID) error {
	return p.store.Revoke(ctx, who, name, p.now())
}

// Growth returns how many invites people get.
func (p *People) Growth() Growth { return p.config.Growth }

// IsOpen reports whether people may come in without an invite.
func (p *People) IsOpen() bool { return p.config.Open }

func (p *People) given(i Invite) GivenInvite {
	g := GivenInvite{Invite: i, State: i.State(p.now())}
	if g.State == InviteOpen {
		g.Code = p.code(i.ID)
	}
	return g
}

// pass returns the hash of the invite by which somebody comes in, if it is open, or
// nil through an open door; else ErrNoInvite.
func (p *People) pass(ctx context.Context, w Way) (*Hash, error) {
	if w.door {
		if !p.config.Open {
			return nil, ErrNoInvite
		}
		return nil, nil
	}
	if _, err := p.Invite(ctx, w.invite); err != nil {
		return nil, err
	}
	code, err := hashInvite(w.invite)
	return &code, err
}

// code returns the code of an invite. It follows from the id and a key that is
// not in the database, so the person who gave the invite can be shown the link
// again, and whoever has only the database cannot use it.
func (p *People) code(name InviteID) Code {
	mac := hmac.New(sha256.New, p.config.InviteKey)
	mac.Write(name[:])
	return Code(mac.Sum(nil)[:id.Size])
}

func hashInvite(code string) (Hash, error) {
	c, err := id.Parse[Code](code)
	if err != nil {
		return Hash{}, ErrNoInvite
	}
	return sha256.Sum256(c[:]), nil
}
