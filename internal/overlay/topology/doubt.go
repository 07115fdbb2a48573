package topology

import (
	"math"
	"slices"

	"github.com/stoa-audio/stoa/internal/region"
)

// Where a node says that it stands can be disproved: nothing goes through fibre
// faster than light does there, so that a node whose answers come sooner than
// that stands nearer. It cannot be proved: a node that answers later than it
// could looks as if it stood farther away.
//
// Each who measures is a witness, if it says itself where it stands. One witness
// is no proof, for it may lie, too: of two whose places do not fit together
// either may be the liar. So a node is doubted when so many as witnessesMin
// others agree, and more disagree with it than with any of them: among a liar
// and those whom it deceives, it is the liar with whom most do not fit. Liars
// who are as many as the honest ones near them are not told from those. Where
// there are fewer witnesses nobody is doubted: to leave out whoever cannot be
// checked would leave out the first nodes of each region.
const (
	fibre        = 200.0 // km that light goes in a millisecond
	witnessesMin = 3
	slackKM      = 150.0  // places are rounded, and clocks tick
	regionKM     = 1500.0 // how much farther a node may stand from the middle of its region than any other
	earthKM      = 6371.0
	accusersMax  = 64 // that are looked at; more do not change the outcome
	cleanMin     = 3  // looks after which a doubt is over
)

// A doubt is that a node cannot stand where it says.
type doubt struct {
	at    vector  // where it says that it stands
	off   float64 // km, at least; 0: none
	clean int     // looks in a row at which there was no reason
}

// A vector is a place on the Earth, seen from its middle.
type vector struct{ x, y, z float64 }

func toVector(latitude, longitude float64) vector {
	const degree = math.Pi / 180
	sinLat, cosLat := math.Sincos(latitude * degree)
	sinLon, cosLon := math.Sincos(longitude * degree)
	return vector{cosLat * cosLon, cosLat * sinLon, sinLat}
}

// apart returns how far it is from one place to another along the ground, in km.
func apart(a, b vector) float64 {
	return earthKM * math.Acos(max(-1, min(1, a.x*b.x+a.y*b.y+a.z*b.z)))
}

// isWithin reports whether two places are surely not farther apart than some km,
// which costs less than to know how far: an arc is at most half of pi times its chord.
func isWithin(a, b vector, km float64) bool {
	return earthKM*math.Pi/2*math.Sqrt(max(0, 2-2*(a.x*b.x+a.y*b.y+a.z*b.z))) <= km
}

// told reports whether a node says where it stands.
func (n *Node) told() bool { return n.Latitude != 0 || n.Longitude != 0 }

// stands returns where a node says that it stands, and by how much it may be
// off. Who does not say is taken to stand where the others of its region do. Not
// ok when nobody says.
func (m *Map) stands(n int) (at vector, slack float64, ok bool) {
	if node := m.nodes[n]; node.told() {
		return m.doubts[n].at, slackKM, true
	}
	var others []vector
	for i, o := range m.nodes {
		if i != n && o.told() && o.Place.Region == m.nodes[n].Place.Region && m.doubts[i].off == 0 {
			v := m.doubts[i].at
			others = append(others, v)
			at.x, at.y, at.z = at.x+v.x, at.y+v.y, at.z+v.z
		}
	}
	length := math.Sqrt(at.x*at.x + at.y*at.y + at.z*at.z)
	if len(others) == 0 || length < 1e-6 {
		return vector{}, 0, false
	}
	at = vector{at.x / length, at.y / length, at.z / length}
	for _, o := range others {
		slack = max(slack, apart(at, o))
	}
	return at, slack + regionKM + slackKM, true
}

// accusers returns whose round trips to a node are too short for where it
// says that it stands, and how far off that is.
func (m *Map) accusers(n int) (who []int, off []float64) {
	at, slack, ok := m.stands(n)
	if !ok {
		return nil, nil
	}
	for i := range m.nodes {
		l := m.Link(i, n)
		if i == n || l.RTT <= 0 || l.Down || m.doubts[i].off > 0 || !m.nodes[i].told() {
			continue
		}
		limit := float64(l.RTT)/2*fibre + slack + slackKM
		if isWithin(m.doubts[i].at, at, limit) {
			continue
		}
		if by := apart(m.doubts[i].at, at) - limit; by > 0 {
			if who, off = append(who, i), append(off, by); len(who) == accusersMax {
				break
			}
		}
	}
	return who, off
}

// Judge looks whether a node can stand where it says, and reports whether that
// has changed.
func (m *Map) Judge(n int) (changed bool) {
	d := &m.doubts[n]
	was := d.off > 0
	if off := m.liesBy(n); off > 0 {
		d.off, d.clean = off, 0
		return !was
	}
	if !was {
		return false
	}
	if d.clean++; d.clean < cleanMin {
		return false
	}
	*d = doubt{at: d.at}
	return true
}

// liesBy returns by how many km a node is off at least, as far as witnessesMin
// others agree; 0 when there is no proof.
func (m *Map) liesBy(n int) float64 {
	who, off := m.accusers(n)
	if len(who) < witnessesMin {
		return 0
	}
	for _, w := range who {
		if against, _ := m.accusers(w); len(against) >= len(who) {
			return 0
		}
	}
	slices.Sort(off)
	return off[len(off)-witnessesMin]
}

// Off returns by how many km at least a node is not where it says; 0 when it is
// not doubted.
func (m *Map) Off(n int) float64 { return m.doubts[n].off }

// Allows reports whether packets that are to stay inside a fence may be at a
// node. Who lies about the place where it stands is outside of every fence
// there is.
func (m *Map) Allows(fence region.Fence, n int) bool {
	return fence.Allows(m.nodes[n].Place) && (n == 0 || m.doubts[n].off == 0 || fence == region.Anywhere)
}

// passes reports whether others may be sent to through a node.
func (m *Map) passes(n int) bool { return !m.nodes[n].Leaving && m.doubts[n].off == 0 }
