package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/stoa-audio/stoa/internal/bench"
)

func TestBest(t *testing.T) {
	runs := []bench.Report{
		{CPUUSPerPacket: 5, Lost: 1},
		{CPUUSPerPacket: 9},
		{CPUUSPerPacket: 8},
	}
	if b := best(runs, perPacket); b.CPUUSPerPacket != 8 {
		t.Errorf("the best is %v", b.CPUUSPerPacket)
	}
}

func TestSpread(t *testing.T) {
	for want, values := range map[string][]float64{
		"2.0 (1.0–9.0)": {9, 1, 2},
		"2.5 (1.0–9.0)": {9, 1, 2, 3},
		"3.0":           {3, 3.01},
	} {
		var runs []bench.Report
		for _, v := range values {
			runs = append(runs, bench.Report{LoadAverage: v})
		}
		if got := loads(runs); got != want {
			t.Errorf("%v is shown as %q, want %q", values, got, want)
		}
	}
}

func TestReplace(t *testing.T) {
	const text = "# Page\n<!-- room -->\nold\n<!-- /room -->\n<!-- peers -->\nkept\n<!-- /peers -->\nend\n"
	once, err := replace(text, "room", "new\n")
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Replace(text, "old", "new", 1); once != want {
		t.Errorf("%s", once)
	}
	if _, err := replace(text, "loss", "new\n"); err == nil {
		t.Error("a section that is not there is replaced")
	}
	if _, err := replace("<!-- room -->\nno end", "room", "new\n"); err == nil {
		t.Error("a section without end is replaced")
	}
}

// All rows of a table have its columns, whatever they show.
func TestColumns(t *testing.T) {
	spoken := bench.Report{Listeners: 10, Speakers: 1, PacketsOut: 1000, Lost: 3}
	silent := bench.Report{Listeners: 10, Failed: 2}
	herd := bench.Report{Listeners: 10, Speakers: 1, Herd: &bench.Herd{Size: 20, In: 19, Refused: 5, Failed: 1}}
	rows := []row{{name: "a", key: perPacket}, {name: "b", key: perSecond}, {name: "c", key: slowest}}
	runs := [][]bench.Report{{spoken, spoken}, {silent}, {herd}}
	for name, text := range map[string]string{"room": roomTable(rows, runs), "peers": peerTable(rows, runs)} {
		var columns []int
		for line := range strings.Lines(text) {
			columns = append(columns, strings.Count(line, "|"))
		}
		if len(slices.Compact(columns)) != 1 {
			t.Errorf("%s:\n%s", name, text)
		}
	}
	if text := roomTable(rows, runs); !strings.Contains(text, "3 of 1003") || !strings.Contains(text, "19 in, 5 told to come later, 1 failed") {
		t.Errorf("%s", text)
	}
}

func TestSizes(t *testing.T) {
	if got, err := parseSizes("100,500"); err != nil || !slices.Equal(got, []int{100, 500}) {
		t.Errorf("%v, %v", got, err)
	}
	for _, bad := range []string{"", "x", "0", "1,,2"} {
		if _, err := parseSizes(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestRefuses(t *testing.T) {
	for _, args := range [][]string{nil, {"loss"}, {"room", "--rounds", "0"}, {"room", "now"}, {"room", "--listeners", "5"}, {"peers", "--listeners", "none"}} {
		if err := measure(t.Context(), args, nil); err == nil {
			t.Errorf("%q is taken", args)
		}
	}
}
