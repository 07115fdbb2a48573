package api

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/mail"
	"github.com/stoa-audio/stoa/internal/news"
	"github.com/stoa-audio/stoa/internal/people"
)

// Bodies about my address of mail.
type (
	// MyAddress is where I read mail, and what I want to have there.
	MyAddress struct {
		Address  string          `json:"address,omitempty" doc:"absent without one"`
		Verified time.Time       `json:"verified,omitzero" doc:"since when it is proven"`
		Pending  *PendingAddress `json:"pending,omitempty" doc:"which I am about to prove"`
		News     news.Mail       `json:"news" enum:"off,digest,named" doc:"digest: once a day that there is something; named: and what"`
	}
	// PendingAddress waits for its code.
	PendingAddress struct {
		Address string    `json:"address"`
		Expires time.Time `json:"expires" doc:"until when the code is good"`
	}
	// NewAddress is an address that I read.
	NewAddress struct {
		Address string `json:"address" doc:"of mail, without a name; up to 254 bytes"`
	}
	// AddressCode proves it.
	AddressCode struct {
		Code string `json:"code" doc:"eight digits"`
	}
	// AddressNews is what I want by mail.
	AddressNews struct {
		News news.Mail `json:"news" enum:"off,digest,named"`
	}
)

// Poster sends mail.
type Poster interface {
	// Post takes a message to be sent, or returns mail.ErrFull.
	Post(m mail.Message) error
	// Room returns how many it would take now.
	Room(urgent bool) int
}

// Why something about mail may be refused here.
var errNoMail = errors.New("no mail is sent here")

// How long mail is worth anything.
const (
	codeWorth  = 10 * time.Minute // a code lives a little longer
	alertWorth = 24 * time.Hour
)

func (a *API) addAddress() {
	const at = "/api/v1/me/address"
	tags := []string{"mail"}
	add(a, huma.Operation{
		OperationID: "get-address", Method: "GET", Path: at, Tags: tags, Summary: "My address of mail",
	}, toRead, func(ctx context.Context, _ *struct{}) (*output[MyAddress], error) {
		return answer(a.myAddress(ctx))
	})
	add(a, huma.Operation{
		OperationID: "set-address", Method: "PUT", Path: at, Tags: tags,
		Summary: "Have a code sent to an address, in the language that I ask in",
	}, toWrite, func(ctx context.Context, in *struct{ Body NewAddress }) (*output[MyAddress], error) {
		if err := a.proveAddress(ctx, in.Body.Address); err != nil {
			return nil, err
		}
		return answer(a.myAddress(ctx))
	})
	add(a, huma.Operation{
		OperationID: "verify-address", Method: "POST", Path: at + "/verify", Tags: tags, Summary: "Prove that I read it, by the code",
	}, toWrite, func(ctx context.Context, in *struct{ Body AddressCode }) (*output[MyAddress], error) {
		before, err := a.addressOf(ctx, me(ctx))
		if err != nil {
			return nil, err
		}
		if err := a.People.VerifyAddress(ctx, me(ctx), in.Body.Code); err != nil {
			return nil, err
		}
		a.calledOtherwise(ctx, me(ctx))
		a.alert(ctx, news.AddressMoved, me(ctx), mail.Moved, before)
		return answer(a.myAddress(ctx))
	})
	add(a, huma.Operation{
		OperationID: "set-address-news", Method: "PUT", Path: at + "/news", Tags: tags, Summary: "What I want to have by mail",
	}, toWrite, func(ctx context.Context, in *struct{ Body AddressNews }) (*output[MyAddress], error) {
		if a.Mail == nil {
			return nil, errNoMail
		}
		if err := a.News.SetMail(ctx, me(ctx), in.Body.News); err != nil {
			return nil, err
		}
		return answer(a.myAddress(ctx))
	})
	add(a, huma.Operation{
		OperationID: "drop-address", Method: "DELETE", Path: at, Tags: tags, Summary: "Forget it, and what I am about to prove",
	}, toWrite, func(ctx context.Context, _ *struct{}) (*nothing, error) {
		before, err := a.addressOf(ctx, me(ctx))
		if err != nil {
			return nil, err
		}
		if err := a.People.DropAddress(ctx, me(ctx)); err != nil {
			return nil, err
		}
		a.calledOtherwise(ctx, me(ctx))
		if before.Text != "" {
			a.alert(ctx, news.AddressMoved, me(ctx), mail.Removed, before)
		}
		return &nothing{}, nil
	})
}

// addressOf returns the address of who; the zero one where they have none.
func (a *API) addressOf(ctx context.Context, who id.Person) (people.Address, error) {
	address, err := a.People.AddressOf(ctx, who)
	if errors.Is(err, people.ErrNoAddress) {
		return people.Address{}, nil
	}
	return address, err
}

func (a *API) myAddress(ctx context.Context) (out MyAddress, err error) {
	address, err := a.addressOf(ctx, me(ctx))
	if err != nil {
		return out, err
	}
	out.Address, out.Verified = address.Text, address.Verified
	if pending, expires := a.People.Proving(me(ctx)); pending != "" {
		out.Pending = &PendingAddress{pending, expires}
	}
	out.News, err = a.News.Mail(ctx, me(ctx))
	return out, err
}

// proveAddress sends a code. Whether it does, or not since the address had enough
// today, is answered alike.
func (a *API) proveAddress(ctx context.Context, text string) error {
	switch {
	case a.Mail == nil:
		return errNoMail
	case a.Mail.Room(true) == 0:
		return mail.ErrFull
	}
	german := visitOf(ctx).german
	address, code, _, err := a.People.ProveAddress(me(ctx), text, german)
	if tooOften, is := errors.AsType[people.ErrCodes](err); is {
		err = errWait{tooOften.After}
	}
	if err != nil || code == "" {
		return err
	}
	m := a.voice(german).WriteCode(code)
	m.To, m.Urgent, m.Until = address, true, a.Clock().Add(codeWorth)
	return a.Mail.Post(m)
}

func (a *API) voice(german bool) mail.Voice {
	return mail.Voice{German: german, House: a.House, URL: a.URL.String()}
}

// alert tells who of something that was done to their account: in the app and, where
// the house sends mail and they have an address, there.
func (a *API) alert(ctx context.Context, kind news.Kind, who id.Person, what mail.Alert, to people.Address) {
	now := a.Clock()
	a.tellAll(ctx, news.Piece{To: who, Kind: kind, Mark: uint64(now.UnixNano())}) //nolint:gosec // its bits
	a.mailAlert(ctx, who, what, to, now)
}

// alertAccount is alert to the address that who has.
func (a *API) alertAccount(ctx context.Context, kind news.Kind, who id.Person, what mail.Alert) {
	a.alert(ctx, kind, who, what, a.addressFor(ctx, who))
}

// addressFor returns where to send alerts for who; nowhere without an address, or
// where none are sent.
func (a *API) addressFor(ctx context.Context, who id.Person) people.Address {
	if a.Mail == nil {
		return people.Address{}
	}
	to, err := a.addressOf(ctx, who)
	a.missed(ctx, "somebody is not written to", err)
	return to
}

// mailAlert writes to somebody what was done to their account, if not too often.
func (a *API) mailAlert(ctx context.Context, who id.Person, what mail.Alert, to people.Address, at time.Time) {
	if a.Mail == nil || to.Text == "" || a.limits.take(a.Clock(), caller{person: who}, alerting) != nil {
		return
	}
	s, _, err := a.News.Settings(ctx, who)
	a.missed(ctx, "an alert has no zone", err)
	m := a.voice(to.German).WriteAlert(what, at.In(s.Quiet.Location()))
	m.To, m.Urgent, m.Until = to.Text, true, a.Clock().Add(alertWorth)
	a.missed(ctx, "an alert is not sent", a.Mail.Post(m))
}

// A leave is what is in a link with which one wants no more mail: whose it is, and
// of which address.
type leave struct {
	who      id.Person
	verified time.Time
}

// sealLeave returns l as it is in a link. It is sealed: a relay sees nobody's id.
func (a *API) sealLeave(l leave) (string, error) {
	gcm, err := a.leaves()
	if err != nil {
		return "", err
	}
	plain := binary.BigEndian.AppendUint64(l.who[:], uint64(l.verified.UnixMilli())) //nolint:gosec // its bits
	return base64.RawURLEncoding.EncodeToString(gcm.Seal(nil, nil, plain, nil)), nil
}

// errLeave means that a link is none of ours.
var errLeave = errors.New("not such a link")

func (a *API) openLeave(text string) (l leave, err error) {
	const most = 200 // bytes
	if len(text) > most {
		return l, errLeave
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return l, errLeave
	}
	gcm, err := a.leaves()
	if err != nil {
		return l, err
	}
	plain, err := gcm.Open(nil, nil, sealed, nil)
	if err != nil || len(plain) != id.Size+8 {
		return l, errLeave
	}
	copy(l.who[:], plain)
	l.verified = time.UnixMilli(int64(binary.BigEndian.Uint64(plain[id.Size:]))).UTC() //nolint:gosec // its bits
	return l, nil
}

// leaves seals links, by AES-256-GCM with nonces of chance.
func (a *API) leaves() (cipher.AEAD, error) {
	block, err := aes.NewCipher(a.MailKey)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}
