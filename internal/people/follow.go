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
	return p.store.Follow(ctx, who, whom, p.now())
}

// Unfollow takes it back.
func (p *People) Unfollow(ctx context.Context, who, whom id.Person) error {
	return p.store.Unfollow(ctx, who, whom)
}

// Following returns whom who follows, the newest first.
func (p *People) Following(ctx context.Context, who id.Person) ([]Profile, error) {
	return p.store.Following(ctx, who)
}

// Followers returns who follows who, the newest first.
func (p *People) Followers(ctx context.Context, who id.Person) ([]Profile, error) {
	return p.store.Followers(ctx, who)
}

// FollowersAmong returns those of candidates who follow who.
func (p *People) FollowersAmong(ctx context.Context, who id.Person, candidates []id.Person) ([]id.Person, error) {
	return p.store.FollowersAmong(ctx, who, candidates)
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
