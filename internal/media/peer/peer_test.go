package peer

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/sdp/v3"
	"github.com/pion/srtp/v3"
	"github.com/pion/stun/v3"

	"github.com/stoa-audio/stoa/internal/media/fanout"
	"github.com/stoa-audio/stoa/internal/media/forward"
	"github.com/stoa-audio/stoa/internal/media/rtp"
	"github.com/stoa-audio/stoa/internal/media/seal"
)

var (
	start = time.Unix(1_800_000_000, 0)
	from  = netip.MustParseAddrPort("192.0.2.7:4242")
)

func source() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

// testOffer returns an offer with a microphone and n slots.
func testOffer(n int) string {
	var w strings.Builder
	w.WriteString("v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE")
	for i := range n + 1 {
		w.WriteString(" " + string(rune('0'+i)))
	}
	w.WriteString("\r\n")
	for i := range n + 1 {
		direction := "recvonly"
		if i == 0 {
			direction = "sendrecv"
		}
		w.WriteString("m=audio 9 UDP/TLS/RTP/SAVPF 63 111\r\nc=IN IP4 0.0.0.0\r\n" +
			"a=mid:" + string(rune('0'+i)) + "\r\n" +
			"a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\n" +
			"a=fingerprint:sha-256 " + strings.Repeat("AB:", 31) + "AB\r\n" +
			"a=setup:actpass\r\na=rtcp-mux\r\na=rtpmap:63 red/48000/2\r\na=rtpmap:111 opus/48000/2\r\n" +
			"a=" + direction + "\r\n")
	}
	return w.String()
}

func TestParseOffer(t *testing.T) {
	good := testOffer(8)
	o, err := ParseOffer(good)
	if err != nil {
		t.Fatal(err)
	}
	if len(o.Sections) != 9 || !o.Sections[0].Mic || o.Sections[1].Mic || o.Sections[3].Opus != 111 ||
		o.Sections[8].Mid != "8" || o.Ufrag != "abcd" || o.Fingerprint != [32]byte(bytes.Repeat([]byte{0xab}, 32)) {
		t.Fatalf("%+v", o)
	}
	for name, c := range map[string]struct{ old, new, says string }{
		"no fingerprint":     {"a=fingerprint:sha-256", "a=fingerprint:sha-1", "sha-256"},
		"short fingerprint":  {":AB\r\n", "\r\n", "fingerprint"},
		"no opus":            {"opus/48000/2", "PCMU/8000", "opus"},
		"no mux":             {"a=rtcp-mux\r\n", "", "rtcp-mux"},
		"video":              {"m=audio", "m=video", "audio"},
		"not bundled":        {"BUNDLE 0 1", "BUNDLE 0", "BUNDLE"},
		"passive":            {"actpass", "passive", "setup"},
		"same mid":           {"a=mid:2", "a=mid:1", "twice"},
		"no mid":             {"a=mid:2\r\n", "", "mid"},
		"odd mid":            {"a=mid:2", "a=mid:<b>", "mid"},
		"inactive":           {"a=recvonly", "a=inactive", "inactive"},
		"two microphones":    {"a=recvonly", "a=sendonly", "more than one"},
		"ufrag of odd signs": {"ice-ufrag:abcd", "ice-ufrag:ab\"d", "ice-ufrag"},
		"short ufrag":        {"ice-ufrag:abcd", "ice-ufrag:abc", "ice-ufrag"},
		"not SDP":            {"v=0", "v", "not SDP"},
	} {
		_, err := ParseOffer(strings.ReplaceAll(good, c.old, c.new))
		if !errors.Is(err, ErrOffer) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, text := range map[string]string{
		"empty": "", "ten sections": testOffer(9), "long": good + strings.Repeat("a=x\r\n", 20000),
		"no sections": "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n",
	} {
		if _, err := ParseOffer(text); !errors.Is(err, ErrOffer) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Attributes of the session count for sections that lack them.
	lines := "a=ice-ufrag:abcd\r\na=fingerprint:sha-256 " + strings.Repeat("AB:", 31) + "AB\r\na=setup:actpass\r\n"
	text := good
	for line := range strings.Lines(lines) {
		text = strings.ReplaceAll(text, line, "")
	}
	if _, err := ParseOffer(strings.Replace(text, "t=0 0\r\n", "t=0 0\r\n"+lines, 1)); err != nil {
		t.Errorf("attributes of the session: %v", err)
	}
}

func newPeer(t *testing.T, slots int) *Peer {
	t.Helper()
	o, err := ParseOffer(testOffer(slots))
	if err != nil {
		t.Fatal(err)
	}
	rnd := source()
	local := Local{Addresses: []netip.AddrPort{
		netip.MustParseAddrPort("192.0.2.1:7882"), netip.MustParseAddrPort("[2001:db8::1]:7882"),
	}}
	local.Ufrag, local.Pwd = NewCredentials(rnd)
	p, answer := New(start, o, local, rnd)
	answers[p] = answer
	return p
}

// answers are those of the peers that newPeer made.
var answers = make(map[*Peer]string)

func TestAnswer(t *testing.T) {
	p := newPeer(t, 8)
	text := answers[p]
	var d sdp.SessionDescription
	if err := d.UnmarshalString(text); err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	if len(d.MediaDescriptions) != 9 {
		t.Fatalf("%d sections", len(d.MediaDescriptions))
	}
	ssrcs := make(map[string]bool)
	for i, m := range d.MediaDescriptions {
		for key, want := range map[string]string{"ice-ufrag": p.ufrag, "ice-pwd": p.pwd, "setup": "passive"} {
			if got, _ := m.Attribute(key); got != want {
				t.Errorf("section %d: %s is %q", i, key, got)
			}
		}
		if got := strings.Join(m.MediaName.Formats, " "); got != "111 63" {
			t.Errorf("section %d: payload types %s", i, got)
		}
		if fb, _ := m.Attribute("rtcp-fb"); fb != "111 nack" {
			t.Errorf("section %d: rtcp-fb:%s", i, fb)
		}
		if _, ext := m.Attribute("extmap"); ext {
			t.Errorf("section %d has a header extension", i)
		}
		if _, sends := m.Attribute("sendonly"); sends != (i > 0) {
			t.Errorf("section %d: wrong direction", i)
		}
		if ssrc, ok := m.Attribute("ssrc"); ok {
			ssrcs[ssrc] = true
		}
	}
	if len(ssrcs) != 8 {
		t.Errorf("%d streams are named", len(ssrcs))
	}
	for _, want := range []string{"a=ice-lite\r\n", "192.0.2.1 7882 typ host", "2001:db8::1 7882 typ host"} {
		if strings.Count(text, want) != 1 {
			t.Errorf("%q is there %d times", want, strings.Count(text, want))
		}
	}
}

func binding(p *Peer, pwd string, more ...stun.Setter) []byte {
	m := stun.MustBuild(append([]stun.Setter{
		stun.TransactionID, stun.BindingRequest, stun.NewUsername(p.ufrag + ":abcd"),
	}, append(more, stun.NewShortTermIntegrity(pwd), stun.Fingerprint)...)...)
	return m.Raw
}

func TestCheck(t *testing.T) {
	p := newPeer(t, 8)
	use := stun.RawAttribute{Type: stun.AttrUseCandidate}
	ask := func(b []byte) (stun.Message, bool, error) {
		var c Check
		if err := c.Parse(b); err != nil {
			return stun.Message{}, false, err
		}
		if !p.Proves(&c) {
			return stun.Message{}, false, ErrCheck
		}
		out, nominated, err := p.Answer(start.Add(time.Minute), from, &c, nil)
		m := stun.Message{Raw: out}
		if err == nil {
			err = errors.Join(m.Decode(), stun.NewShortTermIntegrity(p.pwd).Check(&m), stun.Fingerprint.Check(&m))
		}
		return m, nominated, err
	}

	if !p.Expired(start.Add(consent + 1)) {
		t.Error("consent does not end")
	}
	m, nominated, err := ask(binding(p, p.pwd))
	var mapped stun.XORMappedAddress
	if err != nil || nominated || m.Type != stun.BindingSuccess || mapped.GetFrom(&m) != nil || mapped.String() != from.String() {
		t.Errorf("a check: %v, nominated %v, %v, mapped %v", m.Type, nominated, err, mapped)
	}
	if p.Expired(start.Add(time.Minute + consent)) {
		t.Error("a check gives no consent")
	}
	if _, nominated, err = ask(binding(p, p.pwd, use)); err != nil || !nominated {
		t.Errorf("a nomination: %v, %v", nominated, err)
	}
	role := stun.RawAttribute{Type: stun.AttrICEControlled, Value: make([]byte, 8)}
	if m, nominated, err = ask(binding(p, p.pwd, use, role)); err != nil || nominated || m.Type != stun.BindingError {
		t.Errorf("a controlled client: %v, nominated %v, %v", m.Type, nominated, err)
	}
	odd := stun.RawAttribute{Type: 0x7ff0, Value: []byte("what")}
	if m, nominated, err = ask(binding(p, p.pwd, use, odd)); err != nil || nominated || m.Type != stun.BindingError {
		t.Errorf("an attribute that nobody knows: %v, nominated %v, %v", m.Type, nominated, err)
	}

	p.checked = start
	damaged := binding(p, p.pwd)
	damaged[len(damaged)-1] ^= 1
	for name, b := range map[string][]byte{
		"wrong password":    binding(p, "abcdefghijklmnopqrstuvwx"),
		"wrong fingerprint": damaged,
		"no integrity":      stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewUsername(p.ufrag+":abcd")).Raw,
		"wrong name":        stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewUsername(p.ufrag+":abce"), stun.NewShortTermIntegrity(p.pwd)).Raw,
		"half a name":       stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewUsername(p.ufrag), stun.NewShortTermIntegrity(p.pwd)).Raw,
		"no name":           stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewShortTermIntegrity(p.pwd)).Raw,
		"a response":        stun.MustBuild(stun.TransactionID, stun.BindingSuccess, stun.NewUsername(p.ufrag+":abcd"), stun.NewShortTermIntegrity(p.pwd)).Raw,
		"cut off":           binding(p, p.pwd)[:30],
		"empty":             nil,
	} {
		if m, _, err := ask(b); !errors.Is(err, ErrCheck) || len(m.Raw) != 0 {
			t.Errorf("%s: answered with %d bytes, %v", name, len(m.Raw), err)
		}
	}
	if p.checked != start {
		t.Error("a check that proves nothing gives consent")
	}
}

// A far end is the client's half of the SRTP keys.
type farEnd struct{ open, seal *srtp.Context }

func withKeys(t *testing.T, p *Peer, profile srtp.ProtectionProfile) farEnd {
	t.Helper()
	salt := 12
	if profile == srtp.ProtectionProfileAes128CmHmacSha1_80 {
		salt = 14
	}
	k := seal.Keys{Profile: profile, RemoteKey: bytes.Repeat([]byte{1}, 16), RemoteSalt: bytes.Repeat([]byte{2}, salt), LocalKey: bytes.Repeat([]byte{3}, 16), LocalSalt: bytes.Repeat([]byte{4}, salt)}
	if _, err := p.SetKeys(k); err != nil {
		t.Fatal(err)
	}
	seals, err1 := srtp.CreateContext(k.RemoteKey, k.RemoteSalt, profile)
	open, err2 := srtp.CreateContext(k.LocalKey, k.LocalSalt, profile, srtp.SRTPReplayProtection(64))
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	return farEnd{open, seals}
}

func (f farEnd) rtp(t *testing.T, h rtp.Header, payload string) []byte {
	t.Helper()
	b, err := f.seal.EncryptRTP(nil, append(h.Append(nil), payload...), nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var profiles = map[string]srtp.ProtectionProfile{
	"GCM": srtp.ProtectionProfileAeadAes128Gcm, "CM": srtp.ProtectionProfileAes128CmHmacSha1_80,
}

func TestOpenRTP(t *testing.T) {
	for name, profile := range profiles {
		t.Run(name, func(t *testing.T) {
			p, buf := newPeer(t, 8), make([]byte, 1500)
			h := rtp.Header{PayloadType: 111, Sequence: 65535, Timestamp: 1, SSRC: 9}
			if _, err := p.OpenRTP(start, make([]byte, 40), buf); !errors.Is(err, ErrNoKeys) {
				t.Fatalf("before the handshake: %v", err)
			}
			far := withKeys(t, p, profile)
			first := far.rtp(t, h, "one")
			h.Sequence++
			second := far.rtp(t, h, "two")
			h.Sequence++
			third := far.rtp(t, h, "three")
			h.PayloadType = 63
			h.Sequence++
			red := far.rtp(t, h, "\xef\x00\x00\x03\x6foldnew")
			h.Sequence++
			h.PayloadType = 96
			h.Sequence++
			other := far.rtp(t, h, "what")
			h.PayloadType = 111
			h.Sequence++
			pause := far.rtp(t, h, "")
			for _, c := range []struct {
				name    string
				packet  []byte
				payload string
				newest  bool
				err     error
			}{
				{"first", first, "one", true, nil},
				{"third, across the wrap", third, "three", true, nil},
				{"second, late", second, "two", false, nil},
				{"second, again", second, "", false, ErrAuth},
				{"redundant", red, "\xef\x00\x00\x03\x6foldnew", true, nil},
				{"another payload type", other, "", false, ErrPayload},
				{"nothing in it", pause, "", false, ErrPayload},
				{"cut off", first[:20], "", false, ErrAuth},
				{"empty", make([]byte, 12), "", false, ErrAuth},
			} {
				u, err := p.OpenRTP(start, bytes.Clone(c.packet), buf)
				if !errors.Is(err, c.err) || err == nil && (string(u.Payload) != c.payload || u.Newest != c.newest) {
					t.Errorf("%s: %+v, %v", c.name, u, err)
				}
				if err == nil && u.Redundant != (c.name == "redundant") {
					t.Errorf("%s: redundant is %v", c.name, u.Redundant)
				}
			}
			forged := far.rtp(t, rtp.Header{PayloadType: 111, Sequence: 7, SSRC: 9}, "four")
			forged[14] ^= 1
			if _, err := p.OpenRTP(start, forged, buf); !errors.Is(err, ErrAuth) {
				t.Errorf("forged: %v", err)
			}
			for ssrc := range uint32(20) {
				_, err := p.OpenRTP(start, far.rtp(t, rtp.Header{PayloadType: 111, SSRC: 100 + ssrc}, "x"), buf)
				if want := ssrc >= uplinksMax-1; want != errors.Is(err, ErrStreams) {
					t.Errorf("stream %d: %v", ssrc, err)
				}
			}
		})
	}
}

func TestReports(t *testing.T) {
	for name, profile := range profiles {
		t.Run(name, func(t *testing.T) {
			p, buf := newPeer(t, 8), make([]byte, 1500)
			far := withKeys(t, p, profile)
			var marks [forward.Slots]Mark
			if _, ok := p.AppendReport(start, nil, &marks, nil); ok {
				t.Error("a report about nothing")
			}
			now := start
			for i := range uint16(100) {
				now = now.Add(20 * time.Millisecond)
				if i%4 != 2 { // a quarter is lost on the way up
					b := far.rtp(t, rtp.Header{PayloadType: 111, Sequence: i, Timestamp: uint32(i) * 960, SSRC: 5}, "mic")
					if _, err := p.OpenRTP(now, b, buf); err != nil {
						t.Fatal(err)
					}
				}
			}
			marks[3] = Mark{1000, now}
			sent := []fanout.Sent{{Slot: 3, SSRC: 77, Packets: 100, Octets: 500, AddTS: 50}}
			b, ok := p.AppendReport(now.Add(10*time.Millisecond), sent, &marks, nil)
			if !ok {
				t.Fatal("no report")
			}
			plain, err := far.open.DecryptRTCP(nil, b, nil)
			if err != nil {
				t.Fatal(err)
			}
			packets, err := rtcp.Unmarshal(plain)
			if err != nil || len(packets) != 3 {
				t.Fatalf("%v, %v", packets, err)
			}
			sr := packets[0].(*rtcp.SenderReport)
			if sr.SSRC != 77 || sr.PacketCount != 100 || sr.OctetCount != 500 || sr.RTPTime != 1050+480 {
				t.Errorf("sender report %+v", sr)
			}
			if got := uint32(sr.NTPTime >> 32); got != uint32(now.Unix()+2208988800) {
				t.Errorf("NTP seconds %d", got)
			}
			rr := packets[1].(*rtcp.ReceiverReport).Reports[0]
			if rr.SSRC != 5 || rr.TotalLost != 25 || rr.FractionLost != 64 || rr.LastSequenceNumber != 99 || rr.Jitter != 0 {
				t.Errorf("reception report %+v", rr)
			}
			if _, ok := p.AppendReport(now, nil, &marks, nil); ok {
				t.Error("the same report twice")
			}
		})
	}
}

func TestOpenRTCP(t *testing.T) {
	for name, profile := range profiles {
		t.Run(name, func(t *testing.T) {
			p := newPeer(t, 8)
			far := withKeys(t, p, profile)
			sealed := func(packets ...rtcp.Packet) []byte {
				plain, err := rtcp.Marshal(packets)
				if err != nil {
					t.Fatal(err)
				}
				b, err := far.seal.EncryptRTCP(nil, plain, nil)
				if err != nil {
					t.Fatal(err)
				}
				return b
			}
			then := uint32(ntp(start) >> 16)
			now := start.Add(150 * time.Millisecond)
			first := sealed(&rtcp.ReceiverReport{SSRC: 5})
			second := sealed(
				&rtcp.ReceiverReport{SSRC: 5, Reports: []rtcp.ReceptionReport{
					{SSRC: 7, FractionLost: 64, LastSenderReport: then, Delay: 65536 / 10},
					{SSRC: 8, LastSenderReport: then, Delay: 65536}, // a clock gone wrong
				}},
				&rtcp.TransportLayerNack{SenderSSRC: 5, MediaSSRC: 7, Nacks: []rtcp.NackPair{{PacketID: 65535, LostPackets: 0b101}}})
			f, err := p.OpenRTCP(now, second, nil)
			if err != nil || !f.Newest || len(f.Heard) != 2 || f.Heard[0].Lost != 0.25 || f.Heard[1].RoundTrip != 0 ||
				(f.Heard[0].RoundTrip-50*time.Millisecond).Abs() > time.Millisecond {
				t.Errorf("%+v, %v", f, err)
			}
			if want := []Missing{{7, 65535}, {7, 0}, {7, 2}}; !slices.Equal(f.Missing, want) {
				t.Errorf("missing %v, want %v", f.Missing, want)
			}
			if f, err := p.OpenRTCP(now, first, nil); err != nil || f.Newest {
				t.Errorf("late: %+v, %v", f, err)
			}
			if _, err := p.OpenRTCP(now, first, nil); !errors.Is(err, ErrAuth) {
				t.Errorf("again: %v", err)
			}
			for n := range second {
				if _, err := p.OpenRTCP(now, second[:n], nil); err == nil {
					t.Errorf("%d bytes of %d open", n, len(second))
				}
			}
			flipped := bytes.Clone(second)
			flipped[len(flipped)-1] ^= 1
			if _, err := p.OpenRTCP(now, flipped, nil); !errors.Is(err, ErrAuth) {
				t.Errorf("forged: %v", err)
			}
			for ssrc := range uint32(60) {
				_, err := p.OpenRTCP(now, sealed(&rtcp.ReceiverReport{SSRC: 1000 + ssrc}), nil)
				if want := ssrc >= reportersMax-1; want != errors.Is(err, ErrStreams) {
					t.Errorf("reporter %d: %v", ssrc, err)
				}
			}
			storm := &rtcp.TransportLayerNack{SenderSSRC: 5, MediaSSRC: 7}
			for i := range uint16(200) {
				storm.Nacks = append(storm.Nacks, rtcp.NackPair{PacketID: 17 * i, LostPackets: 0xffff})
			}
			if f, err := p.OpenRTCP(now, sealed(storm), nil); err != nil || len(f.Missing) != missingMax {
				t.Errorf("a storm asks for %d, %v", len(f.Missing), err)
			}
		})
	}
}

func TestReplayWindow(t *testing.T) {
	r := reporter{index: 100, seen: 1}
	for _, c := range []struct {
		index uint32
		ok    bool
	}{{100, false}, {101, true}, {99, true}, {99, false}, {200, true}, {136, false}, {137, true}, {137, false}, {199, true}, {101, false}, {1<<31 - 1, true}} {
		if _, err := r.accept(c.index); (err == nil) != c.ok {
			t.Errorf("index %d: %v", c.index, err)
		}
	}
}

func FuzzParseOffer(f *testing.F) {
	f.Add(testOffer(8))
	f.Add(testOffer(0))
	f.Fuzz(func(t *testing.T, text string) {
		o, err := ParseOffer(text)
		if err != nil {
			if !errors.Is(err, ErrOffer) {
				t.Fatal(err)
			}
			return
		}
		var d sdp.SessionDescription
		_, answer := New(start, o, Local{Ufrag: "u", Pwd: "p"}, source())
		if err := d.UnmarshalString(answer); err != nil || len(d.MediaDescriptions) != len(o.Sections) {
			t.Fatalf("%v: answer to %q:\n%s", err, text, answer)
		}
	})
}

func FuzzCheck(f *testing.F) {
	o, err := ParseOffer(testOffer(1))
	if err != nil {
		f.Fatal(err)
	}
	p, _ := New(start, o, Local{Ufrag: "ours", Pwd: "secret"}, source())
	f.Add(binding(p, "secret"), true)
	f.Add(binding(p, "wrong"), false)
	f.Fuzz(func(t *testing.T, b []byte, sign bool) {
		if sign { // let the fuzzer past the signature
			m := stun.Message{Raw: bytes.Clone(b)}
			if m.Decode() != nil {
				return
			}
			if stun.NewShortTermIntegrity("secret").AddTo(&m) == nil {
				b = m.Raw
			}
		}
		var c Check
		if c.Parse(b) != nil || !p.Proves(&c) {
			return
		}
		if out, _, err := p.Answer(start, from, &c, nil); (err == nil) != (len(out) > 0) {
			t.Fatalf("%d bytes, %v", len(out), err)
		}
	})
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte("\x80\x6f\x00\x01\x00\x00\x00\x00\x00\x00\x00\x05voice"), false)
	f.Add([]byte("\x80\xc8\x00\x06\x00\x00\x00\x05aaaaaaaabbbbccccdddd"), true)
	f.Fuzz(func(t *testing.T, plain []byte, control bool) {
		// Sealed by a client that is one, and hostile.
		p, _ := New(start, Offer{Ufrag: "abcd", Sections: []Section{{"0", 111, 63, true}, {"1", 111, 63, false}}}, Local{}, source())
		k := seal.Keys{
			Profile:   srtp.ProtectionProfileAeadAes128Gcm,
			RemoteKey: make([]byte, 16), RemoteSalt: make([]byte, 12), LocalKey: make([]byte, 16), LocalSalt: make([]byte, 12),
		}
		if _, err := p.SetKeys(k); err != nil {
			t.Fatal(err)
		}
		far, err := srtp.CreateContext(k.RemoteKey, k.RemoteSalt, k.Profile)
		if err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 1500)
		switch kind := rtp.KindOf(plain); {
		case control && kind == rtp.RTCP:
			if b, err := far.EncryptRTCP(nil, plain, nil); err == nil {
				_, _ = p.OpenRTCP(start, b, nil)
			}
			_, _ = p.OpenRTCP(start, plain, nil)
		case kind == rtp.RTP:
			if b, err := far.EncryptRTP(nil, plain, nil); err == nil {
				_, _ = p.OpenRTP(start, b, buf)
			}
			_, _ = p.OpenRTP(start, plain, buf)
		}
		if b, ok := p.AppendReport(start, nil, new([forward.Slots]Mark), nil); ok && binary.BigEndian.Uint32(b[4:]) == 0 {
			t.Fatal("a report from nobody")
		}
	})
}
