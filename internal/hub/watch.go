package hub

import "github.com/stoa-audio/stoa/internal/id"

// A Watch is one watcher's place in the events of a room. Whoever has one must
// call Stop when done with it.
type Watch struct {
	of    *feed
	rouse func()  // tells the watcher that there may be something to take
	place id.Node // where the watcher hears voices; guarded by the feed's mutex

	// Guarded by the feed's mutex.
	at           int     // place among the feed's watches
	next         uint64  // place of the event to deliver next among all told
	joined       uint64  // how many were told before the watch began
	notices      notices // to be delivered once
	noticesAfter uint64  // how many events they come after
	line         uint64  // place of the line to deliver next among all passed on
	slow         bool
	stopped      bool
}

// Take returns the event, notice or line that is to be delivered next, as a JSON
// object that is not to be changed; or nil and whether there may be more later.
// There will not when the room has ended and all is delivered, when the
// watcher is too slow, and after Stop.
func (w *Watch) Take() (text []byte, more bool) {
	f := w.of
	f.mu.Lock()
	defer f.mu.Unlock()
	if w.stopped {
		return nil, false
	}
	if w.next < f.oldest() { // waited for too much at once
		w.giveUp()
		return nil, false
	}
	if w.next >= w.noticesAfter {
		for kind, notice := range w.notices {
			if notice != nil {
				w.notices[kind] = nil
				return notice, true
			}
		}
	}
	if w.next < f.sent {
		text = f.kept[w.next-f.oldest()].text
		w.next++
		return text, true
	}
	if first := f.firstLine(); w.line < f.passed {
		w.line = max(w.line, first)
	}
	if w.line < f.passed {
		text = f.lines[w.line-f.firstLine()]
		w.line++
		return text, true
	}
	return nil, !f.ended
}

// At says at which node the watcher hears voices from now on; zero is this one,
// as to begin with.
func (w *Watch) At(place id.Node) {
	w.of.mu.Lock()
	defer w.of.mu.Unlock()
	if w.place == place {
		return
	}
	w.place = place
	if text := w.of.sounds[place]; text != nil {
		w.notices[voices], w.noticesAfter = text, w.of.sent
		go w.rouse()
	}
}

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

// lag gives the watch up if too much waits though it has just been roused.
func (w *Watch) lag() (gaveUp bool) {
	w.of.mu.Lock()
	defer w.of.mu.Unlock()
	if w.stopped || w.waiting() <= waitMax {
		return false
	}
	w.giveUp()
	return true
}

// waiting returns how many events wait. Those from before the watch began do
// not count: they all came at once.
func (w *Watch) waiting() uint64 {
	return w.of.sent - max(w.next, w.joined)
}

func (w *Watch) giveUp() {
	w.slow = true
	w.stop()
}

// stop is Stop for those who have the feed's mutex.
func (w *Watch) stop() {
	if w.stopped {
		return
	}
	w.stopped = true
	all := w.of.watches
	last := all[len(all)-1]
	all[w.at], last.at = last, w.at
	all[len(all)-1] = nil
	w.of.watches = all[:len(all)-1]
}
