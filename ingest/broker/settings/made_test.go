package settings

import "testing"

// TestWhatIsMadeIsRight: no topic is made that would be judged wrong, of whatever kind and
// with however many copies.
func TestWhatIsMadeIsRight(t *testing.T) {
	for _, kind := range []Kind{Votes, Registry, Counts, Served, Heartbeats} {
		for copies := 1; copies <= 3; copies++ {
			made := make(map[string]string)
			for _, s := range Made(kind, copies) {
				if made[s.Name] != "" {
					t.Errorf("%s: %s is set twice", kind, s.Name)
				}
				made[s.Name] = s.Value
			}
			if found := (Topic{Settings: made, Replicas: copies, Wanted: copies}).Judge(kind, 1_000_000); len(found) > 0 {
				t.Errorf("%s with %d copies: %+v", kind, copies, found)
			}
		}
	}
	f := func(setting, value string) {
		t.Helper()
		topic := Topic{Settings: map[string]string{CleanupPolicy: "compact", setting: value}, Replicas: 1, Wanted: 1}
		found := topic.Judge(Heartbeats, 1_000_000)
		if len(found) != 1 || found[0].Setting != setting || !found[0].Refused {
			t.Errorf("heartbeats, %s=%s: %+v, want it refused", setting, value, found)
		}
	}
	f(MessageBytes, "1000")
}
