package people

import "context"

// Tidy deletes what nobody can use any more: sessions that are over, and invites
// that have been spent for SpentLife.
func (p *People) Tidy(ctx context.Context) error {
	now := p.now()
	return p.store.Tidy(ctx, now.Add(-SessionLife), now.Add(-SpentLife))
}
