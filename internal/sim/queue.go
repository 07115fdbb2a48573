package sim

import "time"

// An event is something that happens at a time: a datagram arrives, a node
// ticks, or what a scenario wants.
type event struct {
	at       time.Duration
	order    uint64 // of two at the same time, the earlier made comes first
	kind     kind
	to, from int32
	counter  uint64
	data     []byte
	do       func()
}

type kind uint8

const (
	arrival kind = iota
	tick
	settling
	deed
)

// A queue hands events out in their order: a heap with four children a node,
// which is flatter than container/heap's and needs no interface.
type queue struct {
	heap  []event
	order uint64
}

func (q *queue) push(e event) {
	q.order++
	e.order = q.order
	q.heap = append(q.heap, e)
	i := len(q.heap) - 1
	for i > 0 {
		parent := (i - 1) / 4
		if !before(&e, &q.heap[parent]) {
			break
		}
		q.heap[i] = q.heap[parent]
		i = parent
	}
	q.heap[i] = e
}

func (q *queue) pop() event {
	first := q.heap[0]
	last := q.heap[len(q.heap)-1]
	q.heap[len(q.heap)-1] = event{}
	q.heap = q.heap[:len(q.heap)-1]
	if len(q.heap) == 0 {
		return first
	}
	i := 0
	for {
		least := 4*i + 1
		if least >= len(q.heap) {
			break
		}
		for c := least + 1; c < min(4*i+5, len(q.heap)); c++ {
			if before(&q.heap[c], &q.heap[least]) {
				least = c
			}
		}
		if !before(&q.heap[least], &last) {
			break
		}
		q.heap[i] = q.heap[least]
		i = least
	}
	q.heap[i] = last
	return first
}

func before(a, b *event) bool { return a.at < b.at || a.at == b.at && a.order < b.order }
