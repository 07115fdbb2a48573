// Package space gives processes places of their own: network namespaces in which
// there is loopback, and a TUN device that is the only way out. Whoever reads
// the device (package lines) is all the network that there is.
//
// It takes Linux and root, or user namespaces. The namespaces have no names:
// they are gone with the process that has made them and those inside.
package space

import "errors"

// ErrNone means that the system gives this program no network namespaces, or no
// TUN devices.
var ErrNone = errors.New("it takes Linux, and root or user namespaces, and /dev/net/tun")

// inside says to this program that it is in a namespace already.
const inside = "NETNS_INSIDE"
