package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
)

// A visit is what is known about the request at hand.
type visit struct {
	german bool
	any    bool // whatever language there is
	from   netip.Prefix
	token  string      // of the session cookie, if there is one
	header http.Header // of the answer

	session people.Session // zero when nobody is signed in
}

// language is in which a visitor is spoken to (BCP 47).
func (v *visit) language() string {
	if v.german {
		return "de"
	}
	return "en"
}

type visitKey struct{}

func visitOf(ctx context.Context) *visit { return ctx.Value(visitKey{}).(*visit) }

// me returns who is asking. Only behind a door that asks for a session.
func me(ctx context.Context) id.Person { return visitOf(ctx).session.Person }

// outside is what every request passes first.
func (a *API) outside(next http.Handler) http.Handler {
	origin := http.NewCrossOriginProtection()
	origin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		problemOf(errCrossOrigin, visitOf(r.Context()).german).write(w)
	}))
	guarded := origin.Handler(next)
	policy := a.contentSecurityPolicy(nil)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-DNS-Prefetch-Control", "off") // of links that are up: nobody looks them up before they are pressed
		h.Set("Permissions-Policy", "microphone=(self), camera=(), geolocation=()")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-store") // but for the web app, which says otherwise
		accept := r.Header.Get("Accept-Language")
		v := &visit{german: isGerman(accept), any: accept == "*", from: network(a.From(r)), header: h}
		if c, err := r.Cookie(a.cookie); err == nil {
			v.token = c.Value
		}
		defer a.caught(w, r, v)
		guarded.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), visitKey{}, v)))
	})
}

// caught answers a call that has panicked, and logs it without the address,
// which net/http would log.
func (a *API) caught(w http.ResponseWriter, r *http.Request, v *visit) {
	p := recover()
	switch p {
	case nil:
		return
	case http.ErrAbortHandler:
		panic(p)
	}
	a.Log.LogAttrs(r.Context(), slog.LevelError, "call panicked",
		slog.String("panic", fmt.Sprint(p)), slog.String("stack", string(debug.Stack())))
	newProblem("internal", v.german).write(w)
}

// contentSecurityPolicy allows what the web app does: its own files, and the
// live WebSocket, which not every browser takes for 'self'.
// contentSecurityPolicy is what the app may do: it speaks to this house, and asks
// nodes how near they are. One of those may be where its rooms go on when the
// house is gone.
func (a *API) contentSecurityPolicy(nodes []NodeAt) string {
	socket := "ws://" + a.URL.Host
	if a.URL.Scheme == "https" {
		socket = "wss://" + a.URL.Host
	}
	for _, node := range nodes {
		if !node.Here && node.URL != "" {
			socket += " " + node.URL + " " + strings.Replace(node.URL, "http", "ws", 1)
		}
	}
	return "default-src 'self'; connect-src 'self' " + socket +
		"; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
}

// signIn finds out who is signed in, and renews the cookie with the session.
func (a *API) signIn(ctx context.Context, v *visit) error {
	if v.token == "" {
		return nil
	}
	s, renewed, err := a.People.Session(ctx, v.token)
	if errors.Is(err, people.ErrNoSession) {
		return nil
	}
	if err != nil {
		return err
	}
	v.session = s
	if renewed {
		a.setCookie(v, v.token)
	}
	return nil
}

// setCookie keeps token in the browser for as long as the session lives, or
// takes it away if it is empty.
func (a *API) setCookie(v *visit, token string) {
	c := http.Cookie{
		Name: a.cookie, Value: token, Path: "/", MaxAge: int(people.SessionLife.Seconds()),
		Secure: a.URL.Scheme == "https", HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	if token == "" {
		c.MaxAge = -1
	}
	v.header.Add("Set-Cookie", c.String())
}

// A door is what a call asks of those who make it.
type door struct {
	signedIn bool
	rate     rate
	ward     bool // for wardens; for others there is nothing behind it
	out      bool // also for who is kept out of the house
}

// The doors there are.
var (
	toSignIn  = door{rate: signing} // an attempt; to finish one is to look
	toLook    = door{rate: reading}
	toRead    = door{signedIn: true, rate: reading}
	toWrite   = door{signedIn: true, rate: writing}
	toOpen    = door{signedIn: true, rate: roomOpening}
	toSee     = door{signedIn: true, rate: seeing}
	toErase   = door{signedIn: true, rate: signing}
	toFind    = door{signedIn: true, rate: finding}
	toExport  = door{signedIn: true, rate: exporting}
	toSuggest = door{signedIn: true, rate: suggesting}
	toPack    = door{signedIn: true, rate: packing}
	toPicture = door{signedIn: true, rate: picturing}
	toList    = door{signedIn: true, rate: listing}
	toPing    = door{signedIn: true, rate: pinging}
	toReport  = door{signedIn: true, rate: reporting}
	toWard    = door{ward: true, rate: reading}
	toDecide  = door{ward: true, rate: writing}
)

// evenOut returns d as a door for who is kept out, too.
func (d door) evenOut() door {
	d.out = true
	return d
}

// add serves the call op behind d.
func add[I, O any](a *API, op huma.Operation, d door, call func(context.Context, *I) (*O, error)) {
	if op.MaxBodyBytes == 0 {
		op.MaxBodyBytes = bodyMax
	}
	op.Middlewares = huma.Middlewares{func(c huma.Context, next func(huma.Context)) {
		ctx := c.Context()
		v := visitOf(ctx)
		if err := a.pass(ctx, v, d); err != nil {
			_, w := humago.Unwrap(c)
			a.problem(ctx, err, v.german).write(w)
			return
		}
		next(c)
	}}
	if d.signedIn {
		op.Security = []map[string][]string{{"session": {}}}
	}
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := call(ctx, in)
		if err != nil {
			return nil, a.problem(ctx, err, visitOf(ctx).german)
		}
		return out, nil
	})
}

// pass lets v through d, or says why not.
func (a *API) pass(ctx context.Context, v *visit, d door) error {
	if err := a.signIn(ctx, v); err != nil {
		return err
	}
	if d.ward {
		if err := a.isWarden(ctx, v); err != nil {
			return err
		}
	}
	if err := a.limits.take(a.Clock(), v.caller(d.rate), d.rate); err != nil {
		return err
	}
	switch {
	case !d.signedIn:
		return nil
	case v.session.ID.IsZero():
		return errNotSignedIn
	case !d.out:
		return a.suspended(ctx, v.session.Person)
	}
	return nil
}

// isWarden returns nil for a warden, and for everybody else what there is at a path
// that there is not.
func (a *API) isWarden(ctx context.Context, v *visit) error {
	if v.session.ID.IsZero() {
		return errNoSuchThing
	}
	is, err := a.Queue.IsWarden(ctx, v.session.Person)
	if err == nil && !is {
		err = errNoSuchThing
	}
	return err
}

// caller returns whom to count v's calls to: a person wherever they are, and
// where they come from when they try to sign in or are not signed in.
func (v *visit) caller(r rate) caller {
	if r == signing || v.session.ID.IsZero() {
		return caller{from: v.from}
	}
	return caller{person: v.session.Person}
}

func (a *API) noSuchThing(w http.ResponseWriter, r *http.Request) {
	problemOf(errNoSuchThing, visitOf(r.Context()).german).write(w)
}
