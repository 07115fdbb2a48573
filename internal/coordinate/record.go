package coordinate

import (
	"encoding/binary"
	"errors"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/region"
)

// Bounds of records.
const (
	keyMax     = 64
	urlMax     = 255
	versionMax = 32
	valueMax   = 512
)

// recordVersion is the first byte of all records. What follows behind those
// fields that are known is passed over: that is how later versions add.
const recordVersion = 1

// errRecord means that a value is no record.
var errRecord = errors.New("no record")

// An Owner is who owns a room.
type Owner struct {
	Owner  id.Node
	Deputy id.Node // who is to take over; none if zero
	Term   uint64  // from 1; each owner's is higher than the one's before
	URL    string  // where people find the owner
}

const ownerFixed = 1 + 8 + 2*id.Size + 1

func (o Owner) bytes() []byte {
	var b []byte
	b = binary.BigEndian.AppendUint64(append(b, recordVersion), o.Term)
	b = append(append(b, o.Owner[:]...), o.Deputy[:]...)
	return appendText(b, o.URL)
}

// parseOwner reads an owner's record, or returns errRecord.
func parseOwner(b []byte) (o Owner, err error) {
	if len(b) < ownerFixed || b[0] != recordVersion {
		return o, errRecord
	}
	o.Term = binary.BigEndian.Uint64(b[1:])
	copy(o.Owner[:], b[9:])
	copy(o.Deputy[:], b[9+id.Size:])
	o.URL, _, err = cutText(b[ownerFixed-1:], urlMax)
	if err == nil && (o.Term == 0 || o.Owner.IsZero()) {
		err = errRecord
	}
	return o, err
}

// A Notice is what a node says of itself.
type Notice struct {
	Place    region.Place
	Version  string // of its software
	Draining bool   // it lets its people go, and takes nobody
}

const flagDraining = 1

func (n Notice) bytes() []byte {
	var b []byte
	flags := byte(0)
	if n.Draining {
		flags = flagDraining
	}
	b = append(b, recordVersion, flags)
	return appendText(appendText(appendText(b, n.Place.Region), n.Place.Operator), n.Version)
}

// parseNotice reads a node's record, or returns errRecord.
func parseNotice(b []byte) (n Notice, err error) {
	if len(b) < 2 || b[0] != recordVersion {
		return n, errRecord
	}
	n.Draining = b[1]&flagDraining != 0
	b = b[2:]
	for _, text := range []*string{&n.Place.Region, &n.Place.Operator, &n.Version} {
		if *text, b, err = cutText(b, versionMax); err != nil {
			return Notice{}, err
		}
	}
	if n.Place.Check() != nil || !isPlain(n.Version) {
		return Notice{}, errRecord
	}
	return n, nil
}

// isPlain reports whether a text can be shown to people as it is.
func isPlain(text string) bool {
	for _, c := range []byte(text) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

func appendText(b []byte, text string) []byte { return append(append(b, byte(len(text))), text...) }

func cutText(b []byte, most int) (text string, rest []byte, err error) {
	if len(b) == 0 || int(b[0]) > most || len(b) < 1+int(b[0]) {
		return "", nil, errRecord
	}
	end := 1 + int(b[0])
	return string(b[1:end]), b[end:], nil
}

// isKey reports whether a text can be the key of a room.
func isKey(text string) bool {
	if text == "" || len(text) > keyMax {
		return false
	}
	for _, c := range []byte(text) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}
