package heartbeat_test

import (
	"math/rand/v2"
	"testing"

	"mlf/schema"
	"mlf/schema/heartbeat"
)

// A device is one that sends heartbeats of terminal 7.
type device struct{ value heartbeat.Value }

// next is its next heartbeat, at a minute, after which it has the value to.
func (d *device) next(minute int, to heartbeat.Value) heartbeat.Heartbeat {
	h := heartbeat.Heartbeat{Terminal: 7, At: now + schema.Instant(minute)*60_000, Install: to, Previous: d.value}
	d.value = to
	return h
}

// beat has it taken, and returns whether the device is told of a copy.
func (d *device) beat(t *heartbeat.Tracks, minute int, to heartbeat.Value) bool {
	h := d.next(minute, to)
	return t.Take(&h).Copied
}

func want(t *testing.T, got, want bool) {
	t.Helper()
	if got != want {
		t.Errorf("told of a copy: got %t, want %t", got, want)
	}
}

// TestTwoDevicesWithOneImage: both are told, once each, whichever comes first.
func TestTwoDevicesWithOneImage(t *testing.T) {
	var tracks heartbeat.Tracks
	a := device{}
	want(t, a.beat(&tracks, 0, 10), false)
	b := a // The image.
	want(t, a.beat(&tracks, 5, 11), false)
	want(t, b.beat(&tracks, 7, 21), true)
	want(t, a.beat(&tracks, 10, 12), true)
	want(t, b.beat(&tracks, 12, 22), false)
	want(t, a.beat(&tracks, 15, 13), false)
	h := a.next(20, 14)
	if got := tracks.Take(&h); got.Copy.Seen != now+15*60_000 || got.Copy.Since != now+7*60_000 || got.Copy.Told != now+10*60_000 {
		t.Errorf("got %+v", got)
	}
	if !(heartbeat.Copy{Seen: now}).Copied(now+heartbeat.EpisodeMS-1) || (heartbeat.Copy{Seen: now}).Copied(now+heartbeat.EpisodeMS) {
		t.Error("a copy is one for a day after it was last seen")
	}
}

// TestAnImageOlderThanWhatIsRemembered is found when the first device goes on.
func TestAnImageOlderThanWhatIsRemembered(t *testing.T) {
	var tracks heartbeat.Tracks
	a := device{}
	want(t, a.beat(&tracks, 0, 100), false)
	b := a
	for i := range 50 {
		want(t, a.beat(&tracks, 5+i*5, heartbeat.Value(101+i)), false)
	}
	want(t, b.beat(&tracks, 301, 500), false) // It may be a device that was set back.
	want(t, a.beat(&tracks, 305, 600), true)
	want(t, b.beat(&tracks, 306, 501), true)
	want(t, a.beat(&tracks, 310, 601), false)
}

// TestOneDeviceIsNoCopy: what a device alone can do.
func TestOneDeviceIsNoCopy(t *testing.T) {
	var tracks heartbeat.Tracks
	a := device{}
	want(t, a.beat(&tracks, 0, 10), false)
	again := a.next(5, 11)
	for range 3 { // No answer came.
		want(t, tracks.Take(&again).Copied, false)
	}
	want(t, a.beat(&tracks, 10, 12), false)
	a.value = 0 // Its storage was lost.
	want(t, a.beat(&tracks, 15, 13), false)
	want(t, a.beat(&tracks, 20, 14), false)
	a.value = 77 // Two heartbeats were lost with the process that took them.
	want(t, a.beat(&tracks, 25, 15), false)
	want(t, a.beat(&tracks, 30, 16), false)
}

// TestAnAnswerThatWasLost: the same heartbeat has the same answer, and a copy of the next
// month is told of again.
func TestAnAnswerThatWasLost(t *testing.T) {
	var tracks heartbeat.Tracks
	a := device{value: 10}
	want(t, a.beat(&tracks, 0, 11), false)
	b := device{value: 10}
	h := b.next(5, 21)
	want(t, tracks.Take(&h).Copied, true)
	h.At += 60_000
	want(t, tracks.Take(&h).Copied, true)
	want(t, a.beat(&tracks, 10, 12), true)
	month := 30 * 24 * 60
	want(t, a.beat(&tracks, month, 13), false)
	c := a
	want(t, c.beat(&tracks, month+5, 31), false) // It goes on first: until now it is the only one.
	want(t, a.beat(&tracks, month+6, 14), true)
	want(t, c.beat(&tracks, month+10, 32), true)
}

// TestTwoProcesses: each device sends through its own; what is on the topic tells both.
func TestTwoProcesses(t *testing.T) {
	var one, two heartbeat.Tracks
	var topic []heartbeat.Heartbeat
	take := func(tracks *heartbeat.Tracks, h heartbeat.Heartbeat) bool {
		v := tracks.Take(&h)
		h.Copy = v.Copy
		topic = append(topic, h)
		return v.Copied
	}
	a, b := device{value: 10}, device{value: 10}
	want(t, take(&one, a.next(0, 11)), false)
	want(t, take(&two, b.next(0, 21)), false) // It has not read the other's yet.
	for _, h := range topic {
		for _, tracks := range []*heartbeat.Tracks{&one, &two} {
			if err := tracks.Apply(h.Key(), heartbeat.Append(nil, &h)); err != nil {
				t.Fatal(err)
			}
		}
	}
	want(t, take(&one, a.next(5, 12)), true)
	want(t, take(&two, b.next(6, 22)), true)
	// A process that starts reads all of it, or the last after compaction.
	for from := range 2 {
		var fresh heartbeat.Tracks
		for _, h := range topic[from*3:] {
			fresh.Note(&h)
		}
		copied := b
		want(t, copied.beat(&fresh, 11, 23), false) // Told before.
		if wait := fresh.Wait(7, now+11*60_000+1_000, 60_000); wait != 59_000 {
			t.Errorf("got a wait of %d ms", wait)
		}
	}
	if one.Apply("x", nil) != nil || one.Apply("x", []byte{1}) == nil || one.Complete() {
		t.Error("nil says nothing, and rubbish is an error")
	}
	if one.SetComplete(); !one.Complete() {
		t.Error("complete")
	}
}

// TestLateRecords: a device that changed to another process while the log was away has its
// heartbeats on the topic in another order.
func TestLateRecords(t *testing.T) {
	var tracks heartbeat.Tracks
	a := device{value: 10}
	h1, h2, h3, h4 := a.next(0, 11), a.next(5, 12), a.next(10, 13), a.next(15, 14)
	tracks.Note(&h1)
	tracks.Note(&h3)
	tracks.Note(&h2)
	want(t, tracks.Take(&h4).Copied, false)
	tracks.Note(&h2)
	tracks.Note(&h1)
	want(t, a.beat(&tracks, 20, 15), false)
	if wait := tracks.Wait(7, now, 60_000); wait != 60_000 { // A clock that is behind.
		t.Errorf("got a wait of %d ms", wait)
	}
	if wait := tracks.Wait(8, now, 60_000); wait != 0 {
		t.Errorf("of an unknown terminal: got a wait of %d ms", wait)
	}
}

// TestAnyTwoDevices: however long one has lived before the image was made, and whichever
// is first in each round, with answers lost or not, both are told once; one alone never is.
func TestAnyTwoDevices(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // A test's.
	value := func() heartbeat.Value { return heartbeat.Value(random.Uint64() | 1) }
	for round := range 500 {
		var tracks heartbeat.Tracks
		var devices [2]device
		minute := 0
		for range 1 + random.IntN(20) {
			minute += 5
			want(t, devices[0].beat(&tracks, minute, value()), false)
		}
		devices[1] = devices[0]
		var told [2]int
		for range 3 {
			first := random.IntN(2)
			for _, i := range []int{first, 1 - first} {
				minute += 2
				h := devices[i].next(minute, value())
				copied := tracks.Take(&h).Copied
				if again := random.IntN(2) == 0 && tracks.Take(&h).Copied != copied; again {
					t.Errorf("seed %d, round %d: another answer to the same", seed, round)
				}
				if copied {
					told[i]++
				}
			}
		}
		if told != [2]int{1, 1} {
			t.Fatalf("seed %d, round %d: told %v times", seed, round, told)
		}
	}
}
