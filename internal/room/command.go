package room

import (
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/region"
)

// A Seat is a person on the connection that speaks for them. A command from a
// connection that has lost its seat, say to another device, is refused.
type Seat struct {
	Who     id.Person
	Session id.Session
}

// A Command is what is asked of a room.
//
//sumtype:decl
type Command interface{ command() }

type (
	// OpenRoom asks for a new room with By as its moderator. By's seat is
	// held until they come in. Hands is everyone's to raise at first.
	OpenRoom struct {
		By         id.Person
		Name       string
		Title      string
		Visibility Visibility
		Fence      region.Fence // where its voices may be; zero: anywhere
		Picture    string       // the version of By's picture, or none
		Club       Club         // that it is of, or none
		Language   string       // in which one speaks (BCP 47), or none
		Topics     []string     // of package topic, or none
		// Hosts are those of a planned room, By among them: each moderates when they
		// come in, and By's seat is held for longer.
		Hosts []id.Person
	}
	// Enter asks to come in, or to take over the seat from another
	// connection. Previous is the session by which the same device held the
	// seat before, if it did: then an open microphone stays open. FollowedBy
	// are the people on the stage who follow Who, BlockedBy those who have blocked
	// them, InClub says whether Who is in the room's club, and Fresh that their account
	// is new.
	Enter struct {
		Who        id.Person
		Name       string
		Session    id.Session
		Previous   id.Session
		FollowedBy []id.Person
		BlockedBy  []id.Person
		InClub     bool
		Fresh      bool
		Picture    string // the version of their picture, or none
	}
	// Disconnect reports that the connection of a seat is lost.
	Disconnect struct{ By Seat }
	// Leave asks to go.
	Leave struct{ By Seat }

	// RaiseHand asks to be heard.
	RaiseHand struct{ By Seat }
	// LowerHand takes a hand down: one's own, or as a moderator anybody's.
	LowerHand struct {
		By  Seat
		Who id.Person
	}
	// SetHands says who may raise a hand.
	SetHands struct {
		By     Seat
		Policy HandPolicy
	}

	// Prove says whether listeners are to play only what is proven to be its
	// speaker's, a little later, or everything at once.
	Prove struct {
		By     Seat
		Proven bool
	}

	// Describe says anew what the room is about.
	Describe struct {
		By       Seat
		Title    string
		Language string   // in which one speaks (BCP 47), or none
		Topics   []string // of package topic, or none
	}

	// SetShield keeps those out for now whose accounts are new, and quiet who is
	// inside, or does so no more.
	SetShield struct {
		By Seat
		On bool
	}

	// SetChat says who may write.
	SetChat struct {
		By     Seat
		Policy ChatPolicy
	}
	// Pin puts a link up for all to see.
	Pin struct {
		By   Seat
		URL  string
		Text string
	}
	// Unpin takes it down. Pin is the number of the event that put it up.
	Unpin struct {
		By  Seat
		Pin uint64
	}
	// OpenPoll asks everybody a question.
	OpenPoll struct {
		By       Seat
		Question string
		Options  []string
	}
	// Vote answers it, or answers it otherwise. Poll is the number of the event
	// that opened it, Option counts from 0.
	Vote struct {
		By     Seat
		Poll   uint64
		Option int
	}
	// ClosePoll ends the answering.
	ClosePoll struct {
		By   Seat
		Poll uint64
	}

	// AskUp invites a listener to the stage.
	AskUp struct {
		By  Seat
		Who id.Person
	}
	// StepUp accepts an invitation to the stage.
	StepUp struct{ By Seat }
	// Decline turns an invitation to the stage down.
	Decline struct{ By Seat }
	// StepDown leaves the stage for the audience.
	StepDown struct{ By Seat }

	// Mute closes a microphone: one's own, or as a moderator anybody's.
	Mute struct {
		By  Seat
		Who id.Person
	}
	// Unmute opens one's own microphone. There is no way to open another's.
	Unmute struct{ By Seat }

	// MoveDown sends somebody from the stage to the audience.
	MoveDown struct {
		By  Seat
		Who id.Person
	}
	// MakeModerator names somebody on the stage a moderator.
	MakeModerator struct {
		By  Seat
		Who id.Person
	}
	// Remove puts somebody out of the room and keeps them out.
	Remove struct {
		By  Seat
		Who id.Person
	}
	// LetIn invites somebody into the room, also if they had been removed.
	LetIn struct {
		By  Seat
		Who id.Person
	}
	// Widen lets more people in. A room never gets narrower while it runs:
	// nobody who is in it would know.
	Widen struct {
		By Seat
		To Visibility
	}
	// SetFence says where the room's voices may be from now on.
	SetFence struct {
		By Seat
		To region.Fence
	}
	// End ends the room.
	End struct{ By Seat }

	// Close ends the room for the house. It is not for anybody to ask who sits there.
	Close struct{}
	// PutOut has somebody out of the room for the house, also when their connection
	// is lost.
	PutOut struct{ Who id.Person }

	// Regroup tells who in the audience is followed by somebody on the stage.
	Regroup struct{ Followed []id.Person }
	// Expire gives up seats and invitations whose time is over.
	Expire struct{}
	// Recover holds the seat of everybody after the node that carried their
	// connections has gone.
	Recover struct{}
)

func (OpenRoom) command()      {}
func (Enter) command()         {}
func (Disconnect) command()    {}
func (Leave) command()         {}
func (RaiseHand) command()     {}
func (LowerHand) command()     {}
func (SetHands) command()      {}
func (Prove) command()         {}
func (Describe) command()      {}
func (SetShield) command()     {}
func (SetChat) command()       {}
func (Pin) command()           {}
func (Unpin) command()         {}
func (OpenPoll) command()      {}
func (Vote) command()          {}
func (ClosePoll) command()     {}
func (AskUp) command()         {}
func (StepUp) command()        {}
func (Decline) command()       {}
func (StepDown) command()      {}
func (Mute) command()          {}
func (Unmute) command()        {}
func (MoveDown) command()      {}
func (MakeModerator) command() {}
func (Remove) command()        {}
func (LetIn) command()         {}
func (Widen) command()         {}
func (SetFence) command()      {}
func (End) command()           {}
func (Close) command()         {}
func (PutOut) command()        {}
func (Regroup) command()       {}
func (Expire) command()        {}
func (Recover) command()       {}
