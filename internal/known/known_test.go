package known

import "testing"

func TestKnown(t *testing.T) {
	k := Answers[string, int]{Max: 2}
	ask := func(key string) (int, bool) {
		answer, _, ok := k.Get(key)
		return answer, ok
	}
	_, since, ok := k.Get("a")
	if ok {
		t.Error("known from the start")
	}
	k.Put("a", 1, since)
	if got, ok := ask("a"); !ok || got != 1 {
		t.Errorf("got %d, %v", got, ok)
	}

	// What was asked before a change is not kept after it.
	_, since, _ = k.Get("b")
	k.Drop(func(key string, _ int) bool { return key == "b" })
	k.Put("b", 2, since)
	if _, ok := ask("b"); ok {
		t.Error("an answer of before is kept")
	}
	if _, ok := ask("a"); !ok {
		t.Error("more is dropped than has changed")
	}
	k.Drop(func(_ string, answer int) bool { return answer == 1 })
	if _, ok := ask("a"); ok {
		t.Error("what has changed is kept")
	}
	_, since, _ = k.Get("a")
	k.Put("a", 3, since)
	k.Forget("a")
	k.Put("a", 3, since)
	if _, ok := ask("a"); ok {
		t.Error("what was to be forgotten is kept")
	}

	for _, key := range []string{"c", "d", "e"} {
		_, since, _ := k.Get(key)
		k.Put(key, 0, since)
	}
	if len(k.answers) > 2 {
		t.Errorf("%d are kept", len(k.answers))
	}
}
