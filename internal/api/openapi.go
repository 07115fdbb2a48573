package api

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/schedule"
	"github.com/stoa-audio/stoa/internal/signal"
)

const schemas = "#/components/schemas/"

// outline returns what huma fills with the calls: OpenAPI 3.1 with the
// messages of the live WebSocket as components, so that one generated file
// types both.
func outline(version string) huma.Config {
	registry := huma.NewMapRegistry(schemas, schemaName)
	for _, t := range []reflect.Type{
		reflect.TypeFor[signal.Request](), reflect.TypeFor[signal.Reply](), reflect.TypeFor[signal.Notice](),
	} {
		registry.Schema(t, true, "")
	}
	// These are passed on as they were written, so their types are said here.
	entered := registry.Schema(reflect.TypeFor[signal.Entered](), false, "").Properties
	entered["view"] = registry.Schema(reflect.TypeFor[room.View](), true, "")
	entered["you"] = registry.Schema(reflect.TypeFor[room.Participant](), true, "")
	registry.Schema(reflect.TypeFor[signal.News](), false, "").Properties["piece"] = registry.Schema(reflect.TypeFor[Piece](), true, "")
	registry.Map()["Event"] = eventSchema(registry)
	registry.Schema(reflect.TypeFor[signal.Voices](), false, "").Properties["slots"].Items.Nullable = true
	for member, words := range vocabulary {
		name, property, _ := strings.Cut(member, ".")
		registry.Map()[name].Properties[property].Enum = words
	}

	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Stoa", Version: version,
				Description: "The HTTP API of a house. docs/protocol/http.md says what this document cannot; " +
					"docs/protocol/signal.md describes the live WebSocket at /api/v1/live, whose messages are " +
					"the schemas SignalRequest, SignalReply, SignalNotice and Event.",
			},
			Components: &huma.Components{
				Schemas: registry,
				SecuritySchemes: map[string]*huma.SecurityScheme{"session": {
					Type: "apiKey", In: "cookie", Name: "stoa_session",
					Description: "__Host-stoa_session where the node is served over TLS",
				}},
			},
		},
		Formats:       map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat},
		DefaultFormat: "application/json",
	}
}

// vocabulary is the words that members of the live messages may have. Their
// types are shared with packages that know no OpenAPI.
var vocabulary = map[string][]any{
	"RoomParticipant.role":   {room.Listener, room.Speaker, room.Moderator},
	"RoomView.visibility":    {room.Closed, room.Social, room.Members, room.Open},
	"RoomView.hands":         {room.HandsOff, room.HandsFollowed, room.HandsEveryone},
	"RoomView.chat":          {room.ChatOff, room.ChatStage, room.ChatEveryone},
	"EventChatSet.policy":    {room.ChatOff, room.ChatStage, room.ChatEveryone},
	"SignalSetChat.policy":   {room.ChatOff, room.ChatStage, room.ChatEveryone},
	"EventOpened.visibility": {room.Closed, room.Social, room.Members, room.Open},
	"EventHandsSet.policy":   {room.HandsOff, room.HandsFollowed, room.HandsEveryone},
	"EventWidened.to":        {room.Social, room.Members, room.Open},
	"EventLeft.why":          {room.LeftQuietly, room.LeftLost, room.LeftRemoved},
	"EventAskOver.why":       {room.AskDeclined, room.AskExpired},
	"EventEnded.why":         {room.EndedByModerator, room.EndedEmptyStage, room.EndedByHouse},
	"SignalSetHands.policy":  {room.HandsOff, room.HandsFollowed, room.HandsEveryone},
	"SignalWiden.to":         {room.Social, room.Members, room.Open},
	"SignalReact.emoji":      emojis(),
	"SignalCut.why": {
		signal.CutTakenOver, signal.CutRemoved, signal.CutEnded, signal.CutLost,
		signal.CutSignedOut, signal.CutSlow, signal.CutRestart, signal.CutElsewhere,
	},
	"SignalPlan.kind": {schedule.Soon, schedule.NowOpen, schedule.Moved, schedule.IsCancelled},
	"SignalMove.why":  {signal.MoveGone, signal.MoveOutside, signal.MoveLeaving, signal.MoveSwitched},
}

func emojis() (all []any) {
	for _, e := range room.Emojis {
		all = append(all, e)
	}
	return all
}

// schemaName names a type after its package where two packages have the same
// word for different things.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch pkg := t.PkgPath(); {
	case strings.HasSuffix(pkg, "/signal"):
		return "Signal" + name
	case t.Implements(reflect.TypeFor[room.Event]()):
		return "Event" + name
	case strings.HasSuffix(pkg, "/room"):
		return "Room" + name
	}
	return name
}

// events is one of each kind of event that is told, to describe it by.
var events = []room.Event{
	room.Opened{},
	room.Entered{},
	room.Returned{},
	room.WentAway{},
	room.Left{},
	room.HandRaised{},
	room.HandLowered{},
	room.HandsSet{},
	room.ProofSet{},
	room.Described{},
	room.Shielded{},
	room.ChatSet{},
	room.Pinned{},
	room.Unpinned{},
	room.PollOpened{},
	room.PollClosed{},
	room.AskedUp{},
	room.AskOver{},
	room.SteppedUp{},
	room.SteppedDown{},
	room.Muted{},
	room.Unmuted{},
	room.MadeModerator{},
	room.LetInto{},
	room.Widened{},
	room.Fenced{},
	room.Regrouped{},
	room.Ended{},
}

// eventSchema describes a numbered event: a number, a room, and one member
// that says what has happened.
func eventSchema(r huma.Registry) *huma.Schema {
	s := &huma.Schema{
		Type: huma.TypeObject, Required: []string{"seq", "room"}, AdditionalProperties: false,
		Description: "A numbered event of a room: besides seq, after, room and person exactly one member.",
		Properties: map[string]*huma.Schema{
			"seq":    {Type: huma.TypeInteger, Format: "int64"},
			"after":  {Type: huma.TypeInteger, Format: "int64"},
			"room":   {Type: huma.TypeString},
			"person": r.Schema(reflect.TypeFor[room.Participant](), true, ""),
		},
	}
	for _, e := range events {
		s.Properties[kindOf(e)] = r.Schema(reflect.TypeOf(e), true, "")
	}
	return s
}

// kindOf returns the word for e on the wire.
func kindOf(e room.Event) string {
	kind, _, _ := strings.Cut(string(room.MarshalEvent(e)), `":`)
	return strings.TrimPrefix(kind, `{"`)
}

func encodeDocument(d *huma.OpenAPI) []byte {
	text, err := json.MarshalIndent(d, "", " ")
	if err != nil {
		panic(fmt.Sprintf("api: the OpenAPI document has no JSON form: %v", err)) // a mistake in this package
	}
	return append(text, '\n')
}
