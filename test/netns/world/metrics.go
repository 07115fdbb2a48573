package world

import (
	"bufio"
	"bytes"
	"context"
	"strconv"
	"strings"
)

// Metrics reads a node's numbers, by name and labels as they are written.
func (n *Node) Metrics(ctx context.Context) (map[string]float64, error) {
	b, err := n.look(ctx, "/metrics")
	if err != nil {
		return nil, err
	}
	out := make(map[string]float64)
	lines := bufio.NewScanner(bytes.NewReader(b))
	for lines.Scan() {
		i := strings.LastIndexByte(lines.Text(), ' ')
		if i < 0 || strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		if v, err := strconv.ParseFloat(lines.Text()[i+1:], 64); err == nil {
			out[lines.Text()[:i]] = v
		}
	}
	return out, lines.Err()
}
