package conversations

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
)

func TestJudge(t *testing.T) {
	t.Parallel()
	var (
		ada, bo, cy = id.New[id.Person](), id.New[id.Person](), id.New[id.Person]()
		phone       = Member{ada, Device{1}}
		laptop      = Member{bo, Device{2}}
		tablet      = Member{bo, Device{3}}
		theirs      = Member{cy, Device{4}}
		lost        = Member{cy, Device{5}}
	)
	few := Conversation{
		Epoch: 3, Devices: []Member{phone, laptop},
		People: []Party{{Who: ada, State: In}, {Who: bo, State: In}},
	}
	two := few
	two.Two = true
	asked := few
	asked.People = []Party{{Who: ada, State: In}, {Who: bo, State: Asked}}
	gone := few
	gone.Devices = []Member{phone, laptop, theirs}
	gone.People = []Party{{Who: ada, State: In}, {Who: bo, State: In}, {Who: cy, State: Left}}
	full := few
	full.People = slices.Clone(few.People)
	for len(full.People) < PeopleMax {
		full.People = append(full.People, Party{Who: id.New[id.Person](), State: Asked})
	}

	some := []byte("sealed")
	for name, c := range map[string]struct {
		of     Conversation
		change Change
		want   error
	}{
		"somebody is added":               {few, Change{By: phone, Added: []Member{theirs}, People: []id.Person{cy}, Welcome: some}, nil},
		"with nothing to welcome them by": {few, Change{By: phone, Added: []Member{theirs}, People: []id.Person{cy}}, ErrSize},
		"to a conversation of two":        {two, Change{By: phone, Added: []Member{theirs}, People: []id.Person{cy}, Welcome: some}, ErrPeople},
		"to a full one":                   {full, Change{By: phone, Added: []Member{theirs}, People: []id.Person{cy}, Welcome: some}, ErrPeople},
		"who is in it already":            {few, Change{By: phone, Added: []Member{tablet}, People: []id.Person{bo}, Welcome: some}, ErrPeople},
		"by who is only asked":            {asked, Change{By: laptop, Added: []Member{theirs}, People: []id.Person{cy}, Welcome: some}, ErrPeople},
		"a device of nobody in it":        {few, Change{By: phone, Added: []Member{theirs}, Welcome: some}, ErrPeople},
		"a device of who is in it":        {few, Change{By: phone, Added: []Member{tablet}, Welcome: some}, nil},
		"who has left comes again":        {gone, Change{By: phone, Added: []Member{lost}, People: []id.Person{cy}, Welcome: some}, nil},
		"a device of who has left":        {gone, Change{By: phone, Added: []Member{lost}, Welcome: some}, ErrPeople},
		"a device comes in by itself":     {few, Change{By: tablet, Added: []Member{tablet}}, nil},
		"of who is asked":                 {asked, Change{By: tablet, Added: []Member{tablet}}, nil},
		"with another":                    {few, Change{By: tablet, Added: []Member{tablet, lost}}, ErrDevice},
		"of a stranger":                   {few, Change{By: theirs, Added: []Member{theirs}}, ErrNone},
		"of who has left":                 {gone, Change{By: lost, Added: []Member{lost}}, ErrNone},
		"a device that is not in it":      {few, Change{By: tablet, Removed: []Member{laptop}}, ErrDevice},
		"it comes in anew":                {few, Change{By: laptop, Added: []Member{laptop}, Removed: []Member{laptop}}, nil},
		"one takes another of theirs out": {few, Change{By: laptop, Removed: []Member{laptop}}, nil},
		"one takes another's out":         {few, Change{By: phone, Removed: []Member{laptop}}, ErrDevice},
		"of who has left, too":            {gone, Change{By: phone, Removed: []Member{theirs}}, nil},
		"that the house has forgotten":    {few, Change{By: phone, Removed: []Member{lost}}, nil},
		"nothing but new keys":            {few, Change{By: phone}, nil},
		"too late":                        {few, Change{By: phone, Epoch: 2}, ErrEpoch},
	} {
		if c.change.Epoch == 0 {
			c.change.Epoch = 3
		}
		if err := c.of.Judge(c.change); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestMayWrite(t *testing.T) {
	t.Parallel()
	ada, bo, cy := id.New[id.Person](), id.New[id.Person](), id.New[id.Person]()
	alone := Conversation{People: []Party{{Who: ada, State: In}, {Who: bo, State: Asked}, {Who: cy, State: Declined}}}
	for n := range 5 {
		want := error(nil)
		if n >= BeforeAnswer {
			want = ErrUnanswered
		}
		if err := alone.MayWrite(ada, n); !errors.Is(err, want) {
			t.Errorf("after %d messages without an answer: %v", n, err)
		}
	}
	if err := alone.MayWrite(bo, 100); err != nil {
		t.Errorf("who is asked answers: %v", err)
	}
	if err := alone.MayWrite(cy, 0); !errors.Is(err, ErrNone) {
		t.Errorf("who has declined writes: %v", err)
	}
	if err := alone.MayWrite(id.New[id.Person](), 0); !errors.Is(err, ErrNone) {
		t.Errorf("a stranger writes: %v", err)
	}
}

func TestPair(t *testing.T) {
	t.Parallel()
	ada, bo := id.New[id.Person](), id.New[id.Person]()
	if !slices.Equal(Pair(ada, bo), Pair(bo, ada)) || slices.Equal(Pair(ada, bo), Pair(ada, id.New[id.Person]())) {
		t.Error("a pair is not known by its two")
	}
}

func TestTaking(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		taking Taking
		want   error
	}{
		"at once":                          {Taking{Written: 1, At: now}, nil},
		"to the last moment":               {Taking{Written: 1, At: now.Add(-TakeBackFor)}, nil},
		"and not after it":                 {Taking{Written: 1, At: now.Add(-TakeBackFor - time.Millisecond)}, ErrLate},
		"what is not there":                {Taking{Written: 1}, nil},
		"by who has written nothing":       {Taking{}, ErrTaken},
		"each message once, while it lies": {Taking{Written: 2, Waiting: 2, At: now}, ErrTaken},
		"as many as may be":                {Taking{Written: 1000, Waiting: TakenBackMax - 1, At: now}, nil},
		"and no more":                      {Taking{Written: 1000, Waiting: TakenBackMax, At: now}, ErrTaken},
	} {
		c.taking.Now = now
		if err := c.taking.Judge(); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, and not %v", name, err, c.want)
		}
	}
}
