package news

import (
	"context"
	"slices"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
)

// A Mail is what somebody wants to have by mail, once a day.
type Mail string

// The mails there are. None is sent of what somebody has seen.
const (
	NoMail     Mail = "off"
	MailDigest Mail = "digest" // that there is something, and how much
	MailNamed  Mail = "named"  // and what, with names
)

// A Mailing is what somebody is to be told by mail.
type Mailing struct {
	To       id.Person
	Named    bool
	Pieces   []Piece // the newest first
	Settings Settings
}

// Mail returns what who wants by mail.
func (n *News) Mail(ctx context.Context, who id.Person) (Mail, error) { return n.store.Mail(ctx, who) }

// SetMail says what who wants by mail, where they have an address: else it returns
// people.ErrNoAddress, or people.Faults where m is no Mail. What was told before is
// not told again.
func (n *News) SetMail(ctx context.Context, who id.Person, m Mail) error {
	if m != NoMail && m != MailDigest && m != MailNamed {
		return people.Faults{{Field: "news", Why: people.NoChoice}}
	}
	now := n.now()
	return n.store.SetMail(ctx, who, m, now, func(s Settings) time.Time { return nextMail(s, now) })
}

// nextMail returns when to look for what to send next: with the digest, without
// which there is none.
func nextMail(s Settings, now time.Time) time.Time {
	if s.Digest == NoDigest {
		return time.Time{}
	}
	return NextDigest(s, now)
}

// DueMail returns up to most mailings that are due. Each is returned once a day at
// most; what is in it comes again the day after, until Mailed is called. What was
// meant for the list alone is not in it. Where the hours have been changed, and
// these are quiet ones now, it waits.
func (n *News) DueMail(ctx context.Context, most int) ([]Mailing, error) {
	now := n.now()
	list, err := n.store.DueMail(ctx, now, most, func(s Settings) (time.Time, bool) {
		return nextMail(s, now), s.Digest != NoDigest && !s.Quiet.Has(now)
	})
	for i := range list {
		list[i].Pieces = slices.DeleteFunc(list[i].Pieces, func(p Piece) bool {
			return !p.Kind.IsSecurity() && list[i].Settings.Way(p.Kind) != Pushed
		})
	}
	return slices.DeleteFunc(list, func(m Mailing) bool { return len(m.Pieces) == 0 }), err
}

// Mailed notes that what who was told of until then was told by mail.
func (n *News) Mailed(ctx context.Context, who id.Person, upTo time.Time) error {
	return n.store.Mailed(ctx, who, upTo)
}
