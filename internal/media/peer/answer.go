package peer

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"strings"
)

// A Local is the node's side of a connection as the answer states it.
type Local struct {
	Ufrag, Pwd  string           // ICE credentials (RFC 8445, section 5.3)
	Fingerprint [32]byte         // SHA-256 of the node's certificate
	Addresses   []netip.AddrPort // where the node listens, best first
}

const iceChars = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+/"

// NewCredentials draws ICE credentials: 48 bits to tell peers apart, 144 bits
// that keep others out. The source must be cryptographically strong.
func NewCredentials(rnd *rand.Rand) (ufrag, pwd string) {
	return draw(rnd, 8), draw(rnd, 24)
}

func draw(rnd *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = iceChars[rnd.IntN(len(iceChars))]
	}
	return string(b)
}

// answer returns the SDP answer to the peer's offer. The transport attributes
// stand in every section, as aiortc looks only there; an a=ssrc line names
// each stream, as Chromium drops unannounced ones without a word.
func (p *Peer) answer(local Local, sections []Section) string {
	var w strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&w, format+"\r\n", args...) }
	line("v=0")
	line("o=- %d 1 IN IP4 0.0.0.0", p.ssrc)
	line("s=-")
	line("t=0 0")
	line("a=ice-lite")
	mids := make([]string, len(sections))
	for i, s := range sections {
		mids[i] = s.Mid
	}
	line("a=group:BUNDLE %s", strings.Join(mids, " "))
	line("a=msid-semantic: WMS *")
	fingerprint := hexPairs(local.Fingerprint[:])
	slot := 0
	for i, s := range sections {
		payloads := strconv.Itoa(int(s.Opus))
		if s.RED != 0 {
			payloads += " " + strconv.Itoa(int(s.RED))
		}
		line("m=audio 9 UDP/TLS/RTP/SAVPF %s", payloads)
		line("c=IN IP4 0.0.0.0")
		line("a=mid:%s", s.Mid)
		line("a=ice-ufrag:%s", local.Ufrag)
		line("a=ice-pwd:%s", local.Pwd)
		line("a=fingerprint:sha-256 %s", fingerprint)
		line("a=setup:passive")
		line("a=rtcp-mux")
		line("a=rtcp-rsize")
		line("a=rtpmap:%d opus/48000/2", s.Opus)
		line("a=fmtp:%d minptime=10;useinbandfec=1;usedtx=1;stereo=0;maxaveragebitrate=32000", s.Opus)
		line("a=rtcp-fb:%d nack", s.Opus) // RFC 4585, section 4.2
		if s.RED != 0 {
			line("a=rtpmap:%d red/48000/2", s.RED)
			line("a=fmtp:%d %d/%d", s.RED, s.Opus, s.Opus)
		}
		if s.Mic {
			line("a=recvonly")
		} else {
			line("a=sendonly")
			line("a=msid:%s-%d -", p.cname, slot)
			line("a=ssrc:%d cname:%s", p.streams[slot].SSRC, p.cname)
			slot++
		}
		if i == 0 {
			for k, a := range local.Addresses {
				// Priority by RFC 8445, section 5.1.2.1, of a host candidate.
				line("a=candidate:%d 1 udp %d %s %d typ host", k+1, 126<<24|(65535-k)<<8|255, a.Addr().WithZone(""), a.Port())
			}
			line("a=end-of-candidates")
		}
	}
	return w.String()
}

// hexPairs writes b as RFC 8122 does: upper case, with colons.
func hexPairs(b []byte) string {
	var w strings.Builder
	for i := range b {
		if i > 0 {
			w.WriteByte(':')
		}
		w.WriteString(strings.ToUpper(hex.EncodeToString(b[i : i+1])))
	}
	return w.String()
}
