package node

import (
	"fmt"

	"github.com/stoa-audio/stoa/internal/api"
	"github.com/stoa-audio/stoa/internal/push"
)

// pusher returns what pushes to browsers, or nil where nobody is named whom a push
// service could tell of trouble.
func (n *Node) pusher(s secret) (api.Pusher, error) {
	if n.config.Push.Contact == "" {
		return nil, nil //nolint:nilnil // then nothing is pushed
	}
	key, err := s.key("push")
	if err != nil {
		return nil, err
	}
	sender, err := push.New(key, n.config.Push.Contact)
	if err != nil {
		return nil, fmt.Errorf("push: %w", err)
	}
	return sender, nil
}
