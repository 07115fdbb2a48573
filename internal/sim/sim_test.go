package sim

import (
	"encoding/json"
	"errors"
	"flag"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/region"
)

// bars makes the tests run at the size that is promised: make sim.
var bars = flag.Bool("bars", false, "simulate 200 nodes, and 1,000 schedules of faults")

func simulate(t testing.TB, c Config) Result {
	t.Helper()
	earth, err := NewEarth(nil, nil, rand.New(rand.NewPCG(c.Seed, 1)))
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	r, err := Run(c, earth)
	if err != nil {
		t.Fatal(err)
	}
	r.WallS = math.Round(100*time.Since(start).Seconds()) / 100
	text, _ := json.Marshal(r)
	t.Logf("%s", text)
	return r
}

// size is how much is simulated.
func size() (nodes, seeds int, virtual time.Duration) {
	if *bars {
		return 200, 5, time.Minute
	}
	if testing.Short() {
		return 50, 1, 34 * time.Second
	}
	return 50, 3, 34 * time.Second
}

// What each scenario must not do to a listener, in milliseconds.
var worst = map[string]float64{
	"calm": 0, "kill-relay": 350, "kill-edge": 700, "partition": 1500, "lossy": 1000, "fence": 350, "flap": 350, "drain": 0,
}

func TestScenarios(t *testing.T) {
	nodes, seeds, virtual := size()
	for _, scenario := range Scenarios {
		t.Run(scenario, func(t *testing.T) {
			for seed := range uint64(seeds) {
				r := simulate(t, Config{Nodes: nodes, Rooms: 5, Seed: seed, Scenario: scenario, Time: virtual})
				if r.WorstGapMS > worst[scenario] || r.NodesCutOff > 0 || r.PacketsOutsideFence > 0 {
					t.Errorf("seed %d: a gap of %.0f ms, want %.0f; %d cut off; %d packets outside",
						seed, r.WorstGapMS, worst[scenario], r.NodesCutOff, r.PacketsOutsideFence)
				}
				if scenario != "fence" && (r.DelayMS.Mean > r.StarDelayMS.Mean || r.IntercontinentalCopies > 0.5*r.StarIntercontinentalCopies) {
					t.Errorf("seed %d: %.1f ms and %.1f copies between continents, a star has %.1f and %.1f",
						seed, r.DelayMS.Mean, r.IntercontinentalCopies, r.StarDelayMS.Mean, r.StarIntercontinentalCopies)
				}
				if r.Copies < 1 {
					t.Errorf("seed %d: %.1f copies: nobody spoke", seed, r.Copies)
				}
			}
		})
	}
}

// On two ways at once, the loss of a relay is not heard.
func TestBoth(t *testing.T) {
	nodes, seeds, virtual := size()
	for seed := range uint64(seeds) {
		if r := simulate(t, Config{Nodes: nodes, Rooms: 5, Seed: seed, Scenario: "kill-relay", Time: virtual, Both: true}); r.WorstGapMS > 0 || r.NodesCutOff > 0 {
			t.Errorf("seed %d: a gap of %.0f ms, %d cut off", seed, r.WorstGapMS, r.NodesCutOff)
		}
	}
}

// Everybody listens, and the relay with the most children dies.
func TestEverybodyListens(t *testing.T) {
	nodes, seeds, virtual := size()
	for seed := range uint64(seeds) {
		if r := simulate(t, Config{Nodes: nodes, Listeners: nodes - 1, Rooms: 1, Seed: seed, Scenario: "kill-relay", Time: virtual}); r.WorstGapMS > 350 || r.NodesCutOff > 0 {
			t.Errorf("seed %d: a gap of %.0f ms, %d cut off", seed, r.WorstGapMS, r.NodesCutOff)
		}
	}
}

// The measure itself: without the way back to each other, a listener is cut
// off, and a relay that dies is heard.
func TestTheMeasureMeasures(t *testing.T) {
	earth, _ := NewEarth(nil, nil, rand.New(rand.NewPCG(1, 1)))
	rnd := rand.New(rand.NewPCG(1, 2))
	c := Config{Nodes: 30, Listeners: 20, Rooms: 1, Seed: 1, Scenario: "calm", Time: 30 * time.Second}
	s := scene{c: c, until: c.Time, meanwhile: happens}
	s.inside = region.Anywhere
	s.w = newWorld(earth, rnd.Perm(30), s.place(earth), rnd)
	s.open(rnd)
	r := s.w.rooms[0]
	from := r.ingress
	s.w.at(15*time.Second, func() { s.w.cut = func(a, b int) bool { return a == from || b == from } })
	s.w.at(16*time.Second, func() { s.w.cut = func(int, int) bool { return false } })
	s.w.at(25*time.Second, func() { s.w.kill(s.w.nodes[from]) })
	s.w.run(c.Time)
	if res := s.result(); res.WorstGapMS < 900 || res.WorstGapMS > 2000 || res.NodesCutOff != 20 {
		t.Errorf("a gap of %.0f ms, %d cut off", res.WorstGapMS, res.NodesCutOff)
	}
}

func TestSameSeedSameRun(t *testing.T) {
	c := Config{Nodes: 40, Rooms: 2, Seed: 7, Scenario: "lossy", Time: 22 * time.Second}
	a, b := simulate(t, c), simulate(t, c)
	if a.WallS, b.WallS = 0, 0; a != b {
		t.Errorf("%+v\n%+v", a, b)
	}
	c.Seed = 8
	if other := simulate(t, c); other.Digest == a.Digest {
		t.Error("another seed is the same run")
	}
}

// Whatever breaks, nothing is where it must not be, and what is whole again
// works again.
func TestFaults(t *testing.T) {
	schedules := uint64(200)
	switch {
	case *bars:
		schedules = 1500
	case testing.Short():
		schedules = 40
	}
	heard, datagrams := 0, uint64(0)
	for seed := range schedules {
		f := RunFaults(seed)
		heard, datagrams = heard+f.Heard, datagrams+f.Datagrams
		if f.Outside > 0 || f.CutOff > 0 {
			t.Errorf("seed %d: %d datagrams outside, %d cut off, after\n  %s", seed, f.Outside, f.CutOff, strings.Join(f.Schedule, "\n  "))
		}
	}
	t.Logf("%d schedules, %d datagrams, %d packets heard", schedules, datagrams, heard)
	if heard < 500*int(schedules) { //nolint:gosec // a count
		t.Errorf("only %d packets were heard in %d schedules", heard, schedules)
	}
}

func TestModel(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	var factors []float64
	for range 100_000 {
		factors = append(factors, inflation(rnd.Float64()))
	}
	slices.Sort(factors)
	for share, want := range map[float64]float64{0.1: 1.5, 0.5: 2, 0.9: 3.5, 0.99: 7.5} {
		if got := factors[int(share*float64(len(factors)))]; math.Abs(got-want) > 0.05*want {
			t.Errorf("%.0f %% are below %.2f, want %.2f", 100*share, got, want)
		}
	}
	if d := distance(builtIn[0], City{Latitude: 40.7, Longitude: -74}); math.Abs(d-6200) > 60 {
		t.Errorf("from Frankfurt to New York it is %.0f km", d)
	}
	earth, _ := NewEarth(nil, nil, rnd)
	shortcuts := 0
	for a := range earth.Cities {
		for b := range a {
			for c := range earth.Cities {
				if earth.RTT[a][c]+earth.RTT[c][b] < 0.9*earth.RTT[a][b] {
					shortcuts++
					break
				}
			}
		}
	}
	if share := float64(shortcuts) / float64(len(earth.Cities)*(len(earth.Cities)-1)/2); share < 0.2 {
		t.Errorf("for %.2f of the pairs there is a shortcut", share)
	}
}

const (
	someCities = "# where\ncity,country,lat,lon,region,continent\nA,x,50,8,eu,europe\nB,x,40,-74,na,america\nC,x,35,139,asia,asia\n"
	somePairs  = "# how far\na,b,km,rtt_ms,source\nA,B,6200,80,x\nC,A,9000,230,x\nA,Elsewhere,1,1,x\n"
)

func TestFiles(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	earth, err := NewEarth(strings.NewReader(someCities), strings.NewReader(somePairs), rnd)
	if err != nil || len(earth.Cities) != 3 || earth.RTT[0][1] != 80 || earth.RTT[0][2] != 230 || earth.RTT[1][2] < 50 {
		t.Errorf("%+v, %v", earth, err)
	}
	for text, want := range map[string]error{
		"":                errCities,
		"city,lat\nA,5\n": errCities,
		"city,lat,lon,region,continent\nA,5,5,eu,e":               errCities,
		"city,lat,lon,region,continent\nA,95,5,eu,e\nB,5,5,eu,e":  errCities,
		"city,lat,lon,region,continent\nA,x,5,eu,e\nB,5,5,eu,e":   errCities,
		"city,lat,lon,region,continent\nA,5,5,E U,e\nB,5,5,eu,e":  errCities,
		"city,lat,lon,region,continent\nA,5,5,eu,e\nA,5,5,eu,e":   errCities,
		"city,lat,lon,region,continent\nA,5,5,eu,e\nB,5":          errCities,
		"city,lat,lon,region,continent\n\"A,5,5,eu,e\nB,5,5,eu,e": errCities,
	} {
		if _, err := NewEarth(strings.NewReader(text), nil, rnd); !errors.Is(err, want) {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, text := range []string{"", "a,b\nA,B\n", "a,b,rtt_ms\nA,B,x\n", "a,b,rtt_ms\nA,B,-1\n", "a,b,rtt_ms\nX,Y,5\n", "a,b,rtt_ms\nA\n"} {
		if _, err := NewEarth(strings.NewReader(someCities), strings.NewReader(text), rnd); !errors.Is(err, errPairs) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := Run(Config{Nodes: 9, Rooms: 2, Seed: 1, Scenario: "kill-relay", Time: 22 * time.Second}, earth); err != nil {
		t.Errorf("with more nodes than cities: %v", err)
	}
}

func TestBadConfigs(t *testing.T) {
	good := Config{Nodes: 10, Rooms: 1, Scenario: "calm", Time: time.Minute}
	for what, change := range map[string]func(*Config){
		"few nodes": func(c *Config) { c.Nodes = 3 }, "many nodes": func(c *Config) { c.Nodes = 5000 },
		"listeners": func(c *Config) { c.Listeners = 10 }, "fewer than none": func(c *Config) { c.Listeners = -1 },
		"rooms": func(c *Config) { c.Rooms = 0 }, "scenario": func(c *Config) { c.Scenario = "storm" }, "time": func(c *Config) { c.Time = time.Second },
	} {
		c := good
		change(&c)
		if _, err := Run(c, nil); !errors.Is(err, ErrConfig) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestQueue(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	var q queue
	var last event
	for range 100_000 {
		if len(q.heap) > 0 && rnd.IntN(2) == 0 {
			e := q.pop()
			if e.at < last.at || e.at == last.at && e.order < last.order {
				t.Fatal("out of order")
			}
			last = e
			continue
		}
		q.push(event{at: last.at + time.Duration(rnd.IntN(100))})
	}
}
