package crowd

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/srtp/v3"
	"github.com/pion/stun/v3"
	"github.com/pion/transport/v5/packetio"

	"github.com/stoa-audio/stoa/internal/bench/count"
)

const (
	// leansEach is how many lean clients share a socket: enough to read in
	// batches, few enough that a socket's buffer holds what comes for them.
	leansEach = 128

	checkAgain   = 250 * time.Millisecond // a check without an answer is repeated
	connectMax   = 30 * time.Second       // for checks and handshake
	consentEvery = 2500 * time.Millisecond
	reportEvery  = 5 * time.Second
	tidySteps    = 50 // in which the clients' upkeep is spread over consentEvery
)

// A bank is a socket and the lean clients on it.
type bank struct {
	count.Tally // its lock guards the clients' openers too

	socket *socket
	leans  []*lean
	first  int // the number of leans[0]
	place  place
}

// A lean is a client that costs as little as can be, since it shares a machine
// with the node that it measures: no goroutine, no stack of connections, only
// what the node can see of a browser. It opens every packet.
type lean struct {
	ear  int
	bank *bank
	from []byte // control message: its address
	own  certificate

	node    atomic.Pointer[answer] // nil before the first answer
	ufrag   string
	arrived atomic.Pointer[arrival] // nil but while it connects
	control *srtp.Context           // for what it sends; nil before the handshake
	ssrc    uint32
	opener  opener // guarded by the bank
	report  []byte
}

// An arrival is where datagrams go while a lean client connects.
type arrival struct {
	checked   chan struct{}
	once      sync.Once
	handshake *pipe
}

// openBanks makes n lean clients at a place, whose ears count from first.
func openBanks(place place, first, n int, own certificate) (banks []*bank, err error) {
	for ear := first; ear < first+n; ear++ {
		if (ear-first)%leansEach == 0 {
			s, err := openSocket()
			if err != nil {
				return banks, fmt.Errorf("a socket for lean clients: %w", err)
			}
			banks = append(banks, &bank{socket: s, first: ear, place: place})
		}
		b := banks[len(banks)-1]
		b.leans = append(b.leans, &lean{ear: ear, bank: b, from: fromAddress(place.addressOf(ear)), own: own})
	}
	return banks, nil
}

// A place is where clients are: lean ones have addresses of their own, one
// after the other from here on.
type place uint32

const (
	loopback place = 127<<24 | 64<<16 // 127.64.0.0, where nothing else is
	wired    place = 198<<24 | 19<<16 // WireNet
)

// addressOf returns the address of an ear; earOf is its inverse.
func (p place) addressOf(ear int) (a [4]byte) {
	binary.BigEndian.PutUint32(a[:], uint32(p)+uint32(ear)) //nolint:gosec // less than 20000
	return a
}

func (p place) earOf(a [4]byte) int { return int(int64(binary.BigEndian.Uint32(a[:])) - int64(p)) }

// connect makes the offer through ask and returns when there are keys.
func (l *lean) connect(ctx context.Context, ask func(sdp string) (string, error)) error {
	ctx, cancel := context.WithTimeout(ctx, connectMax)
	defer cancel()
	l.ufrag = rand.Text()[:4]
	text, err := ask(offerText(l.ufrag, rand.Text()[:24], l.own.fingerprint))
	if err != nil {
		return err
	}
	to, err := parseAnswer(text)
	if err != nil {
		return err
	}
	in := packetio.NewBuffer()
	a := &arrival{checked: make(chan struct{})}
	a.handshake = &pipe{in: in, send: l.send, node: net.UDPAddrFromAddrPort(to.node)}
	l.node.Store(&to)
	l.arrived.Store(a)
	defer l.arrived.Store(nil)
	if err := l.check(ctx, a); err != nil {
		return err
	}
	keys, err := a.handshake.shake(ctx, l.own, to.fingerprint)
	if err != nil {
		return err
	}
	return l.setKeys(keys)
}

// check proves the client's address to the node (RFC 8445, section 7.2).
func (l *lean) check(ctx context.Context, a *arrival) error {
	again := time.NewTicker(checkAgain)
	defer again.Stop()
	for {
		if err := l.sendCheck(); err != nil {
			return err
		}
		select {
		case <-a.checked:
			return nil
		case <-again.C:
		case <-ctx.Done():
			return fmt.Errorf("connectivity check: %w", ctx.Err())
		}
	}
}

// sendCheck sends a check that nominates, as Chromium's all do.
func (l *lean) sendCheck() error {
	to := l.node.Load()
	m, err := stun.Build(stun.TransactionID, stun.BindingRequest, stun.NewUsername(to.ufrag+":"+l.ufrag),
		stun.RawAttribute{Type: stun.AttrICEControlling, Value: binary.BigEndian.AppendUint64(nil, uint64(l.ear)+1)},
		stun.RawAttribute{Type: stun.AttrPriority, Value: binary.BigEndian.AppendUint32(nil, leanPriority)},
		stun.RawAttribute{Type: stun.AttrUseCandidate},
		stun.NewShortTermIntegrity(to.pwd), stun.Fingerprint)
	if err != nil {
		return err
	}
	return l.send(m.Raw)
}

const leanPriority = 126<<24 | 65535<<8 | 255 // of a host candidate (RFC 8445, section 5.1.2.1)

func (l *lean) send(b []byte) error { return l.bank.socket.write(b, l.from, l.node.Load().node) }

func (l *lean) setKeys(k srtp.SessionKeys) error {
	control, err := srtp.CreateContext(k.LocalMasterKey, k.LocalMasterSalt, srtp.ProtectionProfileAeadAes128Gcm)
	if err != nil {
		return err
	}
	var ssrc [4]byte
	_, _ = rand.Read(ssrc[:]) // never fails (crypto/rand, Go 1.24)
	l.bank.Lock()
	defer l.bank.Unlock()
	l.opener = opener{}
	l.control, l.ssrc = control, binary.BigEndian.Uint32(ssrc[:])
	return l.opener.setKeys(k.RemoteMasterKey, k.RemoteMasterSalt)
}

// hear reads what comes for the bank's clients until the socket closes.
func (b *bank) hear(current *atomic.Pointer[count.Window], since func() time.Duration) error {
	for {
		n, err := b.socket.read()
		if errors.Is(err, net.ErrClosed) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read what lean clients are sent: %w", err)
		}
		now := since()
		b.Lock()
		w := current.Load() // whoever holds the lock later sees all that it counted
		for i := range n {
			datagram, to := b.socket.datagram(i)
			if at := b.place.earOf(to) - b.first; at >= 0 && at < len(b.leans) {
				b.leans[at].take(w, datagram, now)
			}
		}
		b.Unlock()
	}
}

// take handles a datagram by its first byte (RFC 7983, section 7).
func (l *lean) take(w *count.Window, b []byte, now time.Duration) {
	switch {
	case len(b) < 2:
	case b[0] < 4:
		l.takeSTUN(b)
	case b[0] >= 20 && b[0] < 64:
		if a := l.arrived.Load(); a != nil {
			_, _ = a.handshake.in.Write(b, packetio.Attributes{}) // it copies; a full buffer is a lost datagram
		}
	case b[0]&0xc0 != 0x80, b[1] >= 192 && b[1] <= 223: // RTCP says nothing that is counted
	case l.opener.gcm == nil: // the node has keys a moment sooner
	default:
		payload, ok := l.opener.open(b)
		if ok {
			var f count.Frame
			if f, ok = count.ParseFrame(payload); ok {
				l.bank.Hear(w, l.ear, f, now)
			}
		}
		if !ok {
			l.bank.Spoil(w)
		}
	}
}

// takeSTUN notes that the node has answered the first check. Later answers say
// only that the node still agrees, which the voices say too.
func (l *lean) takeSTUN(b []byte) {
	a := l.arrived.Load()
	if a == nil {
		return
	}
	m := stun.Message{Raw: append([]byte(nil), b...)}
	if m.Decode() == nil && m.Type == stun.BindingSuccess && stun.NewShortTermIntegrity(l.node.Load().pwd).Check(&m) == nil {
		a.once.Do(func() { close(a.checked) })
	}
}

// tidy keeps the clients of all banks alive until ctx is over: consent checks
// (RFC 7675) and receiver reports, each client in a moment of its own.
func tidy(ctx context.Context, banks []*bank) error {
	tick := time.NewTicker(consentEvery / tidySteps)
	defer tick.Stop()
	for step := 0; ; step++ {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		for _, b := range banks {
			for at := step % tidySteps; at < len(b.leans); at += tidySteps {
				if err := b.leans[at].tidy(step/tidySteps%int(reportEvery/consentEvery) == 0); err != nil {
					return fmt.Errorf("keep a lean client alive: %w", err)
				}
			}
		}
	}
}

func (l *lean) tidy(report bool) error {
	l.bank.Lock()
	up := l.control != nil
	if up && report {
		l.makeReport()
	}
	l.bank.Unlock()
	if !up {
		return nil
	}
	if report {
		if err := l.send(l.report); err != nil {
			return err
		}
	}
	return l.sendCheck()
}

// makeReport writes a receiver report on all streams that have come.
func (l *lean) makeReport() {
	r := rtcp.ReceiverReport{SSRC: l.ssrc}
	for i := range l.opener.streams {
		if s := &l.opener.streams[i]; s.came {
			r.Reports = append(r.Reports, rtcp.ReceptionReport{SSRC: s.ssrc, LastSequenceNumber: uint32(s.highest)}) //nolint:gosec // 32 bits of it
		}
	}
	plain, err := r.Marshal()
	if err != nil {
		panic(fmt.Sprintf("crowd: a receiver report: %v", err)) // of eight blocks at most
	}
	if l.report, err = l.control.EncryptRTCP(l.report[:0], plain, nil); err != nil {
		panic(fmt.Sprintf("crowd: a receiver report: %v", err)) // after 2^31 of them
	}
}

// A mouth is a lean client that speaks.
type mouth struct {
	*lean

	number    int // on the stage
	sequence  uint16
	timestamp uint32
	plain     []byte
	sealed    []byte
}

// speak sends a frame of length d.
func (m *mouth) speak(number uint32, d, now time.Duration) error {
	m.sequence++
	m.timestamp += uint32(d.Microseconds() * 48 / 1000) //nolint:gosec // wraps
	b := append(m.plain[:0], 0x80, 111)
	b = binary.BigEndian.AppendUint16(b, m.sequence)
	b = binary.BigEndian.AppendUint32(b, m.timestamp)
	b = binary.BigEndian.AppendUint32(b, m.ssrc)
	m.plain = count.Frame{Speaker: m.number, Number: number, Sent: now}.Append(b, count.FrameSize(d))
	m.bank.Lock()
	sealed, err := m.control.EncryptRTP(m.sealed[:0], m.plain, nil)
	m.bank.Unlock()
	if err != nil {
		return err
	}
	m.sealed = sealed
	return m.send(sealed)
}
