package node

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/stoa-audio/stoa/internal/overlay/link"
	"github.com/stoa-audio/stoa/internal/region"
)

var (
	networkLabels = []string{"region", "operator", "kind", "direction"}
	bytesDesc     = prometheus.NewDesc("stoa_network_bytes_total",
		"UDP payload that went between this node and those of a region and an operator: voices, with what trees take, and control (QUIC). Region and operator are empty for addresses that are no node's: of strangers who called, and of doors before it is known who is there.",
		networkLabels, nil)
	datagramsDesc = prometheus.NewDesc("stoa_network_datagrams_total", "Datagrams, likewise.", networkLabels, nil)
	fencedDesc    = prometheus.NewDesc("stoa_network_fenced_total",
		"What a fence has stopped: datagrams and calls to nodes outside that were kept back, nodes outside that were refused, and nodes that were refused for another reason.", []string{"what"}, nil)
	doubtedDesc = prometheus.NewDesc("stoa_network_doubted_nodes", "Nodes of a region and an operator that cannot stand where they say, by what others measure.", []string{"region", "operator"}, nil)
	nodesDesc   = prometheus.NewDesc("stoa_network_nodes", "Other nodes of a region and an operator to which there is a connection.", []string{"region", "operator"}, nil)
)

func describeNetwork(out chan<- *prometheus.Desc) {
	out <- bytesDesc
	out <- datagramsDesc
	out <- fencedDesc
	out <- doubtedDesc
	out <- nodesDesc
}

// collectNetwork collects what went between this node and others, by place.
func (n numbers) collectNetwork(out chan<- prometheus.Metric) {
	if n.node.trunk == nil {
		return
	}
	type kind struct {
		place region.Place
		kind  string
	}
	t := n.node.trunk.Traffic()
	flows := map[kind]link.Flow{
		{kind: "control"}: t.Seeds,
		{kind: "strange"}: t.Strangers,
	}
	doubted, connected := make(map[region.Place]int), make(map[region.Place]int)
	for _, s := range t.Sides {
		for what, f := range map[string]link.Flow{"voices": s.Voices, "control": s.Control} {
			key := kind{s.Place, what}
			flows[key] = flows[key].Add(f)
		}
		doubted[s.Place] += 0
		if n.node.isDoubted(s.Node) {
			doubted[s.Place]++
		}
		if s.Connected {
			connected[s.Place]++
		}
	}
	for key, f := range flows {
		count := func(desc *prometheus.Desc, value uint64, direction string) {
			out <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(value), key.place.Region, key.place.Operator, key.kind, direction)
		}
		count(bytesDesc, f.InBytes, "in")
		count(bytesDesc, f.OutBytes, "out")
		count(datagramsDesc, f.InDatagrams, "in")
		count(datagramsDesc, f.OutDatagrams, "out")
	}
	for what, value := range map[string]uint64{"kept": t.Kept, "outside": t.Outside, "denied": t.Denied} {
		out <- prometheus.MustNewConstMetric(fencedDesc, prometheus.CounterValue, float64(value), what)
	}
	for place, value := range doubted {
		out <- prometheus.MustNewConstMetric(doubtedDesc, prometheus.GaugeValue, float64(value), place.Region, place.Operator)
		out <- prometheus.MustNewConstMetric(nodesDesc, prometheus.GaugeValue, float64(connected[place]), place.Region, place.Operator)
	}
}
