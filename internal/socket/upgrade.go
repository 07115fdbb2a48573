package socket

import (
	"crypto/sha1" // says only that the other side speaks the protocol
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// upgrade answers the opening handshake (RFC 6455, section 4.2) and takes the
// connection over, with what has come early. A cookie that is to be set goes
// along.
func upgrade(w http.ResponseWriter, r *http.Request) (stream net.Conn, early []byte, err error) {
	key := r.Header.Get("Sec-WebSocket-Key")
	nonce, err := base64.StdEncoding.DecodeString(key)
	switch {
	case r.Method != http.MethodGet, r.ProtoMajor != 1, r.ProtoMinor < 1,
		!asks(r, "Connection", "upgrade"), !asks(r, "Upgrade", "websocket"),
		err != nil, len(nonce) != 16, r.Header.Get("Sec-WebSocket-Version") != "13":
		w.Header().Set("Sec-WebSocket-Version", "13")
		return nil, nil, ErrUpgrade
	}
	stream, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, nil, fmt.Errorf("take over a connection: %w", err)
	}
	proof := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	answer := []byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
	answer = fmt.Appendf(answer, "Sec-WebSocket-Accept: %s\r\n", base64.StdEncoding.EncodeToString(proof[:]))
	for _, cookie := range w.Header().Values("Set-Cookie") {
		answer = fmt.Appendf(answer, "Set-Cookie: %s\r\n", cookie)
	}
	_ = stream.SetDeadline(time.Now().Add(stuckMax))
	if _, err := stream.Write(append(answer, "\r\n"...)); err != nil {
		_ = stream.Close()
		return nil, nil, fmt.Errorf("answer a handshake: %w", err)
	}
	_ = stream.SetDeadline(time.Time{})
	if n := buffered.Reader.Buffered(); n > 0 {
		early = make([]byte, n)
		_, _ = buffered.Read(early) // from memory
	}
	return stream, early, nil
}

// asks reports whether one of the words of a header is word.
func asks(r *http.Request, header, word string) bool {
	for _, value := range r.Header.Values(header) {
		for one := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.TrimSpace(one), word) {
				return true
			}
		}
	}
	return false
}
