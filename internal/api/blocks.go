package api

import (
	"context"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/room/live"
)

// Bodies about whom somebody is spared.
type (
	// Block is how much I want to be spared of somebody.
	Block struct {
		Level string `json:"level" enum:"mute,block" doc:"mute: I neither hear them nor see what they write; block: and they have nothing to do with me"`
	}
	// Blocked is somebody of whom I am spared.
	Blocked struct {
		Person Person    `json:"person"`
		Level  string    `json:"level" enum:"mute,block"`
		Since  time.Time `json:"since"`
	}
	// Blocks is whom I am spared, the newest first.
	Blocks struct {
		People []Blocked `json:"people"`
	}
)

type blocking struct {
	Person string `path:"person"`
	Body   Block
}

func (a *API) addBlocks() {
	add(a, huma.Operation{
		OperationID: "list-blocks", Method: "GET", Path: "/api/v1/me/blocks", Tags: []string{"me"}, Summary: "Whom I have muted or blocked",
	}, toRead, func(ctx context.Context, _ *struct{}) (*output[Blocks], error) {
		list, err := a.People.Blocks(ctx, me(ctx))
		out := Blocks{make([]Blocked, len(list))}
		for i, b := range list {
			out.People[i] = Blocked{personOf(b.Profile), string(b.Level), b.Since}
		}
		return answer(out, err)
	})
	const path = "/api/v1/people/{person}/block"
	add(a, huma.Operation{
		OperationID: "block", Method: "PUT", Path: path, Tags: []string{"people"}, Summary: "Mute somebody for me, or block them; nobody is told",
	}, toWrite, func(ctx context.Context, in *blocking) (*nothing, error) {
		return a.block(ctx, &atPerson{in.Person}, func(ctx context.Context, who, whom id.Person) error {
			return a.People.Block(ctx, who, whom, people.Level(in.Body.Level))
		})
	})
	add(a, huma.Operation{
		OperationID: "unblock", Method: "DELETE", Path: path, Tags: []string{"people"}, Summary: "Take that back",
	}, toWrite, func(ctx context.Context, in *atPerson) (*nothing, error) {
		return a.block(ctx, in, a.People.Unblock)
	})
}

// block changes how much who asks is spared of another, and what follows from it:
// whom they follow, which clubs have invited them, which rooms there are for whom.
func (a *API) block(ctx context.Context, in *atPerson, change func(ctx context.Context, who, whom id.Person) error) (*nothing, error) {
	if _, err := a.follow(ctx, in, change); err != nil {
		return nil, err
	}
	whom, err := in.parse()
	if err != nil {
		return nil, err
	}
	a.Clubs.Forget(me(ctx))
	a.hallway.apart(a.rooms, me(ctx), whom)
	a.conflicts.between(a.rooms, me(ctx), whom)
	return &nothing{}, nil
}

// withoutBlocks leaves out of what who looks at what a block keeps from them: rooms
// whose host has blocked them, unless they are inside, and closed ones whose host
// they have blocked. That somebody whom they have blocked follows them lets them in
// nowhere.
func (a *API) withoutBlocks(ctx context.Context, who id.Person, seen []sight) ([]sight, error) {
	var hosts []id.Person
	for _, s := range seen {
		if !s.here {
			hosts = append(hosts, s.host)
		}
	}
	list, err := a.People.BlockersAmong(ctx, who, hosts)
	if err != nil {
		return nil, err
	}
	mine, err := a.People.BlockedBy(ctx, who)
	if err != nil || len(list)+len(mine) == 0 {
		return seen, err
	}
	blockers := setOf(list)
	out := seen[:0]
	for _, s := range seen {
		if !s.here && (blockers[s.host] || s.card.Visibility == room.Closed && mine[s.host] == people.LevelBlock) {
			continue
		}
		s.chair = slices.DeleteFunc(s.chair, func(m id.Person) bool { return mine[m] == people.LevelBlock })
		out = append(out, s)
	}
	return out, nil
}

// apart returns those of who for whom a room does not exist, though they might
// enter it, because its host has blocked them, or, if it is closed, they the host.
func (a *API) apart(ctx context.Context, host id.Person, closed bool, who []id.Person) (map[id.Person]bool, error) {
	out := make(map[id.Person]bool)
	blocked, err := a.People.BlockedBy(ctx, host)
	if err != nil {
		return nil, err
	}
	for _, one := range who {
		if blocked[one] == people.LevelBlock {
			out[one] = true
		}
	}
	if !closed {
		return out, nil
	}
	blockers, err := a.People.BlockersAmong(ctx, host, who)
	for _, one := range blockers {
		out[one] = true
	}
	return out, err
}

// letBy returns those of who whom one of moderators follows, whom they have not
// blocked.
func (a *API) letBy(ctx context.Context, moderators, who []id.Person) (let []id.Person, err error) {
	for _, m := range moderators {
		followed, err := a.People.FollowedAmong(ctx, who, []id.Person{m})
		if err != nil {
			return nil, err
		}
		blockers, err := a.People.BlockersAmong(ctx, m, followed)
		if err != nil {
			return nil, err
		}
		for _, one := range followed {
			if !slices.Contains(blockers, one) {
				let = append(let, one)
			}
		}
	}
	return let, nil
}

// noteBut notes as news that an open room has changed, for those of watchers whom
// its host has not blocked: for the others it does not exist.
func (a *API) noteBut(ctx context.Context, host id.Person, watchers []*connection, news map[*connection]bool) {
	blocked, err := a.People.BlockedBy(ctx, host)
	if err != nil {
		return // better late than told to who must not know
	}
	for _, c := range watchers {
		if blocked[c.session.Person] != people.LevelBlock {
			news[c] = true
		}
	}
}

// apart notes that somebody has blocked another, or does so no more: rooms that are
// not open, and that one of them hosts, may exist for the other now, or not.
func (h *hallway) apart(rooms *live.Rooms, who, whom id.Person) {
	var names []id.Room
	rooms.Each(func(name id.Room, r *room.Room) {
		if host := r.Host(); r.Visibility() != room.Open && (host == who || host == whom) {
			names = append(names, name)
		}
	})
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, name := range names {
		h.note(name)
	}
}

// spared returns those of some whom who has muted or blocked, or who have blocked
// who: neither is suggested to the other.
func (a *API) spared(ctx context.Context, who id.Person, some []id.Person) (map[id.Person]bool, error) {
	blockers, err := a.People.BlockersAmong(ctx, who, some)
	if err != nil {
		return nil, err
	}
	out := setOf(blockers)
	mine, err := a.People.BlockedBy(ctx, who)
	for one := range mine {
		out[one] = true
	}
	return out, err
}
