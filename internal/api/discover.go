package api

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/stoa-audio/stoa/internal/discover"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/news"
	"github.com/stoa-audio/stoa/internal/signal"
)

// discoveryStep is in which steps it is answered what depends on who is listed:
// how long it took says nothing.
const discoveryStep = 100 * time.Millisecond

// Bodies about discovery.
type (
	// Discovery is how I stand to it.
	Discovery struct {
		Key    signal.Bytes    `json:"key" doc:"the house's, by which evaluations are checked: ristretto255, base64url"`
		On     bool            `json:"on" doc:"whether I take part"`
		Budget DiscoveryBudget `json:"budget"`
		Listed int             `json:"listed" doc:"how many I have sent, whoever of them is here"`
		Mine   []discover.Kind `json:"mine" doc:"by which I am found, or would be" enum:"handle,mail"`
	}
	// DiscoveryBudget is for how many I may ask.
	DiscoveryBudget struct {
		Left   int       `json:"left"`
		Most   int       `json:"most"`
		MoreAt time.Time `json:"more_at,omitzero" doc:"when there are more; absent when there are all"`
	}
	// TakePart says that I take part.
	TakePart struct {
		On bool `json:"on" doc:"true; to take part no more there is DELETE"`
	}
	// Blinded is what I ask the function for, without saying it.
	Blinded struct {
		Key     signal.Bytes   `json:"key" doc:"of which an evaluation is wanted"`
		Blinded []signal.Bytes `json:"blinded" minItems:"1" maxItems:"100" doc:"elements (RFC 9497, section 3.3.2), base64url"`
	}
	// Evaluated is what comes of it.
	Evaluated struct {
		Evaluated []signal.Bytes `json:"evaluated" doc:"in the same order"`
		Proof     signal.Bytes   `json:"proof" doc:"of all of them (RFC 9497, section 2.2)"`
	}
	// DiscoveryList is whom I list.
	DiscoveryList struct {
		Key    signal.Bytes   `json:"key" doc:"of which the values are"`
		Values []signal.Bytes `json:"values" maxItems:"1000" doc:"all of them, 32 bytes each, base64url"`
	}
	// Matches are those whom I list and who list me.
	Matches struct {
		People []Person `json:"people"`
	}
)

func (a *API) addDiscovery() {
	const at = "/api/v1/discovery"
	tags := []string{"discovery"}
	add(a, huma.Operation{
		OperationID: "get-discovery", Method: "GET", Path: at, Tags: tags, Summary: "How I stand to discovery",
	}, toRead, func(ctx context.Context, _ *struct{}) (*output[Discovery], error) {
		return answer(a.discovery(ctx, me(ctx)))
	})
	add(a, huma.Operation{
		OperationID: "take-part-in-discovery", Method: "PUT", Path: at, Tags: tags, Summary: "Be found by those whom I list, and who list me",
	}, toWrite, func(ctx context.Context, in *struct{ Body TakePart }) (*output[Discovery], error) {
		if !in.Body.On {
			return nil, errValue{"body.on", "true"}
		}
		if err := a.Discovery.TurnOn(ctx, me(ctx)); err != nil {
			return nil, err
		}
		return answer(a.discovery(ctx, me(ctx)))
	})
	add(a, huma.Operation{
		OperationID: "leave-discovery", Method: "DELETE", Path: at, Tags: tags, Summary: "Take part no more: all of mine is deleted",
	}, toWrite, func(ctx context.Context, _ *struct{}) (*nothing, error) {
		return &nothing{}, a.Discovery.TurnOff(ctx, me(ctx))
	})
	add(a, huma.Operation{
		OperationID: "evaluate", Method: "POST", Path: at + "/evaluate", Tags: tags,
		Summary: "Have the function evaluated for identifiers that I do not tell; each costs",
	}, toWrite, func(ctx context.Context, in *struct{ Body Blinded }) (*output[Evaluated], error) {
		blinded := make([][]byte, len(in.Body.Blinded))
		for i, b := range in.Body.Blinded {
			blinded[i] = b
		}
		evaluated, proof, err := a.Discovery.Evaluate(ctx, me(ctx), in.Body.Key, blinded)
		if err != nil {
			return nil, a.unevaluated(err)
		}
		out := Evaluated{make([]signal.Bytes, len(evaluated)), proof}
		for i, b := range evaluated {
			out.Evaluated[i] = b
		}
		return answer(out, nil)
	})
	add(a, huma.Operation{
		OperationID: "set-discovery-list", Method: "PUT", Path: at + "/list", Tags: tags,
		Summary: "Say whom I list; answered alike whoever of them is here",
	}, toList, func(ctx context.Context, in *struct{ Body DiscoveryList }) (*nothing, error) {
		defer inSteps(ctx)()
		values, err := in.Body.parse()
		if err != nil {
			return nil, err
		}
		return &nothing{}, a.list(ctx, me(ctx), in.Body.Key, values)
	})
	add(a, huma.Operation{
		OperationID: "list-matches", Method: "GET", Path: at + "/matches", Tags: tags, Summary: "Those whom I list and who list me",
	}, toRead, func(ctx context.Context, _ *struct{}) (*output[Matches], error) {
		defer inSteps(ctx)()
		return answer(a.matches(ctx, me(ctx)))
	})
}

// unevaluated returns an error of an evaluation as a client is to know it.
func (a *API) unevaluated(err error) error {
	if spent, is := errors.AsType[discover.BudgetError](err); is {
		return errSpent{spent.More.Sub(a.Clock())}
	}
	which, is := errors.AsType[discover.ElementsError](err)
	if !is {
		return err
	}
	wrong := make(errValues, len(which))
	for i, n := range which {
		wrong[i] = errValue{fmt.Sprintf("body.blinded[%d]", n), "an element of ristretto255, not the identity"}
	}
	return wrong
}

// inSteps returns what waits until a whole step is over since it was called.
func inSteps(ctx context.Context) func() {
	began := time.Now()
	return func() {
		t := time.NewTimer(discoveryStep - time.Since(began)%discoveryStep)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
		}
	}
}

func (l *DiscoveryList) parse() (values []discover.Value, err error) {
	var wrong errValues
	for i, b := range l.Values {
		if len(b) != len(discover.Value{}) {
			wrong = append(wrong, errValue{fmt.Sprintf("body.values[%d]", i), "32 bytes"})
			continue
		}
		values = append(values, discover.Value(b))
	}
	if wrong != nil {
		return nil, wrong
	}
	return values, nil
}

func (a *API) discovery(ctx context.Context, who id.Person) (Discovery, error) {
	s, err := a.Discovery.State(ctx, who)
	return Discovery{
		Key: s.Key, On: s.On, Listed: s.Listed, Mine: s.Mine,
		Budget: DiscoveryBudget{Left: s.Budget.Left, Most: discover.BudgetMax, MoreAt: s.Budget.More()},
	}, err
}

// list replaces whom who lists, and tells those who have found each other by it.
func (a *API) list(ctx context.Context, who id.Person, key []byte, values []discover.Value) error {
	found, err := a.Discovery.List(ctx, who, key, values)
	if err != nil {
		return err
	}
	pieces := make([]news.Piece, 0, 2*len(found))
	for _, one := range found {
		pieces = append(pieces, news.Piece{To: who, Kind: news.Found, Who: one}, news.Piece{To: one, Kind: news.Found, Who: who})
	}
	if len(pieces) > 0 {
		a.tellAll(ctx, pieces...)
	}
	return nil
}

func (a *API) matches(ctx context.Context, who id.Person) (Matches, error) {
	out := Matches{[]Person{}}
	found, err := a.Discovery.Matches(ctx, who)
	if err != nil {
		return out, err
	}
	known, err := a.People.Profiles(ctx, who, found)
	for _, one := range found {
		if p, there := known[one]; there {
			out.People = append(out.People, personOf(p))
		}
	}
	return out, err
}

// calledOtherwise has somebody be found by what they are called now. By what they
// were called before nobody finds them any more already.
func (a *API) calledOtherwise(ctx context.Context, who id.Person) {
	a.missed(ctx, "somebody is found by their new name from their next visit on", a.Discovery.Refresh(ctx, who))
}
