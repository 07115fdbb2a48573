package courier

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/signal"
)

var (
	start = time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	agora = func() (name id.Room) { copy(name[:], "agora"); return name }()
)

// someone is in agora, and keeps what comes.
type someone struct {
	Seat
	member signal.Member
	got    []signal.Notice
}

func newcomer(name string) *someone {
	s := &someone{Seat: Seat{Room: agora, Session: id.New[id.Session]()}}
	copy(s.Who[:], name)
	copy(s.member[:], name)
	return s
}

func (s *someone) post(text []byte) {
	var n signal.Notice
	if err := json.Unmarshal(text, &n); err != nil {
		panic(err)
	}
	s.got = append(s.got, n)
}

func (s *someone) knock(t *testing.T, c *Courier, now time.Time, epoch uint32) (untended bool) {
	t.Helper()
	untended, err := c.Knock(now, s.Seat, signal.Knock{Member: s.member, Knock: []byte("knock of " + s.Who.String()), Epoch: epoch}, s.post)
	if err != nil {
		t.Fatal(err)
	}
	return untended
}

// read returns what has come to s since the last time, in words.
func (s *someone) read() string {
	var said []string
	for _, n := range s.got {
		switch {
		case n.Announce != nil:
			said = append(said, fmt.Sprintf("announce %d/%d %q of %d", n.Announce.Sequence, n.Announce.Epoch, n.Announce.Roster, len(n.Announce.Stage)))
		case n.Letter != nil:
			said = append(said, fmt.Sprintf("letter %s", n.Letter.Letter))
		case n.Untended != nil:
			said = append(said, "untended")
		case n.Knocks != nil:
			for _, k := range n.Knocks.Knocks {
				said = append(said, fmt.Sprintf("knock %s %d", strings.TrimRight(string(k.Member[:]), "\x00"), k.Epoch))
			}
			for _, g := range n.Knocks.Gone {
				said = append(said, fmt.Sprintf("gone %s %v", strings.TrimRight(string(g.Member[:]), "\x00"), g.Removed))
			}
		}
	}
	s.got = nil
	return strings.Join(said, ", ")
}

func letter(to signal.Member, text string) []byte {
	b := append(to[:], 0, 0)
	binary.BigEndian.PutUint16(b[8:], uint16(len(text)))
	return append(b, text...)
}

func expect(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func is(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestTheWay(t *testing.T) {
	var c Courier
	ada, bo, cy := newcomer("ada"), newcomer("bo"), newcomer("cy")
	is(t, "tending without a knock", func() error { _, err := c.Tend(ada.Seat); return err }(), ErrNoKnock)
	ada.knock(t, &c, start, 0)
	tended, err := c.Tend(ada.Seat)
	if err != nil || tended != (signal.Tended{}) {
		t.Fatalf("%+v, %v", tended, err)
	}
	expect(t, "who tends and has not asked", ada.read(), "")
	is(t, "more", c.More(ada.Seat), nil)
	expect(t, "who tends", ada.read(), "knock ada 0")

	// Until the steward asks for more, what comes is gathered.
	bo.knock(t, &c, start, 0)
	cy.knock(t, &c, start, 0)
	expect(t, "who has not asked for more", ada.read(), "")
	is(t, "more", c.More(ada.Seat), nil)
	expect(t, "who has", ada.read(), "knock bo 0, knock cy 0")

	is(t, "an announce", c.Announce(ada.Seat, signal.Announce{Sequence: 1, Epoch: 1, Announce: []byte("a"), Roster: []byte("r"), Stage: []id.Person{ada.Who}}), nil)
	is(t, "letters", c.Letters(ada.Seat, signal.Letters{Epoch: 1, Letters: slices.Concat(letter(bo.member, "to bo"), letter(signal.Member{9}, "to nobody"), letter(cy.member, "to cy"))}), nil)
	expect(t, "bo", bo.read(), `announce 1/1 "r" of 1, letter to bo`)
	expect(t, "cy", cy.read(), `announce 1/1 "r" of 1, letter to cy`)
	is(t, "another", c.Announce(ada.Seat, signal.Announce{Sequence: 2, Epoch: 1, Announce: []byte("b")}), nil)
	expect(t, "a roster that is as before", bo.read(), `announce 2/1 "" of 0`)

	// Who comes late is given the roster too.
	is(t, "more", c.More(ada.Seat), nil)
	di := newcomer("di")
	di.knock(t, &c, start, 0)
	expect(t, "di", di.read(), `announce 2/1 "r" of 1`)
	ada.read()
	is(t, "more", c.More(ada.Seat), nil)
	c.Leave(agora, di.Session, true)
	c.Leave(agora, di.Session, true)
	expect(t, "who has gone", ada.read(), "gone di true")

	// A new steward is sent all, and who has nothing first.
	ed := newcomer("ed")
	ed.knock(t, &c, start, 0)
	if tended, err = c.Tend(bo.Seat); err != nil || tended != (signal.Tended{Sequence: 2, Epoch: 1}) {
		t.Errorf("%+v, %v", tended, err)
	}
	is(t, "more", c.More(bo.Seat), nil)
	all := bo.read()
	if !strings.HasPrefix(all, "knock ada 0, knock ed 0, ") && !strings.HasPrefix(all, "knock ed 0, knock ada 0, ") || strings.Count(all, "knock") != 4 {
		t.Errorf("the new steward gets %s", all)
	}
	is(t, "the old one", c.Announce(ada.Seat, signal.Announce{Sequence: 3, Epoch: 2, Announce: []byte("x")}), ErrNotTending)
	is(t, "the old one", c.Letters(ada.Seat, signal.Letters{}), ErrNotTending)
	is(t, "the old one", c.More(ada.Seat), ErrNotTending)
}

func TestStale(t *testing.T) {
	var c Courier
	ada := newcomer("ada")
	ada.knock(t, &c, start, 0)
	if _, err := c.Tend(ada.Seat); err != nil {
		t.Fatal(err)
	}
	is(t, "no roster yet", c.Announce(ada.Seat, signal.Announce{Sequence: 1, Epoch: 1, Announce: []byte("a")}), ErrForm)
	first := signal.Announce{Sequence: 4, Epoch: 2, Announce: []byte("a"), Roster: []byte("r"), Stage: []id.Person{ada.Who}}
	is(t, "the first", c.Announce(ada.Seat, first), nil)
	ada.read()
	is(t, "the same number", c.Announce(ada.Seat, first), ErrStale)
	expect(t, "what is said instead", ada.read(), `announce 4/2 "r" of 1`)
	first.Sequence, first.Epoch = 5, 1
	is(t, "an older epoch", c.Announce(ada.Seat, first), ErrStale)
}

func TestUntended(t *testing.T) {
	var c Courier
	ada, bo, cy := newcomer("ada"), newcomer("bo"), newcomer("cy")
	for _, s := range []*someone{ada, bo, cy} {
		if s.knock(t, &c, start, 0) {
			t.Error("at the first knock")
		}
	}
	if _, err := c.Tend(ada.Seat); err != nil {
		t.Fatal(err)
	}
	if !cy.knock(t, &c, start.Add(time.Second), 0) {
		t.Error("who knocks again is not heard")
	}
	if bo.knock(t, &c, start.Add(time.Second), 0) {
		t.Error("the stage is told twice within half a second")
	}
	ada.read()
	c.Untended(agora, []id.Person{ada.Who, bo.Who})
	expect(t, "the steward", ada.read(), "")
	expect(t, "another on the stage", bo.read(), "untended")
	expect(t, "a listener", cy.read(), "")

	// Who has been answered, and comes back, is no reason to.
	is(t, "letters", c.Letters(ada.Seat, signal.Letters{Epoch: 1, Letters: letter(cy.member, "x")}), nil)
	if cy.knock(t, &c, start.Add(time.Minute), 1) {
		t.Error("after a letter")
	}

	c.StepDown(agora, ada.Who)
	is(t, "a steward who is not on the stage", c.More(ada.Seat), ErrNotTending)
	if _, err := c.Tend(bo.Seat); err != nil {
		t.Fatal(err)
	}
	c.Leave(agora, bo.Session, false)
	is(t, "a steward who is not there", c.More(bo.Seat), ErrNotTending)
}

// Who has lost the connection comes back under the same member; nobody else
// may go by it.
func TestMember(t *testing.T) {
	var c Courier
	ada, bo := newcomer("ada"), newcomer("bo")
	ada.knock(t, &c, start, 0)
	bo.knock(t, &c, start, 0)
	if _, err := c.Tend(ada.Seat); err != nil {
		t.Fatal(err)
	}
	bo.member = ada.member
	_, err := c.Knock(start, bo.Seat, signal.Knock{Member: bo.member}, bo.post)
	is(t, "another's member", err, ErrMember)
	old := ada.Session
	ada.Session = id.New[id.Session]()
	ada.knock(t, &c, start, 1)
	is(t, "the session before", c.More(Seat{agora, ada.Who, old}), ErrNotTending)
	if _, err := c.Tend(ada.Seat); err != nil {
		t.Error(err)
	}
	c.Leave(agora, old, false)
	is(t, "after the session before is gone", c.More(ada.Seat), nil)
}

func TestCutShort(t *testing.T) {
	var c Courier
	ada := newcomer("ada")
	ada.knock(t, &c, start, 0)
	if _, err := c.Tend(ada.Seat); err != nil {
		t.Fatal(err)
	}
	whole := letter(ada.member, "hello")
	for n := 1; n < len(whole); n++ {
		is(t, fmt.Sprint(n, " bytes"), c.Letters(ada.Seat, signal.Letters{Epoch: 1, Letters: whole[:n]}), ErrForm)
	}
	is(t, "nothing", c.Letters(ada.Seat, signal.Letters{Epoch: 1}), nil)
}

// A notice with many knocks stays below what a connection may have waiting.
func TestParts(t *testing.T) {
	var c Courier
	ada := newcomer("ada")
	ada.knock(t, &c, start, 0)
	for n := range 500 {
		s := newcomer(fmt.Sprint("g", n))
		if _, err := c.Knock(start, s.Seat, signal.Knock{Member: s.member, Knock: make([]byte, 235)}, s.post); err != nil {
			t.Fatal(err)
		}
	}
	longest, knocks := 0, 0
	ada.knock(t, &c, start, 0)
	if _, err := c.Knock(start, ada.Seat, signal.Knock{Member: ada.member}, func(text []byte) {
		longest = max(longest, len(text))
		knocks += strings.Count(string(text), `"who"`)
	}); err != nil {
		t.Fatal(err)
	}
	_, err := c.Tend(ada.Seat)
	for range 10 {
		if err == nil {
			err = c.More(ada.Seat)
		}
	}
	if err != nil || knocks != 501 || longest > 64<<10 {
		t.Errorf("%d knocks, at most %d bytes: %v", knocks, longest, err)
	}
}

// Whatever is done in whatever order: nothing is kept of who has gone, and the
// steward comes to know exactly who is there.
func TestRandomHistories(t *testing.T) {
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		var c Courier
		crowd := make([]*someone, 8)
		in := make([]bool, len(crowd))
		for i := range crowd {
			crowd[i] = newcomer(fmt.Sprint("p", i))
		}
		for range 200 {
			i := rnd.IntN(len(crowd))
			s := crowd[i]
			switch rnd.IntN(6) {
			case 0, 1:
				s.knock(t, &c, start, rnd.Uint32N(3))
				in[i] = true
			case 2:
				c.Leave(agora, s.Session, rnd.IntN(2) == 0)
				in[i] = false
			case 3:
				_, _ = c.Tend(s.Seat)
			case 4:
				_ = c.More(s.Seat)
			case 5:
				_ = c.Letters(s.Seat, signal.Letters{Epoch: 1, Letters: letter(crowd[rnd.IntN(len(crowd))].member, "x")})
			}
		}
		i := slices.Index(in, true)
		if i < 0 {
			if len(c.circles) != 0 {
				t.Fatalf("seed %d: something is kept of a room without anybody", seed)
			}
			continue
		}
		steward := crowd[i]
		steward.read()
		if _, err := c.Tend(steward.Seat); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		there := 0
		for _, is := range in {
			if is {
				there++
			}
		}
		_ = c.More(steward.Seat)
		got := steward.read()
		if strings.Count(got, "knock") != there || strings.Contains(got, "gone") {
			t.Fatalf("seed %d: %d are there, and the steward is told %s", seed, there, got)
		}
		for j, s := range crowd {
			if j != i {
				c.Leave(agora, s.Session, false)
			}
		}
		_ = c.More(steward.Seat)
		if got := steward.read(); strings.Count(got, "gone") != there-1 {
			t.Fatalf("seed %d: %d have gone, and the steward is told %s", seed, there-1, got)
		}
		c.Leave(agora, steward.Session, false)
		if len(c.circles) != 0 {
			t.Fatalf("seed %d: something is kept of a room without anybody", seed)
		}
	}
}
