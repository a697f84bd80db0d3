//go:build linux

package packed

import (
	"cmp"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"mlf/query/calendar"
	"mlf/query/question"
	"mlf/schema"
)

// The country of benchmarks: 7,896 comuni of 20 regions with residents as unequal as
// they are, five years of hours in which offices are open, small counts.
// MLF_CUBE_CELLS says how many cells it has; 100,000,000 are those of five years.
const (
	benchCells  = 1_000_000
	benchMonths = 60
	benchFirst  = 2021
	openHours   = 9 // A day, on weekdays.
)

type benchCountry struct {
	cells   *Cells
	comuni  []benchComune
	weights []float64 // Of comuni, added up.
	first   calendar.Month
	clock   calendar.Clock
}

type benchComune struct {
	id     schema.ComuneID
	region schema.RegionID
	weight float64
}

type benchLeaf struct {
	cell schema.Cell
	rate float64 // Share of the country's cells.
}

// country returns the country, which is made once.
func country(b *testing.B) *benchCountry {
	b.Helper()
	c := made()
	if c == nil {
		b.Fatal("the country cannot be made")
	}
	return c
}

//nolint:gochecknoglobals // It takes a minute to make, and all benchmarks read it.
var made = sync.OnceValue(func() *benchCountry {
	n, err := strconv.Atoi(cmp.Or(os.Getenv("MLF_CUBE_CELLS"), strconv.Itoa(benchCells)))
	clock, clockErr := calendar.Rome()
	if err != nil || clockErr != nil {
		return nil
	}
	c := &benchCountry{clock: clock, first: calendar.MonthOf(benchFirst, time.January)}
	r := rand.New(rand.NewPCG(1, 2))
	regions := make(map[schema.ComuneID]schema.RegionID)
	for i := range 7896 {
		// Some 74 comuni a province; provinces and regions of unequal numbers.
		province := 1 + int(107*math.Pow(float64(i)/7896, 1.3))
		id := schema.ComuneID(1000*province + 1 + i%900)
		at := benchComune{id, schema.RegionID(1 + province*19/108), math.Exp(1.3 * r.NormFloat64())}
		regions[id] = at.region
		c.comuni = append(c.comuni, at)
	}
	slices.SortFunc(c.comuni, func(a, b benchComune) int { return cmp.Compare(a.id, b.id) })
	c.comuni = slices.CompactFunc(c.comuni, func(a, b benchComune) bool { return a.id == b.id })
	c.comuni[len(c.comuni)/2].weight = 400 // Its Rome.
	sum := 0.0
	for _, at := range c.comuni {
		sum += at.weight
		c.weights = append(c.weights, sum)
	}
	b := NewBuilder(Config{Clock: clock, RegionOf: func(id schema.ComuneID) schema.RegionID { return regions[id] }, FreshMax: 1 << 16})
	c.fill(b, r, float64(n)/benchMonths)
	c.cells = b.Cells()
	return c
})

// leaves are those of all comuni, in order; their rates come to 1.
func (c *benchCountry) leaves(r *rand.Rand) []benchLeaf {
	var leaves []benchLeaf
	sum := 0.0
	for _, at := range c.comuni {
		services := min(20, 2+int(6*math.Sqrt(at.weight)))
		offices := 1 + int(at.weight/8)
		for office := range offices {
			code := schema.OfficeCode("")
			if offices > 1 {
				code = schema.OfficeCode("sede" + strconv.Itoa(100+office))
			}
			for s := range services {
				for channel := schema.ChannelCounter; channel <= schema.ChannelWeb; channel += 3 {
					rate := at.weight / float64(offices) * math.Exp(r.NormFloat64())
					for class := schema.ClassOK; class <= schema.ClassBurst; class++ {
						cell := schema.Cell{Comune: at.id, Office: code, Service: schema.ServiceID(s), Channel: channel, Scale: schema.ScaleMLF3, Class: class}
						leaves = append(leaves, benchLeaf{cell, rate})
						sum += rate
						rate /= 50
					}
				}
			}
		}
	}
	for i := range leaves {
		leaves[i].rate /= sum
	}
	return leaves
}

// fill has b take perMonth cells of each month, and fresh ones of the last months.
func (c *benchCountry) fill(b *Builder, r *rand.Rand, perMonth float64) {
	leaves := c.leaves(r)
	loading := b.Loading()
	for m := c.first; m < c.first+benchMonths; m++ {
		p := loading.Month(m)
		first, next := p.Hours()
		for i := range leaves {
			c.fillLeaf(r, &leaves[i], perMonth, benchSpan{first, next}, func(cell *schema.Cell, v *Values, keys []schema.ReasonKey, ns []uint64) {
				if err := p.Take(cell, v, keys, ns); err != nil {
					panic(err)
				}
			})
		}
		p.End()
	}
	if err := loading.Place(); err != nil {
		panic(err)
	}
	for m := c.first + benchMonths - 4; m < c.first+benchMonths; m++ {
		first, next := c.clock.Hours(m)
		for i := range leaves {
			c.fillLeaf(r, &leaves[i], min(perMonth/20, 30_000), benchSpan{first, next}, func(cell *schema.Cell, v *Values, _ []schema.ReasonKey, _ []uint64) {
				b.Add(b.Leaf(cell), cell.Hour, v)
			})
		}
	}
}

type benchSpan struct{ first, next schema.Hour }

type benchTake = func(*schema.Cell, *Values, []schema.ReasonKey, []uint64)

// fillLeaf draws the cells of a leaf in one month.
func (c *benchCountry) fillLeaf(r *rand.Rand, l *benchLeaf, perMonth float64, month benchSpan, take benchTake) {
	first, next := month.first, month.next
	open := float64(next-first) / 24 * 5 / 7 * openHours
	chance := min(0.9, l.rate*perMonth/open)
	// Hours between two cells, as long as chance says, among those that are open.
	for at := r.ExpFloat64() / chance; at < open; at += max(1, r.ExpFloat64()/chance) {
		day, hour := int(at)/openHours, int(at)%openHours
		cell := l.cell
		cell.Hour = first + schema.Hour(24*(day+day/5*2)+7+hour)
		if cell.Hour >= next {
			return
		}
		v := Values{}
		votes := 1 + int(0.25*r.ExpFloat64())
		for range votes {
			v[min(2, r.IntN(5))]++
		}
		var keys []schema.ReasonKey
		var ns []uint64
		if r.IntN(14) == 0 {
			keys, ns = []schema.ReasonKey{schema.KeyOfReason(1, schema.Reason(1+r.IntN(11)))}, []uint64{1}
		}
		take(&cell, &v, keys, ns)
	}
}

// drawn draws a comune by its weight.
func (c *benchCountry) drawn(r *rand.Rand) schema.ComuneID {
	i, _ := slices.BinarySearch(c.weights, r.Float64()*c.weights[len(c.weights)-1])
	return c.comuni[i].id
}

func onlyOK(c schema.Class) question.Group {
	if c == schema.ClassOK {
		return 0
	}
	return question.Out
}

// threadTime is the processor time of this thread: what a busy machine does not
// change.
func threadTime(b *testing.B) time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		b.Fatal(err)
	}
	return time.Duration(t.Nano())
}

// measure answers questions until the benchmark ends, and reports how long it takes.
func (c *benchCountry) measure(b *testing.B, ask func(*rand.Rand) *question.Axes) {
	r := rand.New(rand.NewPCG(3, 4))
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var took, cpu []time.Duration
	rows := 0
	for b.Loop() {
		a := ask(r)
		began, cpuBegan := time.Now(), threadTime(b)
		counts, err := c.cells.Counts(b.Context(), a)
		if err != nil {
			b.Fatal(err)
		}
		took, cpu = append(took, time.Since(began)), append(cpu, threadTime(b)-cpuBegan)
		rows += len(counts.Rows)
	}
	for unit, of := range map[string][]time.Duration{"µs": took, "cpu-µs": cpu} {
		slices.Sort(of)
		b.ReportMetric(float64(of[len(of)/2].Nanoseconds())/1000, "p50-"+unit)
		b.ReportMetric(float64(of[len(of)*99/100].Nanoseconds())/1000, "p99-"+unit)
	}
	b.ReportMetric(float64(rows)/float64(len(took)), "rows")
	size := c.cells.Size()
	b.ReportMetric(float64(size.Bytes)/float64(size.Cells), "B/cell")
}

// BenchmarkPage: 30 days and the 30 before, by service and channel, with reasons, of
// a comune drawn by its weight and of the largest.
func BenchmarkPage(b *testing.B) {
	c := country(b)
	_, end := c.clock.Hours(c.first + benchMonths - 1)
	const days = 30 * 24
	hours := make([]question.Group, 2*days)
	for i := range hours {
		hours[i] = question.Group(i / days)
	}
	page := func(id schema.ComuneID) *question.Axes {
		return &question.Axes{
			From: end - 2*days - 100, Next: end - 100, Hours: hours,
			Comuni: []schema.ComuneID{id},
			Comune: func(other schema.ComuneID) question.Group {
				if other == id {
					return 0
				}
				return question.Out
			},
			Service: func(s schema.ServiceID) question.Group { return question.Group(s) },
			Channel: func(c schema.Channel) question.Group { return question.Group(c) },
			Class:   onlyOK, Reasons: true, RowsMax: 1 << 20,
		}
	}
	b.Run("any", func(b *testing.B) {
		c.measure(b, func(r *rand.Rand) *question.Axes { return page(c.drawn(r)) })
	})
	b.Run("metropolis", func(b *testing.B) {
		c.measure(b, func(*rand.Rand) *question.Axes { return page(c.comuni[len(c.comuni)/2].id) })
	})
}

// monthly groups all hours of the country by month.
func (c *benchCountry) monthly() (from, next schema.Hour, hours []question.Group) {
	from, _ = c.clock.Hours(c.first)
	for m := range calendar.Month(benchMonths) {
		first, end := c.clock.Hours(c.first + m)
		for ; first < end; first++ {
			hours = append(hours, question.Group(m))
		}
		next = end
	}
	return from, next, hours
}

func (c *benchCountry) regions() map[schema.ComuneID]question.Group {
	regions := make(map[schema.ComuneID]question.Group)
	for _, at := range c.comuni {
		regions[at.id] = question.Group(at.region)
	}
	return regions
}

// BenchmarkTrend: five years of the country, by month and region.
func BenchmarkTrend(b *testing.B) {
	c := country(b)
	regions := c.regions()
	a := &question.Axes{Class: onlyOK, RowsMax: 1 << 20, Comune: func(id schema.ComuneID) question.Group { return regions[id] }}
	a.From, a.Next, a.Hours = c.monthly()
	c.measure(b, func(*rand.Rand) *question.Axes { return a })
}

// BenchmarkRanking: all comuni, over a quarter of the calendar or any 91 days.
func BenchmarkRanking(b *testing.B) {
	c := country(b)
	groups := make(map[schema.ComuneID]question.Group)
	for i, at := range c.comuni {
		groups[at.id] = question.Group(i)
	}
	axes := func(from, next schema.Hour) *question.Axes {
		return &question.Axes{
			From: from, Next: next, Class: onlyOK, RowsMax: 1 << 20,
			Comune: func(id schema.ComuneID) question.Group { return groups[id] },
		}
	}
	b.Run("quarter", func(b *testing.B) {
		c.measure(b, func(r *rand.Rand) *question.Axes {
			m := c.first + calendar.Month(3*r.IntN(benchMonths/3))
			from, _ := c.clock.Hours(m)
			_, next := c.clock.Hours(m + 2)
			return axes(from, next)
		})
	})
	b.Run("91 days", func(b *testing.B) {
		first, last, _ := c.monthly()
		c.measure(b, func(r *rand.Rand) *question.Axes {
			from := first + schema.Hour(r.IntN(int(last-first)-91*24))
			return axes(from, from+91*24)
		})
	})
}

// BenchmarkHeatmap: a year of one region, by weekday and hour.
func BenchmarkHeatmap(b *testing.B) {
	c := country(b)
	regions := c.regions()
	hours := make([]question.Group, 365*24)
	for i := range hours {
		hours[i] = question.Group(i % (7 * 24))
	}
	first, last, _ := c.monthly()
	c.measure(b, func(r *rand.Rand) *question.Axes {
		region := question.Group(1 + r.IntN(19))
		from := first + schema.Hour(r.IntN(int(last-first)-len(hours)))
		return &question.Axes{
			From: from, Next: from + schema.Hour(len(hours)), Hours: hours, Class: onlyOK, RowsMax: 1 << 20,
			Comune: func(id schema.ComuneID) question.Group {
				if regions[id] == region {
					return 0
				}
				return question.Out
			},
		}
	})
}

// BenchmarkPack: what came to a month since its block was made goes into another.
func BenchmarkPack(b *testing.B) {
	c := country(b)
	r := rand.New(rand.NewPCG(5, 6))
	m := c.cells.months[benchMonths/2]
	fresh := make([]addition, 1<<16)
	for i := range fresh {
		fresh[i] = addition{uint32(r.IntN(len(c.cells.leaves.keys))), uint16(r.IntN(m.hours)), values{1}}
	}
	m = m.with(newRun(fresh, nil), 0)
	for b.Loop() {
		m.packed(c.cells.coding, c.cells.leaves)
	}
}

// BenchmarkFresh: some hundred cells of one month come, again and again, and are shown.
func BenchmarkFresh(b *testing.B) {
	const batch = 1000 // Of 50 ms, at 20,000 votes a second.
	c := country(b)
	r := rand.New(rand.NewPCG(7, 8))
	builder := NewBuilder(Config{Clock: c.clock, RegionOf: func(id schema.ComuneID) schema.RegionID { return schema.RegionID(1 + id/6000) }, FreshMax: 1 << 16})
	first, next := c.clock.Hours(c.first)
	for b.Loop() {
		for range batch {
			k := &c.cells.leaves.keys[r.IntN(len(c.cells.leaves.keys))]
			cell := schema.Cell{Comune: k.comune, Office: c.cells.leaves.offices[k.office], Service: k.service, Channel: k.channel, Scale: k.scale, Class: k.class}
			builder.Add(builder.Leaf(&cell), first+schema.Hour(r.IntN(int(next-first))), &values{1})
		}
		builder.Cells()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/batch, "ns/cell")
}
