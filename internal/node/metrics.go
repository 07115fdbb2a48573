package node

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
)

var (
	mediaDesc = prometheus.NewDesc("stoa_media_events_total",
		"What the media loop has counted since the start: packets in and out, and drops by reason.", []string{"event"}, nil)
	roomsDesc        = prometheus.NewDesc("stoa_rooms", "Rooms running on this node.", nil, nil)
	participantsDesc = prometheus.NewDesc("stoa_participants", "People in rooms, by role.", []string{"role"}, nil)
)

// metrics serves numbers about the node in the Prometheus text format. No
// label names a person or a room.
func (n *Node) metrics() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(numbers{n}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}

// numbers collects from the parts what they count themselves.
type numbers struct{ node *Node }

// Describe is prometheus.Collector's.
func (n numbers) Describe(out chan<- *prometheus.Desc) {
	out <- mediaDesc
	out <- roomsDesc
	out <- participantsDesc
}

// Collect is prometheus.Collector's.
func (n numbers) Collect(out chan<- prometheus.Metric) {
	for name, count := range n.node.media.Counts() {
		out <- prometheus.MustNewConstMetric(mediaDesc, prometheus.CounterValue, float64(count), name)
	}
	rooms, roles := 0, map[room.Role]int{room.Listener: 0, room.Speaker: 0, room.Moderator: 0}
	n.node.rooms.Each(func(_ id.Room, r *room.Room) {
		rooms++
		stage := r.Stage()
		for _, p := range stage {
			roles[p.Role]++
		}
		roles[room.Listener] += r.Len() - len(stage)
	})
	out <- prometheus.MustNewConstMetric(roomsDesc, prometheus.GaugeValue, float64(rooms))
	for role, count := range roles {
		out <- prometheus.MustNewConstMetric(participantsDesc, prometheus.GaugeValue, float64(count), role.String())
	}
}
