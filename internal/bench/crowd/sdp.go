package crowd

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/stoa-audio/stoa/internal/bench/count"
)

// offerText is the offer of a lean client, with the blanks of an identity: the
// microphone and eight slots, in the words that Chromium uses.
func offerText(ufrag, pwd, fingerprint string) string {
	var w strings.Builder
	w.WriteString("v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n" +
		"a=group:BUNDLE 0 1 2 3 4 5 6 7 8\r\na=extmap-allow-mixed\r\na=msid-semantic: WMS\r\n")
	for mid := range 1 + count.VoicesMax {
		direction := "recvonly"
		if mid == 0 {
			direction = "sendrecv"
		}
		fmt.Fprintf(&w, section, ufrag, pwd, fingerprint, mid, direction)
	}
	return w.String()
}

const section = "m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n" +
	"a=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=ice-options:trickle\r\na=fingerprint:sha-256 %s\r\na=setup:actpass\r\na=mid:%d\r\n" +
	"a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n" +
	"a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time\r\n" +
	"a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n" +
	"a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n" +
	"a=%s\r\na=rtcp-mux\r\na=rtcp-rsize\r\na=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 transport-cc\r\n" +
	"a=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n"

// An answer is what a lean client needs of the node's SDP answer.
type answer struct {
	ufrag, pwd  string
	fingerprint [32]byte
	node        netip.AddrPort
}

var errAnswer = errors.New("the answer is not one that a client could use")

// parseAnswer reads the first line of each kind: all sections share them.
func parseAnswer(text string) (answer, error) {
	var a answer
	var fingerprint string
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch {
		case key == "a=ice-ufrag" && a.ufrag == "":
			a.ufrag = value
		case key == "a=ice-pwd" && a.pwd == "":
			a.pwd = value
		case key == "a=fingerprint" && fingerprint == "":
			fingerprint = strings.TrimPrefix(value, "sha-256 ")
		case key == "a=candidate" && !a.node.IsValid():
			// foundation, component, transport, priority, address, port (RFC 8839, section 5.1)
			if f := strings.Fields(value); len(f) > 5 {
				if to, err := netip.ParseAddrPort(f[4] + ":" + f[5]); err == nil && to.Addr().Is4() {
					a.node = to
				}
			}
		}
	}
	raw, err := hex.DecodeString(strings.ReplaceAll(fingerprint, ":", ""))
	if err != nil || len(raw) != len(a.fingerprint) || a.ufrag == "" || a.pwd == "" || !a.node.IsValid() {
		return answer{}, errAnswer
	}
	copy(a.fingerprint[:], raw)
	return a, nil
}
