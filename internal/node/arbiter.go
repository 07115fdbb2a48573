package node

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"github.com/stoa-audio/stoa/internal/coordinate"
	"github.com/stoa-audio/stoa/internal/deputy"
	"github.com/stoa-audio/stoa/internal/id"
)

// errSeats means that there are two truths in a region, of which none counts.
var errSeats = errors.New("two nodes of this region say that they have its coordination: coordination.seat is to be \"here\" at one only")

// arbiter is the region's records as houses and their deputies need them.
type arbiter struct{ *Node }

func (n *Node) arbiter() arbiter { return arbiter{n} }

// houseKey is what the rooms of a house go by in the region's records.
func houseKey(house id.Node) string {
	sum := sha256.Sum256(append([]byte("stoa house 1\x00"), house[:]...))
	return "house_" + hex.EncodeToString(sum[:16])
}

// Claim implements deputy.Arbiter.
func (a arbiter) Claim(ctx context.Context, c deputy.Claim) error {
	if a.seats() > 1 {
		return errSeats
	}
	err := a.coordinator.Load().Claim(ctx, houseKey(c.House), coordinate.Owner{Owner: c.Owner, Deputy: c.Deputy, Term: c.Term})
	if errors.Is(err, coordinate.ErrTerm) {
		return errors.Join(deputy.ErrTaken, err)
	}
	return err
}

// Claimed implements deputy.Arbiter.
func (a arbiter) Claimed(house id.Node) (deputy.Claim, bool) {
	o, ok := a.coordinator.Load().Owner(houseKey(house))
	return deputy.Claim{House: house, Owner: o.Owner, Deputy: o.Deputy, Term: o.Term}, ok
}
