package country

import (
	"maps"
	"slices"
	"time"

	"mlf/proof/country/foreign"
	"mlf/schema"
)

// take takes r where it is of a source: into what was counted before, or after. A source
// has an office of its own.
func (x *sources) take(r *cellRow, after bool) bool {
	if x == nil {
		return false
	}
	o := x.at[place{r.Comune, r.Office}]
	if o == nil || o.enrol.Channel != r.Channel || o.enrol.Scale != r.Scale {
		return false
	}
	into := &o.before
	if after {
		into = &o.after
	}
	sums := &into.votes
	if r.Class == schema.ClassTest {
		sums = &into.tests
	}
	hour := into.hours[r.Hour]
	for i, n := range r.values {
		sums[i] += uint64(n)
		hour[i] += uint64(n)
	}
	if o.Kind == foreign.Exchange {
		into.hours[r.Hour] = hour
	}
	return true
}

// known returns the least and the most that may be counted of o, tests apart, and exactly
// how many tests.
func (x *sources) known(o *stateless) (least, most, tests foreign.Totals) {
	least, most = x.play.Truth.Known(o.Name, x.sim.imports != nil)
	pressed := x.play.Truth.PressedBy(o.Name)
	for i := range least {
		least[i] -= min(least[i], o.doubt[i])
		most[i] = min(most[i], pressed[i])
	}
	for _, v := range x.play.Truth.Votes {
		if v.Source == o.Name && v.Test && v.Arrived {
			tests[v.Value-1]++
		}
	}
	return least, most, tests
}

// compare holds what was counted of each source against what can be known of it. It
// returns how many numbers were compared, and the least and the most votes of all.
func (x *sources) compare(d *differences) (cells int, least, most uint64) {
	if x == nil {
		return 0, 0, 0
	}
	for _, o := range x.all {
		cells += x.compareHours(o, d)
		from, to, tests := x.known(o)
		votes, tested := o.after.votes.Less(o.before.votes), o.after.tests.Less(o.before.tests)
		for i := range int(o.Scale.Max()) {
			cells += 2
			least, most = least+from[i]+tests[i], most+to[i]+tests[i]
			if got := votes[i]; got < from[i] || got > to[i] {
				d.addf("source %s office=%s channel=%v scale=%v %s: want %d to %d, got %d", o.Name, o.enrol.Office, o.enrol.Channel, o.Scale,
					valueName(o.Scale, schema.Value(i+1)), from[i], to[i], int64(got))
			}
			d.weighBounds(from[i], to[i], votes[i])
			if tested[i] != tests[i] {
				d.addf("source %s office=%s channel=%v scale=%v class=test %s: want %d, got %d", o.Name, o.enrol.Office, o.enrol.Channel, o.Scale,
					valueName(o.Scale, schema.Value(i+1)), tests[i], int64(tested[i]))
			}
		}
	}
	return cells, least, most
}

// compareHours holds what was counted of an exchange in each hour against when its calls
// were. It returns how many numbers were compared.
func (x *sources) compareHours(o *stateless, d *differences) (cells int) {
	if o.Kind != foreign.Exchange {
		return 0
	}
	want := x.play.Truth.ByHour(o.Name, x.sim.imports != nil)
	for h := range o.after.hours {
		if _, known := want[h]; !known {
			want[h] = foreign.Totals{}
		}
	}
	for _, h := range slices.Sorted(maps.Keys(want)) {
		cells += int(o.Scale.Max())
		if got := o.after.hours[h].Less(o.before.hours[h]); got != want[h] {
			d.addf("source %s office=%s in the hour from %s: want %v, got %v", o.Name, o.enrol.Office, h.Time().Format(time.RFC3339), want[h], got)
		}
	}
	return cells
}

// total returns what was counted of all sources, tests and all.
func (x *sources) total() (n uint64) {
	if x == nil {
		return 0
	}
	for _, o := range x.all {
		votes, tests := o.after.votes.Less(o.before.votes), o.after.tests.Less(o.before.tests)
		for i := range votes {
			n += votes[i] + tests[i]
		}
	}
	return n
}

// weighBounds keeps how many votes got is out of bounds.
func (d *differences) weighBounds(least, most, got uint64) {
	switch {
	case got < least:
		d.weigh(int64(least), int64(got))
	case got > most:
		d.weigh(int64(most), int64(got))
	}
}

// compareEvents holds the ledger's account of events against what was sent: what was
// answered is on it, what was not may be, and none is in disorder.
func (x *sources) compareEvents(grown schema.EventTally, doubted bool, d *differences) {
	if x == nil {
		d.addCount("events in", 0, 0, grown.In)
		return
	}
	most := x.seen.sent
	if doubted || x.seen.doubted { // The service itself may have written twice.
		most *= 2
	}
	d.addCount("events in", x.seen.answered, most, grown.In)
	d.addCount("events conflicts", 0, 0, grown.Conflicts)
	d.addCount("events quarantined", 0, 0, grown.Quarantined)
}
