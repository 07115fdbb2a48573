package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/picture"
)

// Bodies about profiles.
type (
	// Link leads from a profile to a page.
	Link struct {
		URL  string `json:"url" doc:"https, up to 200 bytes"`
		Text string `json:"text,omitempty" doc:"one line, up to 40 characters"`
	}
	// Named is somebody by name alone.
	Named struct {
		ID   id.Person `json:"id"`
		Name string    `json:"name"`
	}
	// Profile is somebody with all that they show.
	Profile struct {
		Person

		Pronouns  string   `json:"pronouns,omitempty"`
		Bio       string   `json:"bio,omitempty"`
		Links     []Link   `json:"links,omitempty"`
		Languages []string `json:"languages,omitempty" doc:"BCP 47"`
		Following int      `json:"following" doc:"how many they follow"`
		Followers int      `json:"followers" doc:"how many follow them"`
		More      bool     `json:"more_followers,omitempty" doc:"that there are more followers than that, which is 10,000 then"`
		InvitedBy *Named   `json:"invited_by,omitempty" doc:"if they show it"`

		Clubs []ProfileClub `json:"clubs,omitempty" doc:"that they are in, as far as they show it and I may know of it"`
	}
	// NewProfile is what one writes about oneself.
	NewProfile struct {
		Name        string   `json:"name" doc:"one line, up to 60 characters"`
		Handle      string   `json:"handle" doc:"3 to 24 of a to z, 0 to 9 and _, the first a letter; or empty"`
		Pronouns    string   `json:"pronouns" doc:"one line, up to 30 characters"`
		Bio         string   `json:"bio" doc:"up to 300 characters on 8 lines"`
		Links       []Link   `json:"links" doc:"up to 4"`
		Languages   []string `json:"languages" doc:"up to 6, BCP 47"`
		Interests   []string `json:"interests" doc:"up to 10 of the topics in docs/protocol/http.md; nobody else is shown them"`
		ShowInviter bool     `json:"show_inviter" doc:"whether others are shown who invited me"`
		Findable    bool     `json:"findable" doc:"whether everybody may find me by my name; those whom I follow or who follow me always may, and by the whole handle anybody"`
	}
	// OwnProfile is one's own profile.
	OwnProfile struct {
		NewProfile

		Picture   string `json:"picture,omitempty" doc:"its version"`
		InvitedBy *Named `json:"invited_by,omitempty"`
	}
	// Pictured is the version of a picture.
	Pictured struct {
		Picture string `json:"picture"`
	}
)

// Inputs and outputs of calls about profiles.
type (
	atHandle struct {
		Handle string `path:"handle"`
	}
	changingProfile struct {
		IfMatch string `header:"If-Match" doc:"the ETag of the profile that is changed"`
		Body    NewProfile
	}
	ownProfile struct {
		ETag string `header:"ETag"`
		Body OwnProfile
	}
	upload struct {
		RawBody []byte `contentType:"application/octet-stream"`
	}
	atPicture struct {
		Person  string `path:"person"`
		Size    string `path:"size" enum:"small,large"`
		Version string `query:"v" doc:"the version; with it the answer may be kept"`
	}
	pictureOutput struct {
		ContentType  string `header:"Content-Type"`
		CacheControl string `header:"Cache-Control"`
		Policy       string `header:"Content-Security-Policy"`
		Body         []byte
	}
)

// picturesAtOnce is how many uploads are made into pictures at the same time: each
// takes some 100 MiB for a moment.
const picturesAtOnce = 2

func linksOf(links []people.Link) []Link {
	out := make([]Link, len(links))
	for i, l := range links {
		out[i] = Link(l)
	}
	return out
}

func namedOf(p people.Person) *Named {
	if p.ID.IsZero() {
		return nil
	}
	return &Named{p.ID, p.Name}
}

func profileOf(p people.FullProfile, in []ProfileClub) Profile {
	return Profile{
		personOf(p.Profile), p.Pronouns, p.Bio, linksOf(p.Links), p.Languages, p.Following, p.Followers, p.MoreFollowers, namedOf(p.Inviter), in,
	}
}

// own answers with one's own profile and its version.
func own(p people.OwnProfile, err error) (*ownProfile, error) {
	if err != nil {
		return nil, err
	}
	languages := p.Languages
	if languages == nil {
		languages = []string{}
	}
	interests := p.Interests
	if interests == nil {
		interests = []string{}
	}
	return &ownProfile{tagOf(p.Version), OwnProfile{
		NewProfile{p.Name, p.Handle, p.Pronouns, p.Bio, linksOf(p.Links), languages, interests, p.ShowInviter, p.Findable}, p.Picture, namedOf(p.Inviter),
	}}, nil
}

// tagOf returns a version as an entity tag (RFC 9110, section 8.8.3).
func tagOf(version int64) string { return strconv.Quote(strconv.FormatInt(version, 10)) }

func versionOf(tag string) (int64, error) {
	if tag == "" {
		return 0, errNoVersion
	}
	text, err := strconv.Unquote(tag)
	if err != nil {
		return 0, people.ErrChanged // a weak one, or several: none of ours
	}
	version, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, people.ErrChanged
	}
	return version, nil
}

func (n NewProfile) written() people.Written {
	links := make([]people.Link, len(n.Links))
	for i, l := range n.Links {
		links[i] = people.Link(l)
	}
	return people.Written{
		Name: n.Name, Handle: n.Handle, Pronouns: n.Pronouns, Bio: n.Bio, Links: links, Languages: n.Languages, Interests: n.Interests, ShowInviter: n.ShowInviter, Findable: n.Findable,
	}
}

// profile returns somebody to who asks. To look at many whom one does not follow
// is to harvest: then all get one answer, those who are there and those who are not.
func (a *API) profile(ctx context.Context, find func(context.Context) (id.Person, error)) (Profile, error) {
	var p people.FullProfile
	who, err := find(ctx)
	if err == nil {
		p, err = a.People.FullProfile(ctx, me(ctx), who)
	}
	if err != nil || !p.Followed && p.ID != me(ctx) {
		if err := a.limits.take(a.Clock(), visitOf(ctx).caller(profiling), profiling); err != nil {
			return Profile{}, err
		}
	}
	if err != nil {
		return Profile{}, err
	}
	in, err := a.profileClubs(ctx, p.ID)
	return profileOf(p, in), err
}

func (a *API) addProfiles() {
	add(a, huma.Operation{
		OperationID: "get-person", Method: "GET", Path: "/api/v1/people/{person}", Tags: []string{"people"}, Summary: "A person",
	}, toRead, func(ctx context.Context, in *atPerson) (*output[Profile], error) {
		return answer(a.profile(ctx, func(context.Context) (id.Person, error) { return in.parse() }))
	})
	add(a, huma.Operation{
		OperationID: "get-handle", Method: "GET", Path: "/api/v1/handles/{handle}", Tags: []string{"people"}, Summary: "A person by their handle",
	}, toRead, func(ctx context.Context, in *atHandle) (*output[Profile], error) {
		return answer(a.profile(ctx, func(ctx context.Context) (id.Person, error) { return a.People.ByHandle(ctx, in.Handle) }))
	})
	add(a, huma.Operation{
		OperationID: "get-picture", Method: "GET", Path: "/api/v1/people/{person}/picture/{size}", Tags: []string{"people"},
		Summary: "The picture of a person, as image/jpeg",
	}, toSee, func(ctx context.Context, in *atPicture) (*pictureOutput, error) {
		return a.picture(ctx, in)
	})
	const path, pictureAt = "/api/v1/me/profile", "/api/v1/me/picture"
	add(a, huma.Operation{
		OperationID: "get-profile", Method: "GET", Path: path, Tags: []string{"me"}, Summary: "My profile",
	}, toRead, func(ctx context.Context, _ *struct{}) (*ownProfile, error) {
		return own(a.People.OwnProfile(ctx, me(ctx)))
	})
	add(a, huma.Operation{
		OperationID: "change-profile", Method: "PUT", Path: path, Tags: []string{"me"},
		Summary: "Change my profile, if nobody has meanwhile",
	}, toWrite, func(ctx context.Context, in *changingProfile) (*ownProfile, error) {
		version, err := versionOf(in.IfMatch)
		if err != nil {
			return nil, err
		}
		p, err := a.People.SetProfile(ctx, me(ctx), version, in.Body.written())
		if err == nil {
			a.calledOtherwise(ctx, me(ctx))
		}
		return own(p, err)
	})
	add(a, huma.Operation{
		OperationID: "set-picture", Method: "PUT", Path: pictureAt, Tags: []string{"me"},
		Summary:      "Take a picture: PNG, JPEG, GIF or WebP, of which the middle is taken and nothing but what one sees is kept",
		MaxBodyBytes: picture.UploadMax, BodyReadTimeout: 30 * time.Second,
	}, toPicture, func(ctx context.Context, in *upload) (*output[Pictured], error) {
		version, err := a.setPicture(ctx, me(ctx), in.RawBody)
		return answer(Pictured{version}, err)
	})
	add(a, huma.Operation{
		OperationID: "drop-picture", Method: "DELETE", Path: pictureAt, Tags: []string{"me"}, Summary: "Take my picture away",
	}, toWrite, func(ctx context.Context, _ *struct{}) (*nothing, error) {
		return &nothing{}, a.People.DropPicture(ctx, me(ctx))
	})
}

func (a *API) setPicture(ctx context.Context, who id.Person, uploaded []byte) (string, error) {
	select {
	case a.pictures <- struct{}{}:
		defer func() { <-a.pictures }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	// What it says of itself counts, not what the request says of it.
	kind := http.DetectContentType(uploaded)
	made, err := picture.Make(kind, uploaded)
	if err != nil {
		return "", err
	}
	return a.People.SetPicture(ctx, who, made.Large, made.Small)
}

func (a *API) picture(ctx context.Context, in *atPicture) (*pictureOutput, error) {
	who, err := id.Parse[id.Person](in.Person)
	if err != nil {
		return nil, people.ErrNoPicture
	}
	jpeg, version, err := a.People.Picture(ctx, who, in.Size == "small")
	if err != nil {
		return nil, err
	}
	out := &pictureOutput{"image/jpeg", "no-cache", "default-src 'none'", jpeg}
	if version != "" && strings.EqualFold(in.Version, version) {
		out.CacheControl = "private, max-age=31536000, immutable"
	}
	return out, nil
}
