package api

import (
	"bytes"
	"context"
	"errors"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/stoa-audio/stoa/internal/mail"
	"github.com/stoa-audio/stoa/internal/news"
	"github.com/stoa-audio/stoa/internal/people"
)

// Bounds of news by mail.
const (
	mailsEvery = time.Second
	mailsTurn  = 20 // mailings that are looked at together
	mailLines  = 20 // pieces that one names
	mailWorth  = 6 * time.Hour
	leaveAt    = "/api/v1/mail/unsubscribe"
	leaveMax   = 1 << 10 // bytes of a body, which says nothing that counts
)

// watchMails sends what is due by mail until the node stops.
func (a *API) watchMails() { a.every(mailsEvery, 2*doMax, a.mailTurn) }

// mailTurn writes what is due, as far as it can be sent.
func (a *API) mailTurn(ctx context.Context) {
	for range min(a.Mail.Room(false), mailsTurn) {
		due, err := a.News.DueMail(ctx, 1)
		if err != nil || len(due) == 0 {
			a.missed(ctx, "mail has to wait", err)
			return
		}
		a.missed(ctx, "mail comes tomorrow", a.mailNews(ctx, due[0]))
	}
}

// mailNews writes to somebody what they have not seen.
func (a *API) mailNews(ctx context.Context, m news.Mailing) error {
	to, err := a.People.AddressOf(ctx, m.To)
	if errors.Is(err, people.ErrNoAddress) {
		return nil
	}
	if err != nil {
		return err
	}
	seen, err := a.pieces(ctx, m.To, m.Pieces)
	if err != nil || len(seen) == 0 {
		return err
	}
	link, err := a.sealLeave(leave{m.To, to.Verified})
	if err != nil {
		return err
	}
	var digest mail.Digest
	for i, p := range seen {
		if p.Kind.IsOfTalk() {
			digest.Talks++
		} else {
			digest.Things++
		}
		if m.Named && i < mailLines {
			digest.Lines = append(digest.Lines, lineOf(p, to.German))
		}
	}
	out := a.voice(to.German).WriteDigest(digest, a.URL.String()+leaveAt+"?token="+link)
	out.To, out.Until = to.Text, a.Clock().Add(mailWorth)
	upTo := m.Pieces[0].At
	out.Done = func(err error) {
		if err != nil && !errors.Is(err, mail.ErrRefused) {
			return // it is in the next one
		}
		ctx, cancel := context.WithTimeout(a.work, doMax)
		defer cancel()
		a.missed(ctx, "some are told again by mail", a.News.Mailed(ctx, m.To, upTo))
	}
	return a.Mail.Post(out)
}

// pieceWords is what a mail says of a piece; what it is about follows.
var pieceWords = map[news.Kind]sentence{
	news.Live:          {"is on a stage", "ist auf einer Bühne"},
	news.Ping:          {"asks you to come", "holt dich dazu"},
	news.Message:       {"has written to you", "hat dir geschrieben"},
	news.MessageAsked:  {"would like to write with you", "möchte dir schreiben"},
	news.Follow:        {"follows you", "folgt dir"},
	news.Found:         {"and you have found each other", "und du habt euch gefunden"},
	news.ClubInvited:   {"invites you", "lädt dich ein"},
	news.ClubAdmitted:  {"You are in now", "Du bist jetzt dabei"},
	news.ClubRole:      {"You have another role", "Du hast eine andere Rolle"},
	news.ClubAsked:     {"would like to join", "möchte dazu"},
	news.PlanSoon:      {"Begins soon", "Beginnt bald"},
	news.PlanOpen:      {"It is open", "Es ist offen"},
	news.PlanMoved:     {"It has another time", "Es hat eine andere Zeit"},
	news.PlanCancelled: {"Cancelled", "Abgesagt"},
	news.PlanHosting:   {"asks you to host", "bittet dich, mit auszurichten"},
	news.InvitedCame:   {"has come with your invite", "ist mit deiner Einladung gekommen"},
	news.Decision:      {"The house has decided something about you", "Das Haus hat etwas über dich entschieden"},
	news.SignedIn:      {"Somebody has signed in to your account", "Jemand hat sich in deinem Konto angemeldet"},
	news.Recovered:     {"Your recovery code was used", "Dein Wiederherstellungscode wurde benutzt"},
	news.PasskeyAdded:  {"Your account has a new passkey", "Dein Konto hat einen neuen Passkey"},
	news.AddressMoved:  {"Your e-mail address was changed", "Deine E-Mail-Adresse wurde geändert"},
}

// lineOf says in one line what a piece is.
func lineOf(p Piece, german bool) string {
	words := pieceWords[p.Kind].in(german)
	if words == "" {
		words = sentence{"Something is new", "Es gibt etwas Neues"}.in(german)
	}
	switch {
	case p.Who == nil:
	case p.Kind == news.ClubAdmitted, p.Kind == news.ClubRole: // who did it is not what it is about
	default:
		words = p.Who.Name + " " + words
	}
	switch {
	case p.Room != nil:
		return words + ": " + p.Room.Title
	case p.Plan != nil:
		return words + ": " + p.Plan.Title
	case p.Club != nil:
		return words + ": " + p.Club.Name
	}
	return words
}

// leavePage is where one says that one wants no more mail: without the app, without
// a script, and not by being opened, since programs open links.
var leavePage = template.Must(template.New("leave").Parse(`<!doctype html>
<html lang="{{.Lang}}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">
<title>{{.Title}} – {{.House}}</title><link rel="stylesheet" href="/legal/style.css"></head>
<body><main><h1>{{.Title}}</h1><p>{{.Text}}</p>
{{with .Button}}<form method="post"><button type="submit">{{.}}</button></form>{{end}}
<p><a href="/">{{.House}}</a></p></main></body>
</html>
`))

type leaveWords struct {
	title, text, button sentence
}

var (
	leaveAsked = leaveWords{
		sentence{"No more news by mail?", "Keine Neuigkeiten mehr per Mail?"},
		sentence{"Then this house sends you none. You can have it back in the settings.", "Dann schickt dir dieses Haus keine mehr. In den Einstellungen kannst du sie wieder anstellen."},
		sentence{"No more mail", "Keine Mail mehr"},
	}
	leaveDone = leaveWords{
		title: sentence{"No more news by mail", "Keine Neuigkeiten mehr per Mail"},
		text:  sentence{"You get no more of them. What was on its way already may still come.", "Du bekommst keine mehr. Was schon unterwegs war, kann noch ankommen."},
	}
	leaveUnknown = leaveWords{
		title: sentence{"This link is not good", "Dieser Link gilt nicht"},
		text:  sentence{"It may have been cut off. In the settings you can turn mail off, too.", "Vielleicht ist er abgeschnitten. Mail lässt sich auch in den Einstellungen abstellen."},
	}
)

// addLeave serves that page, and what it and programs for mail ask (RFC 8058).
func (a *API) addLeave(mux *http.ServeMux) {
	mux.HandleFunc("GET "+leaveAt, func(w http.ResponseWriter, r *http.Request) {
		a.leaving(w, r, func(context.Context, leave) (leaveWords, error) { return leaveAsked, nil })
	})
	mux.HandleFunc("POST "+leaveAt, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, leaveMax)) // List-Unsubscribe=One-Click
		a.leaving(w, r, func(ctx context.Context, l leave) (leaveWords, error) {
			return leaveDone, a.leaveMail(ctx, l)
		})
	})
}

// leaveMail has news go by mail no more. That the address is another one by now, or
// the account gone, is answered as if it were not.
func (a *API) leaveMail(ctx context.Context, l leave) error {
	to, err := a.People.AddressOf(ctx, l.who)
	if err == nil && to.Verified.Equal(l.verified) {
		err = a.News.SetMail(ctx, l.who, news.NoMail)
	}
	if errors.Is(err, people.ErrNoAddress) || errors.Is(err, people.ErrNoPerson) {
		return nil
	}
	return err
}

// leaving answers with the page.
func (a *API) leaving(w http.ResponseWriter, r *http.Request, do func(context.Context, leave) (leaveWords, error)) {
	v, status := visitOf(r.Context()), http.StatusOK
	if err := a.limits.take(a.Clock(), caller{from: v.from}, writing); err != nil {
		a.problem(r.Context(), err, v.german).write(w)
		return
	}
	var link leave
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err == nil {
		link, err = a.openLeave(query.Get("token"))
	}
	words := leaveUnknown
	if err == nil {
		words, err = do(r.Context(), link)
		if err != nil {
			a.problem(r.Context(), err, v.german).write(w)
			return
		}
	} else {
		status = http.StatusNotFound
	}
	var page bytes.Buffer
	if err := leavePage.Execute(&page, map[string]string{
		"Lang": v.language(), "House": a.House, "Title": words.title.in(v.german), "Text": words.text.in(v.german), "Button": words.button.in(v.german),
	}); err != nil {
		a.problem(r.Context(), err, v.german).write(w)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes()) // the client may be gone
}
