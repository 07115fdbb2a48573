package api

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/reports"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/signal"
)

// reportMax is the size of a report's request in bytes: base64 takes a third
// more.
const reportMax = reports.SealedMax*4/3 + 4<<10

// Bodies about reports.
type (
	// NewReport is what somebody reports of what was said.
	NewReport struct {
		About  string       `json:"about" doc:"the id of the person who has said it"`
		Sealed signal.Bytes `json:"sealed" doc:"sealed to the house's moderators; up to 256 KiB, base64url"`
	}
	// Reported is a report that has come.
	Reported struct {
		ID reports.ID `json:"id"`
	}
)

type newReport struct {
	Room string `path:"room"`
	Body NewReport
}

func (a *API) addReports() {
	add(a, huma.Operation{
		OperationID: "report-voice", Method: "POST", Path: "/api/v1/rooms/{room}/reports", Tags: []string{"rooms"},
		Summary: "Show moderators what somebody has said", DefaultStatus: 201, MaxBodyBytes: reportMax,
	}, toReport, func(ctx context.Context, in *newReport) (*output[Reported], error) {
		name, err := id.Parse[id.Room](in.Room)
		if err != nil {
			return nil, room.ErrNoRoom
		}
		about, err := id.Parse[id.Person](in.Body.About)
		if err != nil {
			return nil, people.ErrNoPerson
		}
		return answer(a.report(ctx, me(ctx), name, about, in.Body.Sealed))
	})
}

// report keeps a report, with what the house knows by itself.
func (a *API) report(ctx context.Context, by id.Person, name id.Room, about id.Person, sealed []byte) (Reported, error) {
	if len(a.Moderators) == 0 {
		return Reported{}, errNoModerators
	}
	here := false
	if !a.rooms.Read(name, func(r *room.Room) { here = r.Participant(by) != nil }) {
		return Reported{}, room.ErrNoRoom
	}
	if !here {
		return Reported{}, room.ErrNotHere
	}
	hashes := a.Media.Forwarded(name, about, a.Clock().Add(-reports.Back))
	if len(hashes) == 0 {
		return Reported{}, errNotHeard
	}
	kept, err := a.Reports.Add(ctx, reports.Report{Room: name, About: about, By: by, Hashes: hashes, Sealed: sealed})
	return Reported{kept.ID}, err
}
