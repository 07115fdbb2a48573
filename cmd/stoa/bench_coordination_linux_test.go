package main

import (
	"encoding/json"
	"testing"
)

// Who owns a thousand rooms is known by one watcher of each kind.
func TestBenchCoordination(t *testing.T) {
	out, err := stoa(t, "bench", "coordination", "--rooms", "1000", "--at-once", "4", "--json").Output()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var r map[string]any
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	for key, want := range map[string]float64{"rooms": 1000, "watchers": 2, "consumers": 2} {
		if r[key] != want {
			t.Errorf("%s is %v, want %v", key, r[key], want)
		}
	}
	for key, most := range map[string]float64{"rss_mib": 100, "heap_mib": 50} {
		if v, ok := r[key].(float64); !ok || v <= 0 || v > most {
			t.Errorf("%s is %v", key, r[key])
		}
	}
	claims, _ := r["claim_us"].(map[string]any)
	p50, _ := claims["p50"].(float64)
	p99, _ := claims["p99"].(float64)
	if p50 <= 0 || p99 < p50 {
		t.Errorf("claims took %v", claims)
	}
	if err := stoa(t, "bench", "coordination", "--rooms", "0").Run(); err == nil || err.Error() != "exit status 2" {
		t.Errorf("no rooms: %v", err)
	}
}
