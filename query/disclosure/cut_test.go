package disclosure_test

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mlf/query/disclosure"
	"mlf/schema"
)

// day returns a day of 2026.
func day(m time.Month, d int) schema.Day {
	return schema.Day(time.Date(2026, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// small is places that a few comuni are in: provinces 1 and 2 of region 1, 3 of region 2.
func small() disclosure.Places {
	comuni := []schema.ComuneID{1001, 1002, 2001, 3001, 3002}
	return disclosure.Places{
		CodeOf:   map[schema.ComuneID]schema.ComuneID{9001: 1001},
		RegionOf: map[schema.ProvinceID]schema.RegionID{1: 1, 2: 1, 3: 2, 9: 1},
		Codes:    append(slices.Clone(comuni), 9001), Comuni: comuni,
		Services: []schema.ServiceID{0, 1, 2, 3},
	}
}

// green returns n green votes of a spot and day.
func green(comune schema.ComuneID, office schema.OfficeCode, service schema.ServiceID, on schema.Day, n uint64) schema.SpotDay {
	v := schema.SpotDay{Spot: schema.Spot{Comune: comune, Office: office, Service: service, Channel: schema.ChannelCounter, Scale: schema.ScaleMLF3}, Day: on}
	v.Values[2] = n
	return v
}

// show writes a lot as tests read it.
func show(l schema.Lot) string {
	return fmt.Sprintf("%d %06d/%s/%d/%d r%d p%d %d..%d n=%d", l.Level, l.Comune, l.Office, l.Service, l.Channel, l.Region, l.Province,
		l.First-monthFirst(l.First)+1, l.Last-monthFirst(l.Last)+1, l.N())
}

func monthFirst(d schema.Day) schema.Day {
	t := time.Unix(int64(d)*86400, 0).UTC()
	return d - schema.Day(t.Day()) + 1
}

func TestCut(t *testing.T) {
	oct := func(d int) schema.Day { return day(time.October, d) }
	for _, tt := range []struct {
		name    string
		today   schema.Day
		counted []schema.SpotDay
		want    []string
		waiting int
	}{
		{"days are added up until there are enough", oct(9), []schema.SpotDay{
			green(1001, "", 1, oct(1), 1), green(1001, "", 1, oct(3), 2), green(1001, "", 1, oct(4), 5), green(1001, "", 1, oct(8), 2),
		}, []string{"2 001001//1/1 r0 p0 1..3 n=3", "2 001001//1/1 r0 p0 4..4 n=5"}, 2},
		{"today is not over", oct(9), []schema.SpotDay{green(1001, "", 1, oct(9), 7)}, nil, 0},
		{"an office of two services is named", oct(9), []schema.SpotDay{
			green(1001, "a", 1, oct(1), 3), green(1001, "a", 2, oct(1), 3), green(1001, "b", 1, oct(1), 3), green(1001, "c", 1, oct(1), 3),
		}, []string{"1 001001/a/1/1 r0 p0 1..1 n=3", "1 001001/a/2/1 r0 p0 1..1 n=3", "2 001001//1/1 r0 p0 1..1 n=6"}, 0},
		{"an office that may not be named has company", oct(9), []schema.SpotDay{
			green(1001, "a", 1, oct(1), 3), green(1001, "a", 2, oct(1), 3), green(1001, "b", 1, oct(1), 3),
		}, []string{"1 001001/a/2/1 r0 p0 1..1 n=3", "2 001001//1/1 r0 p0 1..1 n=6"}, 0},
		{"a closed month climbs", day(time.November, 4), []schema.SpotDay{
			green(1001, "", 1, oct(1), 2), green(1001, "", 2, oct(5), 2), green(1002, "", 1, oct(1), 1), green(2001, "", 1, oct(1), 2),
			green(3001, "", 1, oct(1), 2),
		}, []string{"4 001001//0/0 r0 p0 1..31 n=4", "6 000000//0/0 r1 p0 1..31 n=3"}, 2},
		{"one day before it waits", day(time.November, 3), []schema.SpotDay{
			green(1001, "", 1, oct(1), 2), green(1001, "", 2, oct(5), 2),
		}, nil, 4},
		{"a nation's rest is a lot", day(time.November, 4), []schema.SpotDay{
			green(1001, "", 1, oct(1), 1), green(2001, "", 1, oct(1), 1), green(3001, "", 1, oct(1), 1),
		}, []string{"7 000000//0/0 r0 p0 1..31 n=3"}, 0},
		{"a comune's codes are one comune", oct(9), []schema.SpotDay{
			green(1001, "", 1, oct(1), 2), green(9001, "", 1, oct(1), 1),
		}, []string{"2 001001//1/1 r0 p0 1..1 n=3"}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := &disclosure.Rules{Places: small()}
			got, err := disclosure.Cut(r, tt.today, 0, tt.counted, nil)
			if err != nil {
				t.Fatal(err)
			}
			var lots []string
			for _, l := range got.Lots {
				lots = append(lots, show(l))
			}
			if !slices.Equal(lots, tt.want) {
				t.Errorf("got %q, want %q", lots, tt.want)
			}
			if n := total(got.Waiting); n != uint64(tt.waiting) {
				t.Errorf("%d wait: want %d", n, tt.waiting)
			}
		})
	}
}

func TestHeldLotsGoOnToAnother(t *testing.T) {
	yellow := green(1001, "", 1, day(time.October, 2), 0)
	yellow.Values[1] = 1
	counted := []schema.SpotDay{green(1001, "", 1, day(time.October, 1), 7), yellow, green(1001, "", 1, day(time.October, 3), 9)}
	r := &disclosure.Rules{Places: small(), Hold: true}
	got, err := disclosure.Cut(r, day(time.October, 9), 0, counted, nil)
	if err != nil || len(got.Lots) != 1 || show(got.Lots[0]) != "2 001001//1/1 r0 p0 1..2 n=8" || total(got.Waiting) != 9 {
		t.Errorf("got %+v, %v, want one lot of green and yellow", got, err)
	}
}

func TestLateVotesAreLotsOfTheirOwn(t *testing.T) {
	r := &disclosure.Rules{Places: small()}
	oct := func(d int) schema.Day { return day(time.October, d) }
	nights := nights{rules: r}
	nights.release(t, oct(9), green(1001, "", 1, oct(3), 3), green(1001, "", 1, oct(8), 1))
	nights.release(t, oct(11), green(1001, "", 1, oct(3), 5), green(1001, "", 1, oct(8), 1), green(1001, "", 1, oct(10), 1))
	nights.release(t, oct(12), green(1001, "", 1, oct(3), 5), green(1001, "", 1, oct(8), 1), green(1001, "", 1, oct(10), 1), green(1001, "", 1, oct(11), 1))
	nights.release(t, oct(13), green(1001, "", 1, oct(1), 1), green(1001, "", 1, oct(3), 5), green(1001, "", 1, oct(8), 1), green(1001, "", 1, oct(10), 1), green(1001, "", 1, oct(11), 1))
	var got []string
	for _, l := range nights.lots {
		got = append(got, show(l))
	}
	want := []string{"2 001001//1/1 r0 p0 3..3 n=3", "2 001001//1/1 r0 p0 8..11 n=3", "2 001001//1/1 r0 p0 1..3 n=3"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCountsThatFellPublishNothing(t *testing.T) {
	r := &disclosure.Rules{Places: small()}
	three := []schema.SpotDay{green(1001, "", 1, day(time.October, 1), 3)}
	for _, counted := range [][]schema.SpotDay{nil, {green(1001, "", 1, day(time.October, 1), 2)}, {green(1001, "", 1, day(time.October, 2), 9)}} {
		if got, err := disclosure.Cut(r, day(time.October, 9), 0, counted, three); !errors.Is(err, disclosure.ErrCountsFell) {
			t.Errorf("%v: got %+v, %v, want %v", counted, got, err, disclosure.ErrCountsFell)
		}
	}
}

func TestRulesRefuseSingleVotes(t *testing.T) {
	for k, ok := range map[uint64]bool{0: true, 1: false, 2: true, 1000: true, 1001: false} {
		if err := (&disclosure.Rules{K: k}).Validate(); (err == nil) != ok {
			t.Errorf("k = %d: got %v", k, err)
		}
	}
}

// nights are releases one after the other.
type nights struct {
	rules  *disclosure.Rules
	before schema.Day
	lots   []schema.Lot
	taken  []schema.SpotDay
	last   disclosure.Cutting
}

func (n *nights) release(t interface{ Fatal(args ...any) }, today schema.Day, counted ...schema.SpotDay) {
	got, err := disclosure.Cut(n.rules, today, n.before, slices.Clone(counted), slices.Clone(n.taken))
	if err != nil {
		t.Fatal(err)
	}
	n.before, n.last = today, got
	n.lots = append(n.lots, got.Lots...)
	for _, v := range got.Taken {
		n.taken = append(n.taken, v.SpotDay)
	}
}

func total(votes []schema.SpotDay) uint64 {
	var n uint64
	for _, v := range votes {
		for _, m := range v.Values {
			n += m
		}
	}
	return n
}

// TestReleases plays nights of votes that come when they like, and holds every
// release to what is promised of it.
func TestReleases(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := &disclosure.Rules{
			K: rapid.Uint64Range(2, 6).Draw(t, "k"), Hold: rapid.Bool().Draw(t, "hold"), Places: small(),
		}
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1)) //nolint:gosec // A test's.
		first := day(time.October, 20)
		counted := make(map[string]schema.SpotDay)
		n := nights{rules: r}
		for night := range rapid.IntRange(1, 30).Draw(t, "nights") {
			today := first + schema.Day(night)
			for range rng.IntN(25) {
				vote(rng, counted, first, today+1)
			}
			votes := slices.Collect(maps.Values(counted))
			before, taken := n.before, slices.Clone(n.taken)
			n.release(t, today, votes...)
			checkRelease(t, r, n.last, today)
			checkSum(t, votes, taken, n.last, today)
			again := slices.Clone(votes)
			rng.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
			got, err := disclosure.Cut(r, today, before, again, taken)
			if err != nil || !reflect.DeepEqual(got, n.last) {
				t.Fatalf("the same votes in another order: got %+v, %v, want %+v", got, err, n.last)
			}
		}
	})
}

// vote casts a vote, mostly of the day before, sometimes of long ago.
func vote(rng *rand.Rand, counted map[string]schema.SpotDay, first, next schema.Day) {
	on := next - 1 - schema.Day(rng.IntN(2))
	if rng.IntN(6) == 0 {
		on = first + schema.Day(rng.IntN(int(next-first)))
	}
	comuni := small().Codes
	v := green(comuni[rng.IntN(len(comuni))], []schema.OfficeCode{"", "a", "b", "c"}[rng.IntN(4)], schema.ServiceID(rng.IntN(4)), on, 0)
	v.Channel = schema.Channel(1 + rng.IntN(2))
	v.Scale = schema.Scale(1 + rng.IntN(10)/9)
	key := fmt.Sprint(v.Spot, v.Day)
	if before, ok := counted[key]; ok {
		v = before
	}
	value := rng.IntN(3)
	v.Values[value]++
	if rng.IntN(2) == 0 {
		v.Reasons = with(v.Reasons, schema.KeyOfReason(schema.Value(value+1), schema.Reason(1+rng.IntN(2))))
	}
	counted[key] = v
}

// with returns reasons with one more.
func with(reasons []schema.ReasonNumber, key schema.ReasonKey) []schema.ReasonNumber {
	reasons = slices.Clone(reasons)
	i, found := slices.BinarySearchFunc(reasons, key, func(r schema.ReasonNumber, k schema.ReasonKey) int { return cmp.Compare(r.Key, k) })
	if !found {
		reasons = slices.Insert(reasons, i, schema.ReasonNumber{Key: key})
	}
	reasons[i].N++
	return reasons
}

// checkRelease holds lots to their size, to what they say of themselves, and to
// what is in them.
func checkRelease(t *rapid.T, r *disclosure.Rules, got disclosure.Cutting, today schema.Day) {
	in := make(map[uint32]schema.SpotDay)
	for _, v := range got.Taken {
		l := got.Lots[v.Lot]
		if v.Day < l.First || v.Day > l.Last || v.Day >= today {
			t.Fatalf("lot %+v has votes of day %d", l, v.Day)
		}
		if l.Scale != v.Scale || l.Level <= schema.LotComune && l.Comune != v.Comune || l.Level <= schema.LotService && l.Service != v.Service ||
			l.Level <= schema.LotChannel && l.Channel != v.Channel || l.Office != "" && l.Office != v.Office ||
			l.Level == schema.LotProvince && l.Province != v.Comune.Province() || l.Level == schema.LotRegion && l.Region != r.Places.RegionOf[v.Comune.Province()] {
			t.Fatalf("lot %+v has votes of %+v", l, v.Spot)
		}
		sum := in[v.Lot]
		for k, m := range v.Values {
			sum.Values[k] += m
		}
		for _, reason := range v.Reasons {
			for range reason.N {
				sum.Reasons = with(sum.Reasons, reason.Key)
			}
		}
		in[v.Lot] = sum
	}
	for i, l := range got.Lots {
		if l.N() < r.K || r.Hold && slices.Contains(l.Values[:], l.N()) {
			t.Fatalf("lot %+v, k = %d, hold %v", l, r.K, r.Hold)
		}
		if sum := in[uint32(i)]; l.Number != uint32(i) || sum.Values != l.Values || !slices.Equal(sum.Reasons, l.Reasons) {
			t.Fatalf("lot %+v has %+v in it", l, sum)
		}
	}
}

// checkSum: what is in lots, of before and of now, and what waits is what is
// counted of the days before today. As lots have whole votes, none is in two.
func checkSum(t *rapid.T, counted, before []schema.SpotDay, got disclosure.Cutting, today schema.Day) {
	left := make(map[string]int)
	add := func(v schema.SpotDay, sign int) {
		v.Comune = cmp.Or(small().CodeOf[v.Comune], v.Comune)
		for k, n := range v.Values {
			left[fmt.Sprint(v.Spot, v.Day, k)] += sign * int(n)
		}
		for _, r := range v.Reasons {
			left[fmt.Sprint(v.Spot, v.Day, r.Key, "reason")] += sign * int(r.N)
		}
	}
	for _, v := range counted {
		if v.Day < today {
			add(v, 1)
		}
	}
	for _, v := range slices.Concat(before, got.Waiting) {
		add(v, -1)
	}
	for _, v := range got.Taken {
		add(v.SpotDay, -1)
	}
	for key, n := range left {
		if n != 0 {
			t.Fatalf("%s: %d more are counted than are in lots or wait", key, n)
		}
	}
}
