package hub

// A Watch is one watcher's place in the events of a room. Whoever has one must
// call Stop when done with it.
type Watch struct {
	of     *feed
	frames chan []byte
	roused chan struct{} // there may be something to take
	done   chan struct{} // closed when there is nobody to deliver to any more

	// Guarded by the feed's mutex.
	next         uint64  // place of the event to deliver next among all told
	joined       uint64  // how many were told before the watch began
	notices      notices // to be delivered once
	noticesAfter uint64  // how many events they come after
	slow         bool
	stopped      bool
}

// Frames returns where events and notices come from, each as a JSON object
// that is not to be changed. It is closed when the room has ended and all is
// delivered, when the watcher is too slow, and by Stop.
func (w *Watch) Frames() <-chan []byte { return w.frames }

// Slow reports whether the watch was given up because too much was waiting.
func (w *Watch) Slow() bool {
	w.of.mu.Lock()
	defer w.of.mu.Unlock()
	return w.slow
}

// Stop ends the watch.
func (w *Watch) Stop() {
	w.of.mu.Lock()
	defer w.of.mu.Unlock()
	w.stop()
}

// run hands over what there is, one after the other.
func (w *Watch) run() {
	defer close(w.frames)
	for {
		frame, more := w.take()
		switch {
		case frame != nil:
			select {
			case w.frames <- frame:
			case <-w.done:
				return
			}
		case more:
			select {
			case <-w.roused:
			case <-w.done:
				return
			}
		default:
			return
		}
	}
}

// take returns what is to be delivered next, or nil and whether there may be
// more later.
func (w *Watch) take() (frame []byte, more bool) {
	f := w.of
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case w.stopped:
		return nil, false
	case w.next >= w.noticesAfter:
		for kind, notice := range w.notices {
			if notice != nil {
				w.notices[kind] = nil
				return notice, true
			}
		}
	}
	if w.next < f.sent {
		frame = f.kept[w.next-f.oldest()].text
		w.next++
		return frame, true
	}
	return nil, !f.ended
}

// waiting returns how many events wait. Those from before the watch began do
// not count: they all came at once.
func (w *Watch) waiting() uint64 {
	return w.of.sent - max(w.next, w.joined)
}

// rouse makes run look whether there is something to take.
func (w *Watch) rouse() {
	select {
	case w.roused <- struct{}{}:
	default:
	}
}

// stop is Stop for those who have the feed's mutex.
func (w *Watch) stop() {
	if !w.stopped {
		w.stopped = true
		close(w.done)
		delete(w.of.watches, w)
	}
}
