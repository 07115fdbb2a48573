package people

import "testing"

func TestKnown(t *testing.T) {
	k := known[string, int]{max: 2}
	ask := func(key string) (int, bool) {
		answer, _, ok := k.get(key)
		return answer, ok
	}
	_, since, ok := k.get("a")
	if ok {
		t.Error("known from the start")
	}
	k.put("a", 1, since)
	if got, ok := ask("a"); !ok || got != 1 {
		t.Errorf("got %d, %v", got, ok)
	}

	// What was asked before a change is not kept after it.
	_, since, _ = k.get("b")
	k.drop(func(key string, _ int) bool { return key == "b" })
	k.put("b", 2, since)
	if _, ok := ask("b"); ok {
		t.Error("an answer of before is kept")
	}
	if _, ok := ask("a"); !ok {
		t.Error("more is dropped than has changed")
	}
	k.drop(func(_ string, answer int) bool { return answer == 1 })
	if _, ok := ask("a"); ok {
		t.Error("what has changed is kept")
	}

	for _, key := range []string{"c", "d", "e"} {
		_, since, _ := k.get(key)
		k.put(key, 0, since)
	}
	if len(k.answers) > 2 {
		t.Errorf("%d are kept", len(k.answers))
	}
}
