package topology

import (
	"encoding/csv"
	"flag"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/region"
)

// A city is where a node of the tests really stands.
type city struct {
	name, region        string
	latitude, longitude float64
}

var cities = []city{
	{"Frankfurt", "eu", 50.1, 8.7},
	{"Dublin", "eu", 53.3, -6.3},
	{"Madrid", "eu", 40.4, -3.7},
	{"Warsaw", "eu", 52.2, 21.0},
	{"New York", "us", 40.7, -74.0},
	{"Chicago", "us", 41.9, -87.6},
	{"Dallas", "us", 32.8, -96.8},
	{"Seattle", "us", 47.6, -122.3},
	{"Tokyo", "ap", 35.7, 139.7},
	{"Singapore", "ap", 1.4, 103.8},
	{"Sydney", "ap", -33.9, 151.2},
	{"Mumbai", "ap", 19.1, 72.9},
}

// earth is a map of nodes that stand in the cities, and say so. A round trip is
// so many times what light in fibre takes along the ground, and a millisecond.
func earth(inflation func() float64) *Map {
	var m *Map
	for i, c := range cities {
		n := Node{ID: id.Node{byte(i) + 1}, Place: region.Place{Region: c.region, Operator: "o"}, Latitude: c.latitude, Longitude: c.longitude}
		if m == nil {
			m = NewMap(n)
		} else {
			m.Know(n)
		}
	}
	for a := range cities {
		for b := range a {
			km := apart(toVector(cities[a].latitude, cities[a].longitude), toVector(cities[b].latitude, cities[b].longitude))
			rtt := float32(km*2/fibre*inflation() + 1)
			m.Set(a, b, Link{RTT: rtt})
			m.Set(b, a, Link{RTT: rtt})
		}
	}
	return m
}

func usual() float64 { return 1.5 }

// claim has a node say that it stands where another one does.
func (m *Map) claim(who, where int) {
	n := m.nodes[who]
	n.Place.Region, n.Latitude, n.Longitude = cities[where].region, cities[where].latitude, cities[where].longitude
	m.Know(n)
}

func (m *Map) doubtedNow() (who []int) {
	for range cleanMin {
		for i := range m.Len() {
			m.Judge(i)
		}
	}
	for i := range m.Len() {
		if m.Off(i) > 0 {
			who = append(who, i)
		}
	}
	return who
}

const (
	frankfurt, dublin, madrid, warsaw = 0, 1, 2, 3
	newYork, chicago, dallas, seattle = 4, 5, 6, 7
	tokyo, singapore, sydney, mumbai  = 8, 9, 10, 11
)

func TestDistance(t *testing.T) {
	at := func(c int) vector { return toVector(cities[c].latitude, cities[c].longitude) }
	for _, one := range []struct {
		a, b int
		km   float64
	}{{frankfurt, newYork, 6200}, {frankfurt, frankfurt, 0}, {tokyo, sydney, 7800}, {dublin, seattle, 7280}} {
		if km := apart(at(one.a), at(one.b)); math.Abs(km-one.km) > 60 {
			t.Errorf("from %s to %s it is %.0f km", cities[one.a].name, cities[one.b].name, km)
		}
	}
}

// Nodes that tell the truth are never doubted, however slow their lines are.
func TestHonest(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		m := earth(func() float64 { return 1 + 7*rnd.Float64()*rnd.Float64() })
		if who := m.doubtedNow(); len(who) > 0 {
			t.Fatalf("%v are doubted", who)
		}
	}
}

func TestLiars(t *testing.T) {
	for what, one := range map[string]struct {
		lie  func(*Map)
		want []int
	}{
		"Chicago says it is in Frankfurt": {func(m *Map) { m.claim(chicago, frankfurt) }, []int{chicago}},
		"Frankfurt says it is in Chicago": {func(m *Map) { m.claim(frankfurt, chicago) }, []int{frankfurt}},
		"two say they are in Europe":      {func(m *Map) { m.claim(chicago, frankfurt); m.claim(singapore, dublin) }, []int{chicago, singapore}},
		"it does not say where, but eu": {func(m *Map) {
			m.claim(chicago, frankfurt)
			m.nodes[chicago].Latitude, m.nodes[chicago].Longitude = 0, 0
		}, []int{chicago}},
		"it does not say where, and is":     {func(m *Map) { m.nodes[warsaw].Latitude, m.nodes[warsaw].Longitude = 0, 0 }, nil},
		"nearby":                            {func(m *Map) { m.claim(dublin, madrid) }, nil}, // cannot be told
		"a witness says that all are near":  {func(m *Map) { m.allNear(sydney) }, nil},
		"two such witnesses":                {func(m *Map) { m.allNear(sydney); m.allNear(tokyo) }, nil},
		"a liar who accuses in return":      {func(m *Map) { m.claim(chicago, frankfurt); m.allNear(chicago) }, []int{chicago}},
		"as many liars as honest ones near": {func(m *Map) { m.claim(chicago, frankfurt); m.claim(dallas, madrid); m.silence(seattle) }, nil},
		"links that are down":               {func(m *Map) { m.claim(chicago, frankfurt); m.silence(chicago) }, nil},
	} {
		m := earth(usual)
		one.lie(m)
		if who := m.doubtedNow(); !slices.Equal(who, one.want) {
			t.Errorf("%s: %v are doubted, want %v", what, who, one.want)
		}
	}
}

// allNear has a node tell that everybody answers it at once.
func (m *Map) allNear(who int) {
	for i := range m.Len() {
		if i != who {
			m.Set(who, i, Link{RTT: 1})
		}
	}
}

// silence takes a node's links down.
func (m *Map) silence(who int) {
	for i := range m.Len() {
		if i != who {
			m.Set(who, i, Link{RTT: 1, Down: true})
			m.Set(i, who, Link{RTT: 1, Down: true})
		}
	}
}

// Few witnesses are no proof, and how far off it is is what three agree upon.
func TestWitnesses(t *testing.T) {
	m := earth(usual)
	m.claim(chicago, frankfurt)
	m.doubtedNow()
	// Light comes from New York and Dallas in less than the time that it takes to
	// Frankfurt; three agree that it is 2000 km off, and not much beyond.
	if off := m.Off(chicago); off < 2000 || off > 7000 {
		t.Errorf("it is off by %.0f km", off)
	}
	if m.Allows(region.In("eu"), chicago) || !m.Allows(region.Anywhere, chicago) || m.passes(chicago) {
		t.Error("it is inside a fence, or others are reached through it")
	}
	few := earth(usual)
	few.claim(chicago, frankfurt)
	for _, gone := range []int{dallas, seattle, tokyo, singapore, sydney, mumbai} {
		few.silence(gone)
	}
	if who := few.doubtedNow(); len(who) > 0 {
		t.Errorf("%v are doubted by one witness", who)
	}
}

// A doubt ends when what is measured fits again, and not at the first glance.
func TestDoubtEnds(t *testing.T) {
	m := earth(usual)
	m.claim(chicago, frankfurt)
	if !m.Judge(chicago) || m.Judge(chicago) {
		t.Error("a doubt begins once")
	}
	m.claim(chicago, chicago)
	for look := 1; look <= cleanMin; look++ {
		if changed := m.Judge(chicago); changed != (look == cleanMin) {
			t.Errorf("at look %d: changed %v", look, changed)
		}
	}
	if m.Off(chicago) != 0 || !m.Allows(region.In("us"), chicago) {
		t.Error("it is doubted still")
	}
}

// A tree of a fenced room leaves out who lies about the region, and one of a
// room without a fence goes through nobody who does.
func TestTreesWithoutLiars(t *testing.T) {
	rnd := rand.New(rand.NewPCG(2, 2))
	for range 50 {
		m := earth(func() float64 { return 1 + rnd.Float64() })
		m.claim(chicago, frankfurt)
		m.doubtedNow()
		tree, unreached := Plan(m, frankfurt, []int{dublin, madrid, warsaw, chicago}, region.In("eu"), rnd.IntN(2) == 0)
		if tree.Spot(chicago) != nil || !slices.Equal(unreached, []int{chicago}) {
			t.Fatalf("the liar has a place, unreached are %v", unreached)
		}
		tree, _ = Plan(m, frankfurt, []int{dublin, newYork, chicago, dallas, tokyo}, region.Anywhere, rnd.IntN(2) == 0)
		for _, s := range tree.Spots() {
			if s.Parent == chicago || s.Backup == chicago {
				t.Fatal("others are reached through a liar")
			}
		}
		if s := tree.Spot(chicago); s == nil || !s.Listener {
			t.Fatal("it does not hear a room without a fence")
		}
	}
}

// Files as stoa sim takes them.
var (
	citiesFile = flag.String("cities", "", "a file of cities: city, lat, lon, region")
	rttFile    = flag.String("rtt", "", "a file of round trips between them: a, b, rtt_ms")
)

// columns reads some columns of a CSV file.
func columns(t *testing.T, path string, names ...string) (out [][]string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comment, r.FieldsPerRecord = '#', -1
	rows, err := r.ReadAll()
	if err != nil || len(rows) == 0 {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		one := make([]string, len(names))
		for i, name := range names {
			one[i] = row[slices.Index(rows[0], name)]
		}
		out = append(out, one)
	}
	return out
}

// With measured round trips: each city says that it is each one of another
// region. How many of these lies are found is told; nobody else is doubted.
func TestMeasured(t *testing.T) {
	if *citiesFile == "" || *rttFile == "" {
		t.Skip("give -cities and -rtt")
	}
	number := func(text string) float64 {
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	var m *Map
	at := make(map[string]int)
	for i, row := range columns(t, *citiesFile, "city", "lat", "lon", "region") {
		n := Node{ID: id.Node{byte(i), byte(i >> 8), 1}, Place: region.Place{Region: row[3], Operator: "o"}, Latitude: number(row[1]), Longitude: number(row[2])}
		if at[row[0]] = i; m == nil {
			m = NewMap(n)
		} else {
			m.Know(n)
		}
	}
	for _, row := range columns(t, *rttFile, "a", "b", "rtt_ms") {
		a, okA := at[row[0]]
		b, okB := at[row[1]]
		if okA && okB {
			m.Set(a, b, Link{RTT: float32(number(row[2]))})
			m.Set(b, a, Link{RTT: float32(number(row[2]))})
		}
	}
	if who := m.doubtedNow(); len(who) > 0 {
		t.Fatalf("honest ones are doubted: %v", who)
	}
	found, lies := 0, 0
	for i := range m.Len() {
		truth := m.Node(i)
		for j := range m.Len() {
			if m.Node(j).Place == truth.Place {
				continue
			}
			lie := m.Node(j)
			lie.ID = truth.ID
			m.Know(lie)
			if lies++; m.liesBy(i) > 0 {
				found++
			}
			for other := range m.Len() {
				if other != i && m.liesBy(other) > 0 {
					t.Errorf("%d is doubted while %d lies", other, i)
				}
			}
		}
		m.Know(truth)
	}
	t.Logf("%d of %d lies of %d cities are found (%.0f %%)", found, lies, m.Len(), 100*float64(found)/float64(lies))
}
