package backlog

import (
	"math/rand/v2"

	"mlf/schema"
)

// Rows makes the rows of one flush after the other: each cell's counts grow from
// one time that it comes to the next.
type Rows struct {
	random *rand.Rand
	cells  []schema.Rollup
	out    []schema.Rollup
}

// liveCells is how many cells of an hour the country fills: about what 100,000
// terminals, three services each, leave of comuni and services.
const liveCells = 160_000

// NewRows returns the rows of so many hours from first on.
func NewRows(first schema.Hour, hours int) *Rows {
	r := &Rows{random: rand.New(rand.NewPCG(1, uint64(hours))), cells: make([]schema.Rollup, liveCells*hours)}
	for i := range r.cells {
		hour, place := first+schema.Hour(i%hours), i/hours
		r.cells[i].Cell = schema.Cell{
			Comune: schema.ComuneID(1001 + place%comuni), Service: schema.ServiceID(1 + place/comuni),
			Channel: schema.ChannelCounter, Scale: schema.ScaleMLF3, Class: schema.ClassOK, Hour: hour,
		}
		r.cells[i].Partition = schema.Partition(place % comuni % 16)
	}
	return r
}

// Next returns the rows of n cells, or of all if there are fewer. They are the
// caller's until its next call; the counts of reasons stay r's.
func (r *Rows) Next(n int) []schema.Rollup {
	n = min(n, len(r.cells))
	r.out = r.out[:0]
	start, step := r.random.IntN(len(r.cells)), 1+r.random.IntN(len(r.cells)/n)
	for i := range n {
		c := &r.cells[(start+i*step)%len(r.cells)]
		c.Values[r.random.IntN(int(schema.ScaleMLF3.Max()))]++
		if r.random.IntN(10) == 0 {
			if c.Reasons == nil {
				c.Reasons = []schema.ReasonNumber{{Key: schema.KeyOfReason(schema.Red, schema.ReasonWaitingTime)}}
			}
			c.Reasons[0].N++
		}
		r.out = append(r.out, *c)
	}
	return r.out
}
