package peer

import (
	"errors"
	"net/netip"
	"strings"
	"time"

	"github.com/pion/stun/v3"
)

// ErrCheck means that a datagram is not a connectivity check, or not one made
// with this peer's credentials. It is not answered: an answer would make the
// node a reflector.
var ErrCheck = errors.New("not a connectivity check")

// consent is how long a peer is sent to without a check from it (RFC 7675,
// section 5.1).
const consent = 30 * time.Second

// A Check is a connectivity check that has yet to prove whose it is.
type Check struct {
	msg           stun.Message
	ours, theirs  string // user name fragments
	useCandidate  bool
	controlled    bool
	notUnderstood []stun.AttrType
	reply         stun.Message
}

// Parse reads a STUN binding request (RFC 8489, section 5).
func (c *Check) Parse(b []byte) error {
	c.msg.Reset()
	c.msg.Raw = append(c.msg.Raw[:0], b...)
	if err := c.msg.Decode(); err != nil || c.msg.Type != stun.BindingRequest {
		return ErrCheck
	}
	name, err := c.msg.Get(stun.AttrUsername)
	if err != nil {
		return ErrCheck
	}
	var ok bool
	if c.ours, c.theirs, ok = strings.Cut(string(name), ":"); !ok {
		return ErrCheck
	}
	c.useCandidate = c.msg.Contains(stun.AttrUseCandidate)
	c.controlled = c.msg.Contains(stun.AttrICEControlled)
	c.notUnderstood = c.notUnderstood[:0]
	for _, a := range c.msg.Attributes {
		if a.Type.Required() && !understood(a.Type) {
			c.notUnderstood = append(c.notUnderstood, a.Type)
		}
	}
	return nil
}

// understood reports whether the node knows what an attribute asks for, among
// those that must be known (RFC 8489, section 14).
func understood(t stun.AttrType) bool {
	switch t {
	case stun.AttrUsername, stun.AttrMessageIntegrity, stun.AttrPriority, stun.AttrUseCandidate,
		stun.AttrMappedAddress, stun.AttrErrorCode, stun.AttrUnknownAttributes, stun.AttrXORMappedAddress:
		return true
	default:
		return false
	}
}

// Ufrag returns the node's user name fragment, by which the check says whom
// it is for.
func (c *Check) Ufrag() string { return c.ours }

// Ufrag returns the node's user name fragment for this peer.
func (p *Peer) Ufrag() string { return p.ufrag }

// Proves reports whether c was made with the credentials that the peer and
// the node have told each other. It changes nothing of the peer.
func (p *Peer) Proves(c *Check) bool {
	return c.ours == p.ufrag && c.theirs == p.remoteUfrag && stun.MessageIntegrity(p.pwd).Check(&c.msg) == nil &&
		(!c.msg.Contains(stun.AttrFingerprint) || stun.Fingerprint.Check(&c.msg) == nil)
}

// Answer takes note of c, which came from an address and proves whose it is,
// and appends the response to out. It reports whether the peer wants its media
// sent to that address from now on. The node is an ICE-lite agent (RFC 8445,
// section 7.3): it answers and never asks.
func (p *Peer) Answer(now time.Time, from netip.AddrPort, c *Check, out []byte) (response []byte, nominated bool, err error) {
	setters := []stun.Setter{stun.NewTransactionIDSetter(c.msg.TransactionID)}
	switch {
	case len(c.notUnderstood) > 0:
		setters = append(setters, stun.BindingError, stun.CodeUnknownAttribute, stun.UnknownAttributes(c.notUnderstood))
	case c.controlled: // both sides controlled: the client must take the other role
		setters = append(setters, stun.BindingError, stun.CodeRoleConflict)
	default:
		p.checked = now
		nominated = c.useCandidate
		setters = append(setters, stun.BindingSuccess,
			&stun.XORMappedAddress{IP: from.Addr().AsSlice(), Port: int(from.Port())})
	}
	c.reply.Reset()
	if err := c.reply.Build(append(setters, stun.MessageIntegrity(p.pwd), stun.Fingerprint)...); err != nil {
		return out, false, err
	}
	return append(out, c.reply.Raw...), nominated, nil
}

// Expired reports whether the peer's consent is over: nothing may be sent to
// it any more.
func (p *Peer) Expired(now time.Time) bool { return now.Sub(p.checked) > consent }
