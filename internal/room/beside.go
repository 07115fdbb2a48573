package room

import (
	"cmp"
	"net/url"
	"slices"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
)

// What happens in a room beside the voices: links that are up, a poll, who may
// write, and whose turn it is to speak. What is written is sealed, and passes
// the node without being anything here (docs/protocol/keys.md, "Words").

// A Pinning is a link that is up. It goes by the number of the event that put
// it there.
type Pinning struct {
	Pin  uint64    `json:"pin"`
	By   id.Person `json:"by"`
	URL  string    `json:"url"`
	Text string    `json:"text"`
}

// A Poll is a question to everybody, by the number of the event that asked it.
// Counts says how many have chosen each option, once it is closed.
type Poll struct {
	Poll     uint64    `json:"poll"`
	By       id.Person `json:"by"`
	Question string    `json:"question"`
	Options  []string  `json:"options"`
	Counts   []int     `json:"counts,omitempty"`

	now []int // how many have chosen each, while it is open
}

// Open reports whether it can be voted in. No poll is not open.
func (p *Poll) Open() bool { return p != nil && p.Counts == nil }

func (p *Poll) clone() *Poll {
	if p == nil {
		return nil
	}
	c := *p
	c.now = slices.Clone(p.now)
	return &c
}

// shown is what watchers keep of p.
func (p *Poll) shown() *Poll {
	if p == nil {
		return nil
	}
	c := *p
	c.now = nil
	return &c
}

// Tally returns how many have chosen each option of the open poll, and whether
// there is one.
func (r *Room) Tally() (poll uint64, counts []int, open bool) {
	if !r.poll.Open() {
		return 0, nil, false
	}
	return r.poll.Poll, slices.Clone(r.poll.now), true
}

// Choice returns what who has chosen in the open poll.
func (r *Room) Choice(who id.Person) (option int, voted bool) {
	option, voted = r.votes[who]
	return option, voted
}

// Sits returns the participant who has the seat, or why there is none. The
// caller must not change it.
func (r *Room) Sits(s Seat) (*Participant, error) {
	if r.seq == 0 || r.ended {
		return nil, ErrNoRoom
	}
	return r.seat(s)
}

// MayWrite returns nil if the seat may write now, or why not.
func (r *Room) MayWrite(s Seat) error {
	p, err := r.Sits(s)
	switch {
	case err != nil:
		return err
	case r.quiet(p):
		return ErrShielded
	case r.chat == ChatOff, r.chat == ChatStage && p.Role < Speaker:
		return ErrChat
	}
	return nil
}

// MayReact returns nil if the seat may react now, or why not.
func (r *Room) MayReact(s Seat) error {
	p, err := r.Sits(s)
	if err == nil && r.quiet(p) {
		err = ErrShielded
	}
	return err
}

// Hands returns who has a hand up, in the order in which they went up.
func (r *Room) Hands() []*Participant {
	if r.raised == 0 {
		return nil
	}
	var up []*Participant
	for _, p := range r.order {
		if p.Hand != 0 {
			up = append(up, p)
		}
	}
	slices.SortFunc(up, func(a, b *Participant) int { return cmp.Compare(a.Hand, b.Hand) })
	return up
}

// Queue returns who has a hand up in the order in which it is fair to ask them
// up: whoever has been heard the least is first, and of those who were heard
// alike whose hand went up first.
func (r *Room) Queue(heard map[id.Person]time.Duration) []*Participant {
	queue := r.Hands()
	slices.SortStableFunc(queue, func(a, b *Participant) int {
		return cmp.Compare(heard[a.Who]/time.Second, heard[b.Who]/time.Second)
	})
	return queue
}

func (r *Room) pin(c Pin) ([]Event, error) {
	if err := r.chair(c.By); err != nil {
		return nil, err
	}
	switch {
	case !isLink(c.URL):
		return nil, ErrLink
	case !isText(c.Text, PinTextMax):
		return nil, ErrText
	case slices.ContainsFunc(r.pins, func(p Pinning) bool { return p.URL == c.URL && p.Text == c.Text }):
		return nil, nil
	case len(r.pins) >= PinsMax:
		return nil, ErrPinsFull
	}
	return []Event{Pinned{c.By.Who, c.URL, c.Text}}, nil
}

func (r *Room) isPinned(pin uint64) bool {
	return slices.ContainsFunc(r.pins, func(p Pinning) bool { return p.Pin == pin })
}

// without returns pins but for one, and changes nothing: views have them too.
func without(pins []Pinning, pin uint64) (rest []Pinning) {
	for _, p := range pins {
		if p.Pin != pin {
			rest = append(rest, p)
		}
	}
	return rest
}

// isLink reports whether s is a link that says where it leads: https, with a
// host, and without a user that could be taken for one. It is as browsers write
// it: names of hosts in the letters that hosts have.
func isLink(s string) bool {
	if len(s) > URLMax {
		return false
	}
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f || c == '\\' {
			return false
		}
	}
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "https" && u.Hostname() != "" && u.User == nil && u.Opaque == ""
}

func (r *Room) openPoll(c OpenPoll) ([]Event, error) {
	if err := r.chair(c.By); err != nil {
		return nil, err
	}
	if r.poll.Open() {
		return nil, ErrPollOpen
	}
	if c.Question == "" || !isText(c.Question, QuestionMax) || len(c.Options) < OptionsMin || len(c.Options) > OptionsMax {
		return nil, ErrText
	}
	for i, o := range c.Options {
		if o == "" || !isText(o, OptionMax) || slices.Contains(c.Options[:i], o) {
			return nil, ErrText
		}
	}
	return []Event{PollOpened{c.By.Who, c.Question, slices.Clone(c.Options)}}, nil
}

func (r *Room) vote(c Vote) ([]Event, error) {
	p, err := r.seat(c.By)
	if err != nil {
		return nil, err
	}
	if !r.poll.Open() || r.poll.Poll != c.Poll || c.Option < 0 || c.Option >= len(r.poll.Options) {
		return nil, ErrNoPoll
	}
	before, voted := r.votes[p.Who]
	switch {
	case voted && before == c.Option:
		return nil, nil
	case !voted && len(r.votes) >= VotersMax:
		return nil, ErrPollFull
	}
	return []Event{Voted{p.Who, c.Poll, c.Option}}, nil
}

// cast counts a vote, in the place of the one before.
func (r *Room) cast(e Voted) {
	if r.ended || !r.poll.Open() || r.poll.Poll != e.Poll || e.Option < 0 || e.Option >= len(r.poll.now) {
		return
	}
	if before, voted := r.votes[e.Who]; voted {
		r.poll.now[before]--
	}
	r.votes[e.Who] = e.Option
	r.poll.now[e.Option]++
}

// closePoll forgets who has voted for what.
func (r *Room) closePoll(e PollClosed) {
	if !r.poll.Open() || r.poll.Poll != e.Poll {
		return
	}
	p := r.poll.shown()
	if p.Counts = slices.Clone(e.Counts); len(p.Counts) != len(p.Options) {
		p.Counts = slices.Clone(r.poll.now)
	}
	r.poll, r.votes = p, nil
}

// A vote is the stored form of one.
type vote struct {
	Who    id.Person `json:"who"`
	Option int       `json:"option"`
}

// ballot returns the votes in their stored form.
func (r *Room) ballot() []vote {
	all := make([]vote, 0, len(r.votes))
	for who, option := range r.votes {
		all = append(all, vote{who, option})
	}
	slices.SortFunc(all, func(a, b vote) int { return slices.Compare(a.Who[:], b.Who[:]) })
	return all
}

// count reads votes in a poll, and reports whether they can be so.
func count(p *Poll, all []vote) (votes map[id.Person]int, ok bool) {
	if p != nil && (len(p.Options) == 0 || p.Counts != nil && len(p.Counts) != len(p.Options)) {
		return nil, false
	}
	if !p.Open() {
		return nil, len(all) == 0
	}
	p.now, votes = make([]int, len(p.Options)), make(map[id.Person]int, len(all))
	for _, v := range all {
		if _, twice := votes[v.Who]; twice || v.Option < 0 || v.Option >= len(p.Options) {
			return nil, false
		}
		votes[v.Who] = v.Option
		p.now[v.Option]++
	}
	return votes, true
}
