package people

import (
	"context"

	"github.com/stoa-audio/stoa/internal/id"
)

// Follow makes who follow whom. Following twice is following.
func (p *People) Follow(ctx context.Context, who, whom id.Person) error {
	if who == whom {
		return ErrSelf
	}
	err := p.store.Follow(ctx, who, whom, p.now())
	p.forget(who, whom)
	return err
}

// Notify is how loud one wants to be told of somebody whom one follows.
type Notify string

// How loud one may be told.
const (
	NotifyAlways    Notify = "always"
	NotifySometimes Notify = "sometimes" // as long as nothing else is said
	NotifyNever     Notify = "never"
)

// FollowAs makes who follow whom, and says how loud they want to be told.
func (p *People) FollowAs(ctx context.Context, who, whom id.Person, how Notify) error {
	if how != NotifyAlways && how != NotifySometimes && how != NotifyNever {
		return ErrNotify
	}
	if err := p.Follow(ctx, who, whom); err != nil {
		return err
	}
	err := p.store.SetNotify(ctx, who, whom, how)
	p.forget(who, whom)
	return err
}

// FollowersToTell returns up to most of those who follow whom and want to be told
// so, after one, in the order of their ids.
func (p *People) FollowersToTell(ctx context.Context, whom id.Person, how Notify, after id.Person, most int) ([]id.Person, error) {
	return p.store.FollowersToTell(ctx, whom, how, after, most)
}

// Hide has whom suggested to who no more.
func (p *People) Hide(ctx context.Context, who, whom id.Person) error {
	if who == whom {
		return ErrSelf
	}
	return p.store.Hide(ctx, who, whom, p.now())
}

// Hidden returns whom who does not want to be suggested.
func (p *People) Hidden(ctx context.Context, who id.Person) ([]id.Person, error) {
	return p.store.Hidden(ctx, who)
}

// Unfollow takes it back.
func (p *People) Unfollow(ctx context.Context, who, whom id.Person) error {
	err := p.store.Unfollow(ctx, who, whom)
	p.forget(who, whom)
	return err
}

// forget drops whom who follows, and who follows whom.
func (p *People) forget(who, whom id.Person) {
	p.follows.Forget(who)
	p.followers.Forget(whom)
}

// Follows returns whom who follows, and how loud they want to be told of each. It
// is not to be changed.
func (p *People) Follows(ctx context.Context, who id.Person) (map[id.Person]Notify, error) {
	follows, since, ok := p.follows.Get(who)
	if ok && follows != nil {
		return follows, nil
	}
	follows, err := p.store.Levels(ctx, who)
	switch {
	case err != nil || ok: // they are too many
	case len(follows) <= followsEach:
		p.follows.Put(who, follows, since)
	default:
		p.follows.Put(who, nil, since)
	}
	return follows, err
}

// WhoFollows returns those of candidates who follow who. The candidates are all who
// moderate rooms of one kind, so it reads once who follows who. It is not to be
// changed, and may have others in it.
func (p *People) WhoFollows(ctx context.Context, who id.Person, candidates func() []id.Person) (map[id.Person]bool, error) {
	by, since, ok := p.followers.Get(who)
	if ok && by != nil {
		return by, nil
	}
	if !ok {
		all, err := p.store.FollowerIDs(ctx, who, followsEach+1)
		if err != nil {
			return nil, err
		}
		if len(all) <= followsEach {
			by = make(map[id.Person]bool, len(all))
			for _, one := range all {
				by[one] = true
			}
		}
		if p.followers.Put(who, by, since); by != nil {
			return by, nil
		}
	}
	some, err := p.FollowersAmong(ctx, who, candidates()) // so many follow who
	by = make(map[id.Person]bool, len(some))
	for _, one := range some {
		by[one] = true
	}
	return by, err
}

// Following returns whom who follows, the newest first.
func (p *People) Following(ctx context.Context, who id.Person) ([]Profile, error) {
	list, err := p.store.Following(ctx, who)
	return p.readAll(ctx, list, err)
}

// Followers returns who follows who, the newest first.
func (p *People) Followers(ctx context.Context, who id.Person) ([]Profile, error) {
	list, err := p.store.Followers(ctx, who)
	return p.readAll(ctx, list, err)
}

// FollowersAmong returns those of candidates who follow who. The candidates
// are a stage, about whom it is asked for everybody who comes in.
func (p *People) FollowersAmong(ctx context.Context, who id.Person, candidates []id.Person) ([]id.Person, error) {
	var out, unknown []id.Person
	for _, c := range candidates {
		follows, err := p.followedBy(ctx, c)
		switch {
		case err != nil:
			return nil, err
		case follows == nil:
			unknown = append(unknown, c)
		case follows[who] != "":
			out = append(out, c)
		}
	}
	if len(unknown) == 0 {
		return out, nil
	}
	others, err := p.store.FollowersAmong(ctx, who, unknown)
	return append(out, others...), err
}

// followedBy returns whom who follows, or nil if they are too many to know.
func (p *People) followedBy(ctx context.Context, who id.Person) (map[id.Person]Notify, error) {
	if follows, _, ok := p.follows.Get(who); ok {
		return follows, nil
	}
	follows, err := p.Follows(ctx, who)
	if len(follows) > followsEach {
		return nil, err
	}
	return follows, err
}

// FollowedAmong returns those of audience whom anyone of by follows. The
// audience may be large and by is a stage, so it reads whom each of by follows
// instead of asking about each pair.
func (p *People) FollowedAmong(ctx context.Context, audience, by []id.Person) ([]id.Person, error) {
	followed := make(map[id.Person]bool)
	for _, who := range by {
		theirs, err := p.store.FollowedBy(ctx, who)
		if err != nil {
			return nil, err
		}
		for _, whom := range theirs {
			followed[whom] = true
		}
	}
	var out []id.Person
	for _, who := range audience {
		if followed[who] {
			out = append(out, who)
		}
	}
	return out, nil
}
