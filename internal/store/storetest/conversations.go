package storetest

import (
	"bytes"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/conversations"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
)

// talkers are three people with a device each, who can be written to.
func talkers(t *testing.T, s Store) (c *conversations.Conversations, now *time.Time, who [3]conversations.Member) {
	t.Helper()
	p, now, founding := house(t, s)
	a, _, err := p.SignUpByRecovery(t.Context(), people.ByInvite(founding), "Ada")
	must(t, err)
	c = conversations.New(s, func() time.Time { return *now })
	all := [3]people.Person{a.Person, comes(t, p, s, a.Person, "Bo"), comes(t, p, s, a.Person, "Cy")}
	for i, one := range all {
		who[i] = conversations.Member{Who: one.ID, Device: conversations.Device{byte(i + 1)}}
		must(t, c.AddPackages(t.Context(), who[i], [][]byte{{1, byte(i)}, {2, byte(i)}}, []byte{9, byte(i)}))
	}
	return c, now, who
}

// begins begins a conversation among some, the first of whom begins it.
func begins(t *testing.T, c *conversations.Conversations, two bool, follow []id.Person, some ...conversations.Member) conversations.ID {
	t.Helper()
	b := beginning(two, some...)
	must(t, c.Begin(t.Context(), b, follow))
	return b.ID
}

func beginning(two bool, some ...conversations.Member) conversations.Beginning {
	b := conversations.Beginning{
		ID: id.New[conversations.ID](), By: some[0], Two: two, Devices: some, Welcome: []byte("welcome"), Info: []byte("info 1"),
	}
	for _, m := range some[1:] {
		if m.Who != b.By.Who && !slices.Contains(b.With, m.Who) {
			b.With = append(b.With, m.Who)
		}
	}
	return b
}

func keyPackages(t *testing.T, s Store) {
	ctx := t.Context()
	c, now, who := talkers(t, s)
	bo := who[1]
	var got []byte
	for range 4 { // two for one use, and then the last again and again
		list, err := c.TakePackages(ctx, bo.Who)
		must(t, err)
		if len(list) != 1 || list[0].Member != bo {
			t.Fatalf("packages are %v", list)
		}
		got = append(got, list[0].Bytes[0])
	}
	slices.Sort(got[:2]) // those for one use have no order
	same(t, string(got), "\x01\x02\x09\x09")
	n, err := c.CountPackages(ctx, bo)
	must(t, err)
	same(t, n, 0)
	_, err = c.CountPackages(ctx, conversations.Member{Who: bo.Who, Device: conversations.Device{77}})
	refused(t, err, conversations.ErrDevice)
	_, err = c.TakePackages(ctx, id.New[id.Person]())
	refused(t, err, people.ErrNoPerson)

	many := make([][]byte, conversations.PackagesMax)
	for i := range many {
		many[i] = []byte{byte(i)}
	}
	for range 2 {
		must(t, c.AddPackages(ctx, bo, many, nil))
	}
	n, err = c.CountPackages(ctx, bo)
	must(t, err)
	same(t, n, conversations.PackagesMax)
	refused(t, c.AddPackages(ctx, bo, append(many, nil), nil), conversations.ErrSize)
	refused(t, c.AddPackages(ctx, bo, [][]byte{nil}, nil), conversations.ErrSize)
	refused(t, c.AddPackages(ctx, bo, nil, make([]byte, conversations.PackageMax+1)), conversations.ErrSize)

	// Of too many devices the longest unseen goes.
	for i := range conversations.DevicesMax {
		*now = now.Add(time.Minute)
		must(t, c.AddPackages(ctx, conversations.Member{Who: bo.Who, Device: conversations.Device{50, byte(i)}}, nil, []byte{1}))
	}
	_, err = c.CountPackages(ctx, bo)
	refused(t, err, conversations.ErrDevice)
	list, err := c.TakePackages(ctx, bo.Who)
	must(t, err)
	same(t, len(list), conversations.DevicesMax)
	must(t, c.DropDevice(ctx, list[0].Member))
	refused(t, c.DropDevice(ctx, list[0].Member), conversations.ErrDevice)
}

func conversationOfTwo(t *testing.T, s Store) {
	ctx := t.Context()
	c, now, who := talkers(t, s)
	ada, bo, cy := who[0], who[1], who[2]
	which := begins(t, c, true, nil, ada, bo)
	refused(t, c.Begin(ctx, beginning(true, bo, ada), nil), conversations.ErrThere)
	refused(t, c.Begin(ctx, beginning(true, ada), nil), conversations.ErrPeople)
	refused(t, c.Begin(ctx, beginning(true, ada, bo, cy), nil), conversations.ErrPeople)
	strange := beginning(true, cy, conversations.Member{Who: bo.Who, Device: conversations.Device{77}})
	refused(t, c.Begin(ctx, strange, nil), conversations.ErrDevice)
	strange = beginning(true, cy, conversations.Member{Who: id.New[id.Person](), Device: conversations.Device{77}})
	refused(t, c.Begin(ctx, strange, nil), people.ErrNoPerson)

	// Bo is asked, and has a welcome; Ada writes three messages and then waits.
	list, err := c.Of(ctx, bo.Who)
	must(t, err)
	if len(list) != 1 || list[0].ID != which || !list[0].Two || list[0].Starter != ada.Who {
		t.Fatalf("Bo has %+v", list)
	}
	party, _ := list[0].Of(bo.Who)
	same(t, party.State, conversations.Asked)
	for i := range conversations.BeforeAnswer {
		*now = now.Add(time.Second)
		seq, err := c.Write(ctx, which, ada, 1, []byte{byte(i)})
		must(t, err)
		same(t, seq, int64(i+2))
	}
	_, err = c.Write(ctx, which, ada, 1, []byte("more"))
	refused(t, err, conversations.ErrUnanswered)
	items, err := c.Items(ctx, which, bo, 0)
	must(t, err)
	if len(items) != 4 || items[0].Kind != conversations.Welcome || items[3].By != ada || items[3].Seq != 4 || !items[3].At.Equal(*now) {
		t.Fatalf("Bo reads %+v", items)
	}
	items, err = c.Items(ctx, which, ada, 1)
	must(t, err)
	same(t, len(items), 3)

	// What all have is gone; who has read is known for each device.
	must(t, c.SetRead(ctx, which, bo, 3))
	items, err = c.Items(ctx, which, bo, 0)
	must(t, err)
	same(t, len(items), 3) // Ada has not said that she has hers
	must(t, c.SetRead(ctx, which, ada, 1000))
	items, err = c.Items(ctx, which, bo, 0)
	must(t, err)
	same(t, len(items), 1)

	// To answer is to be in it.
	_, err = c.Write(ctx, which, bo, 2, []byte("of another epoch"))
	refused(t, err, conversations.ErrEpoch)
	_, err = c.Write(ctx, which, bo, 1, []byte("hello"))
	must(t, err)
	_, err = c.Write(ctx, which, ada, 1, []byte("and more"))
	must(t, err)
	one, info, err := c.One(ctx, which, bo.Who)
	must(t, err)
	party, _ = one.Of(bo.Who)
	same(t, party.State, conversations.In)
	same(t, string(info), "info 1")

	// It does not exist for others.
	for _, err := range []error{
		second(c.Write(ctx, which, cy, 1, []byte("x"))), second(c.Items(ctx, which, cy, 0)), c.SetRead(ctx, which, cy, 1),
		c.Accept(ctx, which, cy.Who), c.Leave(ctx, which, cy.Who),
		second(c.Change(ctx, which, conversations.Change{By: cy, Epoch: 1, Commit: []byte("c"), Info: []byte("i")}, nil)),
		second(c.Items(ctx, id.New[conversations.ID](), ada, 0)),
	} {
		refused(t, err, conversations.ErrNone)
	}
	_, _, err = c.One(ctx, which, cy.Who)
	refused(t, err, conversations.ErrNone)
	for _, size := range []int{0, conversations.TextMax + 1} {
		_, err = c.Write(ctx, which, ada, 1, make([]byte, size))
		refused(t, err, conversations.ErrSize)
	}

	// Who leaves has it no more, and both may begin another.
	must(t, c.Leave(ctx, which, bo.Who))
	refused(t, c.Leave(ctx, which, bo.Who), conversations.ErrNone)
	list, err = c.Of(ctx, bo.Who)
	must(t, err)
	same(t, len(list), 0)
	begins(t, c, true, nil, bo, ada)
}

func second[T any](_ T, err error) error { return err }

func conversationDeclined(t *testing.T, s Store) {
	ctx := t.Context()
	c, now, who := talkers(t, s)
	ada, bo := who[0], who[1]
	which := begins(t, c, true, nil, ada, bo)
	must(t, c.Leave(ctx, which, bo.Who))
	_, err := c.Write(ctx, which, ada, 1, []byte("Ada does not know"))
	must(t, err)

	// Another of Ada's does not reach Bo either, until long after; whom Bo follows does.
	again := begins(t, c, true, nil, ada, bo)
	_, err = c.Write(ctx, again, ada, 1, []byte("nor here"))
	must(t, err)
	list, err := c.Of(ctx, bo.Who)
	must(t, err)
	same(t, len(list), 0)
	_, err = c.Items(ctx, again, bo, 0)
	refused(t, err, conversations.ErrNone)
	must(t, c.Leave(ctx, again, ada.Who))
	follows := begins(t, c, true, []id.Person{bo.Who}, ada, bo)
	one, _, err := c.One(ctx, follows, bo.Who)
	must(t, err)
	party, _ := one.Of(bo.Who)
	same(t, party.State, conversations.In)
	must(t, c.Leave(ctx, follows, ada.Who))

	*now = now.Add(conversations.DeclinedFor + time.Minute)
	begins(t, c, true, nil, ada, bo)
	list, err = c.Of(ctx, bo.Who)
	must(t, err)
	same(t, len(list), 2)
}

func conversationOfFew(t *testing.T, s Store) {
	ctx := t.Context()
	c, _, who := talkers(t, s)
	ada, bo, cy := who[0], who[1], who[2]
	which := begins(t, c, false, []id.Person{bo.Who}, ada, bo)

	// Cy is added; of two changes at once one is taken.
	change := func(by conversations.Member) conversations.Change {
		return conversations.Change{
			By: by, Epoch: 1, Commit: append([]byte("by "), by.Device[0]), Welcome: []byte("to Cy"), Info: []byte("info 2"),
			Added: []conversations.Member{cy}, People: []id.Person{cy.Who},
		}
	}
	var all sync.WaitGroup
	errs := make([]error, 2)
	for i, by := range []conversations.Member{ada, bo} {
		all.Go(func() { _, errs[i] = c.Change(ctx, which, change(by), nil) })
	}
	all.Wait()
	if errs[0] == nil {
		errs[0], errs[1] = errs[1], errs[0]
	}
	refused(t, errs[0], conversations.ErrEpoch)
	must(t, errs[1])
	one, info, err := c.One(ctx, which, cy.Who)
	must(t, err)
	same(t, one.Epoch, int64(2))
	same(t, string(info), "info 2")
	same(t, len(one.Devices), 3)
	list, err := s.Conversations(ctx, cy.Who)
	must(t, err)
	same(t, list, []conversations.Conversation{one}) // as one by one
	other := begins(t, c, false, []id.Person{cy.Who}, bo, cy)
	list, err = s.Conversations(ctx, cy.Who)
	must(t, err)
	same(t, len(list), 2)
	for _, l := range list {
		one, _, err := c.One(ctx, l.ID, cy.Who)
		must(t, err)
		same(t, l, one)
	}
	same(t, list[0].ID == other || list[1].ID == other, true)

	// Each reads what is theirs: the commit those who were in it, the welcome who came.
	kinds := func(m conversations.Member, after int64) (out []conversations.Kind) {
		t.Helper()
		items, err := c.Items(ctx, which, m, after)
		must(t, err)
		for _, i := range items {
			out = append(out, i.Kind)
		}
		return out
	}
	_, err = c.Write(ctx, which, ada, 2, []byte("hello, Cy"))
	must(t, err)
	if got := kinds(cy, 0); !slices.Equal(got, []conversations.Kind{conversations.Welcome, conversations.Text}) {
		t.Errorf("Cy reads %v", got)
	}
	if got := kinds(bo, 1); !slices.Equal(got, []conversations.Kind{conversations.Commit, conversations.Text}) {
		t.Errorf("Bo reads %v", got)
	}

	// Another device of Bo comes in by itself, and reads what comes after.
	tablet := conversations.Member{Who: bo.Who, Device: conversations.Device{33}}
	enter := conversations.Change{By: tablet, Epoch: 2, Commit: []byte("in"), Info: []byte("info 3"), Added: []conversations.Member{tablet}}
	_, err = c.Change(ctx, which, enter, nil)
	refused(t, err, conversations.ErrDevice) // the house does not know it
	must(t, c.AddPackages(ctx, tablet, nil, []byte{1}))
	seq, err := c.Change(ctx, which, enter, nil)
	must(t, err)
	same(t, len(kinds(tablet, seq)), 0)
	same(t, len(kinds(tablet, 0)), 0)
	_, err = c.Write(ctx, which, tablet, 3, []byte("from the tablet"))
	must(t, err)
	if got := kinds(ada, seq-1); !slices.Equal(got, []conversations.Kind{conversations.Commit, conversations.Text}) {
		t.Errorf("Ada reads %v", got)
	}

	// Who leaves is taken out by somebody else.
	must(t, c.Leave(ctx, which, bo.Who))
	_, err = c.Items(ctx, which, bo, 0)
	refused(t, err, conversations.ErrNone)
	out := conversations.Change{By: ada, Epoch: 3, Commit: []byte("out"), Info: []byte("info 4"), Removed: []conversations.Member{cy}}
	_, err = c.Change(ctx, which, out, nil)
	refused(t, err, conversations.ErrDevice)
	out.Removed = []conversations.Member{bo, tablet}
	_, err = c.Change(ctx, which, out, nil)
	must(t, err)
	one, _, err = c.One(ctx, which, ada.Who)
	must(t, err)
	same(t, len(one.Devices), 2)
}

func conversationsGo(t *testing.T, s Store) {
	ctx := t.Context()
	c, now, who := talkers(t, s)
	ada, bo, cy := who[0], who[1], who[2]
	which := begins(t, c, true, []id.Person{bo.Who}, ada, bo)
	_, err := c.Write(ctx, which, ada, 1, []byte("a secret of Ada"))
	must(t, err)
	rows, err := s.Rows(ctx, ada.Who)
	must(t, err)
	classes := make(map[people.Class]int)
	for _, r := range rows {
		classes[r.Class]++
	}
	for class, n := range map[people.Class]int{people.ClassTalkDevices: 1, people.ClassConversations: 1, people.ClassMessages: 1} {
		same(t, classes[class], n)
	}

	// After thirty days nothing that was written is there; the device is, if it was seen.
	*now = now.Add(conversations.ItemLife + time.Minute)
	must(t, c.AddPackages(ctx, bo, nil, []byte{1}))
	must(t, c.Forget(ctx))
	items, err := c.Items(ctx, which, bo, 0)
	must(t, err)
	same(t, len(items), 0)
	*now = now.Add(conversations.DeviceLife - conversations.ItemLife)
	must(t, c.Forget(ctx))
	_, err = c.CountPackages(ctx, cy)
	refused(t, err, conversations.ErrDevice)
	_, err = c.CountPackages(ctx, bo)
	must(t, err)

	// Who is erased is in none, and what they wrote is gone.
	_, err = c.Write(ctx, which, bo, 1, []byte("a secret of Bo"))
	must(t, err)
	must(t, c.AddPackages(ctx, ada, nil, []byte{1}))
	must(t, s.Erase(ctx, bo.Who))
	one, _, err := c.One(ctx, which, ada.Who)
	must(t, err)
	if _, there := one.Of(bo.Who); there || slices.ContainsFunc(one.Devices, func(m conversations.Member) bool { return m.Who == bo.Who }) {
		t.Errorf("who is erased is in %+v", one)
	}

	// Nobody is in it: it goes.
	must(t, c.Leave(ctx, which, ada.Who))
	*now = now.Add(conversations.EmptyLife + time.Minute)
	must(t, c.Forget(ctx))
	ages, err := s.Ages(ctx, *now)
	must(t, err)
	for _, a := range ages {
		if a.Kind == "conversations" || a.Kind == "conversation_items" {
			same(t, a.Rows, int64(0))
		}
	}
	if bytes.Equal(conversations.Pair(ada.Who, bo.Who), conversations.Pair(ada.Who, cy.Who)) {
		t.Error("pairs are one")
	}
}

func conversationsBounded(t *testing.T, s Store) {
	ctx := t.Context()
	c, now, who := talkers(t, s)
	ada, bo := who[0], who[1]
	for range conversations.UnansweredMax {
		begins(t, c, false, nil, ada, bo)
	}
	refused(t, c.Begin(ctx, beginning(false, ada, bo), nil), conversations.ErrUnanswered)
	*now = now.Add(conversations.UnansweredTime + time.Second)
	begins(t, c, false, nil, ada, bo)
}

// Whether somebody wants to hear nothing of a conversation is theirs: it stays when they
// say yes to it, and goes when they go.
func conversationSilent(t *testing.T, s Store) {
	ctx := t.Context()
	c, _, who := talkers(t, s)
	ada, bo, cy := who[0], who[1], who[2]
	which := begins(t, c, false, []id.Person{cy.Who}, ada, bo, cy)
	is := func(want ...bool) {
		t.Helper()
		one, _, err := c.One(ctx, which, ada.Who)
		must(t, err)
		for i, m := range who {
			p, _ := one.Of(m.Who)
			same(t, p.Silent, want[i])
		}
	}
	is(false, false, false)
	for range 2 {
		must(t, c.SetSilent(ctx, which, bo.Who, true)) // who is only asked
	}
	is(false, true, false)
	must(t, c.Accept(ctx, which, bo.Who))
	must(t, c.SetSilent(ctx, which, cy.Who, true))
	is(false, true, true)
	rows, err := s.Rows(ctx, bo.Who)
	must(t, err)
	told := false
	for _, r := range rows {
		told = told || r.Class == people.ClassConversations && r.More["silent"] == true
	}
	same(t, told, true)
	must(t, c.SetSilent(ctx, which, cy.Who, false))
	is(false, true, false)
	must(t, c.Leave(ctx, which, bo.Who))
	is(false, false, false)
	refused(t, c.SetSilent(ctx, which, bo.Who, true), conversations.ErrNone)
	refused(t, c.SetSilent(ctx, id.New[conversations.ID](), ada.Who, true), conversations.ErrNone)
}

// A message is gone for those who have not read it, and a note says so to the others.
// Nobody learns by it what others have written.
func messagesTakenBack(t *testing.T, s Store) {
	ctx := t.Context()
	c, now, who := talkers(t, s)
	ada, bo, cy := who[0], who[1], who[2]
	which := begins(t, c, true, []id.Person{bo.Who}, ada, bo)
	writes := func(by conversations.Member) int64 {
		t.Helper()
		seq, err := c.Write(ctx, which, by, 1, []byte("sealed"))
		must(t, err)
		return seq
	}
	read := func(m conversations.Member, after int64) (kinds []conversations.Kind) {
		t.Helper()
		items, err := c.Items(ctx, which, m, after)
		must(t, err)
		for _, i := range items {
			kinds = append(kinds, i.Kind)
		}
		return kinds
	}
	first := writes(ada)
	writes(ada)
	bos := writes(bo)
	before, _, err := c.One(ctx, which, ada.Who)
	must(t, err)
	*now = now.Add(time.Hour)
	note, err := c.TakeBack(ctx, which, ada, first, 1, []byte("note"))
	must(t, err)
	same(t, note, bos+1)
	want := []conversations.Kind{conversations.Welcome, conversations.Text, conversations.Text, conversations.TookBack}
	same(t, read(bo, 0), want)
	items, err := c.Items(ctx, which, bo, bos)
	must(t, err)
	same(t, items, []conversations.Item{{Seq: note, Kind: conversations.TookBack, Epoch: 1, By: ada, Sealed: []byte("note"), At: *now}})
	after, _, err := c.One(ctx, which, ada.Who)
	must(t, err)
	same(t, after.Seq, note)
	same(t, after.Changed, before.Changed) // it is not newer by that

	// Of a message of somebody else's, of a change and of what there is not, nothing is
	// learned, and nothing goes.
	for _, other := range []int64{first, bos, 1, 4000} {
		if c.SetRead(ctx, which, ada, note) != nil || c.SetRead(ctx, which, bo, note) != nil {
			t.Fatal("not read")
		}
		note, err = c.TakeBack(ctx, which, ada, other, 1, []byte("note"))
		must(t, err)
	}
	same(t, read(ada, note-1), []conversations.Kind{conversations.TookBack})
	last := writes(bo)
	_, err = c.TakeBack(ctx, which, ada, last, 1, []byte("note"))
	must(t, err)
	same(t, read(ada, last-1), []conversations.Kind{conversations.Text, conversations.TookBack})

	// Of notes that somebody has not read there are no more than messages.
	_, err = c.TakeBack(ctx, which, ada, last, 1, []byte("note"))
	refused(t, err, conversations.ErrTaken)
	old := writes(ada)
	*now = now.Add(conversations.TakeBackFor)
	_, err = c.TakeBack(ctx, which, ada, old, 1, []byte("note"))
	must(t, err)
	old = writes(ada)
	*now = now.Add(conversations.TakeBackFor + time.Millisecond)
	_, err = c.TakeBack(ctx, which, ada, old, 1, []byte("note"))
	refused(t, err, conversations.ErrLate)
	_, err = c.TakeBack(ctx, which, ada, old, 2, []byte("note"))
	refused(t, err, conversations.ErrEpoch)
	_, err = c.TakeBack(ctx, which, conversations.Member{Who: ada.Who, Device: conversations.Device{77}}, old, 1, []byte("note"))
	refused(t, err, conversations.ErrDevice)
	_, err = c.TakeBack(ctx, which, cy, old, 1, []byte("note"))
	refused(t, err, conversations.ErrNone)
	for _, size := range []int{0, conversations.TextMax + 1} {
		_, err = c.TakeBack(ctx, which, ada, old, 1, make([]byte, size))
		refused(t, err, conversations.ErrSize)
	}
}

// While others read, and say how far they have come, each message is taken back once, and
// no number is given twice.
func takenBackWhileRead(t *testing.T, s Store) {
	ctx := t.Context()
	c, _, who := talkers(t, s)
	ada, bo := who[0], who[1]
	which := begins(t, c, true, []id.Person{bo.Who}, ada, bo)
	const many = 12
	var seqs []int64
	for range many {
		seq, err := c.Write(ctx, which, ada, 1, []byte("sealed"))
		must(t, err)
		seqs = append(seqs, seq)
	}
	var all sync.WaitGroup
	notes, errs := make([]int64, many), make([]error, 2*many)
	for i, seq := range seqs {
		all.Go(func() { notes[i], errs[i] = c.TakeBack(ctx, which, ada, seq, 1, []byte("note")) })
		all.Go(func() {
			if _, errs[many+i] = c.Items(ctx, which, bo, 0); errs[many+i] == nil {
				errs[many+i] = c.SetRead(ctx, which, bo, int64(i))
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		must(t, err)
	}
	slices.Sort(notes)
	for i, note := range notes {
		same(t, note, int64(many+2+i))
	}
	items, err := c.Items(ctx, which, bo, 1)
	must(t, err)
	same(t, len(items), many)
	for _, i := range items {
		same(t, i.Kind, conversations.TookBack)
	}
}
