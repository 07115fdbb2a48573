// Package janus runs the Janus WebRTC server with its VideoRoom plugin, and
// lets clients made of pion/webrtc speak and listen there, by its own JSON
// protocol over WebSockets.
//
// Media goes to an address of this machine that is not the loopback's, since
// Janus never offers that one; the kernel takes the same way for both. Not
// here: video, rooms and sessions that outlive the server.
package janus

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/stoa-audio/stoa/internal/bench/child"
)

// A Server is Janus as Debian has it.
type Server struct {
	*child.Process

	url  string
	api  *webrtc.API
	feed int64 // the speaker's, whom all listen to
}

const startMax = 20 * time.Second

// Start starts a server that keeps its files in dir.
func Start(ctx context.Context, dir string) (*Server, error) {
	host, err := ownAddress()
	if err != nil {
		return nil, err
	}
	api, err := newAPI(host)
	if err != nil {
		return nil, err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := l.Addr().String()
	if err := errors.Join(l.Close(), configure(dir, host, l.Addr().(*net.TCPAddr).Port)); err != nil { //nolint:forcetypeassert // it is TCP
		return nil, err
	}
	p, err := child.Start(exec.Command("janus", "--disable-colors", "--configs-folder", dir, "--config", filepath.Join(dir, "janus.jcfg"))) //nolint:noctx // it is ended by Stop
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startMax)
	defer cancel()
	if err := p.AwaitTCP(ctx, address); err != nil {
		p.Stop()
		return nil, fmt.Errorf("start janus: %w", err)
	}
	return &Server{Process: p, url: "ws://" + address, api: api}, nil
}

// ownAddress returns an IPv4 address of this machine that Janus offers.
func ownAddress() (net.IP, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	for _, i := range all {
		if i.Flags&net.FlagUp == 0 || i.Flags&net.FlagLoopback != 0 {
			continue
		}
		addresses, err := i.Addrs()
		if err != nil {
			return nil, err
		}
		for _, a := range addresses {
			if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && n.IP.IsGlobalUnicast() {
				return n.IP, nil
			}
		}
	}
	return nil, errors.New("janus needs an IPv4 address besides the loopback's, and this machine has none")
}

// unused are plugins and transports that would open ports and take memory.
var unused = struct{ plugins, transports []string }{
	plugins:    strings.Fields("audiobridge duktape echotest lua nosip recordplay sip streaming textroom videocall voicemail"),
	transports: strings.Fields("http mqtt nanomsg pfunix rabbitmq"),
}

func libraries(names []string) string {
	var files []string
	for _, name := range names {
		files = append(files, "libjanus_"+name+".so")
	}
	return strings.Join(files, ",")
}

const room = 1

// configure writes what differs from Debian's configuration: as many event
// loops as processors, without which Janus has a thread for each listener; no
// time-outs, which spares it keepalives; and a room for one voice.
func configure(dir string, host net.IP, port int) error {
	for name, text := range map[string]string{
		"janus.jcfg": fmt.Sprintf(`general: {
	debug_level = 3
	session_timeout = 0
	event_loops = %d
}
nat: {
	ice_enforce_list = "%s"
}
plugins: {
	disable = "%s"
}
transports: {
	disable = "%s"
}
`, runtime.NumCPU(), host, libraries(unused.plugins), libraries(unused.transports)),
		"janus.transport.websockets.jcfg": `general: {
	json = "compact"
	ws = true
	ws_ip = "127.0.0.1"
	ws_port = ` + strconv.Itoa(port) + `
}
`,
		"janus.plugin.videoroom.jcfg": fmt.Sprintf(`room-%d: {
	description = "Bench"
	publishers = 1
	audiocodec = "opus"
	record = false
}
`, room),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}
