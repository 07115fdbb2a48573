package storetest

import (
	"bytes"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/reports"
)

func keepsReports(t *testing.T, s Store) {
	ctx := t.Context()
	p, _, invite := house(t, s)
	ada, _, err := p.SignUpByRecovery(ctx, people.ByInvite(invite), "Ada")
	must(t, err)
	code, err := p.Give(ctx, ada.ID)
	must(t, err)
	ben, _, err := p.SignUpByRecovery(ctx, people.ByInvite(code.Code.String()), "Ben")
	must(t, err)
	room := id.New[id.Room]()
	now := noon
	kept := reports.New(s, func() time.Time { return now })
	one := reports.Report{
		Room: room, About: ada.ID, By: ben.ID, Sealed: bytes.Repeat([]byte{7}, reports.SealedMax),
		Hashes: [][16]byte{{1}, {2}, {3}},
	}
	first, err := kept.Add(ctx, one)
	must(t, err)
	got, err := s.Report(ctx, first.ID)
	must(t, err)
	same(t, got.Made.Equal(noon), true)
	got.Made = first.Made
	same(t, got, first)

	for _, sealed := range [][]byte{nil, make([]byte, reports.SealedMax+1)} {
		wrong := one
		wrong.Sealed = sealed
		_, err := kept.Add(ctx, wrong)
		refused(t, err, reports.ErrSealed)
	}
	now = now.Add(time.Hour)
	one.Sealed = []byte{1}
	for range reports.KeptMax - 1 {
		_, err := kept.Add(ctx, one)
		must(t, err)
	}
	_, err = kept.Add(ctx, one)
	refused(t, err, reports.ErrFull)
	other := one
	other.About, other.By = ben.ID, ada.ID
	now = now.Add(time.Hour)
	last, err := kept.Add(ctx, other)
	must(t, err)

	all, err := s.Reports(ctx)
	must(t, err)
	same(t, len(all), reports.KeptMax+1)
	same(t, all[0].ID, last.ID)
	same(t, all[0].About, ben.ID)
	same(t, all[0].Sealed == nil && all[0].Hashes == nil, true)
	same(t, all[len(all)-1].ID, first.ID)

	now = noon.Add(reports.Life + time.Minute)
	must(t, kept.Forget(ctx))
	_, err = s.Report(ctx, first.ID)
	refused(t, err, reports.ErrNone)
	all, err = s.Reports(ctx)
	must(t, err)
	same(t, len(all), reports.KeptMax)
	_, err = kept.Add(ctx, one) // there is space again
	must(t, err)
}
