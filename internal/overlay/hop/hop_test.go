package hop

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/overlay/frame"
)

// A wire joins two hops: datagrams arrive after a delay, or not at all.
type wire struct {
	now   time.Duration
	delay time.Duration
	lose  func(from int) bool
	ends  [2]*Hop
	way   []parcel
	heard [2][]uint16 // sequence numbers of the voices
	late  []time.Duration
	sent  [2]int
}

type parcel struct {
	at       time.Duration
	to       int
	counter  uint64
	datagram []byte
}

func newWire(delay time.Duration) *wire {
	w := &wire{delay: delay, lose: func(int) bool { return false }}
	for i := range w.ends {
		w.ends[i] = new(Hop)
		w.ends[i].Start(0, 1-i, w)
		w.ends[i].Use(0, true)
	}
	return w
}

func (w *wire) Carry(to int, counter uint64, datagram []byte) {
	w.sent[1-to]++
	if !w.lose(1 - to) {
		w.way = append(w.way, parcel{w.now + w.delay, to, counter, slices.Clone(datagram)})
	}
}

func (w *wire) Record(now time.Duration, from int, kind frame.Kind, body []byte) {
	if a, err := frame.ParseAudio(body); kind == frame.KindAudio && err == nil {
		w.heard[1-from] = append(w.heard[1-from], a.Sequence)
		w.late = append(w.late, now)
	}
}

// run lets time pass; each millisecond do is called.
func (w *wire) run(d time.Duration, do func(n int)) {
	for n := range int(d / time.Millisecond) {
		w.now += time.Millisecond
		way := w.way
		w.way = nil
		for _, p := range way {
			if p.at > w.now {
				w.way = append(w.way, p)
			} else {
				w.ends[p.to].Hear(w.now, p.counter, p.datagram, w)
			}
		}
		if do != nil {
			do(n)
		}
		for _, h := range w.ends {
			if w.now%Tick == 0 {
				h.Tick(w.now)
			}
			h.Settle(w.now)
		}
	}
}

// speak sends a packet of 120 bytes every 20 ms.
func (w *wire) speak() func(n int) {
	sequence := uint16(0)
	return func(n int) {
		if n%20 == 0 {
			w.ends[0].Voice(w.now, frame.Audio{Sequence: sequence, Packet: make([]byte, 120)})
			sequence++
		}
	}
}

func TestMeasures(t *testing.T) {
	w := newWire(40 * time.Millisecond)
	if !w.ends[0].Down(w.now) {
		t.Error("a neighbour that was never heard is up")
	}
	w.run(3*time.Second, nil)
	for i, h := range w.ends {
		if rtt := h.RTT(); rtt < 79 || rtt > 82 || h.Loss() > 0.01 || h.Jitter() > 2 || h.Down(w.now) || h.Suspect(w.now) {
			t.Errorf("end %d measures %.1f ms, %.3f lost, %.1f ms jitter, down %v", i, rtt, h.Loss(), h.Jitter(), h.Down(w.now))
		}
	}
	if n := w.sent[0]; n < 28 || n > 34 {
		t.Errorf("%d datagrams in 3 s of idleness", n)
	}
	w.ends[0].Use(w.now, false)
	w.ends[1].Use(w.now, false)
	before := w.sent[0]
	w.run(2*time.Second, func(n int) {
		if n%1000 == 0 {
			w.ends[0].Probe(w.now)
		}
	})
	if got := w.sent[0] - before; got > 3 || w.ends[0].Down(w.now) {
		t.Errorf("%d datagrams on a link that is only probed, down %v", got, w.ends[0].Down(w.now))
	}
}

// A neighbour that falls silent is suspect within 120 ms while it sends
// voices, and within 320 ms else; before, it never is.
func TestSilence(t *testing.T) {
	for name, within := range map[string]time.Duration{"voices": 120 * time.Millisecond, "idle": 320 * time.Millisecond} {
		w := newWire(20 * time.Millisecond)
		speak := w.speak()
		if name == "idle" {
			speak = func(int) {}
		}
		w.run(5*time.Second, func(n int) {
			speak(n)
			if n > 1000 && w.ends[1].Suspect(w.now) {
				t.Fatalf("%s: suspect though it speaks, after %d ms", name, n)
			}
		})
		last := w.ends[1].lastHeard
		w.lose = func(int) bool { return true }
		suspected := time.Duration(0)
		w.run(time.Second, func(int) {
			if suspected == 0 && w.ends[1].Suspect(w.now) {
				suspected = w.now - last
			}
		})
		if suspected == 0 || suspected > within {
			t.Errorf("%s: suspect after %v, want %v", name, suspected, within)
		}
		if !w.ends[1].Down(w.now) {
			t.Errorf("%s: not down", name)
		}
		w.lose = func(int) bool { return false }
		w.run(time.Second, nil)
		if w.ends[1].Down(w.now) || w.ends[1].Suspect(w.now) {
			t.Errorf("%s: still down", name)
		}
	}
}

// A pause in what is said is no silence of the neighbour.
func TestPauses(t *testing.T) {
	w := newWire(20 * time.Millisecond)
	speak := w.speak()
	w.run(20*time.Second, func(n int) {
		if n/700%2 == 0 {
			speak(n)
		}
		if n > 1000 && w.ends[1].Suspect(w.now) {
			t.Fatalf("suspect after %d ms", n)
		}
	})
}

// Whoever is heard and does not hear is no way for voices.
func TestHalfOpen(t *testing.T) {
	w := newWire(20 * time.Millisecond)
	w.run(2*time.Second, nil)
	w.lose = func(from int) bool { return from == 0 }
	w.run(2*time.Second, nil)
	for i, h := range w.ends {
		if !h.Down(w.now) {
			t.Errorf("end %d takes a link for good that carries one way only", i)
		}
	}
}

func TestLossIsMended(t *testing.T) {
	for _, loss := range []float64{0.01, 0.05, 0.2} {
		rnd := rand.New(rand.NewPCG(1, 2))
		w := newWire(20 * time.Millisecond)
		w.lose = func(int) bool { return rnd.Float64() < loss }
		w.run(60*time.Second, w.speak())
		got := slices.Clone(w.heard[1])
		slices.Sort(got)
		if again := slices.Compact(slices.Clone(got)); len(again) != len(got) {
			t.Errorf("%.2f: %d packets came twice", loss, len(got)-len(again))
		}
		// At a fifth the brake is on: nobody can tell whose loss it is.
		rate := 1 - float64(len(got))/3000
		bar := map[float64]float64{0.01: 0.0005, 0.05: 0.003, 0.2: 0.35}[loss]
		t.Logf("%.0f %% lost: %.2f %% missing, %+v, brake %.0f B/s", 100*loss, 100*rate, w.ends[0].Counts, w.ends[0].Brake())
		if rate > bar {
			t.Errorf("%.2f: %.4f are missing, want %.4f", loss, rate, bar)
		}
		if measured := w.ends[1].Loss(); measured > 3*loss+0.02 {
			t.Errorf("%.2f: %.3f are measured", loss, measured)
		}
	}
}

// Over a long link nothing is asked for again: it would come too late.
func TestLongLinksDoNotAsk(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	w := newWire(60 * time.Millisecond)
	w.run(2*time.Second, w.speak())
	w.lose = func(int) bool { return rnd.Float64() < 0.05 }
	w.run(10*time.Second, w.speak())
	if c := w.ends[1].Counts; c.Asked > 3 || c.Lost == 0 {
		t.Errorf("%+v", c)
	}
}

func TestReplay(t *testing.T) {
	w := newWire(5 * time.Millisecond)
	var copies []parcel
	w.run(4*time.Second, func(n int) {
		w.speak()(n)
		copies = append(copies, w.way...)
	})
	before, count := len(w.heard[1]), w.ends[1].Counts.Replayed
	for _, p := range copies {
		w.ends[p.to].Hear(w.now, p.counter, p.datagram, w)
	}
	if len(w.heard[1]) != before || w.ends[1].Counts.Replayed == count || before < 190 {
		t.Errorf("%d voices of copies, %d replays", len(w.heard[1])-before, w.ends[1].Counts.Replayed)
	}
	for i, c := range []uint64{0, 1 << 63, 1<<63 - windowSize, 1<<63 - windowSize + 1, 1<<63 + 1, 1 << 63} {
		var o window
		o.take(1 << 63)
		if want := i == 3 || i == 4; o.take(c) != want {
			t.Errorf("number %d is taken: %v", c, !want)
		}
	}
}

func TestWindow(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	var w window
	seen := map[uint64]bool{}
	top := uint64(1)
	for range 200_000 {
		c := top + uint64(rnd.IntN(40))
		if back := uint64(rnd.IntN(1200)); rnd.IntN(2) == 0 && back < c {
			c -= back
		}
		if rnd.IntN(500) == 0 {
			c += uint64(rnd.IntN(5000))
		}
		want := c > 0 && !seen[c] && c+windowSize > top
		if c > top {
			want, top = true, c
		}
		if top == 1 && c == 1 {
			continue
		}
		if got := w.take(c); got != want {
			t.Fatalf("%d after %d: %v, want %v", c, top, got, want)
		}
		seen[c] = true
	}
}

// Many voices share datagrams, and wait at most 2 ms for it; few wait not at
// all.
func TestSharing(t *testing.T) {
	w := newWire(0)
	w.run(time.Second, nil)
	before := w.sent[0]
	w.run(2*time.Second, func(int) {
		for range 4 {
			w.ends[0].Voice(w.now, frame.Audio{Packet: make([]byte, 120)})
		}
		w.ends[0].Settle(w.now)
	})
	if per := 8000 / float64(w.sent[0]-before); per < 7.5 {
		t.Errorf("%.1f voices in a datagram", per)
	}
	w = newWire(0)
	w.run(time.Second, w.speak())
	if got := len(w.heard[1]); got < 49 {
		t.Errorf("%d of 50 came", got)
	}
	if n := w.sent[0]; n > 70 {
		t.Errorf("%d datagrams for 50 packets", n)
	}
}

// A network that drops everything above a rate is not flooded, and is used
// again when it can take more.
func TestBrake(t *testing.T) {
	w := newWire(20 * time.Millisecond)
	room := 0
	narrow := true
	w.lose = func(from int) bool {
		if !narrow || from != 0 {
			return false
		}
		if room == 0 {
			return true
		}
		room--
		return false
	}
	many := func(n int) {
		if n%10 == 0 {
			room = min(room+1, 3) // 100 datagrams a second; 200 are offered
		}
		if n%5 == 0 {
			w.ends[0].Voice(w.now, frame.Audio{Packet: make([]byte, 1000)})
		}
	}
	w.run(20*time.Second, many)
	before, heard := w.sent[0], len(w.heard[1])
	w.run(30*time.Second, many)
	sent, got := float64(w.sent[0]-before)/30, float64(len(w.heard[1])-heard)/30
	t.Logf("200 a second offered, 100 fit: %.0f sent, %.0f come", sent, got)
	if sent > 140 || got < 50 {
		t.Errorf("200 a second offered, 100 fit: %.0f sent, %.0f come", sent, got)
	}
	narrow = false
	w.run(20*time.Second, many)
	if limit := w.ends[0].Brake(); limit != 0 {
		t.Errorf("the brake is still on: %.0f B/s", limit)
	}
}

// Nothing that comes may harm: whatever it is, it is counted or ignored.
func FuzzHear(f *testing.F) {
	f.Add(uint64(1), []byte{0, 2, 0, 1, 3})
	f.Fuzz(func(t *testing.T, counter uint64, datagram []byte) {
		w := newWire(time.Millisecond)
		w.run(300*time.Millisecond, w.speak())
		w.ends[0].Hear(w.now, counter, datagram, w)
		w.ends[1].Hear(w.now, counter, datagram, w)
		w.run(100*time.Millisecond, nil)
		if n := w.sent[0] + w.sent[1]; n > 500 {
			t.Errorf("%d datagrams", n)
		}
	})
}

func TestNoAllocations(t *testing.T) {
	var h Hop
	sink := new(quiet)
	h.Start(0, 1, sink)
	h.Use(0, true)
	a := frame.Audio{Packet: make([]byte, 120)}
	now := time.Second
	counter := uint64(1)
	datagram := append(frame.AppendPromise(nil, 0), a.Append(nil)...)
	step := func() {
		now += 5 * time.Millisecond
		h.Voice(now, a)
		h.Settle(now)
		h.Hear(now, counter, datagram, sink)
		counter++
	}
	for range 100 {
		step()
	}
	if n := testing.AllocsPerRun(1000, step); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

type quiet struct{}

func (*quiet) Carry(int, uint64, []byte)                     {}
func (*quiet) Record(time.Duration, int, frame.Kind, []byte) {}
