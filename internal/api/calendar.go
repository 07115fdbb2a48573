package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/schedule"
)

const (
	plansAt    = "/api/v1/plans/"
	calendarAt = "/calendar/"
	icsSuffix  = ".ics"
)

func (a *API) addCalendar() {
	const path = "/api/v1/me/calendar"
	tags := []string{"plans"}
	add(a, huma.Operation{
		OperationID: "get-calendar", Method: "GET", Path: path, Tags: tags, Summary: "Where other programs read my plans",
	}, toRead, func(ctx context.Context, _ *struct{}) (*output[CalendarAddress], error) {
		secret, err := a.Schedule.Calendar(ctx, me(ctx))
		return answer(a.calendarAddress(secret), err)
	})
	add(a, huma.Operation{
		OperationID: "renew-calendar", Method: "POST", Path: path + "/renew", Tags: tags, Summary: "Another address; the old one is void",
	}, toWrite, func(ctx context.Context, _ *struct{ Body None }) (*output[CalendarAddress], error) {
		secret, err := a.Schedule.RenewCalendar(ctx, me(ctx))
		return answer(a.calendarAddress(secret), err)
	})
	a.huma.OpenAPI().AddOperation(&huma.Operation{
		OperationID: "get-plan-calendar", Method: "GET", Path: plansAt + "{plan}.ics", Tags: tags, Summary: "A plan as iCalendar (RFC 5545)",
		Security:   []map[string][]string{{"session": {}}},
		Parameters: []*huma.Param{{Name: "plan", In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}}},
		Responses: map[string]*huma.Response{"200": {
			Description: "One event", Content: map[string]*huma.MediaType{"text/calendar": {Schema: &huma.Schema{Type: huma.TypeString}}},
		}},
	})
}

func (a *API) calendarAddress(secret schedule.Secret) CalendarAddress {
	return CalendarAddress{strings.TrimSuffix(a.URL.String(), "/") + calendarAt + secret.String() + icsSuffix}
}

// calendars serves iCalendar where a path ends so, and next everything else. What
// is no calendar goes to next as well: it answers as to any other path.
func (a *API) calendars(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, is := strings.CutSuffix(r.URL.Path, icsSuffix)
		if !is || r.Method != http.MethodGet && r.Method != http.MethodHead {
			next.ServeHTTP(w, r)
			return
		}
		v := visitOf(r.Context())
		var plans []schedule.Plan
		var err error
		var who id.Person
		switch which, secret := strings.TrimPrefix(name, plansAt), strings.TrimPrefix(name, calendarAt); {
		case which != name:
			plans, err = a.planAlone(r.Context(), v, which)
			who = v.session.Person
		case secret != name:
			if err = a.limits.take(a.Clock(), caller{from: v.from}, feeding); err == nil {
				who, plans, err = a.Schedule.Feed(r.Context(), secret)
			}
			if errors.Is(err, schedule.ErrNoCalendar) || err == nil && a.isOut(who) {
				next.ServeHTTP(w, r)
				return
			}
		default:
			next.ServeHTTP(w, r)
			return
		}
		if err == nil {
			err = a.serveCalendar(w, r, who, plans)
		}
		if err != nil {
			a.problem(r.Context(), err, v.german).write(w)
		}
	})
}

// planAlone returns a plan for who asks.
func (a *API) planAlone(ctx context.Context, v *visit, text string) ([]schedule.Plan, error) {
	if err := a.pass(ctx, v, toRead); err != nil {
		return nil, err
	}
	which, err := planAt(text)
	if err != nil {
		return nil, err
	}
	p, err := a.Schedule.Plan(ctx, which, v.session.Person)
	return []schedule.Plan{p}, err
}

// serveCalendar writes plans as who sees them.
func (a *API) serveCalendar(w http.ResponseWriter, r *http.Request, who id.Person, plans []schedule.Plan) error {
	var of []id.Club
	for i := range plans {
		if !plans[i].Club.IsZero() {
			of = append(of, plans[i].Club)
		}
	}
	names, err := a.Clubs.NamesFor(r.Context(), who, of)
	if err != nil {
		return err
	}
	text, changed := schedule.Almanac{
		House: a.House, URL: strings.TrimSuffix(a.URL.String(), "/"), Host: a.URL.Hostname(), Clubs: names,
	}.Calendar(plans)
	sum := sha256.Sum256(text)
	h := w.Header()
	h.Set("Content-Type", "text/calendar; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="stoa.ics"`)
	h.Set("Cache-Control", "private, no-cache")
	h.Set("ETag", strconv.Quote(hex.EncodeToString(sum[:16])))
	if !changed.IsZero() {
		h.Set("Last-Modified", changed.UTC().Format(http.TimeFormat))
	}
	// What is gone from a calendar has changed nothing in those that are left, so
	// only the tag says whether it is the same.
	r.Header.Del("If-Modified-Since")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(text))
	return nil
}
