package room

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/topic"
)

// Why a command may be refused. The api package turns these into answers.
var (
	// ErrNoRoom means that there is no such room for this person: it never
	// was, it has ended, or they may not know of it. Nobody is told which.
	ErrNoRoom = errors.New("no such room")
	// ErrNotHere means that the seat is not, or no longer, theirs.
	ErrNotHere = errors.New("not in the room")
	// ErrNoPerson means that whom the command is about is not in the room.
	ErrNoPerson = errors.New("no such person in the room")
	// ErrNotModerator means that only a moderator may do this.
	ErrNotModerator = errors.New("only a moderator may do this")
	// ErrSenior means that a moderator may not do this to one who has
	// moderated for longer.
	ErrSenior = errors.New("they have moderated for longer")
	// ErrNotOnStage means that only somebody on the stage may do this.
	ErrNotOnStage = errors.New("not on the stage")
	// ErrOnStage means that this is for listeners.
	ErrOnStage = errors.New("already on the stage")
	// ErrHands means that the hand policy does not allow it.
	ErrHands = errors.New("hands are not open to them")
	// ErrHandsFull means that as many hands are up as can be shown.
	ErrHandsFull = errors.New("as many hands are up as can be shown")
	// ErrShielded means that nobody whose account is new does this for now.
	ErrShielded = errors.New("new accounts are kept out for now")
	// ErrNotAsked means that there is no invitation to the stage, or no more.
	ErrNotAsked = errors.New("not invited to the stage")
	// ErrStageFull means that nobody else fits on the stage.
	ErrStageFull = errors.New("the stage is full")
	// ErrMicrophonesFull means that as many microphones are open as can be heard.
	ErrMicrophonesFull = errors.New("as many microphones are open as can be heard")
	// ErrFull means that nobody else fits into the room.
	ErrFull = errors.New("the room is full")
	// ErrNarrower means that a room cannot get narrower.
	ErrNarrower = errors.New("a room cannot get narrower while it runs")
	// ErrNoClub means that a room that is of no club cannot be for its members.
	ErrNoClub = errors.New("the room is of no club")
	// ErrNowhere means that a fence leaves no place at all.
	ErrNowhere = errors.New("a fence around nothing")
	// ErrChat means that the chat policy does not allow it.
	ErrChat = errors.New("the chat is not open to them")
	// ErrPinsFull means that as many links are up as may be.
	ErrPinsFull = errors.New("as many links are up as may be")
	// ErrLink means that a link is not https, names a user, or is too long.
	ErrLink = errors.New("not a link that can be shown to all")
	// ErrPollOpen means that a question is asked already.
	ErrPollOpen = errors.New("there is a poll already")
	// ErrNoPoll means that no such question is asked, or none any more.
	ErrNoPoll = errors.New("no such poll is open")
	// ErrPollFull means that as many have voted as are counted.
	ErrPollFull = errors.New("as many have voted as are counted")
	// ErrText means that a name or title is too long or not one line of text,
	// or that a word is none that the rules know.
	ErrText = errors.New("too long, or not text")
)

// Decide returns the events that would follow from c at the time now, or why
// it is refused. No events and no error means that all is already so. It
// changes nothing; the events of one command are to be applied together.
func (r *Room) Decide(now time.Time, c Command) ([]Event, error) {
	// Events carry times in UTC and as fine as a browser reads them, so that
	// a time is the same before and after it has been written down.
	now = now.UTC().Truncate(time.Millisecond)
	if _, opening := c.(OpenRoom); !opening && (r.seq == 0 || r.ended) {
		return nil, ErrNoRoom
	}
	switch c := c.(type) {
	case OpenRoom:
		return r.open(now, c)
	case Enter:
		return r.enter(c)
	case Disconnect:
		if _, err := r.seat(c.By); err != nil {
			return nil, err
		}
		return []Event{WentAway{c.By.Who, now.Add(SeatHold)}}, nil
	case Leave:
		if _, err := r.seat(c.By); err != nil {
			return nil, err
		}
		return r.depart(c.By.Who, LeftQuietly), nil

	case RaiseHand:
		return r.raiseHand(c)
	case LowerHand:
		return r.lowerHand(c)
	case SetHands:
		if err := r.chair(c.By); err != nil || r.hands == c.Policy {
			return nil, err
		}
		if c.Policy > HandsEveryone {
			return nil, ErrText
		}
		return []Event{HandsSet{c.Policy}}, nil

	case Prove:
		if err := r.chair(c.By); err != nil || r.proven == c.Proven {
			return nil, err
		}
		return []Event{ProofSet{c.Proven}}, nil

	case Describe:
		if err := r.chair(c.By); err != nil {
			return nil, err
		}
		if !isAbout(c.Title, c.Language, c.Topics) {
			return nil, ErrText
		}
		if c.Title == r.title && c.Language == r.language && slices.Equal(c.Topics, r.topics) {
			return nil, nil
		}
		return []Event{Described{c.Title, c.Language, c.Topics}}, nil

	case SetShield:
		if err := r.chair(c.By); err != nil || r.shield == c.On {
			return nil, err
		}
		return []Event{Shielded{c.On}}, nil

	case SetChat:
		if err := r.chair(c.By); err != nil || r.chat == c.Policy {
			return nil, err
		}
		if c.Policy > ChatEveryone {
			return nil, ErrText
		}
		return []Event{ChatSet{c.Policy}}, nil
	case Pin:
		return r.pin(c)
	case Unpin:
		if err := r.chair(c.By); err != nil || !r.isPinned(c.Pin) {
			return nil, err
		}
		return []Event{Unpinned{c.Pin}}, nil
	case OpenPoll:
		return r.openPoll(c)
	case Vote:
		return r.vote(c)
	case ClosePoll:
		if err := r.chair(c.By); err != nil {
			return nil, err
		}
		if r.poll == nil || r.poll.Poll != c.Poll {
			return nil, ErrNoPoll
		}
		if !r.poll.Open() {
			return nil, nil
		}
		return []Event{PollClosed{c.Poll, slices.Clone(r.poll.now)}}, nil

	case AskUp:
		return r.askUp(now, c)
	case StepUp:
		return r.stepUp(now, c)
	case Decline:
		p, err := r.seat(c.By)
		if err != nil || p.AskedUntil.IsZero() {
			return nil, err
		}
		return []Event{AskOver{p.Who, AskDeclined}}, nil
	case StepDown:
		p, err := r.seat(c.By)
		if err != nil || p.Role < Speaker {
			return nil, err
		}
		return r.succeed(p, SteppedDown{p.Who, p.Who}), nil

	case Mute:
		return r.mute(c)
	case Unmute:
		p, err := r.seat(c.By)
		switch {
		case err != nil:
			return nil, err
		case p.Role < Speaker:
			return nil, ErrNotOnStage
		case !p.Muted:
			return nil, nil
		case r.visibility == Closed && r.onAir() >= OpenMax:
			return nil, ErrMicrophonesFull
		}
		return []Event{Unmuted{p.Who}}, nil

	case MoveDown:
		p, err := r.junior(c.By, c.Who)
		if err != nil || p.Role < Speaker {
			return nil, err
		}
		return r.succeed(p, SteppedDown{p.Who, c.By.Who}), nil
	case MakeModerator:
		return r.makeModerator(c)
	case Remove:
		if _, err := r.junior(c.By, c.Who); err != nil {
			return nil, err
		}
		if len(r.removed) >= RemovedMax {
			return nil, ErrFull
		}
		return r.depart(c.Who, LeftRemoved), nil
	case LetIn:
		return r.letIn(c)
	case Widen:
		if err := r.chair(c.By); err != nil || c.To == r.visibility {
			return nil, err
		}
		if !c.To.isWider(r.visibility) {
			return nil, ErrNarrower
		}
		if c.To == Members && r.club.ID.IsZero() {
			return nil, ErrNoClub
		}
		return []Event{Widened{c.To}}, nil
	case SetFence:
		if err := r.chair(c.By); err != nil || c.To == r.Fence() {
			return nil, err
		}
		if c.To.IsNowhere() {
			return nil, ErrNowhere
		}
		return []Event{Fenced{c.By.Who, c.To}}, nil
	case End:
		if err := r.chair(c.By); err != nil {
			return nil, err
		}
		return []Event{Ended{EndedByModerator}}, nil

	case Close:
		return []Event{Ended{EndedByHouse}}, nil
	case PutOut:
		if r.here[c.Who] == nil {
			return nil, nil
		}
		return r.depart(c.Who, LeftQuietly), nil
	case Regroup:
		return r.regroup(c), nil
	case Expire:
		return r.expire(now), nil
	case Recover:
		var events []Event
		for _, p := range r.order {
			if !p.Away() {
				events = append(events, WentAway{p.Who, now.Add(SeatHold)})
			}
		}
		return events, nil
	}
	panic("room: unknown command")
}

func (r *Room) open(now time.Time, c OpenRoom) ([]Event, error) {
	if r.seq != 0 {
		return nil, ErrNoRoom
	}
	if !isAbout(c.Title, c.Language, c.Topics) || !isText(c.Name, NameMax) || !isVersion(c.Picture) || c.Visibility > Open || !isText(c.Club.Name, NameMax) {
		return nil, ErrText
	}
	if c.Club.ID.IsZero() && (c.Visibility == Members || c.Club.Name != "") {
		return nil, ErrNoClub
	}
	hold := OpenHold
	switch {
	case len(c.Hosts) > HostsMax:
		return nil, ErrFull
	case len(c.Hosts) > 0:
		hold = HostsHold
	}
	return []Event{Opened{c.By, c.Name, c.Title, c.Visibility, now, now.Add(hold), c.Fence, c.Picture, c.Club, c.Hosts, c.Language, c.Topics}}, nil
}

// isVersion reports whether s is the version of a picture, or none.
func isVersion(s string) bool {
	return s == "" || len(s) == 16 && strings.Trim(s, "0123456789abcdef") == ""
}

// isAbout reports whether a room can be about this.
func isAbout(title, language string, topics []string) bool {
	return isText(title, TitleMax) && isLanguage(language) && topic.Fit(topics, topic.OfRoom)
}

// isLanguage reports whether s has the letters of a language tag, or is none. Which
// languages there are is known elsewhere.
func isLanguage(s string) bool {
	return len(s) <= 35 && strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

func (r *Room) enter(c Enter) ([]Event, error) {
	moderated := slices.ContainsFunc(c.FollowedBy, func(by id.Person) bool { return r.Role(by) == Moderator })
	if !r.MayEnter(c.Who, moderated, c.InClub) {
		return nil, ErrNoRoom
	}
	// Who is inside already is put out by nobody's block.
	if r.here[c.Who] == nil && slices.Contains(c.BlockedBy, r.Host()) {
		return nil, ErrNoRoom
	}
	if c.Session.IsZero() {
		return nil, ErrNotHere // nobody could ever give such a seat up
	}
	if p := r.here[c.Who]; p != nil {
		// After a restart nobody knows who held the seat; a device that names
		// no session before this one did not.
		otherDevice := c.Previous.IsZero() || !p.last.IsZero() && p.last != c.Previous
		if !otherDevice {
			return []Event{Returned{c.Who, c.Session, c.Previous}}, nil
		}
		events := []Event{Returned{Who: c.Who, Session: c.Session}}
		if !p.Muted {
			events = append(events, Muted{c.Who, c.Who}) // a new device starts muted
		}
		return events, nil
	}
	followed := slices.ContainsFunc(c.FollowedBy, func(by id.Person) bool { return r.Role(by) >= Speaker })
	if r.kept(c.Who, c.Fresh, followed) {
		return nil, ErrShielded
	}
	if !isText(c.Name, NameMax) || !isVersion(c.Picture) {
		return nil, ErrText
	}
	if len(r.here) >= ParticipantsMax {
		return nil, ErrFull
	}
	events := []Event{Entered{c.Who, c.Name, followed, c.Session, c.Picture, c.Fresh}}
	if r.hosts[c.Who] && len(r.stage) < StageMax {
		events = append(events, SteppedUp{c.Who}, MadeModerator{c.Who})
	}
	return events, nil
}

func (r *Room) raiseHand(c RaiseHand) ([]Event, error) {
	p, err := r.seat(c.By)
	switch {
	case err != nil:
		return nil, err
	case p.Role >= Speaker:
		return nil, ErrOnStage
	case r.quiet(p):
		return nil, ErrShielded
	case !r.mayRaise(p):
		return nil, ErrHands
	case p.Hand != 0:
		return nil, nil
	case r.raised >= HandsMax:
		return nil, ErrHandsFull
	}
	return []Event{HandRaised{p.Who}}, nil
}

// kept reports whether the shield is there for who: an account is new, and they
// are neither let in, nor a host, nor followed by somebody on the stage.
func (r *Room) kept(who id.Person, fresh, followed bool) bool {
	return r.shield && fresh && !followed && !r.invited[who] && !r.hosts[who]
}

// quiet reports whether the shield has p, who is inside, be quiet.
func (r *Room) quiet(p *Participant) bool {
	return p.Role < Speaker && r.kept(p.Who, p.Fresh, p.Followed)
}

// mayRaise reports whether the hand policy lets p raise a hand.
func (r *Room) mayRaise(p *Participant) bool {
	return r.hands == HandsEveryone || r.hands == HandsFollowed && p.Followed
}

func (r *Room) lowerHand(c LowerHand) ([]Event, error) {
	if c.By.Who != c.Who {
		if err := r.chair(c.By); err != nil {
			return nil, err
		}
	} else if _, err := r.seat(c.By); err != nil {
		return nil, err
	}
	p := r.here[c.Who]
	switch {
	case p == nil:
		return nil, ErrNoPerson
	case p.Hand == 0:
		return nil, nil
	}
	return []Event{HandLowered{p.Who}}, nil
}

func (r *Room) askUp(now time.Time, c AskUp) ([]Event, error) {
	if err := r.chair(c.By); err != nil {
		return nil, err
	}
	p := r.here[c.Who]
	switch {
	case p == nil:
		return nil, ErrNoPerson
	case p.Role >= Speaker:
		return nil, ErrOnStage
	case len(r.stage) >= StageMax:
		return nil, ErrStageFull
	case now.Before(p.AskedUntil):
		return nil, nil
	}
	return []Event{AskedUp{p.Who, c.By.Who, now.Add(AskExpiry)}}, nil
}

func (r *Room) stepUp(now time.Time, c StepUp) ([]Event, error) {
	p, err := r.seat(c.By)
	switch {
	case err != nil:
		return nil, err
	case p.Role >= Speaker:
		return nil, nil
	case !now.Before(p.AskedUntil):
		return nil, ErrNotAsked
	case len(r.stage) >= StageMax:
		return nil, ErrStageFull
	}
	return []Event{SteppedUp{p.Who}}, nil
}

func (r *Room) mute(c Mute) ([]Event, error) {
	if c.By.Who != c.Who {
		if err := r.chair(c.By); err != nil {
			return nil, err
		}
	} else if _, err := r.seat(c.By); err != nil {
		return nil, err
	}
	p := r.here[c.Who]
	switch {
	case p == nil:
		return nil, ErrNoPerson
	case p.Role < Speaker:
		return nil, ErrNotOnStage
	case p.Muted:
		return nil, nil
	}
	return []Event{Muted{p.Who, c.By.Who}}, nil
}

func (r *Room) makeModerator(c MakeModerator) ([]Event, error) {
	if err := r.chair(c.By); err != nil {
		return nil, err
	}
	p := r.here[c.Who]
	switch {
	case p == nil:
		return nil, ErrNoPerson
	case p.Role < Speaker:
		return nil, ErrNotOnStage
	case p.Role == Moderator:
		return nil, nil
	}
	return []Event{MadeModerator{p.Who}}, nil
}

func (r *Room) letIn(c LetIn) ([]Event, error) {
	switch err := r.chair(c.By); {
	case err != nil:
		return nil, err
	case c.Who.IsZero():
		return nil, ErrNoPerson
	case r.here[c.Who] != nil, r.invited[c.Who]:
		return nil, nil
	case len(r.invited) >= InvitedMax:
		return nil, ErrFull
	}
	return []Event{LetInto{c.Who}}, nil
}

func (r *Room) regroup(c Regroup) []Event {
	followed := make(map[id.Person]bool, len(c.Followed))
	for _, who := range c.Followed {
		followed[who] = true
	}
	var e Regrouped
	for _, p := range r.order {
		switch {
		case followed[p.Who] && !p.Followed:
			e.Followed = append(e.Followed, p.Who)
		case !followed[p.Who] && p.Followed:
			e.Unfollowed = append(e.Unfollowed, p.Who)
		}
	}
	if e.Followed == nil && e.Unfollowed == nil {
		return nil
	}
	return []Event{e}
}

// expire gives up what is over. When a departure leads to a succession or to
// the end, it stops there; the next Expire goes on from the room as it is then.
func (r *Room) expire(now time.Time) []Event {
	if next := r.Next(); next.IsZero() || now.Before(next) {
		return nil
	}
	var events []Event
	var lost []*Participant
	for who := range r.waiting {
		p := r.here[who]
		switch {
		case p.Away() && !now.Before(p.AwayUntil):
			lost = append(lost, p)
		case !p.AskedUntil.IsZero() && !now.Before(p.AskedUntil):
			events = append(events, AskOver{who, AskExpired})
		}
	}
	slices.SortFunc(events, func(a, b Event) int {
		return cmp.Compare(r.here[a.(AskOver).Who].Entered, r.here[b.(AskOver).Who].Entered)
	})
	// Listeners first: they change nothing for the others.
	slices.SortFunc(lost, func(a, b *Participant) int {
		if a.Role != b.Role {
			return cmp.Compare(a.Role, b.Role)
		}
		return cmp.Compare(a.Entered, b.Entered)
	})
	for _, p := range lost {
		events = append(events, r.depart(p.Who, LeftLost)...)
		if p.Role >= Speaker {
			break
		}
	}
	return events
}

// depart returns what follows when who goes.
func (r *Room) depart(who id.Person, why LeftReason) []Event {
	return r.succeed(r.here[who], Left{who, why})
}

// succeed returns first, by which p leaves the stage or the room, and what
// follows from it: when the last moderator goes, the longest-standing speaker
// moderates; with no speaker left the room ends.
func (r *Room) succeed(p *Participant, first Event) []Event {
	events := []Event{first}
	if p.Role != Moderator || r.chairs > 1 {
		return events
	}
	for _, s := range r.stage {
		if s != p {
			return append(events, MadeModerator{s.Who})
		}
	}
	return append(events, Ended{EndedEmptyStage})
}

// seat returns the participant that s speaks for.
func (r *Room) seat(s Seat) (*Participant, error) {
	p := r.here[s.Who]
	if p == nil || p.Session != s.Session || s.Session.IsZero() {
		return nil, ErrNotHere
	}
	return p, nil
}

// chair returns nil if s moderates.
func (r *Room) chair(s Seat) error {
	p, err := r.seat(s)
	if err == nil && p.Role != Moderator {
		err = ErrNotModerator
	}
	return err
}

// junior returns who's place if s may send them away: s moderates, and who
// does not, or does so for less long than s.
func (r *Room) junior(s Seat, who id.Person) (*Participant, error) {
	if err := r.chair(s); err != nil {
		return nil, err
	}
	p := r.here[who]
	switch {
	case p == nil:
		return nil, ErrNoPerson
	case p.Role == Moderator && p.Chair <= r.here[s.Who].Chair:
		return nil, ErrSenior
	}
	return p, nil
}

// isText reports whether s is text of at most limit characters in one line.
func isText(s string, limit int) bool {
	if !utf8.ValidString(s) || utf8.RuneCountInString(s) > limit {
		return false
	}
	for _, c := range s {
		if unicode.IsControl(c) || c == '\u2028' || c == '\u2029' {
			return false
		}
	}
	return true
}
