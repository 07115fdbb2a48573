// Package frame is what nodes say to each other on a trunk: records, several
// of many rooms in one datagram. docs/protocol/trunk.md describes it. Sealing
// is not done here, nor is anything decided.
//
// A datagram, opened, is one byte of promise (how soon the next one comes) and
// records: kind (1 byte), length (2), body. Whoever does not know a kind goes
// on behind it, so that nodes of neighbouring versions understand each other.
// Numbers are big-endian.
package frame

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
)

// Sizes in bytes.
const (
	DatagramMax = 1200                             // on the wire, outer header and tag with it
	SealMax     = 32                               // of it, what sealing takes at most
	PlainMax    = DatagramMax - SealMax            // of it, promise and records
	RecordMax   = PlainMax - 1                     // one record, head and body
	headSize    = 3                                // kind and length of a record
	audioSize   = 9                                // of an audio record before the packet
	PacketMax   = RecordMax - headSize - audioSize // an RTP packet in an audio record
)

// ErrRecord means that a record is not what its kind says.
var ErrRecord = errors.New("no such record")

// A Kind says what a record is.
type Kind uint8

// The kinds. Numbers are never given anew.
const (
	KindAudio     Kind = 1
	KindBeat      Kind = 2
	KindNack      Kind = 3
	KindWant      Kind = 4
	KindInstall   Kind = 5
	KindInstalled Kind = 6
	KindDismiss   Kind = 7
	KindJoin      Kind = 8
	KindJoined    Kind = 9
	KindPrune     Kind = 10
	KindTrouble   Kind = 11
	KindLinks     Kind = 12
	KindAgain     Kind = 13
)

// promiseUnit is what a promise is counted in.
const promiseUnit = 5 * time.Millisecond

// AppendPromise begins a datagram: the next one comes within d, which is
// rounded up to 5 ms and at most 1275 ms.
func AppendPromise(b []byte, d time.Duration) []byte {
	return append(b, byte(min((d+promiseUnit-1)/promiseUnit, 255)))
}

// ParsePromise splits a datagram into its promise and its records.
func ParsePromise(b []byte) (promise time.Duration, records []byte, ok bool) {
	if len(b) == 0 {
		return 0, nil, false
	}
	return time.Duration(b[0]) * promiseUnit, b[1:], true
}

// Next splits the first record off b. It is not ok at the end, and when what
// is left is no record.
func Next(b []byte) (kind Kind, body, rest []byte, ok bool) {
	if len(b) < headSize {
		return 0, nil, nil, false
	}
	end := headSize + int(binary.BigEndian.Uint16(b[1:]))
	if end > len(b) {
		return 0, nil, nil, false
	}
	return Kind(b[0]), b[headSize:end], b[end:], true
}

// fillFrom is from how many bytes on a datagram is filled up.
const fillFrom = PlainMax - 192

// Fill fills a datagram that is nearly full with zeros: those that are full have
// one length then, and the system sends many of them at the cost of one
// (UDP_SEGMENT).
func Fill(b []byte) []byte {
	if len(b) < fillFrom || len(b) >= PlainMax {
		return b
	}
	return append(b, make([]byte, PlainMax-len(b))...)
}

// IsFill reports whether what is left of a datagram is no record any more.
func IsFill(records []byte) bool { return len(records) > 0 && records[0] == 0 }

// begin appends a record's head with no length yet, end puts the length in.
func begin(b []byte, kind Kind) []byte { return append(b, byte(kind), 0, 0) }

func end(b []byte, start int) []byte {
	binary.BigEndian.PutUint16(b[start+1:], uint16(len(b)-start-headSize)) //nolint:gosec // records are shorter than RecordMax
	return b
}

// A Tree names the way of one room's voices from the node where they come in:
// chosen at random by that node.
type Tree uint64

// Audio is one RTP packet on its way. Label is what the receiver has given
// the sender to put on it, Stream the voice among those of the tree, Sequence
// counts its packets where they came in. Generation is the fence's: who has
// not heard of it yet must not pass the packet on. The packet's voice is
// sealed from end to end.
type Audio struct {
	Label      uint32
	Stream     uint8
	Sequence   uint16
	TTL        uint8
	Generation uint8
	Packet     []byte
}

// AudioSize returns the length of the record of a packet of n bytes.
func AudioSize(n int) int { return headSize + audioSize + n }

// Append appends the record.
func (a Audio) Append(b []byte) []byte {
	n := audioSize + len(a.Packet)
	b = append(b, byte(KindAudio), byte(n>>8), byte(n))
	b = binary.BigEndian.AppendUint32(b, a.Label)
	b = append(b, a.Stream, byte(a.Sequence>>8), byte(a.Sequence), a.TTL, a.Generation)
	return append(b, a.Packet...)
}

// ParseAudio reads the body of such a record; Packet is a part of it.
func ParseAudio(body []byte) (Audio, error) {
	if len(body) < audioSize {
		return Audio{}, ErrRecord
	}
	return Audio{
		Label:      binary.BigEndian.Uint32(body),
		Stream:     body[4],
		Sequence:   binary.BigEndian.Uint16(body[5:]),
		TTL:        body[7],
		Generation: body[8],
		Packet:     body[audioSize:],
	}, nil
}

// A Beat measures a link and keeps it alive. Stamp is the sender's clock when
// it was sent, Echo the Stamp that it has heard last and Held how long ago, in
// units of 100 µs; Echo is 0 when it has heard none. Ask wants an answer at
// once, Leaving says that the sender is about to stop. Missing is the share of
// the other's datagrams that did not come in the last while, in 1/1000.
type Beat struct {
	Ask, Leaving bool
	Stamp, Echo  uint32
	Held         uint16
	Missing      uint16
}

// Append appends the record.
func (r Beat) Append(b []byte) []byte {
	b = append(b, byte(KindBeat), 0, 13, flags(r.Ask, r.Leaving))
	b = binary.BigEndian.AppendUint32(b, r.Stamp)
	b = binary.BigEndian.AppendUint32(b, r.Echo)
	b = binary.BigEndian.AppendUint16(b, r.Held)
	return binary.BigEndian.AppendUint16(b, r.Missing)
}

// ParseBeat reads the body of such a record.
func ParseBeat(body []byte) (Beat, error) {
	if len(body) < 13 {
		return Beat{}, ErrRecord
	}
	return Beat{
		Ask: body[0]&1 != 0, Leaving: body[0]&2 != 0,
		Stamp: binary.BigEndian.Uint32(body[1:]), Echo: binary.BigEndian.Uint32(body[5:]),
		Held: binary.BigEndian.Uint16(body[9:]), Missing: binary.BigEndian.Uint16(body[11:]),
	}, nil
}

func flags(set ...bool) byte {
	var f byte
	for i, on := range set {
		if on {
			f |= 1 << i
		}
	}
	return f
}

// A Nack says which datagrams have not come: Base, and Base+1+i for each bit i
// of Mask.
type Nack struct {
	Base uint64
	Mask uint64
}

// Append appends the record.
func (r Nack) Append(b []byte) []byte {
	b = append(b, byte(KindNack), 0, 16)
	b = binary.BigEndian.AppendUint64(b, r.Base)
	return binary.BigEndian.AppendUint64(b, r.Mask)
}

// ParseNack reads the body of such a record.
func ParseNack(body []byte) (Nack, error) {
	if len(body) < 16 {
		return Nack{}, ErrRecord
	}
	return Nack{binary.BigEndian.Uint64(body), binary.BigEndian.Uint64(body[8:])}, nil
}

// A Want asks the node where a room's voices come in for them, for as long as
// it is said again; with Enough it is taken back.
type Want struct {
	Room   id.Room
	Enough bool
}

// Append appends the record.
func (r Want) Append(b []byte) []byte {
	b = append(b, byte(KindWant), 0, id.Size+1, flags(r.Enough))
	return append(b, r.Room[:]...)
}

// ParseWant reads the body of such a record.
func ParseWant(body []byte) (Want, error) {
	if len(body) < 1+id.Size {
		return Want{}, ErrRecord
	}
	return Want{Room: id.Room(body[1 : 1+id.Size]), Enough: body[0]&1 != 0}, nil
}

// Bounds of an Install.
const (
	VoicesMax = 20  // voices of one tree
	fenceMax  = 600 // bytes of a fence as text
)

// A Voice is a stream of a tree and whose it is.
type Voice struct {
	Stream uint8
	Who    id.Person
}

// An Install tells a node its place in a tree: from whom it takes the voices,
// and from whom when that one is gone. Version grows with each change of the
// tree, Generation with each change of the fence, which the node is to keep.
// Listener says that it has people who listen, and does not only pass on;
// Both, that it takes the voices from parent and backup at once.
type Install struct {
	Tree           Tree
	Room           id.Room
	Version        uint32
	Generation     uint8
	Listener, Both bool
	Parent, Backup id.Node
	Fence          string
	Voices         []Voice
}

// Append appends the record. Fences that are too long, and more voices than
// VoicesMax, are cut off: a node that reads half a fence refuses it.
func (r Install) Append(b []byte) []byte {
	start := len(b)
	b = begin(b, KindInstall)
	b = binary.BigEndian.AppendUint64(b, uint64(r.Tree))
	b = append(b, r.Room[:]...)
	b = binary.BigEndian.AppendUint32(b, r.Version)
	b = append(b, r.Generation, flags(r.Listener, r.Both))
	b = append(b, r.Parent[:]...)
	b = append(b, r.Backup[:]...)
	fence := r.Fence[:min(len(r.Fence), fenceMax)]
	b = binary.BigEndian.AppendUint16(b, uint16(len(fence))) //nolint:gosec // at most fenceMax
	b = append(b, fence...)
	for _, v := range r.Voices[:min(len(r.Voices), VoicesMax)] {
		b = append(b, v.Stream)
		b = append(b, v.Who[:]...)
	}
	return end(b, start)
}

// ParseInstall reads the body of such a record.
func ParseInstall(body []byte) (Install, error) {
	const fixed = 8 + id.Size + 4 + 2 + 2*id.Size + 2
	if len(body) < fixed {
		return Install{}, ErrRecord
	}
	r := Install{Tree: Tree(binary.BigEndian.Uint64(body)), Room: id.Room(body[8:24])}
	r.Version = binary.BigEndian.Uint32(body[24:])
	r.Generation, r.Listener, r.Both = body[28], body[29]&1 != 0, body[29]&2 != 0
	r.Parent, r.Backup = id.Node(body[30:46]), id.Node(body[46:62])
	n := int(binary.BigEndian.Uint16(body[62:]))
	rest := body[fixed:]
	if n > fenceMax || n > len(rest) || (len(rest)-n)%(1+id.Size) != 0 || (len(rest)-n)/(1+id.Size) > VoicesMax {
		return Install{}, ErrRecord
	}
	r.Fence = string(rest[:n])
	for rest = rest[n:]; len(rest) > 0; rest = rest[1+id.Size:] {
		r.Voices = append(r.Voices, Voice{rest[0], id.Person(rest[1 : 1+id.Size])})
	}
	return r, nil
}

// An Installed says that an Install of this version has come.
type Installed struct {
	Tree    Tree
	Version uint32
}

// Append appends the record.
func (r Installed) Append(b []byte) []byte { return appendTree(b, KindInstalled, r.Tree, r.Version) }

// ParseInstalled reads the body of such a record.
func ParseInstalled(body []byte) (Installed, error) {
	tree, version, err := parseTree(body)
	return Installed{tree, version}, err
}

// A Dismiss tells a node that it is no part of a tree any more. It answers
// with Installed.
type Dismiss struct {
	Tree    Tree
	Version uint32
}

// Append appends the record.
func (r Dismiss) Append(b []byte) []byte { return appendTree(b, KindDismiss, r.Tree, r.Version) }

// ParseDismiss reads the body of such a record.
func ParseDismiss(body []byte) (Dismiss, error) {
	tree, version, err := parseTree(body)
	return Dismiss{tree, version}, err
}

// A Join asks a node to pass a tree's voices on to the sender, under Label;
// it is said again and again for as long as it holds.
type Join struct {
	Tree  Tree
	Label uint32
}

// Append appends the record.
func (r Join) Append(b []byte) []byte { return appendTree(b, KindJoin, r.Tree, r.Label) }

// ParseJoin reads the body of such a record.
func ParseJoin(body []byte) (Join, error) {
	tree, label, err := parseTree(body)
	return Join{tree, label}, err
}

// A Joined answers a Join: it is done, or why not.
type Joined struct {
	Tree Tree
	Why  uint32
}

// Why a Join was answered as it was.
const (
	JoinDone     uint32 = 0
	JoinOutside  uint32 = 1 // the sender is outside the tree's fence
	JoinFull     uint32 = 2 // the node passes on to as many as it can
	JoinLeaving  uint32 = 3 // the node is about to stop
	JoinStranger uint32 = 4 // the node has no place in the tree, and took the Join ahead of its Install
)

// Append appends the record.
func (r Joined) Append(b []byte) []byte { return appendTree(b, KindJoined, r.Tree, r.Why) }

// ParseJoined reads the body of such a record.
func ParseJoined(body []byte) (Joined, error) {
	tree, why, err := parseTree(body)
	return Joined{tree, why}, err
}

// A Prune takes the Join of this label back.
type Prune struct {
	Tree  Tree
	Label uint32
}

// Append appends the record.
func (r Prune) Append(b []byte) []byte { return appendTree(b, KindPrune, r.Tree, r.Label) }

// ParsePrune reads the body of such a record.
func ParsePrune(body []byte) (Prune, error) {
	tree, label, err := parseTree(body)
	return Prune{tree, label}, err
}

func appendTree(b []byte, kind Kind, tree Tree, number uint32) []byte {
	b = append(b, byte(kind), 0, 12)
	b = binary.BigEndian.AppendUint64(b, uint64(tree))
	return binary.BigEndian.AppendUint32(b, number)
}

func parseTree(body []byte) (Tree, uint32, error) {
	if len(body) < 12 {
		return 0, 0, ErrRecord
	}
	return Tree(binary.BigEndian.Uint64(body)), binary.BigEndian.Uint32(body[8:]), nil
}

// A Trouble tells the owner of a tree that Lost is gone as the sender's
// parent, and who is its parent Now; nobody, when it has none.
type Trouble struct {
	Tree      Tree
	Version   uint32
	Lost, Now id.Node
}

// Append appends the record.
func (r Trouble) Append(b []byte) []byte {
	b = append(b, byte(KindTrouble), 0, 12+2*id.Size)
	b = binary.BigEndian.AppendUint64(b, uint64(r.Tree))
	b = binary.BigEndian.AppendUint32(b, r.Version)
	b = append(b, r.Lost[:]...)
	return append(b, r.Now[:]...)
}

// ParseTrouble reads the body of such a record.
func ParseTrouble(body []byte) (Trouble, error) {
	if len(body) < 12+2*id.Size {
		return Trouble{}, ErrRecord
	}
	tree, version, _ := parseTree(body)
	return Trouble{tree, version, id.Node(body[12:28]), id.Node(body[28:44])}, nil
}

// A Link is how a node finds its link to another: the round trip in 100 µs
// (0: it is down), loss in 1/1000 (at most 255), jitter in milliseconds.
type Link struct {
	To     id.Node
	RTT    uint16
	Loss   uint8
	Jitter uint8
}

const linkSize = id.Size + 4

// LinksMax is how many links fit into one record.
const LinksMax = 50

// Links is news of the sender's links, and all of them at the beginning.
type Links []Link

// Append appends the record of at most LinksMax links.
func (r Links) Append(b []byte) []byte {
	start := len(b)
	b = begin(b, KindLinks)
	for _, l := range r[:min(len(r), LinksMax)] {
		b = append(b, l.To[:]...)
		b = append(b, byte(l.RTT>>8), byte(l.RTT), l.Loss, l.Jitter)
	}
	return end(b, start)
}

// ParseLinks hands each link of the body of such a record to each.
func ParseLinks(body []byte, each func(Link)) error {
	if len(body)%linkSize != 0 || len(body)/linkSize > LinksMax {
		return ErrRecord
	}
	for ; len(body) > 0; body = body[linkSize:] {
		each(Link{id.Node(body[:id.Size]), binary.BigEndian.Uint16(body[id.Size:]), body[id.Size+2], body[id.Size+3]})
	}
	return nil
}

// AppendAgain appends the record that holds the records of a datagram that was
// lost, with its number.
func AppendAgain(b []byte, counter uint64, records []byte) []byte {
	start := len(b)
	b = begin(b, KindAgain)
	b = binary.BigEndian.AppendUint64(b, counter)
	return end(append(b, records...), start)
}

// AgainSize is what repeating adds to the records of a datagram.
const AgainSize = headSize + 8

// ParseAgain reads the body of such a record.
func ParseAgain(body []byte) (counter uint64, records []byte, err error) {
	if len(body) < 8 {
		return 0, nil, ErrRecord
	}
	return binary.BigEndian.Uint64(body), body[8:], nil
}
