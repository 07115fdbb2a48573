package stoa_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/overlay/overlaytest"
	stoa "github.com/stoa-audio/stoa/sdk/go"
)

// ends are where the first and the last node of a way stand. By which it goes
// between them is the tree's: no node twice.
func ends(t *testing.T, w stoa.Way) []string {
	t.Helper()
	seen := make(map[string]bool)
	for _, hop := range w.Hops {
		if seen[hop.Node] {
			t.Errorf("a way goes over a node twice: %+v", w)
		}
		seen[hop.Node] = true
	}
	t.Logf("%d nodes: %v", len(w.Hops), w.Hops)
	first, last := w.Hops[0], w.Hops[len(w.Hops)-1]
	return []string{first.Region + "@" + first.Operator, last.Region + "@" + last.Operator}
}

// The itinerary names the nodes that carry the voices, and each of them has
// signed it.
func TestItinerary(t *testing.T) {
	ctx, n, ada, ben, cleo := threeNodes(t)

	// who is by whose voice, "" the own one's; each with the ways it takes.
	ways := func(r *stoa.Room) map[string][][]string {
		t.Helper()
		time.Sleep(250 * time.Millisecond) // more is too often
		got, err := r.Itinerary(ctx, nil)
		if refused := (*stoa.Problem)(nil); errors.As(err, &refused) && refused.Code == "too_many" {
			return nil
		}
		n.must(err)
		out := make(map[string][][]string)
		for _, w := range got {
			if w.Err != nil {
				t.Fatalf("a way is not believed: %v", w.Err)
			}
			if !w.Signed { // not there yet
				continue
			}
			if w.Mine {
				out[""] = append(out[""], ends(t, w))
			}
			for _, who := range w.Who {
				out[who] = append(out[who], ends(t, w))
			}
		}
		for _, all := range out {
			slices.SortFunc(all, slices.Compare)
		}
		return out
	}
	is := func(who *stoa.Room, whom string, want ...[]string) {
		t.Helper()
		var got [][]string
		until(ctx, t, "the ways", func() bool {
			got = ways(who)[whom]
			return slices.EqualFunc(got, want, slices.Equal)
		})
	}
	eu, us, ap := "eu@one", "us@two", "ap@one"
	is(cleo, ada.Me, []string{eu, ap})
	is(cleo, ben.Me, []string{us, ap})
	is(ben, ada.Me, []string{eu, us})
	is(ada, ben.Me, []string{us, eu})
	is(ada, "", []string{eu, ap}, []string{eu, us})
	is(ben, "", []string{us, ap}, []string{us, eu})
	if got := ways(cleo)[""]; got != nil {
		t.Errorf("who only listens has a voice that goes %v", got)
	}

	// By another root nothing is believed, and nobody's name is.
	other := overlaytest.New(t, time.Now(), "eu")
	if got, err := cleo.Itinerary(ctx, other.Root.Raw); err == nil {
		t.Errorf("regions that another root has signed are believed: %+v", got)
	}
	// Each node names itself, with a delay that it has measured.
	got, err := cleo.Itinerary(ctx, nil)
	n.must(err)
	for _, w := range got {
		if !w.Signed {
			continue
		}
		last := w.Hops[len(w.Hops)-1]
		if last.Node != n.places(n.founder)["ap"] || last.Delay < 0 || last.Delay > 5*time.Second || w.Hops[0].Delay != 0 {
			t.Errorf("a way is %+v", w)
		}
	}
}

func TestItineraryOfOneNode(t *testing.T) {
	h := openHouse(t)
	ctx := within(t)
	ada, ben := join(t, h, h.grant(h.founder)), join(t, h, h.grant(h.guest("Ben")))
	ways, err := ben.Itinerary(ctx, nil)
	h.must(err)
	if len(ways) != 1 || ways[0].Signed || ways[0].Err != nil || !slices.Equal(ways[0].Who, []string{ada.Me}) || len(ways[0].Hops) != 1 || ways[0].Hops[0] != (stoa.WayHop{}) {
		t.Errorf("the ways are %+v", ways)
	}
	if ways, err = ada.Itinerary(ctx, nil); err != nil || len(ways) != 0 {
		t.Errorf("who alone is on the stage hears %+v, %v", ways, err)
	}
}
