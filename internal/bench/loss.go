package bench

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"text/tabwriter"
	"time"

	"github.com/stoa-audio/stoa/internal/bench/child"
	"github.com/stoa-audio/stoa/internal/lossy"
	stoa "github.com/stoa-audio/stoa/sdk/go"
)

// Loss is what to measure of a voice on a bad line.
type Loss struct {
	Share   float64 // of packets that are lost, 0 to 0.9
	Burst   float64 // how many are lost together on average
	RTT     time.Duration
	Seconds int
	Seed    uint64 // of the chance by which packets are lost
}

// Check says what is wrong with l in one line.
func (l Loss) Check() error {
	if l.Seconds < 1 || l.Seconds > secondsMax {
		return fmt.Errorf("--seconds takes 1 to %d, not %d", secondsMax, l.Seconds)
	}
	if l.Share > 0.9 {
		return fmt.Errorf("--loss takes 0 to 0.9, not %v", l.Share)
	}
	return l.line().Check()
}

func (l Loss) line() lossy.Line {
	return lossy.Line{Loss: l.Share, Burst: l.Burst, Delay: l.RTT / 2, Seed: l.Seed}
}

// A LossReport is what has become of the frames that were said while it
// counted. Sent is Delivered and Lost.
type LossReport struct {
	Loss        float64 `json:"loss"`
	Burst       float64 `json:"burst"`
	RTTMS       float64 `json:"rtt_ms"`
	Seconds     int     `json:"seconds"`
	Sent        int     `json:"sent"`
	Delivered   int     `json:"delivered"` // in order, within 200 ms
	Recovered   int     `json:"recovered"` // of those, not by the first packet that had them
	Copied      int     `json:"copied"`    // of those, from copies in later packets
	Again       int     `json:"again"`     // of those, in packets that were asked for again
	Lost        int     `json:"lost"`
	LinePassed  uint64  `json:"line_passed"` // packets, from the beginning
	LineLost    uint64  `json:"line_lost"`
	LoadAverage float64 `json:"load_average"` // of a minute, before the run
}

// The line to the node has an address of its own and the node's port: so it is
// the way to the node for all who believe what the node announces.
var (
	home = netip.MustParseAddr("127.0.0.1")
	away = netip.MustParseAddr("127.0.0.2")
)

const (
	lossWarmUp = 5 * time.Second // for the room to notice, and to say so
	lossWait   = time.Second     // for the last frames
	frameEvery = 20 * time.Millisecond
	frameBytes = 80 // 32 kbit/s
)

// RunLoss starts a node and has one speak and one listen there, both by
// sdk/go, over a line as l says.
func RunLoss(ctx context.Context, l Loss) (r LossReport, err error) {
	if err := l.Check(); err != nil {
		return r, err
	}
	r = LossReport{Loss: l.Share, Burst: l.Burst, RTTMS: ms(l.RTT), Seconds: l.Seconds}
	if r.LoadAverage, err = child.LoadAverage(); err != nil {
		return r, err
	}
	data, err := os.MkdirTemp("", "stoa-bench-")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(data)) }()
	people, err := Seed(ctx, data, 2)
	if err != nil {
		return r, err
	}
	media, err := freeUDP()
	if err != nil {
		return r, err
	}
	// Its media listens at one address and is announced at another, the line's.
	n, url, err := serve(ctx, home.String(), "--data", data, "--addr", "127.0.0.1:0",
		"--media.listen", media.String(), "--media.announce", away.String())
	if err != nil {
		return r, err
	}
	defer n.Stop()
	line, err := lossy.Open(netip.AddrPortFrom(away, media.Port()), media, l.line())
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, line.Close()) }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	v := visit{url: url}
	if err := v.open(ctx, people[0].Token); err != nil {
		return r, err
	}
	speaker, err := v.join(ctx, people[0].Token)
	if err != nil {
		return r, err
	}
	listener, err := v.join(ctx, people[1].Token)
	if err != nil {
		return r, err
	}
	if err := speaker.Unmute(ctx); err != nil {
		return r, err
	}
	for _, room := range []*stoa.Room{speaker, listener} {
		if err := room.Sealed(ctx); err != nil {
			return r, err
		}
	}
	if err := r.measure(ctx, speaker, listener); err != nil {
		return r, err
	}
	r.LinePassed, r.LineLost = line.Counts()
	return r, nil
}

// measure counts what becomes of the frames that are said after a while.
func (r *LossReport) measure(ctx context.Context, speaker, listener *stoa.Room) error {
	first := uint32(lossWarmUp / frameEvery)
	r.Sent = int(time.Duration(r.Seconds) * time.Second / frameEvery)
	after := first + uint32(r.Sent) //nolint:gosec // seconds are bounded
	said := make(chan error, 1)
	go func() { said <- talk(ctx, speaker, after+uint32(lossWait/frameEvery)) }()
	for {
		f, err := listener.Hear(ctx)
		if err != nil {
			return fmt.Errorf("listen: %w", err)
		}
		if len(f.Opus) != frameBytes {
			return errors.New("listen: a frame that nobody has said")
		}
		n := binary.BigEndian.Uint32(f.Opus[1:])
		if n >= after {
			break // what is in order has all come before
		}
		if n < first {
			continue
		}
		r.Delivered++
		if f.Copied {
			r.Copied++
		}
		if f.Again {
			r.Again++
		}
	}
	r.Recovered, r.Lost = r.Copied+r.Again, r.Sent-r.Delivered
	return <-said
}

// talk says n frames at the pace of sound, numbered from 0.
func talk(ctx context.Context, room *stoa.Room, n uint32) error {
	tick := time.NewTicker(frameEvery)
	defer tick.Stop()
	for i := range n {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		frame := make([]byte, frameBytes)
		frame[0] = 0x78 // Opus, one frame of 20 ms; the node does not look inside
		binary.BigEndian.PutUint32(frame[1:], i)
		if err := room.Speak(frame); err != nil {
			return err
		}
	}
	return nil
}

// freeUDP returns a media address that is free, both at home and away.
func freeUDP() (netip.AddrPort, error) {
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(away, 0)))
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("a second loopback address: %w", err)
	}
	port := c.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	return netip.AddrPortFrom(home, port), c.Close()
}

// A visit is what people do before they sit in the room.
type visit struct{ url, room string }

// open opens the room.
func (v *visit) open(ctx context.Context, token string) error {
	var card struct{ ID string }
	err := v.post(ctx, token, "/rooms", map[string]string{"title": "Bench", "visibility": "open"}, &card)
	v.room = card.ID
	return err
}

func (v *visit) join(ctx context.Context, token string) (*stoa.Room, error) {
	var g struct{ Grant string }
	if err := v.post(ctx, token, "/rooms/"+v.room+"/grants", struct{}{}, &g); err != nil {
		return nil, err
	}
	return stoa.Join(ctx, v.url+"/r/"+v.room, g.Grant)
}

func (v *visit) post(ctx context.Context, token, to string, body, answer any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, v.url+"/api/v1"+to, bytes.NewReader(b))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Cookie", "stoa_session="+token)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusCreated {
		return fmt.Errorf("POST %s: %s", to, res.Status)
	}
	return json.NewDecoder(res.Body).Decode(answer)
}

// JSON writes the report as one JSON object.
func (r LossReport) JSON(w io.Writer) error { return json.NewEncoder(w).Encode(r) }

// Table writes the report for people.
func (r LossReport) Table(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(name, format string, args ...any) { fmt.Fprintf(t, name+"\t"+format+"\n", args...) }
	line("line", "%.0f %% lost, %.0f at a time, %.0f ms there and back, %d s", 100*r.Loss, max(r.Burst, 1), r.RTTMS, r.Seconds)
	line("frames", "%d sent, %d delivered, %d lost (%.2f %%)", r.Sent, r.Delivered, r.Lost, 100*float64(r.Lost)/float64(r.Sent))
	line("recovered", "%d: %d from copies, %d asked for again", r.Recovered, r.Copied, r.Again)
	line("packets on the line", "%d passed, %d lost", r.LinePassed, r.LineLost)
	line("load average", "%.2f before the run", r.LoadAverage)
	return t.Flush()
}
