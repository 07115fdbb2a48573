// Package push tells a browser that is not open that there is something, by the
// push service that its maker runs (Web Push: RFC 8030, 8291 and 8292).
//
// What the service may know is that this house has something for that browser,
// and how urgent it is: each message is sealed for the browser and as long as any
// other. The address of a service comes from a client, so nothing is sent to an
// address that is not a public one, and no redirection is followed.
//
// Whom to tell, what, and how often is for its caller to decide.
package push

import (
	"context"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"syscall"
	"time"

	"github.com/SherClockHolmes/webpush-go"
)

// Bounds of a subscription and of what is sent.
const (
	EndpointMax = 1000 // bytes of an address
	MessageMax  = 2000 // bytes of a message
	sendWait    = 10 * time.Second
	recordSize  = 2304 // bytes of each body: RFC 8291 lets a service refuse more than 4096
	busyUsual   = time.Minute
	busyMost    = time.Hour
	answerMax   = 4 << 10
)

// Why something is not sent.
var (
	// ErrSubscription means that a subscription is none.
	ErrSubscription = errors.New("not a push subscription")
	// ErrGone means that the browser takes nothing more under a subscription,
	// which is to be forgotten.
	ErrGone = errors.New("the subscription is over")
	// ErrMessage means that a message is too long.
	ErrMessage = errors.New("the message is too long")
	errPublic  = errors.New("not a public address")
)

// A Busy is the error of a service that wants to be asked again After.
type Busy struct{ After time.Duration }

func (b Busy) Error() string { return "the push service is busy" }

// A Subscription is where and how a browser is told something.
type Subscription struct {
	Endpoint string   // https, at the service
	Key      [65]byte // P-256, uncompressed
	Secret   [16]byte // for authentication
}

// Check returns ErrSubscription if it is none.
func (s *Subscription) Check() error {
	u, err := url.Parse(s.Endpoint)
	if err != nil || len(s.Endpoint) > EndpointMax || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Fragment != "" {
		return ErrSubscription
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil && !isPublic(ip) {
		return ErrSubscription
	}
	if _, err := ecdh.P256().NewPublicKey(s.Key[:]); err != nil {
		return ErrSubscription
	}
	return nil
}

// Urgency is how soon somebody wants to know (RFC 8030, section 5.3).
type Urgency string

// The urgencies: what may wait until the device is awake, and what may not.
const (
	Low    Urgency = "low"
	Normal Urgency = "normal"
	High   Urgency = "high"
)

// A Message is what a browser is to be told.
type Message struct {
	Text    []byte
	Urgency Urgency
	Life    time.Duration // how long it is worth anything
}

// A Sender sends messages. It is safe for concurrent use.
type Sender struct {
	client          *http.Client
	contact         string
	private, public string
}

// New returns a sender of a house: secret is 32 bytes from which its key follows,
// always the same (RFC 8292), and contact an address of mail or https at which a
// service finds who is to be told of trouble.
func New(secret []byte, contact string) (*Sender, error) {
	return NewVia(secret, contact, &http.Client{
		Timeout: sendWait,
		Transport: &http.Transport{
			Proxy:               nil,
			DialContext:         (&net.Dialer{Timeout: sendWait, Control: onlyPublic}).DialContext,
			TLSHandshakeTimeout: sendWait, MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	})
}

// NewVia is New over another client, whose maker answers for where it goes: tests
// have a service on this machine.
func NewVia(secret []byte, contact string, client *http.Client) (*Sender, error) {
	for n := range byte(8) { // almost every number is a key
		scalar, err := hkdf.Key(sha256.New, secret, nil, "stoa 1 push "+strconv.Itoa(int(n)), 32)
		if err != nil {
			return nil, err
		}
		if key, err := ecdh.P256().NewPrivateKey(scalar); err == nil {
			text := base64.RawURLEncoding
			return &Sender{client, contact, text.EncodeToString(key.Bytes()), text.EncodeToString(key.PublicKey().Bytes())}, nil
		}
	}
	return nil, errors.New("push: no key follows from this secret")
}

// PublicKey is what a browser subscribes with (applicationServerKey): a P-256
// key, uncompressed, as base64url.
func (s *Sender) PublicKey() string { return s.public }

// Send sends a message. The error is ErrSubscription, ErrMessage, ErrGone, a Busy,
// or says that the service was not reached or did not take it.
func (s *Sender) Send(ctx context.Context, to Subscription, m Message) error {
	if err := to.Check(); err != nil {
		return err
	}
	if len(m.Text) > MessageMax {
		return ErrMessage
	}
	text := base64.RawURLEncoding
	answer, err := webpush.SendNotificationWithContext(ctx, m.Text, &webpush.Subscription{
		Endpoint: to.Endpoint,
		Keys:     webpush.Keys{Auth: text.EncodeToString(to.Secret[:]), P256dh: text.EncodeToString(to.Key[:])},
	}, &webpush.Options{
		HTTPClient: s.client, RecordSize: recordSize, Subscriber: s.contact, TTL: int(m.Life / time.Second),
		Urgency: webpush.Urgency(m.Urgency), VAPIDPublicKey: s.public, VAPIDPrivateKey: s.private,
	})
	if err != nil {
		return fmt.Errorf("push: %w", unsaid(err))
	}
	defer func() {
		_, _ = io.CopyN(io.Discard, answer.Body, answerMax) // so that the connection can be used again
		_ = answer.Body.Close()
	}()
	switch code := answer.StatusCode; {
	case code >= 200 && code < 300:
		return nil
	case code == http.StatusNotFound, code == http.StatusGone:
		return ErrGone
	case code == http.StatusTooManyRequests, code == http.StatusServiceUnavailable:
		return Busy{after(answer.Header.Get("Retry-After"))}
	default:
		return fmt.Errorf("push: the service answers %d", code)
	}
}

// unsaid takes the address out of an error: it is what a service knows a browser
// by, and errors go into the log.
func unsaid(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// after reads Retry-After (RFC 9110, section 10.2.3), in seconds.
func after(text string) time.Duration {
	n, err := strconv.Atoi(text)
	if err != nil || n <= 0 {
		return busyUsual
	}
	return min(time.Duration(n)*time.Second, busyMost)
}

// onlyPublic refuses to connect to what is not on the public network: this
// machine, its neighbours, and what such machines are told about themselves.
func onlyPublic(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !isPublic(to.Addr()) {
		return errPublic
	}
	return nil
}

// Special networks that net/netip does not know as such (IANA's registries of
// special-purpose addresses, RFC 6890).
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("fec0::/10"),
}

func isPublic(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.Zone() != "" {
		return false
	}
	for _, p := range special {
		if p.Contains(a) {
			return false
		}
	}
	return true
}
