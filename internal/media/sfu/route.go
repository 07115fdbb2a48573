package sfu

import (
	"time"

	"github.com/stoa-audio/stoa/internal/id"
)

// Route returns by what a room goes in the log now, for others who must not
// name it either.
func (s *SFU) Route(room id.Room) string { return s.routes.Of(room, time.Now()) }
