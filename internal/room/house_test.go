package room

import (
	"reflect"
	"testing"
)

// TestTheHouseDecides closes a room, and has somebody out of it, also while their
// connection is lost: who moderates follows as ever.
func TestTheHouseDecides(t *testing.T) {
	r := agora(t)
	events, err := r.Decide(noon, Close{})
	if want := []Event{Ended{EndedByHouse}}; err != nil || !reflect.DeepEqual(events, want) {
		t.Errorf("%v, %v", events, err)
	}
	events, err = r.Decide(noon, PutOut{person("nobody")})
	if err != nil || len(events) != 0 {
		t.Errorf("who is not there: %v, %v", events, err)
	}
	r.Apply(WentAway{person("sol"), noon.Add(SeatHold)})
	events, err = r.Decide(noon, PutOut{person("sol")})
	if want := []Event{Left{person("sol"), LeftQuietly}}; err != nil || !reflect.DeepEqual(events, want) {
		t.Errorf("%v, %v", events, err)
	}
	// Both who moderate go: the longest-standing speaker moderates.
	r.Apply(Left{person("mira"), LeftQuietly})
	events, err = r.Decide(noon, PutOut{person("zeno")})
	if want := []Event{Left{person("zeno"), LeftQuietly}, MadeModerator{person("sol")}}; err != nil || !reflect.DeepEqual(events, want) {
		t.Errorf("%v, %v", events, err)
	}
	r.Apply(Ended{EndedByHouse})
	if _, err := r.Decide(noon, Close{}); err == nil {
		t.Error("a room that has ended is closed")
	}
}
