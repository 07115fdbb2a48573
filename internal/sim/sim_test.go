package sim

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"
)

func simulate(t testing.TB, c Config) Result {
	t.Helper()
	earth, err := NewEarth(nil, nil, rand.New(rand.NewPCG(c.Seed, 1)))
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now() //nolint:forbidigo // how long it takes
	r, err := Run(c, earth)
	if err != nil {
		t.Fatal(err)
	}
	r.WallS = time.Since(start).Seconds() //nolint:forbidigo // how long it takes
	text, _ := json.Marshal(r)
	t.Logf("%s", text)
	return r
}

func TestScenarios(t *testing.T) {
	for _, s := range Scenarios {
		t.Run(s, func(t *testing.T) {
			simulate(t, Config{Nodes: 200, Rooms: 5, Seed: 1, Scenario: s, Time: 60 * time.Second})
		})
	}
}
