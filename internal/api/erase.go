package api

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/mail"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/room/live"
)

// Bodies about what is stored.
type (
	// Stored is all that is stored about me.
	Stored struct {
		Classes []StoredClass `json:"classes"`
	}
	// StoredClass is one kind of it.
	StoredClass struct {
		Class  people.Class     `json:"class" enum:"account,profile,picture,passkeys,key_backups,recovery,sessions,invites,follows,followers,hidden,blocks,discovery,talk_devices,conversations,messages,clubs,club_follows,reports_made,reports_written,reports_about,decisions,warden,rooms,plans,going,calendar,news,news_settings,devices,address,index,key"`
		Rows   int              `json:"rows"`
		Bytes  int              `json:"bytes"`
		Oldest time.Time        `json:"oldest,omitzero"`
		Keeps  string           `json:"keeps" doc:"account: until it is erased; days:N; ended:N: N days after it has ended; room: until the room ends; seen:N: N days after it was last seen"`
		Until  time.Time        `json:"until,omitzero" doc:"when the oldest of it goes"`
		More   []map[string]any `json:"more" doc:"the first hundred rows"`
	}
	// Erase is the proof that it is me who wants to be erased: one of the two.
	Erase struct {
		Ceremony     string          `json:"ceremony,omitempty"`
		Credential   json.RawMessage `json:"credential,omitempty" doc:"AuthenticationResponseJSON (WebAuthn, section 5.1)"`
		RecoveryCode string          `json:"recovery_code,omitempty"`
	}
)

// storedMore is how many rows of a class are shown; an export has all of them.
const storedMore = 100

func (a *API) addStored() {
	tags := []string{"me"}
	add(a, huma.Operation{
		OperationID: "list-stored", Method: "GET", Path: "/api/v1/me/stored", Tags: tags, Summary: "All that is stored about me",
	}, toRead.evenOut(), func(ctx context.Context, _ *struct{}) (*output[Stored], error) {
		return answer(a.stored(ctx, me(ctx), storedMore))
	})
	add(a, huma.Operation{
		OperationID: "export-me", Method: "GET", Path: "/api/v1/me/export", Tags: tags, Summary: "All that is stored about me, as a ZIP file",
		Responses: map[string]*huma.Response{"200": {
			Description: "stoa.json, and picture.jpg if there is one",
			Content:     map[string]*huma.MediaType{"application/zip": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}},
		}},
	}, toExport.evenOut(), func(ctx context.Context, _ *struct{}) (*huma.StreamResponse, error) {
		return a.export(ctx, me(ctx))
	})
	add(a, huma.Operation{
		OperationID: "begin-erase", Method: "POST", Path: "/api/v1/me/erase/begin", Tags: tags, Summary: "Begin to erase my account",
	}, toWrite.evenOut(), func(ctx context.Context, _ *struct{ Body None }) (*output[Ceremony], error) {
		return answer(ceremony(a.People.BeginErase(me(ctx))))
	})
	add(a, huma.Operation{
		OperationID: "erase-me", Method: "POST", Path: "/api/v1/me/erase", Tags: tags, Summary: "Erase my account",
	}, toErase.evenOut(), func(ctx context.Context, in *struct{ Body Erase }) (*nothing, error) {
		return &nothing{}, a.erase(ctx, me(ctx), in.Body)
	})
}

// stored returns what is stored about who, with up to most rows of each class.
func (a *API) stored(ctx context.Context, who id.Person, most int) (Stored, error) {
	rows, err := a.People.Stored(ctx, who)
	if err != nil {
		return Stored{}, err
	}
	if rows, err = a.planWords(ctx, who, rows); err != nil {
		return Stored{}, err
	}
	if rows, err = a.queueWords(ctx, who, rows); err != nil {
		return Stored{}, err
	}
	inRooms, err := a.roomRows(ctx, who)
	if err != nil {
		return Stored{}, err
	}
	rows = append(rows, inRooms...)
	of := make(map[people.Class][]people.Row)
	for _, r := range rows {
		of[r.Class] = append(of[r.Class], r)
	}
	out := Stored{make([]StoredClass, len(people.Classes))}
	for i, kept := range people.Classes {
		out.Classes[i] = storedClass(kept, of[kept.Class], most)
	}
	return out, nil
}

func storedClass(kept people.Kept, rows []people.Row, most int) StoredClass {
	c := StoredClass{Class: kept.Class, Keeps: kept.Keeps, Rows: len(rows), More: []map[string]any{}}
	for _, r := range rows {
		c.Bytes += r.Bytes
		if !r.Since.IsZero() && (c.Oldest.IsZero() || r.Since.Before(c.Oldest)) {
			c.Oldest = r.Since
		}
		if len(c.More) < most {
			c.More = append(c.More, r.More)
		}
	}
	var days int
	if n, _ := fmt.Sscanf(kept.Keeps, "days:%d", &days); n == 1 && !c.Oldest.IsZero() {
		c.Until = c.Oldest.AddDate(0, 0, days)
	}
	return c
}

// planWords adds to rows about plans what who wrote in them, which is sealed in
// the records.
func (a *API) planWords(ctx context.Context, who id.Person, rows []people.Row) ([]people.Row, error) {
	words, err := a.Schedule.WrittenBy(ctx, who)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		if which, _ := r.More["plan"].(id.Plan); r.Class == people.ClassPlans && r.More["as"] == "host" {
			r.More["title"], r.More["about"], r.More["topics"] = words[which].Title, words[which].About, words[which].Topics
		}
	}
	return rows, nil
}

// roomRows returns what running rooms have of who: what is so now, and what has
// happened.
func (a *API) roomRows(ctx context.Context, who id.Person) (rows []people.Row, err error) {
	about, err := a.rooms.About(ctx, who)
	if err != nil {
		return nil, err
	}
	for _, in := range about {
		if row := traceRow(in); row.Bytes > 0 {
			rows = append(rows, row)
		}
		for _, e := range in.Events {
			rows = append(rows, people.Row{Class: people.ClassRooms, Bytes: e.Bytes, More: map[string]any{
				"room": in.Room, "event": room.Kind(e.Event), "number": e.Seq,
			}})
		}
	}
	return rows, nil
}

// traceRow is what is so now in a room of somebody, and about how much of it is stored.
// What is not so is left out; where nothing is, it has no bytes.
func traceRow(in live.About) people.Row {
	row := people.Row{Class: people.ClassRooms, Since: in.Opened, More: make(map[string]any)}
	if in.Trace.Place != nil {
		text, _ := json.Marshal(in.Trace.Place) // an object, of values that JSON has
		_ = json.Unmarshal(text, &row.More)
		row.Bytes += len(text)
		row.More["title"] = in.Title
	}
	row.More["room"] = in.Room
	say := func(is bool, word string, value any, bytes int) {
		if is {
			row.More[word], row.Bytes = value, row.Bytes+bytes
		}
	}
	say(in.Trace.LetIn, "let_in", true, id.TextSize)
	say(in.Trace.Host, "host", true, id.TextSize)
	say(in.Trace.Out, "kept_out", true, id.TextSize)
	say(in.Trace.Voted, "vote", in.Trace.Vote, id.TextSize+len(in.Trace.Vote))
	say(in.Trace.Asked != "", "poll", in.Trace.Asked, len(in.Trace.Asked))
	pins := 0
	for _, p := range in.Trace.Pins {
		pins += len(p.URL) + len(p.Text) + id.TextSize
	}
	say(pins > 0, "pins", in.Trace.Pins, pins)
	return row
}

// export writes all of it into one file, while it is sent.
func (a *API) export(ctx context.Context, who id.Person) (*huma.StreamResponse, error) {
	all, err := a.stored(ctx, who, 1<<30)
	if err != nil {
		return nil, err
	}
	jpeg, _, err := a.People.Picture(ctx, who, false)
	if err != nil && !errors.Is(err, people.ErrNoPicture) {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(out huma.Context) {
		out.SetHeader("Content-Type", "application/zip")
		out.SetHeader("Content-Disposition", `attachment; filename="stoa.zip"`)
		out.SetStatus(http.StatusOK)
		z := zip.NewWriter(out.BodyWriter())
		err := writeExport(z, all, jpeg)
		if err = errors.Join(err, z.Close()); err != nil && ctx.Err() == nil {
			a.Log.LogAttrs(ctx, slog.LevelDebug, "an export was cut off")
		}
	}}, nil
}

func writeExport(z *zip.Writer, all Stored, jpeg []byte) error {
	w, err := z.Create("stoa.json")
	if err != nil {
		return err
	}
	classes := make(map[people.Class]StoredClass, len(all.Classes))
	for _, c := range all.Classes {
		classes[c.Class] = c
	}
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	if err := e.Encode(classes); err != nil || jpeg == nil {
		return err
	}
	if w, err = z.Create("picture.jpg"); err != nil {
		return err
	}
	_, err = w.Write(jpeg)
	return err
}

// erase erases who, if they prove that they want it: out of their rooms, off the
// records, their key destroyed, nowhere signed in.
func (a *API) erase(ctx context.Context, who id.Person, proof Erase) error {
	if proof.RecoveryCode != "" {
		if err := a.People.ProveEraseByRecovery(ctx, who, proof.RecoveryCode); err != nil {
			return err
		}
	} else {
		f := finishing{Finish{proof.Ceremony, proof.Credential}}
		name, credential, err := f.parse()
		if err != nil {
			return err
		}
		if err := a.People.ProveErase(ctx, who, name, credential); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), doMax)
	defer cancel()
	to := a.addressFor(ctx, who)
	clubs, err := a.Clubs.Of(ctx, who)
	if err != nil {
		return err
	}
	if err := a.People.Erase(ctx, who); err != nil {
		return err
	}
	a.mailAlert(ctx, who, mail.Erased, to, a.Clock())
	a.Clubs.Erased(who)
	if a.isOut(who) {
		defer a.tellDeputy(ctx) // it forgets them, too
	}
	a.Queue.Erased(who)
	for _, club := range clubs { // some may be gone with them
		a.hallway.others(a.Hallway.MembersOf(club))
	}
	a.putOut(ctx, who)
	a.rooms.Shorten(who)
	a.setCookie(visitOf(ctx), "")
	a.conns.signOut(func(c *connection) bool {
		seat := c.held()
		return c.session.Person == who || seat != nil && seat.who == who
	})
	return nil
}
