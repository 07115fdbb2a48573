package api

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"
	"golang.org/x/text/language"

	"github.com/stoa-audio/stoa/internal/beside"
	"github.com/stoa-audio/stoa/internal/clubs"
	"github.com/stoa-audio/stoa/internal/conversations"
	"github.com/stoa-audio/stoa/internal/courier"
	"github.com/stoa-audio/stoa/internal/discover"
	"github.com/stoa-audio/stoa/internal/grant"
	"github.com/stoa-audio/stoa/internal/hashcash"
	"github.com/stoa-audio/stoa/internal/mail"
	"github.com/stoa-audio/stoa/internal/moderation"
	"github.com/stoa-audio/stoa/internal/news"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/picture"
	"github.com/stoa-audio/stoa/internal/push"
	"github.com/stoa-audio/stoa/internal/reports"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/room/live"
	"github.com/stoa-audio/stoa/internal/schedule"
	"github.com/stoa-audio/stoa/internal/signal"
)

// A code is what programs know a problem by.
type code string

// kinds is every problem there is, as docs/protocol/http.md lists them.
var kinds = map[code]struct {
	status int
	en, de string
}{
	"bad_request":          {400, "This is not a request that can be understood", "Diese Anfrage ist nicht zu verstehen"},
	"invalid":              {422, "A value is not allowed", "Ein Wert ist nicht erlaubt"},
	"too_large":            {413, "This is too large", "Das ist zu groß"},
	"not_signed_in":        {401, "Please sign in first", "Bitte melde dich zuerst an"},
	"sign_in_failed":       {401, "This does not open an account", "Damit öffnet sich kein Konto"},
	"no_ceremony":          {404, "This took too long; please try again", "Das hat zu lange gedauert; bitte versuch es noch einmal"},
	"no_invite":            {404, "There is no such invite, or no more", "Diese Einladung gibt es nicht oder nicht mehr"},
	"no_invites_left":      {409, "You have given all your invites", "Du hast alle Einladungen vergeben"},
	"no_person":            {404, "There is no such person here", "Diese Person ist hier nicht"},
	"no_room":              {404, "There is no such room, or no more", "Diesen Raum gibt es nicht oder nicht mehr"},
	"no_such_thing":        {404, "There is nothing here", "Hier ist nichts"},
	"bad_grant":            {401, "This permission to enter is not, or no longer, good", "Diese Eintrittserlaubnis gilt nicht oder nicht mehr"},
	"not_here":             {409, "You are not in the room", "Du bist nicht im Raum"},
	"not_moderator":        {403, "Only a moderator may do this", "Das darf nur, wer moderiert"},
	"senior":               {403, "They have moderated for longer than you", "Diese Person moderiert schon länger als du"},
	"not_on_stage":         {409, "This is for people on the stage", "Das geht nur auf der Bühne"},
	"on_stage":             {409, "Already on the stage", "Schon auf der Bühne"},
	"shielded":             {403, "This room takes no new accounts for now", "Dieser Raum nimmt gerade keine neuen Konten auf"},
	"hands_closed":         {403, "Hands are not open to you now", "Du kannst dich gerade nicht melden"},
	"hands_full":           {409, "Very many have their hand up; please try again in a while", "Schon sehr viele melden sich; bitte versuch es später noch einmal"},
	"chat_closed":          {403, "Writing is not open to you now", "Du kannst gerade nichts schreiben"},
	"not_author":           {403, "Only a moderator may take back what others wrote", "Was andere geschrieben haben, kann nur die Moderation zurücknehmen"},
	"pins_full":            {409, "Five links are up; take one down first", "Fünf Links hängen schon; nimm erst einen ab"},
	"poll_open":            {409, "There is a poll already; close it first", "Es läuft schon eine Umfrage; beende sie erst"},
	"no_poll":              {409, "This poll is not open", "Diese Umfrage läuft nicht"},
	"poll_full":            {409, "As many have voted as can be counted", "Mehr Stimmen lassen sich nicht zählen"},
	"not_asked":            {409, "There is no invitation to the stage, or no more", "Es gibt keine Einladung auf die Bühne oder keine mehr"},
	"stage_full":           {409, "The stage is full", "Die Bühne ist voll"},
	"microphones_full":     {409, "Eight microphones are open, and more are not heard; please wait until one closes", "Acht Mikrofone sind offen, mehr hört man nicht; bitte warte, bis sich eines schließt"},
	"room_full":            {409, "The room is full", "Der Raum ist voll"},
	"narrower":             {409, "A room cannot get narrower while it runs", "Ein Raum kann nicht enger werden, solange er läuft"},
	"too_many_rooms":       {409, "You have as many rooms open as you may", "Du hast schon so viele Räume offen, wie du darfst"},
	"bad_offer":            {422, "This media offer cannot be answered", "Dieses Medienangebot lässt sich nicht beantworten"},
	"outside":              {409, "This house stands outside of this fence, so its rooms cannot be inside", "Dieses Haus steht außerhalb dieses Zauns, also können seine Räume nicht darin sein"},
	"fence_closed":         {503, "No node of this house stands inside this room's fence, so nobody can be let in: nothing goes outside", "Kein Knoten dieses Hauses steht innerhalb des Zauns dieses Raums, also kann niemand hinein: nach draußen geht nichts"},
	"no_node":              {503, "That part of the network cannot be reached now", "Dieser Teil des Netzes ist gerade nicht zu erreichen"},
	"not_tending":          {409, "Another on the stage lets people in now", "Gerade lässt jemand anderes auf der Bühne die Leute ein"},
	"stale_announce":       {409, "There is a newer announce", "Es gibt eine neuere Ankündigung"},
	"no_knock":             {409, "Knock first", "Bitte klopf zuerst an"},
	"member_taken":         {409, "Somebody else goes by this name", "Unter diesem Namen ist schon jemand da"},
	"cross_origin":         {403, "This request comes from another site", "Diese Anfrage kommt von einer anderen Seite"},
	"no_moderators":        {409, "Nobody in this house takes reports", "In diesem Haus nimmt niemand Meldungen an"},
	"not_heard":            {409, "The house has not carried this voice lately", "Das Haus hat diese Stimme in letzter Zeit nicht übertragen"},
	"reports_full":         {409, "You have reported very much lately; please wait until some of it was looked at", "Du hast in letzter Zeit sehr viel gemeldet; bitte warte, bis ein Teil davon angesehen wurde"},
	"no_conversation":      {404, "There is no such conversation, or no more", "Diese Unterhaltung gibt es nicht oder nicht mehr"},
	"no_device":            {409, "This device is not in the conversation, or not known any more", "Dieses Gerät ist nicht in der Unterhaltung oder nicht mehr bekannt"},
	"stale_epoch":          {409, "The conversation has changed meanwhile", "Die Unterhaltung hat sich inzwischen geändert"},
	"conversation_there":   {409, "There is such a conversation already", "So eine Unterhaltung gibt es schon"},
	"too_many_talks":       {409, "You are in as many conversations as you may be", "Mehr Unterhaltungen darf eine Person nicht haben"},
	"late_to_take_back":    {409, "A message can be taken back for 24 hours", "Eine Nachricht lässt sich 24 Stunden lang zurücknehmen"},
	"many_taken_back":      {409, "You have taken back many messages; more when the others have looked", "Du hast viele Nachrichten zurückgenommen; weitere gehen, wenn die anderen nachgesehen haben"},
	"unanswered":           {409, "Nobody has answered you yet; please wait until somebody does", "Es hat dir noch niemand geantwortet; bitte warte darauf"},
	"not_these_people":     {409, "A conversation cannot be of these people", "Mit diesen Leuten geht keine Unterhaltung"},
	"suspended":            {403, "You are kept out of this house for now", "Du bist in diesem Haus gerade ausgeschlossen"},
	"not_yours_to_judge":   {403, "You have to do with this yourself, or have judged it already", "Damit hast du selbst zu tun, oder du hast es schon entschieden"},
	"nothing_to_lift":      {409, "There is no decision that could be lifted", "Es gibt keine Entscheidung, die sich aufheben ließe"},
	"already_answered":     {409, "You have answered this already", "Darauf hast du schon geantwortet"},
	"thing_gone":           {409, "This is not there any more", "Das gibt es nicht mehr"},
	"no_work":              {409, "This piece of work is over, or was used already", "Diese Rechenaufgabe ist abgelaufen oder schon verwendet"},
	"no_club":              {404, "There is no such club, or no more", "Diesen Club gibt es nicht oder nicht mehr"},
	"no_club_entry":        {403, "This club does not let you in", "Dieser Club lässt dich nicht hinein"},
	"not_in_club":          {403, "Only members of this club may do this", "Das dürfen nur Mitglieder dieses Clubs"},
	"not_club_admin":       {403, "Only those who lead this club may do this", "Das dürfen nur die, die diesen Club leiten"},
	"not_club_founder":     {403, "Only the founder of this club may do this", "Das darf nur, wer diesen Club gegründet hat"},
	"by_nomination":        {409, "One comes into this club by being invited", "In diesen Club kommt man nur auf Einladung"},
	"rules_changed":        {409, "The rules of this club have changed; please read them again", "Die Regeln dieses Clubs haben sich geändert; bitte lies sie noch einmal"},
	"founder_stays":        {409, "Hand the club over first, or delete it", "Übergib den Club zuerst, oder lösche ihn"},
	"too_many_clubs":       {409, "These are as many clubs as one person may have", "Mehr Clubs darf eine Person nicht haben"},
	"too_many_nominations": {409, "You have nominated as many as you may; please wait for an answer", "Mehr Vorschläge gehen gerade nicht; bitte warte auf eine Antwort"},
	"club_full":            {409, "Nobody else fits into this club for now", "In diesen Club passt gerade niemand mehr"},
	"no_plan":              {404, "There is no such plan, or no more", "Diesen geplanten Raum gibt es nicht oder nicht mehr"},
	"not_host":             {403, "Only a host may do this", "Das dürfen nur die, die einladen"},
	"too_many_plans":       {409, "You have as many plans ahead as you may", "Mehr geplante Räume darf eine Person nicht vor sich haben"},
	"plan_full":            {409, "As many mean to come as can be noted", "Mehr Zusagen lassen sich nicht vormerken"},
	"plan_early":           {409, "Its room can be opened from 15 minutes before the start", "Der Raum lässt sich ab 15 Minuten vor Beginn öffnen"},
	"plan_begun":           {409, "This has begun already", "Das hat schon begonnen"},
	"no_push":              {409, "This house sends no notifications", "Dieses Haus verschickt keine Mitteilungen"},
	"no_mail":              {409, "This house sends no mail", "Dieses Haus verschickt keine Mails"},
	"no_address":           {409, "You have no e-mail address here", "Du hast hier keine E-Mail-Adresse"},
	"no_code":              {409, "This code is good no more; have another one sent", "Dieser Code gilt nicht mehr; lass dir einen neuen schicken"},
	"wrong_code":           {422, "This is another code", "Das ist nicht der Code"},
	"plan_over":            {409, "This is over, or was cancelled", "Das ist vorbei oder abgesagt"},
	"no_version":           {428, "Say which version is to be changed", "Sag, welche Fassung geändert werden soll"},
	"changed_meanwhile":    {412, "This has been changed meanwhile", "Das wurde inzwischen geändert"},
	"handle_taken":         {409, "Somebody else has this handle", "Diesen Namen hat schon jemand anderes"},
	"not_a_picture":        {422, "This is not a picture that can be used: PNG, JPEG, GIF or WebP, from 64 pixels to 16 megapixels", "Das ist kein brauchbares Bild: PNG, JPEG, GIF oder WebP, von 64 Pixeln bis 16 Megapixel"},
	"discovery_off":        {409, "This is for those who can be found themselves", "Das geht nur, wenn du selbst zu finden bist"},
	"other_key":            {409, "The house has another key by now; everything has to be asked anew", "Das Haus hat inzwischen einen anderen Schlüssel; alles muss neu gefragt werden"},
	"budget_spent":         {429, "You have asked for as many people as you may; some more each day", "Mehr Leute kannst du gerade nicht suchen; jeden Tag kommen ein paar dazu"},
	"blocked":              {409, "You have blocked them; take that back first", "Du hast diese Person blockiert; nimm das erst zurück"},
	"too_many":             {429, "Too often; please wait a moment", "Zu oft; bitte warte einen Moment"},
	"node_full":            {503, "As many people are here as this house can carry; please try again in a moment", "Hier sind schon so viele, wie dieses Haus tragen kann; bitte versuch es gleich noch einmal"},
	"unavailable":          {503, "The house cannot answer just now", "Das Haus kann gerade nicht antworten"},
	"internal":             {500, "Something went wrong on our side", "Bei uns ist etwas schiefgegangen"},
}

// Why a call may be refused here, before it reaches a package that decides.
var (
	errNotSignedIn  = errors.New("not signed in")
	errNoSuchThing  = errors.New("no such path or item")
	errTooManyRooms = errors.New("too many rooms open")
	errNoVersion    = errors.New("no version to change")
	errCrossOrigin  = errors.New("from another site")
	errBadRequest   = errors.New("not a request")
	errUnavailable  = errors.New("cannot serve now")
	errNoModerators = errors.New("no moderators")
	errNotHeard     = errors.New("no such voice lately")
	errOutside      = errors.New("this house is outside of the fence")
	errClosed       = errors.New("nobody of this house is inside of the room's fence")
)

// refusals says which problem an error is, and where in the request its cause
// lies when that is a value.
var refusals = []struct {
	err      error
	code     code
	location string
}{
	{errNotSignedIn, "not_signed_in", ""},
	{errNoSuchThing, "no_such_thing", ""},
	{errTooManyRooms, "too_many_rooms", ""},
	{errCrossOrigin, "cross_origin", ""},
	{errBadRequest, "bad_request", ""},
	{errNoVersion, "no_version", ""},
	{people.ErrChanged, "changed_meanwhile", ""},
	{people.ErrHandleTaken, "handle_taken", "body.handle"},
	{people.ErrNoPicture, "no_such_thing", ""},
	{picture.ErrKind, "not_a_picture", ""},
	{picture.ErrSize, "not_a_picture", ""},
	{errUnavailable, "unavailable", ""},
	{signal.ErrRequest, "bad_request", ""},

	{people.ErrName, "invalid", "body.name"},
	{people.ErrPasskey, "invalid", "body.credential"},
	{people.ErrPasskeys, "invalid", "body"},
	{people.ErrNoPasskey, "no_such_thing", ""},
	{people.ErrBackup, "invalid", "body.sealed"},
	{people.ErrSelf, "invalid", "path.person"},
	{people.ErrFollowing, "invalid", "path.person"},
	{people.ErrNoPerson, "no_person", ""},
	{people.ErrSignIn, "sign_in_failed", ""},
	{people.ErrNoCeremony, "no_ceremony", ""},
	{people.ErrNoSession, "no_such_thing", ""},
	{people.ErrNoInvite, "no_invite", ""},
	{people.ErrNoInvitesLeft, "no_invites_left", ""},
	{hashcash.ErrWork, "no_work", ""},
	{conversations.ErrNone, "no_conversation", ""},
	{conversations.ErrDevice, "no_device", ""},
	{conversations.ErrEpoch, "stale_epoch", ""},
	{conversations.ErrThere, "conversation_there", ""},
	{conversations.ErrMany, "too_many_talks", ""},
	{conversations.ErrUnanswered, "unanswered", ""},
	{conversations.ErrLate, "late_to_take_back", ""},
	{conversations.ErrTaken, "many_taken_back", ""},
	{conversations.ErrPeople, "not_these_people", ""},
	{conversations.ErrSize, "invalid", "body"},
	{people.ErrHidden, "invalid", "path.person"},
	{people.ErrNotify, "invalid", "body.notify"},
	{people.ErrBlocks, "invalid", "path.person"},
	{people.ErrLevel, "invalid", "body.level"},
	{people.ErrBlocked, "blocked", ""},
	{people.ErrStore, "unavailable", ""},
	{discover.ErrOff, "discovery_off", ""},
	{discover.ErrKey, "other_key", ""},
	{discover.ErrMany, "invalid", "body"},
	{discover.ErrChanged, "unavailable", ""},

	{clubs.ErrNone, "no_club", ""},
	{clubs.ErrNoEntry, "no_club_entry", ""},
	{clubs.ErrNotMember, "not_in_club", ""},
	{clubs.ErrNotAdmin, "not_club_admin", ""},
	{clubs.ErrNotFounder, "not_club_founder", ""},
	{clubs.ErrNoPerson, "no_person", ""},
	{clubs.ErrSelf, "invalid", "path.person"},
	{clubs.ErrNomination, "by_nomination", ""},
	{clubs.ErrRules, "rules_changed", ""},
	{clubs.ErrFounderStays, "founder_stays", ""},
	{clubs.ErrTooMany, "too_many_clubs", ""},
	{clubs.ErrNominations, "too_many_nominations", ""},
	{clubs.ErrFull, "club_full", ""},
	{clubs.ErrChanged, "changed_meanwhile", ""},
	{clubs.ErrMark, "invalid", "query.after"},

	{news.ErrNone, "no_such_thing", ""},
	{news.ErrChanged, "changed_meanwhile", ""},
	{news.ErrMark, "invalid", "query.after"},
	{push.ErrSubscription, "invalid", "body.endpoint"},
	{errNoPush, "no_push", ""},
	{errNoMail, "no_mail", ""},
	{mail.ErrFull, "unavailable", ""},
	{people.ErrNoAddress, "no_address", ""},
	{people.ErrNoCode, "no_code", ""},
	{people.ErrWrongCode, "wrong_code", ""},

	{schedule.ErrNoPlan, "no_plan", ""},
	{schedule.ErrChanged, "changed_meanwhile", ""},
	{schedule.ErrNotHost, "not_host", ""},
	{schedule.ErrTooMany, "too_many_plans", ""},
	{schedule.ErrGoing, "too_many_plans", ""},
	{schedule.ErrFull, "plan_full", ""},
	{schedule.ErrEarly, "plan_early", ""},
	{schedule.ErrBegun, "plan_begun", ""},
	{schedule.ErrOver, "plan_over", ""},

	{ErrNode, "no_node", ""},
	{errOutside, "outside", ""},
	{errClosed, "fence_closed", ""},
	{room.ErrNowhere, "invalid", "set_fence.to"},
	{errNoModerators, "no_moderators", ""},
	{errNotHeard, "not_heard", ""},
	{reports.ErrFull, "reports_full", ""},
	{reports.ErrSealed, "invalid", "body.sealed"},
	{moderation.ErrFull, "reports_full", ""},
	{moderation.ErrNone, "no_such_thing", ""},
	{moderation.ErrWarden, "no_such_thing", ""},
	{moderation.ErrParty, "not_yours_to_judge", ""},
	{moderation.ErrPassed, "not_yours_to_judge", ""},
	{moderation.ErrNothing, "nothing_to_lift", ""},
	{moderation.ErrNobody, "thing_gone", ""},
	{errGone, "thing_gone", ""},
	{moderation.ErrAnswered, "already_answered", ""},
	{moderation.ErrMark, "invalid", "query.after"},

	{room.ErrNoRoom, "no_room", ""},
	{room.ErrNotHere, "not_here", ""},
	{room.ErrNoPerson, "no_person", ""},
	{room.ErrNotModerator, "not_moderator", ""},
	{room.ErrSenior, "senior", ""},
	{room.ErrNotOnStage, "not_on_stage", ""},
	{room.ErrOnStage, "on_stage", ""},
	{room.ErrShielded, "shielded", ""},
	{room.ErrHands, "hands_closed", ""},
	{room.ErrHandsFull, "hands_full", ""},
	{room.ErrNotAsked, "not_asked", ""},
	{room.ErrStageFull, "stage_full", ""},
	{room.ErrMicrophonesFull, "microphones_full", ""},
	{room.ErrFull, "room_full", ""},
	{room.ErrNarrower, "narrower", ""},
	{room.ErrNoClub, "invalid", "widen.to"},
	{room.ErrText, "invalid", "body.title"},
	{room.ErrChat, "chat_closed", ""},
	{room.ErrPinsFull, "pins_full", ""},
	{room.ErrLink, "invalid", "pin.url"},
	{room.ErrPollOpen, "poll_open", ""},
	{room.ErrNoPoll, "no_poll", ""},
	{room.ErrPollFull, "poll_full", ""},
	{beside.ErrNoEmoji, "invalid", "react.emoji"},
	{beside.ErrNoMessage, "no_such_thing", ""},
	{beside.ErrNotAuthor, "not_author", ""},
	{courier.ErrNotTending, "not_tending", ""},
	{courier.ErrStale, "stale_announce", ""},
	{courier.ErrNoKnock, "no_knock", ""},
	{courier.ErrMember, "member_taken", ""},
	{courier.ErrForm, "bad_request", ""},
	{live.ErrStore, "unavailable", ""},
	{live.ErrBusy, "unavailable", ""},
	{live.ErrClosed, "unavailable", ""},
	{live.ErrElsewhere, "unavailable", ""},
	{context.DeadlineExceeded, "unavailable", ""},
	{context.Canceled, "unavailable", ""},
	{grant.ErrGrant, "bad_grant", ""},
}

// A sentence is for people, in both languages.
type sentence struct{ en, de string }

func (s sentence) in(german bool) string {
	if german {
		return s.de
	}
	return s.en
}

// faultWords says what is wrong with a value that somebody wrote.
var faultWords = map[people.Reason]sentence{
	people.NotAName:     {"A name has 1 to 60 characters, on one line", "Ein Name hat 1 bis 60 Zeichen auf einer Zeile"},
	people.NotAHandle:   {"A handle has 3 to 24 of the letters a to z, digits and _, and begins with a letter", "Ein Handle hat 3 bis 24 Buchstaben von a bis z, Ziffern oder _ und beginnt mit einem Buchstaben"},
	people.Reserved:     {"This handle would be taken for the house's", "Dieses Handle sähe aus, als gehörte es dem Haus"},
	people.NotOneLine:   {"This has to fit on one line", "Das muss auf eine Zeile passen"},
	people.TooLong:      {"This is too long", "Das ist zu lang"},
	people.TooManyLines: {"These are too many lines", "Das sind zu viele Zeilen"},
	people.Unseen:       {"There is a character in it that nobody sees", "Darin ist ein Zeichen, das niemand sieht"},
	people.TooMany:      {"These are too many", "Das sind zu viele"},
	people.NotALink:     {"A link begins with https:// and has up to 200 characters", "Ein Link beginnt mit https:// und hat höchstens 200 Zeichen"},
	people.NotALanguage: {"This is no language that is known", "Diese Sprache ist nicht bekannt"},
	people.NoChoice:     {"This is none of the words that are allowed", "Dieses Wort ist hier nicht erlaubt"},
	people.NotATopic:    {"There is no such topic", "Dieses Thema gibt es nicht"},
	people.NotAnAddress: {"This is no e-mail address: such as name@example.org", "Das ist keine E-Mail-Adresse wie name@example.org"},
	people.Twice:        {"This is there twice", "Das steht zweimal da"},

	news.NotAMinute: {"This is no minute of the day: 0 to 1439", "Das ist keine Minute des Tages: 0 bis 1439"},
	news.NotAZone:   {"This time zone is not known", "Diese Zeitzone ist nicht bekannt"},
	news.NotABudget: {"This is 0 to 50", "Das ist 0 bis 50"},
	news.NotAnHour:  {"This is no hour of the day: 0 to 23", "Das ist keine Stunde des Tages: 0 bis 23"},
	news.NotAKind:   {"There is no such kind of news", "Solche Neuigkeiten gibt es nicht"},
	news.NotOff:     {"What the house decides about you cannot be turned off", "Was das Haus über dich entscheidet, lässt sich nicht abstellen"},

	moderation.NotAReason: {"This is none of the reasons there are", "Diesen Grund gibt es nicht"},
	moderation.NoText:     {"Please write something", "Bitte schreib etwas"},
	moderation.NotDays:    {"This is 1 to 365 days, of a suspension", "Das sind 1 bis 365 Tage, bei einer Sperre auf Zeit"},
	moderation.NotForThis: {"This cannot be decided about a thing of this kind", "Das lässt sich hierüber nicht entscheiden"},

	schedule.NotATitle:   {"A title has 1 to 120 characters, on one line", "Ein Titel hat 1 bis 120 Zeichen auf einer Zeile"},
	schedule.AboutLong:   {"These are more than 15 lines", "Das sind mehr als 15 Zeilen"},
	schedule.NotAhead:    {"This has to be ahead, by a year at most", "Das muss in der Zukunft liegen, höchstens ein Jahr voraus"},
	schedule.NotWhole:    {"This has to be a whole minute", "Das muss eine ganze Minute sein"},
	schedule.NotMinutes:  {"This takes 15 minutes to 12 hours", "Das dauert 15 Minuten bis 12 Stunden"},
	schedule.NotAChoice:  {"This is open, social, members or closed", "Das ist open, social, members oder closed"},
	schedule.NeedsClub:   {"Choose a club, if it is for its members", "Wähle einen Club, wenn es für seine Mitglieder ist"},
	schedule.NotAPerson:  {"There is no such person here", "Diese Person ist hier nicht"},
	schedule.NotAClub:    {"There is no such club", "Diesen Club gibt es nicht"},
	schedule.NotAFence:   {"This is no fence", "Das ist kein Zaun"},
	schedule.FenceBeyond: {"This house stands outside of this fence", "Dieses Haus steht außerhalb dieses Zauns"},
}

// errWait means that something was asked too often.
type errWait struct{ after time.Duration }

func (e errWait) Error() string { return "too often" }

// errSpent means that there is no budget left, for a while.
type errSpent struct{ after time.Duration }

func (e errSpent) Error() string { return "no budget left" }

// errFull means that the node lets nobody new in for now.
type errFull struct{ after time.Duration }

func (e errFull) Error() string { return "as many people as the node can carry" }

// An errValue means that a value is not allowed.
type errValue struct{ location, message string }

func (e errValue) Error() string { return e.location + ": " + e.message }

// errValues are several.
type errValues []errValue

func (e errValues) Error() string { return e[0].Error() }

// unavailableAfter is when it is worth asking again after a failure.
const unavailableAfter = 5 * time.Second

// A Problem is an error as clients see it (RFC 9457, section 3).
type Problem struct {
	Type   string      `json:"type" doc:"/problems/ and the code"`
	Title  string      `json:"title" doc:"what is wrong, for people, in the language of Accept-Language"`
	Status int         `json:"status"`
	Code   string      `json:"code" doc:"what is wrong, for programs"`
	Detail string      `json:"detail,omitempty"`
	Errors []Violation `json:"errors,omitempty"`
	// Of suspended.
	Until        time.Time `json:"until,omitzero" doc:"of suspended: until when; absent: for good"`
	Reason       string    `json:"reason,omitempty" doc:"of suspended: why, as a warden has written it"`
	RecoveryCode string    `json:"recovery_code,omitempty" doc:"of suspended, to who has signed in by one: the next, shown this once"`
	// Of changed_meanwhile, in the queue.
	Decision *JudgedBefore `json:"decision,omitempty" doc:"of changed_meanwhile, in the queue: what was decided last"`

	after time.Duration // when to ask again, if that helps
}

// A Violation is a value that is not allowed.
type Violation struct {
	Location string `json:"location" doc:"such as body.name"`
	Message  string `json:"message"`
}

// JudgedBefore is what another warden has decided meanwhile.
type JudgedBefore struct {
	What moderation.What `json:"what" enum:"nothing,warning,suspend,ban,close_room,remove,lift"`
	Made time.Time       `json:"made"`
}

// Error returns the code.
func (p *Problem) Error() string { return p.Code }

// GetStatus is how huma asks for the status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is how huma asks for the media type.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders is how huma asks for header fields.
func (p *Problem) GetHeaders() http.Header {
	h := make(http.Header)
	if s := p.retryAfter(); s > 0 {
		h.Set("Retry-After", strconv.Itoa(s))
	}
	return h
}

// retryAfter returns in how many seconds to ask again, or 0.
func (p *Problem) retryAfter() int { return int(math.Ceil(p.after.Seconds())) }

func newProblem(c code, german bool) *Problem {
	k := kinds[c]
	p := &Problem{Type: "/problems/" + string(c), Title: k.en, Status: k.status, Code: string(c)}
	if german {
		p.Title = k.de
	}
	return p
}

// problemOf returns the problem that err is. What no table knows is ours.
func problemOf(err error, german bool) *Problem {
	var (
		wait   errWait
		often  beside.Wait
		full   errFull
		value  errValue
		offer  *OfferError
		faults people.Faults

		spent   errSpent
		several errValues
		out     errSuspended
		judged  moderation.Judged
	)
	switch {
	case errors.As(err, &out):
		p := newProblem("suspended", german)
		p.Until, p.Reason, p.RecoveryCode = out.until, out.why, out.code
		return p
	case errors.As(err, &judged):
		p := newProblem("changed_meanwhile", german)
		if judged.By.What != "" {
			p.Decision = &JudgedBefore{judged.By.What, judged.By.Made}
		}
		return p
	case errors.As(err, &full):
		p := newProblem("node_full", german)
		p.after = max(full.after, time.Second)
		return p
	case errors.As(err, &wait):
		p := newProblem("too_many", german)
		p.after = max(wait.after, time.Second)
		return p
	case errors.As(err, &often):
		p := newProblem("too_many", german)
		p.after = max(often.After, time.Second)
		return p
	case errors.As(err, &spent):
		p := newProblem("budget_spent", german)
		p.after = max(spent.after, time.Second)
		return p
	case errors.As(err, &several):
		p := newProblem("invalid", german)
		for _, one := range several {
			p.Errors = append(p.Errors, Violation{one.location, one.message})
		}
		return p
	case errors.As(err, &value):
		p := newProblem("invalid", german)
		p.Errors = []Violation{{value.location, value.message}}
		return p
	case errors.As(err, &faults):
		p := newProblem("invalid", german)
		for _, f := range faults {
			words := faultWords[f.Why]
			p.Errors = append(p.Errors, Violation{"body." + f.Field, words.in(german)})
		}
		return p
	case errors.As(err, &offer):
		p := newProblem("bad_offer", german)
		p.Detail = offer.Detail
		return p
	}
	for _, r := range refusals {
		if !errors.Is(err, r.err) {
			continue
		}
		p := newProblem(r.code, german)
		if r.location != "" {
			p.Errors = []Violation{{r.location, r.err.Error()}}
		}
		if r.code == "unavailable" {
			p.after = unavailableAfter
		}
		return p
	}
	return newProblem("internal", german)
}

// problem returns the problem that err is, and logs what is not the caller's
// doing. This is the only place that does.
func (a *API) problem(ctx context.Context, err error, german bool) *Problem {
	p := problemOf(err, german)
	if p.Status >= http.StatusInternalServerError && p.Code != "node_full" && !errors.Is(err, live.ErrElsewhere) && ctx.Err() == nil {
		level := slog.LevelError
		if p.Code == "no_node" || p.Code == "fence_closed" {
			level = slog.LevelWarn // other nodes are away, and this one says so
		}
		a.Log.LogAttrs(ctx, level, "call failed", slog.String("problem", p.Code), slog.Any("error", err))
	}
	return p
}

// write answers r with p where huma does not.
func (p *Problem) write(w http.ResponseWriter) {
	maps.Copy(w.Header(), p.GetHeaders())
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	// The client may be gone, which is all that can go wrong.
	_ = huma.DefaultJSONFormat.Marshal(w, p)
}

var languages = language.NewMatcher([]language.Tag{language.English, language.German})

// isGerman reports whether Accept-Language prefers German to English.
func isGerman(accept string) bool {
	if accept == "" || len(accept) > 256 {
		return false
	}
	_, i := language.MatchStrings(languages, accept)
	return i == 1
}

// humaErrors makes huma's errors ours, also in the OpenAPI document. huma makes
// them through package variables, which are set once.
var humaErrors = sync.OnceFunc(func() {
	huma.NewError = func(status int, text string, errs ...error) huma.StatusError {
		return humaProblem(status, false, text, errs)
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, text string, errs ...error) huma.StatusError {
		return humaProblem(status, isGerman(ctx.Header("Accept-Language")), text, errs)
	}
	huma.DefaultArrayNullable = false // our lists are empty, never null
})

// humaProblem returns the problem for an error that huma has found: something
// too large, not of the form, or none of the words allowed.
func humaProblem(status int, german bool, text string, errs []error) *Problem {
	c := code("bad_request")
	switch {
	case status == http.StatusRequestEntityTooLarge:
		c = "too_large"
	case status >= http.StatusInternalServerError:
		c = "internal"
	case status == http.StatusUnprocessableEntity && areWords(errs):
		c = "invalid"
	}
	p := newProblem(c, german)
	for _, err := range errs {
		var d huma.ErrorDetailer
		if errors.As(err, &d) {
			e := d.ErrorDetail()
			p.Errors = append(p.Errors, Violation{e.Location, e.Message})
		}
	}
	if len(p.Errors) == 0 && c == "bad_request" {
		p.Detail = text
	}
	return p
}

// areWords reports whether all of errs say that a word is none of those
// allowed: then the request has its form.
func areWords(errs []error) bool {
	start, _, _ := strings.Cut(validation.MsgExpectedOneOf, "%")
	for _, err := range errs {
		var d huma.ErrorDetailer
		if !errors.As(err, &d) || !strings.HasPrefix(d.ErrorDetail().Message, start) {
			return false
		}
	}
	return len(errs) > 0
}
