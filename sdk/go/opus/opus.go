// Package opus reads what an Opus packet says of itself, without decoding it
// (RFC 6716, section 3).
package opus

// ClockRate is Opus' RTP clock in units per second (RFC 7587, section 4.1).
const ClockRate = 48000

// Samples returns how much sound an Opus packet holds, by its first bytes
// (RFC 6716, section 3.1), or 0 when it is none.
func Samples(packet []byte) uint32 {
	if len(packet) == 0 {
		return 0
	}
	frames := uint32(1)
	switch packet[0] & 3 {
	case 1, 2:
		frames = 2
	case 3:
		if len(packet) < 2 {
			return 0
		}
		frames = uint32(packet[1] & 0x3f)
	}
	total := frames * samplesPerFrame(packet[0])
	if total > ClockRate*120/1000 {
		return 0 // section 3.4: no packet is longer
	}
	return total
}

// samplesPerFrame returns the length of one frame by the configuration in the
// upper five bits (RFC 6716, table 2).
func samplesPerFrame(toc byte) uint32 {
	config := toc >> 3
	switch {
	case config < 12: // SILK
		return []uint32{480, 960, 1920, 2880}[config&3]
	case config < 16: // hybrid
		return []uint32{480, 960}[config&1]
	}
	return []uint32{120, 240, 480, 960}[config&3] // CELT
}
