package load

import "testing"

func judge() *Judge { return New(Limits{CPU: 0.9, Memory: 1000}, 8) }

// last returns the verdict after n seconds of the same.
func last(j *Judge, n int, s Sample) (v Verdict) {
	for range n {
		v = j.Judge(s)
	}
	return v
}

func TestPeopleAreRefusedBeforeItHurts(t *testing.T) {
	for name, c := range map[string]struct {
		seconds int
		sample  Sample
		want    Reason
	}{
		"idle":                  {60, Sample{}, NotFull},
		"busy":                  {60, Sample{CPU: 0.85, Memory: 900, Packets: 1e5, Late: 0.04}, NotFull},
		"a crowd coming in":     {5, Sample{CPU: 1}, NotFull},
		"busy for long":         {60, Sample{CPU: 1}, CPU},
		"late":                  {1, Sample{CPU: 0.5, Late: 0.06}, Late},
		"dropping":              {1, Sample{CPU: 0.5, Dropped: 0.06}, Late},
		"late by others' work":  {60, Sample{CPU: 0.2, Late: 1}, NotFull},
		"short of memory":       {1, Sample{Memory: 1001}, Memory},
		"memory comes first":    {60, Sample{CPU: 1, Memory: 1001, Late: 1}, Memory},
		"no limit of memory":    {1, Sample{Memory: 1000}, NotFull},
		"late before processor": {60, Sample{CPU: 1, Late: 1}, Late},
	} {
		v := last(judge(), c.seconds, c.sample)
		if v.Why != c.want || v.Full != (c.want != NotFull) || v.Full != (v.Wait > 0) {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

func TestPeopleAreLetInAgain(t *testing.T) {
	j := judge()
	last(j, 60, Sample{CPU: 1})
	if v := last(j, 60, Sample{CPU: 0.8}); !v.Full {
		t.Error("let in while the limit is near")
	}
	if v := last(j, 30, Sample{CPU: 0.7}); v.Full {
		t.Errorf("not let in: %+v", v)
	}
	last(j, 1, Sample{Memory: 2000})
	if v := last(j, 60, Sample{Memory: 900}); !v.Full {
		t.Error("let in while memory is short")
	}
	if v := last(j, 1, Sample{Memory: 500}); v.Full {
		t.Errorf("not let in: %+v", v)
	}
}

func TestVoicesAreShedAndComeBack(t *testing.T) {
	j := judge()
	if v := last(j, 2, Sample{CPU: 0.5, Late: 1}); v.Voices != 8 {
		t.Errorf("after two seconds %d voices are left", v.Voices)
	}
	for _, want := range []int{4, 2, 1, 1} {
		if v := last(j, shedAfter, Sample{CPU: 0.5, Late: 1}); v.Voices != want {
			t.Errorf("%d voices, want %d", v.Voices, want)
		}
	}
	if v := last(j, regainAfter*7, Sample{}); v.Voices != 8 {
		t.Errorf("%d voices after a long calm", v.Voices)
	}
	// The processor alone sheds nobody's voice.
	if v := last(j, 100, Sample{CPU: 1}); v.Voices != 8 || !v.Full {
		t.Errorf("%+v", v)
	}
}

func TestSustained(t *testing.T) {
	j := judge()
	last(j, 1, Sample{Packets: 100})
	last(j, 1, Sample{CPU: 0.5, Packets: 500, Late: 1})
	last(j, 1, Sample{Packets: 300})
	last(j, 1, Sample{Packets: 200})
	if n := j.Sustained(); n != 300 {
		t.Errorf("%v packets a second", n)
	}
}
