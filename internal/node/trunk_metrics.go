package node

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/stoa-audio/stoa/internal/id"
)

var (
	trunkDesc     = prometheus.NewDesc("stoa_trunk_events_total", "What has happened to voices and datagrams between nodes, drops by reason.", []string{"event"}, nil)
	trunkNodeDesc = prometheus.NewDesc("stoa_trunk_nodes", "Nodes that this one knows, itself not among them.", []string{"state"}, nil)
	trunkRTTDesc  = prometheus.NewDesc("stoa_trunk_rtt_seconds", "Round trip to another node. Nodes go by where they stand and a label.", []string{"region", "operator", "node"}, nil)
	trunkLossDesc = prometheus.NewDesc("stoa_trunk_loss_ratio", "Share of the datagrams of another node that do not come.", []string{"region", "operator", "node"}, nil)
	trunkTreeDesc = prometheus.NewDesc("stoa_trunk_trees", "Trees of rooms: that begin here, and in which this node has a place.", []string{"kind"}, nil)
)

// trunkNumbers collects what the picture of the network shows.
type trunkNumbers struct{ node *Node }

// Describe is prometheus.Collector's.
func (n trunkNumbers) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{trunkDesc, trunkNodeDesc, trunkRTTDesc, trunkLossDesc, trunkTreeDesc} {
		out <- d
	}
}

// Collect is prometheus.Collector's. In no network there is nothing to collect.
func (n trunkNumbers) Collect(out chan<- prometheus.Metric) {
	if n.node.trunk == nil {
		return
	}
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	s := n.node.sight(id.Room{})
	for event, count := range n.node.trunkCounts(s) {
		out <- prometheus.MustNewConstMetric(trunkDesc, prometheus.CounterValue, float64(count), event)
	}
	states := map[string]int{"up": 0, "down": 0, "leaving": 0}
	for _, one := range s.Nodes[1:] {
		switch {
		case one.Down:
			states["down"]++
		case one.Leaving:
			states["leaving"]++
		default:
			states["up"]++
		}
	}
	for state, count := range states {
		gauge(trunkNodeDesc, float64(count), state)
	}
	for _, l := range s.Links {
		if l.From != 0 || l.Down || l.RTT == 0 {
			continue
		}
		to := s.Nodes[l.To]
		gauge(trunkRTTDesc, float64(l.RTT)/1000, to.Place.Region, to.Place.Operator, label(to.ID))
		gauge(trunkLossDesc, float64(l.Loss), to.Place.Region, to.Place.Operator, label(to.ID))
	}
	gauge(trunkTreeDesc, float64(s.Owned), "owned")
	gauge(trunkTreeDesc, float64(s.Branches), "with_a_place")
}
