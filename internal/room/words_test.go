package room

import "testing"

func TestWords(t *testing.T) {
	for word, want := range map[string]Visibility{"closed": Closed, "social": Social, "members": Members, "open": Open} {
		var v Visibility
		if err := v.UnmarshalText([]byte(word)); err != nil || v != want || v.String() != word {
			t.Errorf("%s is %v, %v", word, v, err)
		}
	}
	for word, want := range map[string]HandPolicy{"off": HandsOff, "followed": HandsFollowed, "everyone": HandsEveryone} {
		var h HandPolicy
		if err := h.UnmarshalText([]byte(word)); err != nil || h != want || h.String() != word {
			t.Errorf("%s is %v, %v", word, h, err)
		}
	}
	for word, want := range map[string]ChatPolicy{"off": ChatOff, "stage": ChatStage, "everyone": ChatEveryone} {
		var c ChatPolicy
		if err := c.UnmarshalText([]byte(word)); err != nil || c != want || c.String() != word {
			t.Errorf("%s is %v, %v", word, c, err)
		}
	}
	for word, want := range map[string]Role{"absent": Absent, "listener": Listener, "speaker": Speaker, "moderator": Moderator} {
		var r Role
		if err := r.UnmarshalText([]byte(word)); err != nil || r != want || r.String() != word {
			t.Errorf("%s is %v, %v", word, r, err)
		}
	}
	for _, word := range []string{"", "Open", "unknown"} {
		v := Social
		if err := v.UnmarshalText([]byte(word)); err == nil || v != Social {
			t.Errorf("%q is a visibility: %v", word, v)
		}
	}
	if got := Role(200).String(); got != "unknown" {
		t.Errorf("a role that is none is %q", got)
	}
}
