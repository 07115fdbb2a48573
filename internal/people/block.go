package people

import (
	"context"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
)

// A Level is how much one wants to be spared of somebody.
type Level string

// The levels there are.
const (
	// LevelMute: one neither hears them nor sees what they write.
	LevelMute Level = "mute"
	// LevelBlock: that, and they have nothing to do with one: what one hosts does
	// not exist for them, and what they do towards one has no effect here.
	LevelBlock Level = "block"
)

// A Blocked is somebody of whom one is spared.
type Blocked struct {
	Profile

	Level Level
	Since time.Time
}

// Nobody learns who has blocked them, and nobody how many have blocked anybody:
// who has blocked whom is asked about those alone who are before one.

// Block has who spared whom. Doing so again with another level changes it. With
// LevelBlock who follows them no more; that they follow who stays as it is, and
// who sees nothing of it.
func (p *People) Block(ctx context.Context, who, whom id.Person, level Level) error {
	switch {
	case who == whom:
		return ErrSelf
	case level != LevelMute && level != LevelBlock:
		return ErrLevel
	}
	err := p.store.SetBlock(ctx, who, whom, level, p.now())
	p.forget(who)
	p.forgetBlock(who, whom)
	return err
}

// Unblock takes it back.
func (p *People) Unblock(ctx context.Context, who, whom id.Person) error {
	err := p.store.DropBlock(ctx, who, whom)
	p.forgetBlock(who, whom)
	return err
}

func (p *People) forgetBlock(who, whom id.Person) {
	p.blocks.Forget(who)
	p.blockers.Forget(whom)
}

// Blocks returns whom who is spared, the newest first.
func (p *People) Blocks(ctx context.Context, who id.Person) ([]Blocked, error) {
	list, err := p.store.Blocks(ctx, who)
	for i := range list {
		if err == nil {
			err = p.read(ctx, &list[i].Person)
		}
	}
	return list, err
}

// BlockedBy returns whom who is spared, and at which level. It is not to be
// changed.
func (p *People) BlockedBy(ctx context.Context, who id.Person) (map[id.Person]Level, error) {
	blocked, since, ok := p.blocks.Get(who)
	if ok {
		return blocked, nil
	}
	blocked, err := p.store.BlockedBy(ctx, who)
	if err != nil {
		return nil, err
	}
	p.blocks.Put(who, blocked, since)
	return blocked, nil
}

// BlockersAmong returns those of candidates who have blocked who, LevelBlock.
func (p *People) BlockersAmong(ctx context.Context, who id.Person, candidates []id.Person) ([]id.Person, error) {
	if len(candidates) == 0 {
		return nil, nil
	}
	blockers, since, ok := p.blockers.Get(who)
	if !ok || blockers == nil {
		most := blockersEach + 1
		if ok { // too many to know
			if len(candidates) <= blockersEach {
				return p.store.BlockersAmong(ctx, who, candidates)
			}
			most = 1 << 30
		}
		all, err := p.store.BlockersOf(ctx, who, most)
		if err != nil {
			return nil, err
		}
		if !ok && len(all) > blockersEach {
			p.blockers.Put(who, nil, since)
			return p.BlockersAmong(ctx, who, candidates)
		}
		blockers = make(map[id.Person]bool, len(all))
		for _, by := range all {
			blockers[by] = true
		}
		if !ok {
			p.blockers.Put(who, blockers, since)
		}
	}
	var out []id.Person
	for _, c := range candidates {
		if blockers[c] {
			out = append(out, c)
		}
	}
	return out, nil
}
