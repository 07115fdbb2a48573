package identity

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/region"
)

// removedOf returns who is a member no more.
func removedOf(r *Roll) (list []id.Node) {
	for _, e := range r.Members() {
		if e.Removed {
			list = append(list, e.Node)
		}
	}
	return list
}

func TestRoll(t *testing.T) {
	var r Roll
	var stored []Line
	do := func(l Line, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(l)
		if err != nil {
			t.Fatal(err)
		}
		var again Line
		if err := json.Unmarshal(text, &again); err != nil {
			t.Fatal(err)
		}
		stored = append(stored, again)
		r.Apply(again)
	}
	refused := func(want error) func(Line, error) {
		return func(l Line, err error) {
			t.Helper()
			if !errors.Is(err, want) || l != (Line{}) {
				t.Errorf("%+v, %v; want %v", l, err, want)
			}
		}
	}
	eu := region.Place{Region: "eu", Operator: "example"}
	ada, bo := Member{"", eu, id.New[id.Node]()}, Member{"", eu, id.New[id.Node]()}
	one, two, late := NewSecret(), NewSecret(), NewSecret()
	day := noon.Add(24 * time.Hour)
	do(r.Invite(noon, one, eu, day, ""))
	do(r.Invite(noon, two, eu, day, ""))
	do(r.Invite(noon, late, eu, noon.Add(time.Minute), ""))
	refused(ErrInvite)(r.Join(noon, NewSecret(), ada, day))
	refused(ErrInvite)(r.Join(noon.Add(time.Hour), late, ada, day))
	refused(ErrPlace)(r.Join(noon, one, Member{"", region.Place{Region: "us", Operator: "example"}, ada.Node}, day))
	refused(ErrDuplicate)(r.Join(noon, one, Member{"", eu, id.Node{}}, day))
	do(r.Join(noon, one, ada, day))
	refused(ErrInvite)(r.Join(noon, one, bo, day))     // used up
	refused(ErrDuplicate)(r.Join(noon, two, ada, day)) // and so is the name
	do(r.Join(noon, two, bo, day))
	do(r.Renew(noon, bo, day.Add(time.Hour)))
	refused(ErrPlace)(r.Renew(noon, Member{"", region.Place{Region: "us", Operator: "example"}, bo.Node}, day))
	do(r.Remove(noon, ada.Node, region.Place{}))
	refused(ErrRemoved)(r.Remove(noon, ada.Node, region.Place{}))
	refused(ErrRemoved)(r.Renew(noon, ada, day))
	refused(ErrUnknown)(r.Remove(noon, id.New[id.Node](), region.Place{}))
	do(r.Invite(noon, one, eu, day, ""))
	refused(ErrDuplicate)(r.Join(noon, one, ada, day)) // for ever

	if got := removedOf(&r); len(got) != 1 || got[0] != ada.Node || len(r.Members()) != 2 {
		t.Errorf("%v are removed of %+v", got, r.Members())
	}
	for what, lines := range map[string][]Line{"stored": stored, "shortened": r.Lines()} {
		var again Roll
		for _, l := range lines {
			again.Apply(l)
		}
		if what == "shortened" {
			r.Forget(noon)
			again.Forget(noon)
		}
		if !reflect.DeepEqual(again, r) {
			t.Errorf("from what is %s it is %+v, was %+v", what, again, r)
		}
	}
	// Who has joined at another door is known from then on, and can be removed
	// before that, too.
	far := Member{"", eu, id.New[id.Node]()}
	do(r.Renew(noon, far, day))
	if list := r.Members(); len(list) != 3 {
		t.Errorf("%+v", list)
	}
	do(r.Remove(noon, far.Node, region.Place{}))
	do(r.Remove(noon, id.New[id.Node](), eu))
	if list := removedOf(&r); len(list) != 3 {
		t.Errorf("%+v", list)
	}
	if left := r.Forget(noon.Add(time.Hour)); left != 1 {
		t.Errorf("%d invites are left", left)
	}
}

func TestRollBounds(t *testing.T) {
	var r Roll
	eu := region.Place{Region: "eu", Operator: "example"}
	for _, until := range []time.Time{noon, noon.Add(-time.Hour), noon.Add(InviteLife + time.Hour)} {
		if _, err := r.Invite(noon, NewSecret(), eu, until, ""); err == nil {
			t.Errorf("an invite until %v", until)
		}
	}
	if _, err := r.Invite(noon, NewSecret(), region.Place{Region: "E U"}, noon.Add(time.Hour), ""); err == nil {
		t.Error("an invite to nowhere")
	}
	for range InvitesMax {
		l, err := r.Invite(noon, NewSecret(), eu, noon.Add(time.Hour), "")
		if err != nil {
			t.Fatal(err)
		}
		r.Apply(l)
	}
	if _, err := r.Invite(noon, NewSecret(), eu, noon.Add(time.Hour), ""); !errors.Is(err, ErrFull) {
		t.Errorf("one more than fits: %v", err)
	}
	if _, err := r.Invite(noon.Add(2*time.Hour), NewSecret(), eu, noon.Add(3*time.Hour), ""); err != nil {
		t.Errorf("when they have expired: %v", err)
	}
	for _, l := range []Line{{}, {Invited: &Invited{Hash: []byte("short")}}, {Joined: &Joined{}}, {Renewed: &Renewed{}}, {Removed: &Removed{}}} {
		r.Apply(l) // what was stored by a later version, or damaged
	}
	if len(r.Members()) != 0 {
		t.Errorf("%+v", r.Members())
	}
}
