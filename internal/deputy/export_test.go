package deputy

import "time"

// Hurry has houses and deputies keep time so many times faster.
func Hurry(times time.Duration) {
	pace.alive /= times
	pace.silent /= times
	pace.alone /= times
	pace.claim /= times
	pace.again /= times
}
