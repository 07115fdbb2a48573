package api

import (
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/signal"
)

// beside does what r asks beside voices and events, if it does.
func (a *API) beside(r signal.Request, s *seat) (done bool, err error) {
	if r.React == nil && r.Say == nil && r.Unsay == nil && r.Vote == nil {
		return false, nil
	}
	var me room.Participant
	var people int
	may := room.ErrNoRoom
	a.rooms.Read(s.room, func(in *room.Room) {
		p, err := in.Sits(s.by())
		if may = err; err != nil {
			return
		}
		me, people = *p, in.Len()
		switch {
		case r.Say != nil:
			may = in.MayWrite(s.by())
		case r.React != nil:
			may = in.MayReact(s.by())
		}
	})
	switch {
	case may != nil:
		return false, may
	case r.React != nil:
		return true, a.Beside.React(s.room, s.who, me.Shown(), r.React.Emoji)
	case r.Say != nil:
		return true, a.Beside.Say(s.room, s.who, me.Name, people, r.Say.Sealed)
	case r.Unsay != nil:
		return true, a.Beside.Unsay(s.room, s.who, me.Role == room.Moderator, r.Unsay.N)
	}
	return false, a.Beside.Vote(s.room, s.who) // the vote itself is a command
}
