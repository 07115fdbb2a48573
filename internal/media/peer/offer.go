package peer

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"
)

// Bounds of an offer.
const (
	SlotsMax    = 8        // receive-only sections
	offerMax    = 48 << 10 // bytes
	tokenMax    = 32       // characters of a mid
	ufragMax    = 256      // characters (RFC 8445, section 5.3)
	sectionsMax = SlotsMax + 1
)

// ErrOffer means that an SDP offer cannot be answered; the text says why.
var ErrOffer = errors.New("this offer cannot be answered")

// An Offer is what matters of a client's SDP offer (RFC 8829).
type Offer struct {
	Ufrag       string   // the client's ICE user name fragment
	Fingerprint [32]byte // SHA-256 of the client's certificate (RFC 8122)
	Sections    []Section
}

// A Section is one audio section of an offer.
type Section struct {
	Mid  string
	Opus uint8 // payload type
	RED  uint8 // payload type of redundant audio (RFC 2198), zero: not offered
	Mic  bool  // the client sends on it; otherwise it is a slot
}

// ParseOffer reads an SDP offer, or returns ErrOffer.
func ParseOffer(text string) (Offer, error) {
	var o Offer
	if len(text) > offerMax {
		return o, refuse("longer than %d bytes", offerMax)
	}
	var d sdp.SessionDescription
	if err := d.UnmarshalString(text); err != nil {
		return o, refuse("not SDP")
	}
	if n := len(d.MediaDescriptions); n == 0 || n > sectionsMax {
		return o, refuse("it has %d sections, it takes 1 to %d", n, sectionsMax)
	}
	var mids []string
	mics := 0
	for _, m := range d.MediaDescriptions {
		s, err := parseSection(m)
		if err != nil {
			return o, err
		}
		if s.Mic {
			mics++
		}
		mids = append(mids, s.Mid)
		o.Sections = append(o.Sections, s)
	}
	if mics > 1 {
		return o, refuse("more than one section sends")
	}
	if len(mids)-mics > SlotsMax {
		return o, refuse("more than %d sections receive", SlotsMax)
	}
	if err := bundled(&d, mids); err != nil {
		return o, err
	}
	return o, o.parseTransport(&d)
}

// parseSection reads one section.
func parseSection(m *sdp.MediaDescription) (Section, error) {
	var s Section
	if m.MediaName.Media != "audio" {
		return s, refuse("only audio sections are answered")
	}
	s.Mid, _ = m.Attribute("mid")
	if !isToken(s.Mid) {
		return s, refuse("a section has no usable mid")
	}
	if _, mux := m.Attribute("rtcp-mux"); !mux {
		return s, refuse("section %s lacks rtcp-mux", s.Mid)
	}
	_, sendonly := m.Attribute("sendonly")
	_, recvonly := m.Attribute("recvonly")
	_, inactive := m.Attribute("inactive")
	if inactive {
		return s, refuse("section %s is inactive", s.Mid)
	}
	s.Mic = sendonly || !recvonly
	for _, a := range m.Attributes {
		if a.Key != "rtpmap" {
			continue
		}
		pt, codec, _ := strings.Cut(a.Value, " ")
		n, err := strconv.ParseUint(pt, 10, 7)
		switch {
		case err != nil:
		case s.Opus == 0 && strings.EqualFold(codec, "opus/48000/2"):
			s.Opus = uint8(n)
		case s.RED == 0 && strings.EqualFold(codec, "red/48000/2"):
			s.RED = uint8(n)
		}
	}
	if s.Opus == 0 {
		return s, refuse("section %s lacks opus/48000/2", s.Mid)
	}
	return s, nil
}

// bundled checks that all sections share one transport (RFC 9143).
func bundled(d *sdp.SessionDescription, mids []string) error {
	seen := make(map[string]bool, len(mids))
	for _, mid := range mids {
		if seen[mid] {
			return refuse("mid %s stands twice", mid)
		}
		seen[mid] = true
	}
	for _, a := range d.Attributes {
		group, ok := strings.CutPrefix(a.Value, "BUNDLE")
		if a.Key != "group" || !ok {
			continue
		}
		for mid := range strings.FieldsSeq(group) {
			delete(seen, mid)
		}
	}
	if len(seen) > 0 {
		return refuse("all sections must be in one BUNDLE group")
	}
	return nil
}

// parseTransport reads what the sections share, from the first section or
// from the session.
func (o *Offer) parseTransport(d *sdp.SessionDescription) error {
	get := func(key string) string {
		if v, ok := d.MediaDescriptions[0].Attribute(key); ok {
			return v
		}
		v, _ := d.Attribute(key)
		return v
	}
	o.Ufrag = strings.Clone(get("ice-ufrag")) // it outlives the offer
	if !isICE(o.Ufrag) || len(o.Ufrag) < 4 || len(o.Ufrag) > ufragMax {
		return refuse("no usable ice-ufrag")
	}
	if setup := get("setup"); setup != "actpass" && setup != "active" {
		return refuse("setup must be actpass or active")
	}
	for _, attributes := range [][]sdp.Attribute{d.MediaDescriptions[0].Attributes, d.Attributes} {
		for _, a := range attributes {
			if a.Key != "fingerprint" {
				continue
			}
			hash, value, _ := strings.Cut(a.Value, " ")
			if !strings.EqualFold(hash, "sha-256") {
				continue
			}
			raw, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(value), ":", ""))
			if err != nil || len(raw) != len(o.Fingerprint) {
				return refuse("the fingerprint is malformed")
			}
			copy(o.Fingerprint[:], raw)
			return nil
		}
	}
	return refuse("no sha-256 fingerprint")
}

func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrOffer, fmt.Sprintf(format, args...))
}

// isToken reports whether s can be a mid (RFC 8866, section 9: token).
func isToken(s string) bool {
	return s != "" && len(s) <= tokenMax && !strings.ContainsFunc(s, func(c rune) bool {
		return c <= ' ' || c >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]`, c)
	})
}

// isICE reports whether s is of ice-char (RFC 8839, section 5.4).
func isICE(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool {
		return (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '+' && c != '/'
	})
}
