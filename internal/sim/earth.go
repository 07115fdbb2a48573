package sim

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/stoa-audio/stoa/internal/region"
)

// A City is where nodes stand.
type City struct {
	Name, Region, Continent string
	Latitude, Longitude     float64
}

// An Earth is cities, and the round trips between them in milliseconds.
type Earth struct {
	Cities []City
	RTT    [][]float64
}

// sameCity is the round trip between two nodes of one city, in milliseconds.
const sameCity = 0.8

// NewEarth returns the cities and round trips of two files, either of which
// may be nil: then the cities are built in, and the round trips those of the
// model, as are those of pairs that the file does not have.
func NewEarth(cities, rtt io.Reader, rnd *rand.Rand) (*Earth, error) {
	e := &Earth{Cities: builtIn}
	if cities != nil {
		var err error
		if e.Cities, err = readCities(cities); err != nil {
			return nil, err
		}
	}
	for a := range e.Cities {
		e.RTT = append(e.RTT, make([]float64, len(e.Cities)))
		for b := range a {
			e.RTT[a][b] = model(e.Cities[a], e.Cities[b], rnd)
			e.RTT[b][a] = e.RTT[a][b]
		}
		e.RTT[a][a] = sameCity
	}
	if rtt == nil {
		return e, nil
	}
	return e, e.readPairs(rtt)
}

// The files' errors.
var (
	errCities = errors.New("no list of cities")
	errPairs  = errors.New("no list of round trips")
)

// table reads a CSV file whose first line names the columns, and of which
// these are wanted; lines that begin with # are skipped.
func table(r io.Reader, columns ...string) ([][]string, error) {
	reader := csv.NewReader(r)
	reader.Comment = '#'
	reader.FieldsPerRecord = -1
	head, err := reader.Read()
	if err != nil {
		return nil, err
	}
	at := make([]int, len(columns))
	for i, name := range columns {
		if at[i] = slices.Index(head, name); at[i] < 0 {
			return nil, fmt.Errorf("there is no column %q", name)
		}
	}
	var rows [][]string
	for {
		line, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		row := make([]string, len(columns))
		for i, n := range at {
			if n >= len(line) {
				n, _ := reader.FieldPos(0)
				return nil, fmt.Errorf("line %d has no %q", n, columns[i])
			}
			row[i] = strings.TrimSpace(line[n])
		}
		rows = append(rows, row)
	}
}

func readCities(r io.Reader) ([]City, error) {
	rows, err := table(r, "city", "lat", "lon", "region", "continent")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errCities, err)
	}
	if len(rows) < 2 {
		return nil, fmt.Errorf("%w: it takes two at least", errCities)
	}
	cities := make([]City, len(rows))
	for i, row := range rows {
		lat, errLat := strconv.ParseFloat(row[1], 64)
		lon, errLon := strconv.ParseFloat(row[2], 64)
		if errLat != nil || errLon != nil || math.Abs(lat) > 90 || math.Abs(lon) > 180 {
			return nil, fmt.Errorf("%w: %s lies nowhere", errCities, row[0])
		}
		place := region.Place{Region: row[3], Operator: "o"}
		if err := place.Check(); err != nil {
			return nil, fmt.Errorf("%w: %s: %w", errCities, row[0], err)
		}
		if slices.ContainsFunc(cities[:i], func(c City) bool { return c.Name == row[0] }) {
			return nil, fmt.Errorf("%w: %s is there twice", errCities, row[0])
		}
		cities[i] = City{row[0], row[3], row[4], lat, lon}
	}
	return cities, nil
}

func (e *Earth) readPairs(r io.Reader) error {
	rows, err := table(r, "a", "b", "rtt_ms")
	if err != nil {
		return fmt.Errorf("%w: %w", errPairs, err)
	}
	at := make(map[string]int)
	for i, c := range e.Cities {
		at[c.Name] = i
	}
	found := 0
	for _, row := range rows {
		rtt, err := strconv.ParseFloat(row[2], 64)
		if err != nil || rtt <= 0 || rtt > 5000 {
			return fmt.Errorf("%w: from %s to %s: %q are no milliseconds", errPairs, row[0], row[1], row[2])
		}
		a, okA := at[row[0]]
		b, okB := at[row[1]]
		if okA && okB && a != b {
			e.RTT[a][b], e.RTT[b][a] = rtt, rtt
			found++
		}
	}
	if found == 0 {
		return fmt.Errorf("%w: no pair is of these cities", errPairs)
	}
	return nil
}

// model is a round trip in milliseconds: the great circle at the speed of
// light in glass, there and back, and the detour that a cable and a route make
// of it.
func model(a, b City, rnd *rand.Rand) float64 {
	const kmPerMS = 200
	return 2*distance(a, b)/kmPerMS*inflation(rnd.Float64()) + 1
}

// detours are by how much round trips exceed light on the great circle: the
// published spread over pairs of cities (10 % below 1.5, half below 2, 90 %
// below 3.5, 99 % below 7.5).
var detours = []struct{ share, factor float64 }{{0, 1.2}, {0.1, 1.5}, {0.5, 2}, {0.9, 3.5}, {0.99, 7.5}, {1, 10}}

func inflation(share float64) float64 {
	for i, upper := range detours[1:] {
		if lower := detours[i]; share <= upper.share {
			along := (share - lower.share) / (upper.share - lower.share)
			return lower.factor * math.Pow(upper.factor/lower.factor, along)
		}
	}
	return detours[len(detours)-1].factor
}

// distance is along the great circle, in kilometres.
func distance(a, b City) float64 {
	const radius, degree = 6371, math.Pi / 180
	dLat, dLon := (b.Latitude-a.Latitude)*degree, (b.Longitude-a.Longitude)*degree
	h := math.Pow(math.Sin(dLat/2), 2) + math.Cos(a.Latitude*degree)*math.Cos(b.Latitude*degree)*math.Pow(math.Sin(dLon/2), 2)
	return 2 * radius * math.Asin(math.Min(1, math.Sqrt(h)))
}

// builtIn are cities with many data centres or people, so that every continent
// has some: coordinates to a tenth of a degree.
var builtIn = []City{
	{"Frankfurt", "eu", "europe", 50.1, 8.7},
	{"Amsterdam", "eu", "europe", 52.4, 4.9},
	{"Paris", "eu", "europe", 48.9, 2.3},
	{"Dublin", "eu", "europe", 53.3, -6.3},
	{"Stockholm", "eu", "europe", 59.3, 18.1},
	{"Milan", "eu", "europe", 45.5, 9.2},
	{"Madrid", "eu", "europe", 40.4, -3.7},
	{"Warsaw", "eu", "europe", 52.2, 21.0},
	{"Helsinki", "eu", "europe", 60.2, 24.9},
	{"Vienna", "eu", "europe", 48.2, 16.4},
	{"Lisbon", "eu", "europe", 38.7, -9.1},
	{"Athens", "eu", "europe", 38.0, 23.7},
	{"London", "uk", "europe", 51.5, -0.1},
	{"Zurich", "ch", "europe", 47.4, 8.5},
	{"Oslo", "no", "europe", 59.9, 10.8},
	{"Istanbul", "tr", "europe", 41.0, 29.0},
	{"New York", "na", "north-america", 40.7, -74.0},
	{"Ashburn", "na", "north-america", 39.0, -77.5},
	{"Chicago", "na", "north-america", 41.9, -87.6},
	{"Dallas", "na", "north-america", 32.8, -96.8},
	{"Miami", "na", "north-america", 25.8, -80.2},
	{"Atlanta", "na", "north-america", 33.7, -84.4},
	{"Los Angeles", "na", "north-america", 34.1, -118.2},
	{"Seattle", "na", "north-america", 47.6, -122.3},
	{"Denver", "na", "north-america", 39.7, -105.0},
	{"Toronto", "na", "north-america", 43.7, -79.4},
	{"Montreal", "na", "north-america", 45.5, -73.6},
	{"Mexico City", "na", "north-america", 19.4, -99.1},
	{"Sao Paulo", "sa", "south-america", -23.5, -46.6},
	{"Santiago", "sa", "south-america", -33.4, -70.7},
	{"Bogota", "sa", "south-america", 4.7, -74.1},
	{"Buenos Aires", "sa", "south-america", -34.6, -58.4},
	{"Lima", "sa", "south-america", -12.0, -77.0},
	{"Tokyo", "asia", "asia", 35.7, 139.7},
	{"Osaka", "asia", "asia", 34.7, 135.5},
	{"Seoul", "asia", "asia", 37.6, 127.0},
	{"Singapore", "asia", "asia", 1.4, 103.8},
	{"Hong Kong", "asia", "asia", 22.3, 114.2},
	{"Taipei", "asia", "asia", 25.0, 121.6},
	{"Mumbai", "asia", "asia", 19.1, 72.9},
	{"Chennai", "asia", "asia", 13.1, 80.3},
	{"Delhi", "asia", "asia", 28.6, 77.2},
	{"Jakarta", "asia", "asia", -6.2, 106.8},
	{"Bangkok", "asia", "asia", 13.8, 100.5},
	{"Manila", "asia", "asia", 14.6, 121.0},
	{"Dubai", "asia", "asia", 25.2, 55.3},
	{"Tel Aviv", "asia", "asia", 32.1, 34.8},
	{"Almaty", "asia", "asia", 43.2, 76.9},
	{"Johannesburg", "af", "africa", -26.2, 28.0},
	{"Cape Town", "af", "africa", -33.9, 18.4},
	{"Nairobi", "af", "africa", -1.3, 36.8},
	{"Lagos", "af", "africa", 6.5, 3.4},
	{"Cairo", "af", "africa", 30.0, 31.2},
	{"Accra", "af", "africa", 5.6, -0.2},
	{"Sydney", "oc", "oceania", -33.9, 151.2},
	{"Melbourne", "oc", "oceania", -37.8, 145.0},
	{"Perth", "oc", "oceania", -31.9, 115.9},
	{"Auckland", "oc", "oceania", -36.8, 174.8},
}
