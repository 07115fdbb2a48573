package stoa

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/overlay/identity"
	"github.com/stoa-audio/stoa/internal/overlay/waybill"
	"github.com/stoa-audio/stoa/internal/region"
	"github.com/stoa-audio/stoa/internal/signal"
)

// houseMax is the length of what a house says of itself in bytes.
const houseMax = 64 << 10

// A Way is over which nodes voices have come, from where they come in to where
// they are heard. Who are those whose voices they are; Mine says that it is the
// own voice's, to where others hear it. A way without Hops is not known now.
//
// Signed says that each node on it has signed that it has the voices from the
// one before, and that the region and operator of each are what a certificate
// of the network says. It does not say that no other node has seen the voices.
// Without a network nothing is signed. Err is why a way is not believed.
type Way struct {
	Who    []string
	Mine   bool
	Signed bool
	Err    error
	Hops   []WayHop
}

// A WayHop is a node on a way. Region and Operator are empty in no network.
type WayHop struct {
	Node, Region, Operator string
	Delay                  time.Duration // from the node before, as this one measures it
}

// Itinerary returns over which nodes the voices of those on the stage come, and
// the own one to others. root is the certificate (DER) of the network's root by
// which that is checked; with nil, the house is asked for it, which then is
// believed.
func (r *Room) Itinerary(ctx context.Context, root []byte) ([]Way, error) {
	var told signal.Itinerary
	if err := r.live.ask(ctx, "itinerary", struct{}{}, &told); err != nil {
		return nil, err
	}
	if root == nil {
		var err error
		if root, err = r.askRoot(ctx); err != nil {
			return nil, err
		}
	}
	store, err := storeOf(root, told.Regions)
	if err != nil {
		return nil, fmt.Errorf("itinerary: %w", err)
	}
	room := id.Room(r.room)
	ways := make([]Way, 0, len(told.Ways))
	for _, way := range told.Ways {
		ways = append(ways, checkWay(way, store, room, time.Now()))
	}
	return ways, nil
}

// storeOf returns whom to trust; nobody in no network.
func storeOf(root []byte, regions []signal.Bytes) (*identity.Store, error) {
	if len(root) == 0 {
		return nil, nil
	}
	top, err := x509.ParseCertificate(root)
	if err != nil {
		return nil, err
	}
	var authorities []*x509.Certificate
	for _, b := range regions {
		ca, err := x509.ParseCertificate(b)
		if err != nil {
			return nil, err
		}
		authorities = append(authorities, ca)
	}
	return identity.NewStore(top, authorities, nil, region.Anywhere)
}

func checkWay(told signal.Way, store *identity.Store, room id.Room, now time.Time) Way {
	w := Way{Mine: told.Mine}
	for _, who := range told.Who {
		w.Who = append(w.Who, who.String())
	}
	signed := make([]waybill.Signed, len(told.Hops))
	bills := false
	for i, hop := range told.Hops {
		signed[i] = waybill.Signed{Certificate: hop.Certificate, Body: hop.Bill, Signature: hop.Signature}
		bills = bills || len(hop.Bill) > 0
		w.Hops = append(w.Hops, WayHop{Region: hop.Region, Operator: hop.Operator, Delay: time.Duration(hop.DelayMS * float64(time.Millisecond))})
		if !hop.Node.IsZero() {
			w.Hops[i].Node = hop.Node.String()
		}
	}
	switch {
	case len(told.Hops) == 0 || store == nil && !bills:
		return w
	case store == nil:
		w.Err = errors.New("signed by nodes of a network that the house is not in")
		return w
	}
	hops, err := waybill.Check(signed, store, room, told.Hops[0].Node, told.Hops[len(told.Hops)-1].Node, now)
	if err != nil {
		w.Err = err
		return w
	}
	for i, hop := range hops {
		w.Hops[i] = WayHop{hop.Node.String(), hop.Place.Region, hop.Place.Operator, hop.Delay}
	}
	w.Signed = true
	return w
}

// askRoot asks the house for the certificate of its network's root, once.
func (r *Room) askRoot(ctx context.Context) ([]byte, error) {
	r.mu.Lock()
	root, asked := r.root, r.asked
	r.mu.Unlock()
	if asked {
		return root, nil
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.house, nil)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask the house: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	var about struct {
		Root signal.Bytes `json:"network_root"`
	}
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask the house: %s", res.Status)
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, houseMax)).Decode(&about); err != nil {
		return nil, fmt.Errorf("ask the house: %w", err)
	}
	r.mu.Lock()
	r.root, r.asked = about.Root, true
	r.mu.Unlock()
	return about.Root, nil
}

// houseAddress returns where a house says who it is, for the address of a room.
func houseAddress(live string) string {
	const ws, path = "ws", "/api/v1/live"
	return "http" + live[len(ws):len(live)-len(path)] + "/api/v1/house"
}
