package meter

import "math"

// How a hole is told from a pause. The source speaks where it is not far below
// its loudest; what was heard is silent far below that, so that a level that
// differs a little is no hole.
const (
	gapFrameSeconds = 0.01
	spokenDB        = 25.0
	silentDB        = 45.0
)

// LongestGap returns the longest time, in seconds, for which nothing was heard
// although the source spoke. Pauses of the source within it count, pauses
// around it do not. The sounds are aligned.
func LongestGap(source, heard Sound) float64 {
	said, found := levels(source), levels(heard)
	spoken, silent := loudest(said)-spokenDB, loudest(found)-silentDB
	longest, since := 0, -1
	for i := range min(len(said), len(found)) {
		switch {
		case found[i] > silent:
			since = -1
		case said[i] > spoken:
			if since < 0 {
				since = i
			}
			longest = max(longest, i+1-since)
		}
	}
	return float64(longest) * gapFrameSeconds
}

// levels returns the level of each frame in dB.
func levels(s Sound) []float64 {
	frame := int(gapFrameSeconds * float64(s.Rate))
	var out []float64
	for at := 0; at+frame <= len(s.Samples); at += frame {
		out = append(out, 10*math.Log10(energy(s.Samples[at:at+frame])/float64(frame)+1e-12))
	}
	return out
}

// loudest returns the highest level, but never that of a sound which is silent
// altogether.
func loudest(levels []float64) float64 {
	top := -60.0
	for _, level := range levels {
		top = max(top, level)
	}
	return top
}
