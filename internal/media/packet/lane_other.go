//go:build !linux

package packet

import (
	"errors"
	"log/slog"

	"github.com/stoa-audio/stoa/internal/udp"
)

// A Network can be opened on Linux only.
type Network struct{}

// A Lane is what its socket is.
type Lane struct{ *udp.Conn }

// Open returns errors.ErrUnsupported.
func Open(*slog.Logger) (*Network, error) { return nil, errors.ErrUnsupported }

// Lane returns errors.ErrUnsupported.
func (*Network) Lane(*udp.Conn) (*Lane, error) { return nil, errors.ErrUnsupported }

// Sent returns how many datagrams have gone as frames, and how many over
// sockets.
func (*Network) Sent() (framed, over uint64) { return 0, 0 }

// Close closes nothing.
func (*Network) Close() error { return nil }
