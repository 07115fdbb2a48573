package people

import (
	"context"

	"github.com/stoa-audio/stoa/internal/id"
)

// Identifiers returns by what people who know who may know them, as package
// discover reads it: their handle, and the address that they have verified.
func (p *People) Identifiers(ctx context.Context, who id.Person) (all []string, err error) {
	own, err := p.OwnProfile(ctx, who)
	if err != nil {
		return nil, err
	}
	if own.Handle != "" {
		all = append(all, "handle:"+own.Handle)
	}
	address, err := p.VerifiedAddress(ctx, who)
	if address != "" {
		all = append(all, "mail:"+address)
	}
	return all, err
}
