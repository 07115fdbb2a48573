package node

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/stoa-audio/stoa/internal/overlay/audit"
)

// listening is the state of a TCP socket that listens, in /proc/net/tcp
// (proc_pid_net(5)).
const listening = "0A"

// shown bounds the sockets that are looked at.
const shown = 1 << 20

// systemOf returns the sockets of a process, as the system has them: those that
// it holds open (/proc/PID/fd), with their addresses (/proc/PID/net).
func systemOf(pid int) (audit.System, error) {
	root := filepath.Join("/proc", strconv.Itoa(pid))
	entries, err := os.ReadDir(filepath.Join(root, "fd"))
	if err != nil {
		return audit.System{}, fmt.Errorf("the sockets of the node's process: %w", err)
	}
	held := make(map[string]bool)
	for _, e := range entries {
		to, err := os.Readlink(filepath.Join(root, "fd", e.Name()))
		if err != nil {
			continue // closed meanwhile
		}
		if inode, ok := strings.CutPrefix(to, "socket:["); ok {
			held[strings.TrimSuffix(inode, "]")] = true
		}
	}
	out := audit.System{Told: true}
	for _, table := range []string{"udp", "udp6", "tcp", "tcp6"} {
		err := readTable(filepath.Join(root, "net", table), held, func(s audit.Socket) { out.Sockets = append(out.Sockets, s) })
		if errors.Is(err, fs.ErrNotExist) {
			continue // no IPv6 here
		}
		if err != nil {
			return audit.System{}, err
		}
	}
	return out, nil
}

func readTable(path string, held map[string]bool, each func(audit.Socket)) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Scan() // the heads of the columns
	for n := 0; lines.Scan() && n < shown; n++ {
		column := strings.Fields(lines.Text())
		if len(column) < 10 || !held[column[9]] {
			continue
		}
		local, okLocal := parseKernelAddress(column[1])
		remote, okRemote := parseKernelAddress(column[2])
		if !okLocal || !okRemote {
			return fmt.Errorf("%s: %q is no address", path, column[1:3])
		}
		network := strings.TrimSuffix(filepath.Base(path), "6")
		each(audit.Socket{Network: network, Local: local, Remote: remote, Listening: network == "tcp" && column[3] == listening})
	}
	return lines.Err()
}

// parseKernelAddress returns the address that the kernel writes so: each four
// bytes of it as a number of this machine, in hexadecimal.
func parseKernelAddress(text string) (a netip.AddrPort, ok bool) {
	address, port, _ := strings.Cut(text, ":")
	b, err := hex.DecodeString(address)
	if err != nil || len(b) != 4 && len(b) != 16 {
		return a, false
	}
	number, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		return a, false
	}
	for i := 0; i < len(b); i += 4 {
		binary.NativeEndian.PutUint32(b[i:], binary.BigEndian.Uint32(b[i:]))
	}
	ip, ok := netip.AddrFromSlice(b)
	return netip.AddrPortFrom(ip.Unmap(), uint16(number)), ok
}
