package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// The next version of the node is this one with some changes, which are laid
// over its files when it is built (go build -overlay): so nothing in the code is
// there for this, and the two differ in all that a later version may add. An
// older commit would differ only by chance, and between nodes in nothing so far.
const nextVersion = "0.2.0"

// A change is a piece of a file, which is there once, and what the next version
// has in its place.
type change struct{ file, now, next string }

// nextChanges are, in this order: the software's version; a version 2 of what
// links speak, offered beside version 1; members of hellos, lines and adverts
// that nobody knows; a record of an unknown kind in each datagram in which there
// is a place for it; bytes behind what is known of beats and of the records of
// the coordination; and a member of what a house tells its deputy.
var nextChanges = []change{
	{"internal/node/node.go", `const Version = "0.1.0"`, `const Version = "` + nextVersion + `"`},
	{"internal/overlay/link/link.go", `var Protocols = []string{protocolPrefix + "1"}`, `var Protocols = []string{protocolPrefix + "2", protocolPrefix + "1"}`},
	{"internal/overlay/link/link.go", "const Version = 1\n", "const Version = 2\n"},
	{"internal/overlay/link/peers.go", "\tVersion int `json:\"version,omitempty\"`\n", "\tVersion int `json:\"version,omitempty\"`\n\tMood int `json:\"mood\"`\n"},
	{"internal/overlay/link/peers.go", "type line struct {\n", "type line struct {\n\tMood int `json:\"mood\"`\n"},
	{"internal/overlay/directory/directory.go", "type Advert struct {\n", "type Advert struct {\n\tMood int `json:\"mood\"`\n"},
	{
		"internal/overlay/hop/hop.go", "\th.promised = h.promiseNow(now)\n",
		"\tif len(h.out)+6+frame.AgainSize+1 <= frame.PlainMax {\n\t\th.out = append(h.out, 99, 0, 3, 1, 2, 3)\n\t}\n\th.promised = h.promiseNow(now)\n",
	},
	{"internal/overlay/hop/hop.go", "const beatSize = 16 ", "const beatSize = 18 "},
	{"internal/overlay/frame/frame.go", "byte(KindBeat), 0, 13,", "byte(KindBeat), 0, 15,"},
	{
		"internal/overlay/frame/frame.go", "\treturn binary.BigEndian.AppendUint16(b, r.Missing)\n",
		"\treturn append(binary.BigEndian.AppendUint16(b, r.Missing), 8, 8)\n",
	},
	{"internal/coordinate/record.go", "\treturn appendText(b, o.URL)\n", "\treturn append(appendText(b, o.URL), 8, 8)\n"},
	{
		"internal/coordinate/record.go", "\treturn appendText(appendText(appendText(b, n.Place.Region), n.Place.Operator), n.Version)\n",
		"\treturn append(appendText(appendText(appendText(b, n.Place.Region), n.Place.Operator), n.Version), 8, 8)\n",
	},
	{"internal/deputy/line.go", "type line struct {\n", "type line struct {\n\tMood int `json:\"mood\"`\n"},
}

// changed returns what the files of the next version are that differ.
func changed(root string, changes []change) (map[string][]byte, error) {
	out := make(map[string][]byte)
	for _, c := range changes {
		text, ok := out[c.file]
		if !ok {
			var err error
			if text, err = os.ReadFile(filepath.Join(root, c.file)); err != nil {
				return nil, err
			}
		}
		if n := bytes.Count(text, []byte(c.now)); n != 1 {
			return nil, fmt.Errorf("the next version cannot be made: %s has %q %d times", c.file, c.now, n)
		}
		out[c.file] = bytes.Replace(text, []byte(c.now), []byte(c.next), 1)
	}
	return out, nil
}

// buildNext builds the next version of the node into a directory, and returns
// where it is.
func buildNext(ctx context.Context, dir string) (string, error) {
	root, err := os.Getwd()
	if err != nil {
		return "", err
	}
	files, err := changed(root, nextChanges)
	if err != nil {
		return "", err
	}
	var over struct{ Replace map[string]string }
	over.Replace = make(map[string]string)
	for name, text := range files {
		to := filepath.Join(dir, strings.ReplaceAll(name, "/", "_"))
		over.Replace[filepath.Join(root, name)] = to
		err = errors.Join(err, os.WriteFile(to, text, 0o600))
	}
	list, e := json.Marshal(over)
	overlay, program := filepath.Join(dir, "overlay.json"), filepath.Join(dir, "stoa")
	if err := errors.Join(err, e, os.WriteFile(overlay, list, 0o600)); err != nil {
		return "", err
	}
	c := exec.CommandContext(ctx, "go", "build", "-trimpath", "-overlay", overlay, "-o", program, "./cmd/stoa")
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("the next version is not built: %w: %s", err, said)
	}
	return program, nil
}
