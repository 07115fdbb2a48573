package node

import (
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"html/template"
	"io/fs"
	"math"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/text/language"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/overlay/relay"
	"github.com/stoa-audio/stoa/internal/overlay/topology"
)

//go:embed picture
var pictureFiles embed.FS

// What the operator's page shows, as JSON. It names nobody: nodes go by where
// they stand and a label, rooms by their routes, which are others tomorrow.
type (
	picture struct {
		At    time.Time     `json:"at"`
		Nodes []pictureNode `json:"nodes"` // the node itself first
		Links []pictureLink `json:"links"`
		// Rooms are those whose voices come in here, are heard here or pass, as
		// far as they go between nodes: at most a hundred. Trees are those of the
		// room that was asked for, one for each node where its voices come in.
		Rooms  []string          `json:"rooms"`
		Room   string            `json:"room,omitempty"`
		Trees  []pictureTree     `json:"trees"`
		Owned  int               `json:"trees_owned"`
		Places int               `json:"trees_with_a_place"`
		Counts map[string]uint64 `json:"counts"`
	}
	pictureNode struct {
		Label     string  `json:"label"`
		Region    string  `json:"region,omitempty"`
		Operator  string  `json:"operator,omitempty"`
		Latitude  float64 `json:"latitude,omitempty"`
		Longitude float64 `json:"longitude,omitempty"`
		Down      bool    `json:"down,omitempty"`    // this node hears nothing of it
		InUse     bool    `json:"in_use,omitempty"`  // voices go over the link to it, or may at any moment
		Leaving   bool    `json:"leaving,omitempty"` // it is about to stop
	}
	pictureLink struct {
		From     int     `json:"from"` // who measures, by the order of Nodes
		To       int     `json:"to"`
		RTTMS    float64 `json:"rtt_ms"`
		Loss     float64 `json:"loss"` // share of what comes from there
		JitterMS float64 `json:"jitter_ms"`
		Down     bool    `json:"down,omitempty"`
	}
	// A pictureTree is whole at its owner; elsewhere a node knows its own place,
	// and who takes the voices there.
	pictureTree struct {
		Owner      int           `json:"owner"`
		Whole      bool          `json:"whole"`
		Version    uint32        `json:"version"`
		Generation uint8         `json:"generation"`
		Fence      string        `json:"fence"`
		Spots      []pictureSpot `json:"spots"`
	}
	pictureSpot struct {
		Node     int     `json:"node"`
		Parent   int     `json:"parent"` // -1: none, or not known
		Backup   int     `json:"backup"`
		Listener bool    `json:"listener,omitempty"`
		DelayMS  float64 `json:"delay_ms,omitempty"` // from the owner, as planned
	}
)

// label returns what a node goes by in the operator's pictures and numbers: the
// same one on all nodes, and nothing that it is called by elsewhere.
func label(node id.Node) string {
	sum := sha256.Sum256(append([]byte("stoa label 1\x00"), node[:]...))
	return hex.EncodeToString(sum[:4])
}

// sight is what this node knows of the network now; the metrics and the picture
// are made of it. In no network it is this node alone.
func (n *Node) sight(room id.Room) relay.Sight {
	s := relay.Sight{Nodes: []relay.SeenNode{{Node: topology.Node{ID: n.self(), Place: n.stand()}}}}
	if n.trunk != nil {
		n.trunk.Ask(func(now time.Duration, core *relay.Node) { s = core.Look(now, room) })
	}
	return s
}

// picture returns what the page shows, with the trees of the room of a route.
func (n *Node) picture(route string) picture {
	s := n.sight(id.Room{})
	routes := make(map[string]id.Room, len(s.Rooms))
	p := picture{
		At: time.Now().UTC(), Nodes: []pictureNode{}, Links: []pictureLink{}, Rooms: []string{}, Trees: []pictureTree{},
		Counts: n.trunkCounts(s),
	}
	for _, room := range s.Rooms {
		text := n.media.Route(room, time.Now())
		routes[text] = room
		p.Rooms = append(p.Rooms, text)
	}
	slices.Sort(p.Rooms)
	if room, ok := routes[route]; ok {
		s, p.Room = n.sight(room), route
	}
	p.Owned, p.Places = s.Owned, s.Branches
	for _, one := range s.Nodes {
		p.Nodes = append(p.Nodes, pictureNode{
			Label: label(one.ID), Region: one.Place.Region, Operator: one.Place.Operator,
			Latitude: one.Latitude, Longitude: one.Longitude, Down: one.Down, InUse: one.InUse, Leaving: one.Leaving,
		})
	}
	for _, l := range s.Links {
		p.Links = append(p.Links, pictureLink{l.From, l.To, tenth(float64(l.RTT)), math.Round(float64(l.Loss)*1e4) / 1e4, tenth(float64(l.Jitter)), l.Down})
	}
	for _, t := range s.Trees {
		tree := pictureTree{t.Owner, t.Whole, t.Version, t.Generation, t.Fence.String(), nil}
		for _, spot := range t.Spots {
			tree.Spots = append(tree.Spots, pictureSpot{spot.Node, spot.Parent, spot.Backup, spot.Listener, tenth(float64(spot.Delay) / float64(time.Millisecond))})
		}
		p.Trees = append(p.Trees, tree)
	}
	slices.SortFunc(p.Trees, func(a, b pictureTree) int { return cmp.Compare(a.Owner, b.Owner) })
	return p
}

func tenth(x float64) float64 { return math.Round(x*10) / 10 }

// trunkCounts is what has happened to datagrams and voices between nodes.
func (n *Node) trunkCounts(s relay.Sight) map[string]uint64 {
	if n.trunk == nil {
		return map[string]uint64{}
	}
	c, read := &n.trunk.Counts, func(a *atomic.Uint64) uint64 { return a.Load() }
	return map[string]uint64{
		"passed": s.Counts.Passed, "delivered": s.Counts.Delivered, "copied": s.Counts.Copied, "stranger": s.Counts.Stranger,
		"outside": s.Counts.Outside, "refenced": s.Counts.Refenced, "tired": s.Counts.Tired, "braked": s.Counts.Braked,
		"malformed": s.Counts.Malformed, "grafts": s.Counts.Grafts, "tree_changes": s.Counts.Changes,
		"unknown_key": read(&c.Unknown), "forged": read(&c.Forged), "early": read(&c.Early), "full": read(&c.Full),
		"unsent": read(&c.Unsent), "send_refused": read(&c.Refused), "quic_full": read(&c.QUIC),
	}
}

// addPicture serves the picture of the network on the operator's address.
func (n *Node) addPicture(mux *http.ServeMux) {
	files, err := fs.Sub(pictureFiles, "picture")
	if err != nil {
		panic("node: the picture is not in the program: " + err.Error()) // a mistake in this package
	}
	page := template.Must(template.ParseFS(files, "page.html"))
	languages := language.NewMatcher([]language.Tag{language.English, language.German})
	mux.HandleFunc("GET /admin/network", func(w http.ResponseWriter, r *http.Request) {
		_, i := language.MatchStrings(languages, r.Header.Get("Accept-Language"))
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		guardPage(w)
		_ = page.Execute(w, []string{"en", "de"}[i]) // the operator may be gone
	})
	for name, kind := range map[string]string{"network.js": "text/javascript", "network.css": "text/css"} {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			panic("node: the picture is not in the program: " + err.Error()) // a mistake in this package
		}
		mux.HandleFunc("GET /admin/"+name, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind+"; charset=utf-8")
			guardPage(w)
			_, _ = w.Write(text) // the operator may be gone
		})
	}
	mux.HandleFunc("GET /admin/network.json", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		guardPage(w)
		_ = json.NewEncoder(w).Encode(n.picture(r.URL.Query().Get("room"))) // the operator may be gone
	})
}

// guardPage has the page take nothing from elsewhere, be shown nowhere else, and
// stay nowhere.
func guardPage(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}
