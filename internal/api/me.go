package api

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/mail"
	"github.com/stoa-audio/stoa/internal/news"
	"github.com/stoa-audio/stoa/internal/people"
)

// Bodies about oneself.
type (
	// Me is one's own account.
	Me struct {
		ID       id.Person `json:"id"`
		Name     string    `json:"name"`
		Handle   string    `json:"handle,omitempty"`
		Picture  string    `json:"picture,omitempty" doc:"its version"`
		Created  time.Time `json:"created"`
		Passkeys int       `json:"passkeys" doc:"how many there are"`
		Recovery bool      `json:"recovery" doc:"whether there is a recovery code"`
		Warden   bool      `json:"warden,omitempty" doc:"whether I judge what is reported"`
	}
	// Name is another name.
	Name struct {
		Name string `json:"name" doc:"one line, up to 60 characters"`
	}
	// NewRecovery is a new recovery code.
	NewRecovery struct {
		RecoveryCode string `json:"recovery_code" doc:"shown this once"`
	}
	// Session is a browser in which one is signed in.
	Session struct {
		ID      people.SessionID `json:"id"`
		Created time.Time        `json:"created"`
		Seen    time.Time        `json:"seen"`
		Current bool             `json:"current" doc:"whether it is the one that asks"`
	}
	// Sessions is where one is signed in, the last seen first.
	Sessions struct {
		Sessions []Session `json:"sessions"`
	}
	// Invite is an invite as who gave it sees it.
	Invite struct {
		ID      people.InviteID    `json:"id"`
		URL     string             `json:"url,omitempty" doc:"while it is open"`
		State   people.InviteState `json:"state" enum:"open,used,revoked,expired"`
		Expires time.Time          `json:"expires"`
		UsedBy  *Person            `json:"used_by,omitempty"`
	}
	// Invites is the invites that one has given, the newest first.
	Invites struct {
		Left    int       `json:"left" doc:"how many more may be given"`
		Next    time.Time `json:"next,omitzero" doc:"when there is one more; absent for never"`
		Invites []Invite  `json:"invites"`
	}
	// People is a list of people.
	People struct {
		People []Person `json:"people"`
	}
)

// Inputs of calls about one thing.
type (
	atSession struct {
		Session string `path:"session"`
	}
	atInvite struct {
		ID string `path:"id"`
	}
)

func (a *API) meOf(ctx context.Context, of people.Account) (Me, error) {
	warden, err := a.Queue.IsWarden(ctx, of.ID)
	return Me{of.ID, of.Name, of.Handle, of.Picture, of.Created, of.Passkeys, of.Recovery, warden}, err
}

// account answers with an account.
func (a *API) account(ctx context.Context) func(people.Account, error) (*output[Me], error) {
	return func(of people.Account, err error) (*output[Me], error) {
		if err != nil {
			return nil, err
		}
		return answer(a.meOf(ctx, of))
	}
}

func (a *API) addMe() {
	tags := []string{"me"}
	add(a, huma.Operation{
		OperationID: "get-me", Method: "GET", Path: "/api/v1/me", Tags: tags, Summary: "My account",
	}, toRead, func(ctx context.Context, _ *struct{}) (*output[Me], error) {
		return a.account(ctx)(a.People.Account(ctx, me(ctx)))
	})
	add(a, huma.Operation{
		OperationID: "rename-me", Method: "PATCH", Path: "/api/v1/me", Tags: tags, Summary: "Take another name",
	}, toWrite, func(ctx context.Context, in *struct{ Body Name }) (*output[Me], error) {
		return a.account(ctx)(a.People.Rename(ctx, me(ctx), in.Body.Name))
	})
	add(a, huma.Operation{
		OperationID: "begin-passkey", Method: "POST", Path: "/api/v1/me/passkeys/begin", Tags: tags,
		Summary: "Begin to add a passkey",
	}, toWrite, func(ctx context.Context, _ *struct{ Body None }) (*output[Ceremony], error) {
		return answer(ceremony(a.People.BeginPasskey(ctx, me(ctx))))
	})
	add(a, huma.Operation{
		OperationID: "finish-passkey", Method: "POST", Path: "/api/v1/me/passkeys/finish", Tags: tags,
		Summary: "Add the passkey",
	}, toWrite, func(ctx context.Context, in *finishing) (*output[Me], error) {
		name, credential, err := in.parse()
		if err != nil {
			return nil, err
		}
		now, err := a.People.FinishPasskey(ctx, me(ctx), name, credential)
		if err == nil {
			a.alertAccount(ctx, news.PasskeyAdded, me(ctx), mail.Passkey)
		}
		return a.account(ctx)(now, err)
	})
	add(a, huma.Operation{
		OperationID: "new-recovery", Method: "POST", Path: "/api/v1/me/recovery", Tags: tags,
		Summary: "A new recovery code; the old one is void",
	}, toWrite, func(ctx context.Context, _ *struct{ Body None }) (*output[NewRecovery], error) {
		code, err := a.People.NewRecovery(ctx, me(ctx))
		return answer(NewRecovery{code}, err)
	})
	add(a, huma.Operation{
		OperationID: "list-sessions", Method: "GET", Path: "/api/v1/me/sessions", Tags: tags,
		Summary: "Where I am signed in",
	}, toRead, func(ctx context.Context, _ *struct{}) (*output[Sessions], error) {
		list, err := a.People.Sessions(ctx, me(ctx))
		out := Sessions{make([]Session, len(list))}
		for i, s := range list {
			out.Sessions[i] = Session{s.ID, s.Created, s.Seen, s.ID == visitOf(ctx).session.ID}
		}
		return answer(out, err)
	})
	add(a, huma.Operation{
		OperationID: "end-session", Method: "DELETE", Path: "/api/v1/me/sessions/{session}", Tags: tags,
		Summary: "Sign out there",
	}, toWrite, func(ctx context.Context, in *atSession) (*nothing, error) {
		name, err := id.Parse[people.SessionID](in.Session)
		if err != nil {
			return nil, people.ErrNoSession
		}
		return &nothing{}, a.signOut(ctx, name)
	})
	a.addInvites(tags)
	add(a, huma.Operation{
		OperationID: "list-following", Method: "GET", Path: "/api/v1/me/following", Tags: tags,
		Summary: "Whom I follow",
	}, toRead, func(ctx context.Context, _ *struct{}) (*output[People], error) {
		return answer(peopleOf(a.People.Following(ctx, me(ctx))))
	})
	add(a, huma.Operation{
		OperationID: "list-followers", Method: "GET", Path: "/api/v1/me/followers", Tags: tags,
		Summary: "Who follows me",
	}, toRead, func(ctx context.Context, _ *struct{}) (*output[People], error) {
		return answer(peopleOf(a.People.Followers(ctx, me(ctx))))
	})
}

func (a *API) addInvites(tags []string) {
	add(a, huma.Operation{
		OperationID: "list-invites", Method: "GET", Path: "/api/v1/me/invites", Tags: tags,
		Summary: "The invites that I have given",
	}, toRead, func(ctx context.Context, _ *struct{}) (*output[Invites], error) {
		all, err := a.People.Invites(ctx, me(ctx))
		out := Invites{all.Left, all.Next, make([]Invite, len(all.Given))}
		for i, g := range all.Given {
			out.Invites[i] = a.invite(g)
		}
		return answer(out, err)
	})
	add(a, huma.Operation{
		OperationID: "give-invite", Method: "POST", Path: "/api/v1/me/invites", Tags: tags,
		Summary: "Give an invite", DefaultStatus: 201,
	}, toWrite, func(ctx context.Context, _ *struct{ Body None }) (*output[Invite], error) {
		given, err := a.People.Give(ctx, me(ctx))
		return answer(a.invite(given), err)
	})
	add(a, huma.Operation{
		OperationID: "revoke-invite", Method: "DELETE", Path: "/api/v1/me/invites/{id}", Tags: tags,
		Summary: "Revoke an unused invite",
	}, toWrite, func(ctx context.Context, in *atInvite) (*nothing, error) {
		name, err := id.Parse[people.InviteID](in.ID)
		if err != nil {
			return nil, people.ErrNoInvite
		}
		return &nothing{}, a.People.Revoke(ctx, me(ctx), name)
	})
}

func (a *API) invite(g people.GivenInvite) Invite {
	out := Invite{ID: g.ID, State: g.State, Expires: g.Expires}
	switch g.State {
	case people.InviteOpen:
		out.URL = a.URL.JoinPath("i", g.Code.String()).String()
	case people.InviteUsed:
		if !g.UsedBy.ID.IsZero() { // they may be gone
			p := personOf(g.UsedBy)
			out.UsedBy = &p
		}
	case people.InviteRevoked, people.InviteExpired:
	}
	return out
}
