package api

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/stoa-audio/stoa/internal/hashcash"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/mail"
	"github.com/stoa-audio/stoa/internal/news"
	"github.com/stoa-audio/stoa/internal/people"
)

// Bodies of signing up and in.
type (
	// None is an empty body.
	None struct{}

	// NewAccount asks for an account, by an invite or, where the house lets people in
	// without one, by a piece of work.
	NewAccount struct {
		Invite string  `json:"invite,omitempty" doc:"the code of an invite"`
		Work   *Worked `json:"work,omitempty" doc:"instead of an invite, where sign_up of the house is open"`
		Name   string  `json:"name" doc:"one line, up to 60 characters"`
	}
	// Work is what is to be computed for an account.
	Work struct {
		Challenge string    `json:"challenge" doc:"base64url"`
		Bits      int       `json:"bits" doc:"with how many zero bits the result has to begin"`
		Expires   time.Time `json:"expires"`
	}
	// Worked is the answer to it, which is worth one attempt.
	Worked struct {
		Challenge string `json:"challenge"`
		Counter   uint32 `json:"counter"`
	}
	// Ceremony is what a browser needs to make or show a passkey.
	Ceremony struct {
		Ceremony people.CeremonyID `json:"ceremony"`
		Options  json.RawMessage   `json:"options" doc:"PublicKeyCredentialCreationOptionsJSON or PublicKeyCredentialRequestOptionsJSON (WebAuthn, section 5.1)"`
	}
	// Finish is what the browser answers.
	Finish struct {
		Ceremony   string          `json:"ceremony"`
		Credential json.RawMessage `json:"credential" doc:"RegistrationResponseJSON or AuthenticationResponseJSON (WebAuthn, section 5.1)"`
	}
	// RecoveryCode is a one-time recovery code.
	RecoveryCode struct {
		Code string `json:"code"`
	}
	// Recovered is an account with the recovery code that opens it from now on.
	Recovered struct {
		Me           Me     `json:"me"`
		RecoveryCode string `json:"recovery_code" doc:"shown this once"`
	}
	// OpenInvite is an invite as whoever holds it sees it.
	OpenInvite struct {
		From    *Inviter  `json:"from,omitempty" doc:"absent on the founder's invite"`
		Expires time.Time `json:"expires,omitzero" doc:"absent on the founder's invite"`
	}
	// Inviter is who gave an invite.
	Inviter struct {
		Name string `json:"name"`
	}
)

// output is what a call answers.
type output[B any] struct{ Body B }

func answer[B any](body B, err error) (*output[B], error) {
	if err != nil {
		return nil, err
	}
	return &output[B]{body}, nil
}

type nothing struct{}

// atCode is the input of a call about an invite that somebody holds.
type atCode struct {
	Code string `path:"code"`
}

// finishing is the input of the second half of a ceremony.
type finishing struct{ Body Finish }

func (f *finishing) parse() (people.CeremonyID, []byte, error) {
	name, err := id.Parse[people.CeremonyID](f.Body.Ceremony)
	if err != nil {
		return name, nil, people.ErrNoCeremony
	}
	return name, f.Body.Credential, nil
}

func (a *API) addSignUp() {
	add(a, huma.Operation{
		OperationID: "get-invite", Method: "GET", Path: "/api/v1/invites/{code}", Tags: []string{"signing up"},
		Summary: "Look at an open invite",
	}, toLook, func(ctx context.Context, in *atCode) (*output[OpenInvite], error) {
		i, err := a.People.Invite(ctx, in.Code)
		if err != nil {
			return nil, err
		}
		out := OpenInvite{Expires: i.Expires}
		if !i.By.ID.IsZero() {
			out.From = &Inviter{i.By.Name}
		}
		return answer(out, nil)
	})
	add(a, huma.Operation{
		OperationID: "get-work", Method: "POST", Path: "/api/v1/signup/work", Tags: []string{"signing up"},
		Summary: "What to compute for an account without an invite",
	}, toLook, func(_ context.Context, _ *struct{ Body None }) (*output[Work], error) {
		if !a.People.IsOpen() {
			return nil, people.ErrNoInvite
		}
		c := a.Work.Ask()
		return answer(Work{c.Text, c.Bits, c.Expires}, nil)
	})
	add(a, huma.Operation{
		OperationID: "begin-sign-up", Method: "POST", Path: "/api/v1/signup/passkey/begin", Tags: []string{"signing up"},
		Summary: "Begin to make an account with a passkey",
	}, toSignIn, func(ctx context.Context, in *struct{ Body NewAccount }) (*output[Ceremony], error) {
		way, err := a.way(&in.Body)
		if err != nil {
			return nil, err
		}
		return answer(ceremony(a.People.BeginSignUp(ctx, way, in.Body.Name)))
	})
	add(a, huma.Operation{
		OperationID: "finish-sign-up", Method: "POST", Path: "/api/v1/signup/passkey/finish", Tags: []string{"signing up"},
		Summary: "Make the account, and sign in", DefaultStatus: 201,
	}, toLook, func(ctx context.Context, in *finishing) (*output[Me], error) {
		name, credential, err := in.parse()
		if err != nil {
			return nil, err
		}
		return answer(a.arrive(ctx)(a.People.FinishSignUp(ctx, name, credential)))
	})
	add(a, huma.Operation{
		OperationID: "sign-up-by-recovery", Method: "POST", Path: "/api/v1/signup/recovery", Tags: []string{"signing up"},
		Summary: "Make an account that a recovery code opens, and sign in", DefaultStatus: 201,
	}, toSignIn, func(ctx context.Context, in *struct{ Body NewAccount }) (*output[Recovered], error) {
		way, err := a.way(&in.Body)
		if err != nil {
			return nil, err
		}
		account, code, err := a.People.SignUpByRecovery(ctx, way, in.Body.Name)
		me, err := a.arrive(ctx)(account, err)
		return answer(Recovered{me, code}, err)
	})
	add(a, huma.Operation{
		OperationID: "begin-sign-in", Method: "POST", Path: "/api/v1/signin/passkey/begin", Tags: []string{"signing in"},
		Summary: "Begin to sign in with a passkey",
	}, toSignIn, func(_ context.Context, _ *struct{ Body None }) (*output[Ceremony], error) {
		return answer(ceremony(a.People.BeginSignIn()))
	})
	add(a, huma.Operation{
		OperationID: "finish-sign-in", Method: "POST", Path: "/api/v1/signin/passkey/finish", Tags: []string{"signing in"},
		Summary: "Sign in with a passkey",
	}, toLook, func(ctx context.Context, in *finishing) (*output[Me], error) {
		name, credential, err := in.parse()
		if err != nil {
			return nil, err
		}
		return answer(a.back(ctx, news.SignedIn, mail.SignedIn)(a.People.FinishSignIn(ctx, name, credential)))
	})
	add(a, huma.Operation{
		OperationID: "sign-in-by-recovery", Method: "POST", Path: "/api/v1/signin/recovery", Tags: []string{"signing in"},
		Summary: "Sign in with a recovery code, which is used up",
	}, toSignIn, func(ctx context.Context, in *struct{ Body RecoveryCode }) (*output[Recovered], error) {
		return answer(a.recovered(ctx)(a.People.SignInByRecovery(ctx, in.Body.Code)))
	})
	add(a, huma.Operation{
		OperationID: "sign-out", Method: "POST", Path: "/api/v1/signout", Tags: []string{"signing in"},
		Summary: "Sign out here",
	}, toWrite.evenOut(), func(ctx context.Context, _ *struct{ Body None }) (*nothing, error) {
		return &nothing{}, a.signOut(ctx, visitOf(ctx).session.ID)
	})
}

// way returns how n comes in. Work is taken when the name can be one, so that a
// slip of the keyboard costs nobody another piece of it.
func (a *API) way(n *NewAccount) (people.Way, error) {
	switch {
	case n.Work == nil:
		return people.ByInvite(n.Invite), nil
	case n.Invite != "":
		return people.Way{}, errValue{"body.work", "an invite or work, not both"}
	case !a.People.IsOpen():
		return people.Way{}, people.ErrNoInvite
	}
	if _, err := people.ParseName(n.Name); err != nil {
		return people.Way{}, err
	}
	err := a.Work.Take(n.Work.Challenge, n.Work.Counter)
	if wait, ok := errors.AsType[hashcash.Wait](err); ok {
		err = errWait{wait.After}
	}
	return people.ThroughTheDoor, err
}

func ceremony(c people.Ceremony, err error) (Ceremony, error) {
	return Ceremony{c.ID, c.Options}, err
}

// enter signs the browser of ctx in to an account.
func (a *API) enter(ctx context.Context) func(people.Account, error) (Me, error) {
	return func(account people.Account, err error) (Me, error) {
		if err != nil {
			return Me{}, err
		}
		_, token, err := a.People.SignIn(ctx, account.ID)
		if err != nil {
			return Me{}, err
		}
		a.setCookie(visitOf(ctx), token)
		if err := a.suspended(ctx, account.ID); err != nil {
			return Me{}, err // they are who they say, and may read why, and little else
		}
		return a.meOf(ctx, account)
	}
}

// arrive is enter for whoever has just made their account: who invited them is told.
func (a *API) arrive(ctx context.Context) func(people.Account, error) (Me, error) {
	return func(account people.Account, err error) (Me, error) {
		if err == nil {
			a.tellInviter(ctx, account.ID)
		}
		return a.enter(ctx)(account, err)
	}
}

// back is enter for whoever had an account: its owner is told, who may be another.
func (a *API) back(ctx context.Context, kind news.Kind, what mail.Alert) func(people.Account, error) (Me, error) {
	return func(account people.Account, err error) (Me, error) {
		me, err := a.enter(ctx)(account, err)
		if err == nil {
			a.alertAccount(ctx, kind, account.ID, what)
		}
		return me, err
	}
}

// recovered is back with a recovery code to show.
func (a *API) recovered(ctx context.Context) func(people.Account, string, error) (Recovered, error) {
	return func(account people.Account, code string, err error) (Recovered, error) {
		me, err := a.back(ctx, news.Recovered, mail.Recovered)(account, err)
		if out, is := errors.AsType[errSuspended](err); is {
			out.code = code // theirs is used up
			err = out
		}
		return Recovered{me, code}, err
	}
}

// signOut ends a session of the person who asks, and its live connections.
func (a *API) signOut(ctx context.Context, name people.SessionID) error {
	v := visitOf(ctx)
	if err := a.People.SignOut(ctx, v.session.Person, name); err != nil {
		return err
	}
	if name == v.session.ID {
		a.setCookie(v, "")
	}
	a.conns.signOut(func(c *connection) bool { return c.session.ID == name })
	return nil
}
