//go:build !linux

package crowd

import (
	"errors"
	"net/netip"
)

// A socket for many addresses is made for Linux only.
type socket struct{}

func openSocket() (*socket, error) { return nil, errors.ErrUnsupported }

func (*socket) read() (int, error)                        { return 0, errors.ErrUnsupported }
func (*socket) datagram(int) ([]byte, [4]byte)            { return nil, [4]byte{} }
func (*socket) write(_, _ []byte, _ netip.AddrPort) error { return errors.ErrUnsupported }
func (*socket) close() error                              { return nil }
func fromAddress([4]byte) []byte                          { return nil }
