package italy

import (
	"github.com/ClickHouse/ch-go/proto"

	"mlf/schema"
)

// A filler takes the votes of a leaf into the columns of one of the tables. Those
// are sent and begun anew when there are enough of them.
type filler interface {
	table() string
	input() proto.Input
	rows() int
	add(l *leaf, votes []vote)
}

// rollupRows are rows of the store's table, and what they come to.
type rollupRows struct {
	comune                      proto.ColUInt32
	office                      *proto.ColLowCardinality[string]
	service, partition          proto.ColUInt16
	channel, scale, class, keys proto.ColUInt8
	hour                        proto.ColDateTime
	segment                     proto.ColUInt32
	values                      [schema.ValueMax]proto.ColUInt64
	counts                      proto.ColUInt64
	reasons                     *proto.ColMap[uint8, uint64]

	counted [Partitions][]uint64 // Votes by segment.
	cells   int
	rowsAll int
}

func newRollupRows() *rollupRows {
	r := &rollupRows{office: new(proto.ColStr).LowCardinality()}
	r.reasons = proto.NewMap[uint8, uint64](&r.keys, &r.counts)
	return r
}

func (r *rollupRows) table() string { return "votes_rollup" }

func (r *rollupRows) rows() int { return len(r.comune) }

func (r *rollupRows) input() proto.Input {
	return proto.Input{
		{Name: "comune", Data: &r.comune},
		{Name: "office", Data: r.office},
		{Name: "service", Data: &r.service},
		{Name: "channel", Data: &r.channel},
		{Name: "scale", Data: &r.scale},
		{Name: "class", Data: &r.class},
		{Name: "hour", Data: &r.hour},
		{Name: "partition", Data: &r.partition},
		{Name: "segment", Data: &r.segment},
		{Name: "v1", Data: &r.values[0]},
		{Name: "v2", Data: &r.values[1]},
		{Name: "v3", Data: &r.values[2]},
		{Name: "v4", Data: &r.values[3]},
		{Name: "v5", Data: &r.values[4]},
		{Name: "reasons", Data: sent{r.reasons}},
	}
}

// sent hides that a column would look at the type that the server names, in which it
// does not know a map behind the function that merges it.
type sent struct{ proto.ColInput }

// Reset is called between blocks.
func (s sent) Reset() {
	if c, ok := s.ColInput.(proto.Resettable); ok {
		c.Reset()
	}
}

// add makes a row of the votes of each class, hour and segment.
func (r *rollupRows) add(l *leaf, votes []vote) {
	for first := 0; first < len(votes); {
		v, next := votes[first], first+1
		for next < len(votes) && votes[next].class == v.class && votes[next].hour == v.hour && votes[next].segment == v.segment {
			next++
		}
		r.comune, r.service = append(r.comune, uint32(l.comune)), append(r.service, uint16(l.service))
		r.office.Append(string(l.office))
		r.channel, r.scale, r.class = append(r.channel, uint8(l.channel)), append(r.scale, uint8(l.scale)), append(r.class, uint8(v.class))
		r.hour.Data = append(r.hour.Data, proto.DateTime(v.hour)*secondsPerHour)
		r.partition, r.segment = append(r.partition, uint16(l.partition)), append(r.segment, uint32(v.segment))
		r.addCounts(votes[first:next])
		r.count(l.partition, v.segment, uint64(next-first))
		if first == 0 || votes[first-1].class != v.class || votes[first-1].hour != v.hour {
			r.cells++
		}
		r.rowsAll++
		first = next
	}
}

const secondsPerHour = 3600

// addCounts ends a row with the counts of its votes.
func (r *rollupRows) addCounts(votes []vote) {
	var values [schema.ValueMax]uint64
	from := len(r.keys)
	for i := range votes {
		values[votes[i].value-1]++
		if votes[i].reason != schema.ReasonNone {
			r.addReason(from, uint8(schema.KeyOfReason(votes[i].value, votes[i].reason)))
		}
	}
	for i := range values {
		r.values[i] = append(r.values[i], values[i])
	}
	r.reasons.Offsets = append(r.reasons.Offsets, uint64(len(r.keys)))
}

func (r *rollupRows) addReason(from int, key uint8) {
	for i := from; i < len(r.keys); i++ {
		if r.keys[i] == key {
			r.counts[i]++
			return
		}
	}
	r.keys, r.counts = append(r.keys, key), append(r.counts, 1)
}

// count notes votes for the ledger.
func (r *rollupRows) count(p schema.Partition, s schema.Segment, votes uint64) {
	for int(s) >= len(r.counted[p]) {
		r.counted[p] = append(r.counted[p], 0)
	}
	r.counted[p][s] += votes
}

// rawRows are single votes, as one would keep them who counts at each question.
type rawRows struct {
	comune                               proto.ColUInt32
	office                               *proto.ColLowCardinality[string]
	service                              proto.ColUInt16
	channel, scale, class, value, reason proto.ColUInt8
	at                                   proto.ColDateTime64

	votes int
}

func newRawRows() *rawRows {
	r := &rawRows{office: new(proto.ColStr).LowCardinality()}
	r.at.WithPrecision(proto.PrecisionMilli)
	return r
}

func (r *rawRows) table() string { return RawTable }

func (r *rawRows) rows() int { return len(r.comune) }

func (r *rawRows) input() proto.Input {
	return proto.Input{
		{Name: "comune", Data: &r.comune},
		{Name: "office", Data: r.office},
		{Name: "service", Data: &r.service},
		{Name: "channel", Data: &r.channel},
		{Name: "scale", Data: &r.scale},
		{Name: "class", Data: &r.class},
		{Name: "value", Data: &r.value},
		{Name: "reason", Data: &r.reason},
		{Name: "at", Data: &r.at},
	}
}

// add makes a row of each vote, somewhere in its hour.
func (r *rawRows) add(l *leaf, votes []vote) {
	r.votes += len(votes)
	for i, v := range votes {
		r.comune, r.service = append(r.comune, uint32(l.comune)), append(r.service, uint16(l.service))
		r.office.Append(string(l.office))
		r.channel, r.scale, r.class = append(r.channel, uint8(l.channel)), append(r.scale, uint8(l.scale)), append(r.class, uint8(v.class))
		r.value, r.reason = append(r.value, uint8(v.value)), append(r.reason, uint8(v.reason))
		within := int64(i) * 7_919_317 % (secondsPerHour * 1000)
		r.at.Data = append(r.at.Data, proto.DateTime64(int64(v.hour)*secondsPerHour*1000+within))
	}
}
