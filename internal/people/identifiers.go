package people

import (
	"context"

	"github.com/stoa-audio/stoa/internal/id"
)

// Identifiers returns by what people who know who may know them, as package
// discover writes it: their handle, if they have one.
func (p *People) Identifiers(ctx context.Context, who id.Person) ([]string, error) {
	own, err := p.OwnProfile(ctx, who)
	if err != nil || own.Handle == "" {
		return nil, err
	}
	return []string{"handle:" + own.Handle}, nil
}
