package crowd

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/media/peer"
)

// The node answers the offer, with all slots, and the answer is understood.
func TestOfferAndAnswer(t *testing.T) {
	own, err := newCertificate(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	o, err := peer.ParseOffer(offerText("abcd", "0123456789012345678901", own.fingerprint))
	if err != nil {
		t.Fatal(err)
	}
	at := netip.MustParseAddrPort("127.0.0.1:7882")
	local := peer.Local{Ufrag: "ours", Pwd: "secret", Fingerprint: [32]byte{1, 2, 3}, Addresses: []netip.AddrPort{netip.MustParseAddrPort("[::1]:7882"), at}}
	p := peer.New(time.Now(), o, local, rand.New(rand.NewPCG(1, 2)))
	if p.Slots() != voicesMax || o.Ufrag != "abcd" {
		t.Errorf("%d slots for %s", p.Slots(), o.Ufrag)
	}
	a, err := parseAnswer(p.Answer())
	if want := (answer{"ours", "secret", [32]byte{1, 2, 3}, at}); err != nil || a != want {
		t.Errorf("%+v, %v, want %+v", a, err, want)
	}
}

func FuzzParseAnswer(f *testing.F) {
	f.Add("a=ice-ufrag:a\r\na=ice-pwd:b\r\na=fingerprint:sha-256 AB\r\na=candidate:1 1 udp 1 127.0.0.1 1 typ host\r\n")
	f.Add("a=candidate:1")
	f.Fuzz(func(t *testing.T, text string) {
		if a, err := parseAnswer(text); err == nil && (!a.node.IsValid() || a.pwd == "") {
			t.Errorf("%+v is an answer", a)
		}
	})
}
