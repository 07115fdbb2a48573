package crowd

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/media/peer"

	"github.com/stoa-audio/stoa/internal/bench/count"
)

// The node understands the offer, with all slots.
func TestOffer(t *testing.T) {
	own, err := newCertificate(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	o, err := peer.ParseOffer(offerText("abcd", "0123456789012345678901", own.fingerprint))
	if err != nil {
		t.Fatal(err)
	}
	if len(o.Sections) != 1+count.VoicesMax || !o.Sections[0].Mic || o.Sections[1].Mic || o.Ufrag != "abcd" {
		t.Errorf("it is understood as %+v", o)
	}
}

const someAnswer = "v=0\r\na=ice-lite\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n" +
	"a=ice-ufrag:ours\r\na=ice-pwd:secret\r\na=fingerprint:sha-256 " +
	"01:02:03:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:FF\r\n" +
	"a=candidate:1 1 udp 2130706431 ::1 7882 typ host\r\na=candidate:2 1 udp 2130706175 127.0.0.1 7882 typ host\r\n" +
	"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=ice-ufrag:other\r\na=ice-pwd:other\r\n"

func TestAnswer(t *testing.T) {
	want := answer{"ours", "secret", [32]byte{0: 1, 1: 2, 2: 3, 31: 0xff}, netip.MustParseAddrPort("127.0.0.1:7882")}
	if a, err := parseAnswer(someAnswer); err != nil || a != want {
		t.Errorf("%+v, %v, want %+v", a, err, want)
	}
	for _, line := range []string{"a=ice-ufrag:ours\r\n", "a=ice-pwd:secret\r\n", "01:02:", "127.0.0.1 "} {
		cut := strings.ReplaceAll(strings.ReplaceAll(someAnswer, line, ""), "other", "")
		if a, err := parseAnswer(cut); err == nil {
			t.Errorf("without %q it is %+v", line, a)
		}
	}
}

func FuzzParseAnswer(f *testing.F) {
	f.Add(someAnswer)
	f.Add("a=candidate:1")
	f.Fuzz(func(t *testing.T, text string) {
		if a, err := parseAnswer(text); err == nil && (!a.node.IsValid() || a.pwd == "") {
			t.Errorf("%+v is an answer", a)
		}
	})
}
