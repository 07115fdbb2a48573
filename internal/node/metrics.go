package node

import (
	"net/http"
	"net/http/pprof"
	"regexp"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/load"
	"github.com/stoa-audio/stoa/internal/media/sfu"
	"github.com/stoa-audio/stoa/internal/room"
)

var (
	mediaDesc = prometheus.NewDesc("stoa_media_events_total",
		"What the media loop has counted since the start: packets in and out, and drops by reason.", []string{"event"}, nil)
	laneDesc = prometheus.NewDesc("stoa_media_lane_datagrams_total",
		"What the packet lane has sent: as frames, or over the UDP socket. There is none with the udp lane.", []string{"as"}, nil)
	roomsDesc        = prometheus.NewDesc("stoa_rooms", "Rooms running on this node.", nil, nil)
	peersDesc        = prometheus.NewDesc("stoa_media_peers", "Media connections, those under way included.", nil, nil)
	delayDesc        = prometheus.NewDesc("stoa_media_forward_seconds", "How long packets of voices stay in the node: from being read to the last copy being with the system. A packet counts once for each shard with listeners.", nil, nil)
	fullDesc         = prometheus.NewDesc("stoa_load_full", "1 while nobody new is let in, by reason.", []string{"why"}, nil)
	voicesDesc       = prometheus.NewDesc("stoa_load_voices", "Voices that are heard at once in a room.", nil, nil)
	cpuDesc          = prometheus.NewDesc("stoa_load_cpu_ratio", "Share of all processors used in the last second.", nil, nil)
	packetsDesc      = prometheus.NewDesc("stoa_load_packets_per_second", "Packets sent in the last second, and the most in a second without being late.", []string{"kind"}, nil)
	mailDesc         = prometheus.NewDesc("stoa_mail_total", "Messages of mail, by what has become of them: sent, tried again, refused by the relay, too late, or not taken since the day or the outbox was full. There is none where none is sent.", []string{"as"}, nil)
	mailWaitingDesc  = prometheus.NewDesc("stoa_mail_waiting", "Messages of mail that wait to be sent.", nil, nil)
	participantsDesc = prometheus.NewDesc("stoa_participants", "People in rooms, by role.", []string{"role"}, nil)
)

var (
	coordinationDesc       = prometheus.NewDesc("stoa_coordination", "How the region's coordination goes: connected is 1 while its server is reached; watchers of this node (2 when all is well); consumers of all nodes at the server (2 for each node: if it is more, and grows, something leaks); rooms and nodes that are known here.", []string{"what"}, nil)
	coordinationEventsDesc = prometheus.NewDesc("stoa_coordination_events_total", "Reconnects to the coordination's server, records that could not be read, and what the server did not let pass.", []string{"event"}, nil)
)

// metrics serves numbers about the node in the Prometheus text format. No
// label names a person or a room.
func (n *Node) metrics() http.Handler {
	registry := prometheus.NewRegistry()
	live := collectors.WithGoCollectorRuntimeMetrics(collectors.GoRuntimeMetricsRule{Matcher: regexp.MustCompile(`^/gc/heap/live:bytes$`)})
	registry.MustRegister(numbers{n}, trunkNumbers{n}, collectors.NewGoCollector(live), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	// Packed, a few kilobytes would take a megabyte to write.
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{DisableCompression: true})
}

// addProfiles serves what pprof asks for: where time and memory go, by the
// functions of the program. A profile holds no data of people.
func addProfiles(mux *http.ServeMux) {
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
}

// numbers collects from the parts what they count themselves.
type numbers struct{ node *Node }

// Describe is prometheus.Collector's.
func (n numbers) Describe(out chan<- *prometheus.Desc) {
	out <- mediaDesc
	out <- laneDesc
	out <- roomsDesc
	out <- participantsDesc
	out <- peersDesc
	out <- delayDesc
	out <- fullDesc
	out <- voicesDesc
	out <- cpuDesc
	out <- packetsDesc
	out <- mailDesc
	out <- mailWaitingDesc
	describeNetwork(out)
	out <- coordinationDesc
	out <- coordinationEventsDesc
}

// Collect is prometheus.Collector's.
func (n numbers) Collect(out chan<- prometheus.Metric) {
	for name, count := range n.node.media.Counts() {
		out <- prometheus.MustNewConstMetric(mediaDesc, prometheus.CounterValue, float64(count), name)
	}
	if n.node.network != nil {
		framed, over := n.node.network.Sent()
		out <- prometheus.MustNewConstMetric(laneDesc, prometheus.CounterValue, float64(framed), "frame")
		out <- prometheus.MustNewConstMetric(laneDesc, prometheus.CounterValue, float64(over), "udp")
	}
	n.collectNetwork(out)
	n.collectLoad(out)
	n.collectCoordination(out)
	n.collectMail(out)
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

// collectMail collects what has become of mail, of nobody in particular.
func (n numbers) collectMail(out chan<- prometheus.Metric) {
	if n.node.mails == nil {
		return
	}
	c := n.node.mails.Counts()
	for as, count := range map[string]uint64{"sent": c.Sent, "again": c.Again, "refused": c.Refused, "late": c.Late, "full": c.Full} {
		out <- prometheus.MustNewConstMetric(mailDesc, prometheus.CounterValue, float64(count), as)
	}
	out <- prometheus.MustNewConstMetric(mailWaitingDesc, prometheus.GaugeValue, float64(c.Waiting))
}

// collectCoordination collects how the coordination goes; there is none in no
// network.
func (n numbers) collectCoordination(out chan<- prometheus.Metric) {
	o := n.node.coordinator.Load()
	if o == nil {
		return
	}
	c := o.Counts()
	connected := 0
	if c.Connected {
		connected = 1
	}
	for what, value := range map[string]int{"connected": connected, "watchers": c.Watchers, "consumers": c.Consumers, "rooms": c.Rooms, "nodes": c.Nodes} {
		out <- prometheus.MustNewConstMetric(coordinationDesc, prometheus.GaugeValue, float64(value), what)
	}
	for event, count := range map[string]uint64{"reconnect": c.Reconnects, "malformed": c.Malformed, "refused": c.Refused} {
		out <- prometheus.MustNewConstMetric(coordinationEventsDesc, prometheus.CounterValue, float64(count), event)
	}
}

// collectLoad collects how much the media plane does, and how well.
func (n numbers) collectLoad(out chan<- prometheus.Metric) {
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	buckets, sum := n.node.media.Delays()
	count, upTo := uint64(0), make(map[float64]uint64, len(sfu.DelayBounds))
	for i, k := range buckets {
		if count += k; i < len(sfu.DelayBounds) {
			upTo[sfu.DelayBounds[i].Seconds()] = count
		}
	}
	out <- prometheus.MustNewConstHistogram(delayDesc, count, sum.Seconds(), upTo)
	gauge(peersDesc, float64(n.node.media.Peers()))
	verdict, sample, sustained := n.node.gauge.read()
	for _, why := range []load.Reason{load.CPU, load.Memory, load.Late} {
		full := 0.0
		if verdict.Why == why {
			full = 1
		}
		gauge(fullDesc, full, string(why))
	}
	gauge(voicesDesc, float64(verdict.Voices))
	gauge(cpuDesc, sample.CPU)
	gauge(packetsDesc, sample.Packets, "now")
	gauge(packetsDesc, sustained, "sustained")
}
