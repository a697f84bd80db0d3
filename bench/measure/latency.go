package measure

import (
	"math/bits"
	"time"
)

// Latencies counts durations in buckets that are at most 1/64 of their value
// wide, in microseconds. Its zero value is ready. Not safe for use by several
// goroutines at once.
type Latencies struct {
	counts [latencyBuckets]uint64
	total  uint64
	max    time.Duration
}

const (
	subBits = 6 // 64 buckets for each doubling.

	// latencyBuckets reaches to 2^30 µs, 18 minutes; longer ones count there.
	latencyBuckets = (30 - subBits + 1) << subBits
)

// Add counts d; what is negative counts as 0.
func (l *Latencies) Add(d time.Duration) {
	l.counts[bucketOf(d)]++
	l.total++
	l.max = max(l.max, d)
}

// Merge adds what other has counted.
func (l *Latencies) Merge(other *Latencies) {
	for i, n := range other.counts {
		l.counts[i] += n
	}
	l.total += other.total
	l.max = max(l.max, other.max)
}

// Count returns how many were added.
func (l *Latencies) Count() uint64 { return l.total }

// Max returns the longest.
func (l *Latencies) Max() time.Duration { return l.max }

// Quantile returns the duration that the share q (0 to 1) of all does not exceed,
// at most a 64th too high; 0 when there are none.
func (l *Latencies) Quantile(q float64) time.Duration {
	if l.total == 0 {
		return 0
	}
	rank := min(uint64(q*float64(l.total)), l.total-1)
	var seen uint64
	for i, n := range l.counts {
		if seen += n; seen > rank {
			return min(bucketEnd(i), l.max)
		}
	}
	return l.max
}

// Sample returns the usual percentiles in milliseconds, as metrics whose names
// begin with prefix.
func (l *Latencies) Sample(prefix string) Sample {
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	return Sample{
		{prefix + "_p50_ms", ms(l.Quantile(0.50))},
		{prefix + "_p99_ms", ms(l.Quantile(0.99))},
		{prefix + "_p999_ms", ms(l.Quantile(0.999))},
		{prefix + "_max_ms", ms(l.Max())},
	}
}

// bucketOf returns the bucket of d: below 128 µs a bucket a microsecond, then 64
// for each doubling.
func bucketOf(d time.Duration) int {
	us := uint64(max(0, d.Microseconds()))
	shift := max(0, bits.Len64(us)-subBits-1)
	return min(shift<<subBits+int(us>>shift), latencyBuckets-1)
}

// bucketEnd returns the end of bucket i.
func bucketEnd(i int) time.Duration {
	shift := max(0, i>>subBits-1)
	us := uint64(i-shift<<subBits+1) << shift
	return time.Duration(us) * time.Microsecond
}
