package api

import (
	"context"
	"encoding/base64"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// House is what anybody may know about the house.
type House struct {
	Name             string   `json:"name"`
	Version          string   `json:"version"`
	SignUp           string   `json:"sign_up" enum:"invite,open" doc:"open: also without an invite, by a piece of work"`
	InvitesPerPerson int      `json:"invites_per_person" doc:"of who came by one, at the start"`
	Moderators       []string `json:"moderators" doc:"the keys that reports are sealed to: X25519, base64url"`
	Mail             bool     `json:"mail" doc:"whether it sends mail to those who want it"`
	Regions          []string `json:"regions,omitempty" doc:"of the network that it is in, its own first; a room can be kept inside some"`
	NetworkRoot      string   `json:"network_root,omitempty" doc:"the certificate of the root of its network (DER, base64url), by which itineraries are checked"`
}

func (a *API) addHouse(mux *http.ServeMux) {
	add(a, huma.Operation{
		OperationID: "get-house", Method: "GET", Path: "/api/v1/house", Tags: []string{"house"}, Summary: "The house",
	}, toLook, func(context.Context, *struct{}) (*output[House], error) {
		signUp := "invite"
		if a.People.IsOpen() {
			signUp = "open"
		}
		return answer(House{
			a.House, a.Version, signUp, a.People.Growth().Start, append([]string{}, a.Moderators...), a.Mail != nil,
			a.Regions, base64.RawURLEncoding.EncodeToString(a.Root),
		}, nil)
	})
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "alive") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if err := a.Ready(); err != nil {
			say(w, http.StatusServiceUnavailable, "not ready")
			return
		}
		say(w, http.StatusOK, "ready")
	})
	mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(a.openapi) // the client may be gone
	})
}

// say answers in plain text. Why a node is not ready is not for everybody.
func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n")) // the client may be gone
}
