package signal

import "github.com/stoa-audio/stoa/internal/id"

// WaysMax is how many ways an itinerary has at most.
const WaysMax = 16

type (
	// Itinerary answers a request for it: the ways of the voices that somebody
	// hears, and of their own. Regions are the certificates (DER) of the regions'
	// authorities, by which the nodes' are checked; a node in no network has
	// none, and signs nothing.
	Itinerary struct {
		Ways    []Way   `json:"ways"`
		Regions []Bytes `json:"regions,omitempty"`
	}
	// Way is over which nodes voices have come: from where they come in to where
	// they are heard. Who are those whose voices they are; Mine says that it is
	// the own voice's, to where others hear it. Without Hops the way is not known
	// now.
	Way struct {
		Who  []id.Person `json:"who,omitempty"`
		Mine bool        `json:"mine,omitempty"`
		Hops []Hop       `json:"hops"`
	}
	// Hop is a node of a way. DelayMS is how long voices take from the node
	// before, as this one measures it. Bill is what the node has signed, and
	// Certificate who it is (DER).
	Hop struct {
		Node        id.Node `json:"node,omitzero"`
		Region      string  `json:"region,omitempty"`
		Operator    string  `json:"operator,omitempty"`
		DelayMS     float64 `json:"delay_ms,omitempty"`
		Bill        Bytes   `json:"bill,omitempty"`
		Signature   Bytes   `json:"signature,omitempty"`
		Certificate Bytes   `json:"certificate,omitempty"`
	}
)
