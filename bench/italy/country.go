package italy

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"mlf/schema"
	"mlf/schema/registry"
)

const (
	// Years is how long the country votes, to the end of 2025 by Rome's clock.
	Years     = 5
	lastYear  = 2025
	firstYear = lastYear - Years + 1

	// Partitions of the log that the votes would have come by.
	Partitions = 16

	// votesAtFull is how many votes there are at scale 1: they make 100 M cells.
	votesAtFull = 128e6

	// recordVotes is how many votes are in a record: most terminals send one.
	recordVotes = 1.5
)

// A Country is who votes, where, and when. Safe for concurrent use.
type Country struct {
	seed   uint64
	leaves []leaf // In order of the key: comune, office, service, channel, scale.
	clock  clock
	pace   [Partitions]float64 // Records that come in all the years, by partition.
}

// A leaf is what a cell is but for its class and hour.
type leaf struct {
	comune    schema.ComuneID
	office    schema.OfficeCode
	service   schema.ServiceID
	channel   schema.Channel
	scale     schema.Scale
	partition schema.Partition
	votes     float64 // In all the years, on the average.
	liked     float64 // The share of the highest value.
}

// New returns the country at a scale: 1 has 100 M cells, 0.01 has every hundredth
// comune. Above 1 the same comuni vote more.
func New(lists *registry.Registry, scale float64) (*Country, error) {
	if scale <= 0 || scale > 100 {
		return nil, fmt.Errorf("scale %v of a country: want more than 0, at most 100", scale)
	}
	c := &Country{seed: 20261126}
	var err error
	if c.clock, err = newClock(); err != nil {
		return nil, err
	}
	comuni := lists.ComuniAt(registry.DateOf(time.Date(lastYear, 12, 31, 0, 0, 0, 0, time.UTC)))
	var total float64 // Of the whole country.
	for i := range comuni {
		weight := c.weight(&comuni[i])
		total += weight
		if math.Floor(float64(i+1)*scale) > math.Floor(float64(i)*scale) {
			c.settle(&comuni[i], weight)
		}
	}
	if len(c.leaves) == 0 {
		return nil, errors.New("no comune is left of the country: want a larger scale")
	}
	for i := range c.leaves {
		l := &c.leaves[i]
		l.votes *= votesAtFull * max(1, scale) / total
		c.pace[l.partition] += l.votes / recordVotes
	}
	slices.SortFunc(c.leaves, func(a, b leaf) int { return compareLeaves(&a, &b) })
	return c, nil
}

// random returns the random numbers of one thing, whoever asks first.
func (c *Country) random(of, what uint64) *rand.Rand { return rand.New(rand.NewPCG(c.seed+what, of)) }

// weight is the share of a comune in the country's votes. Small ones vote more for
// their size; some use their terminals, some forget them.
func (c *Country) weight(comune *registry.Comune) float64 {
	random := c.random(uint64(comune.ID), 1)
	return math.Pow(float64(max(comune.Population, 30)), 0.9) * math.Exp(0.5*random.NormFloat64()-0.125)
}

// officeResidents is how many residents share an office: below, the comune has one
// and does not name it.
const officeResidents = 30_000

// settle makes the leaves of a comune, whose votes add up to weight.
func (c *Country) settle(comune *registry.Comune, weight float64) {
	random := c.random(uint64(comune.ID), 2)
	residents := float64(comune.Population)
	services := int(min(20, 2+max(0, 2.6*math.Log2(max(residents, 1)/500))))
	offices := min(30, 1+int(residents)/officeResidents)
	scale := pick(random, []float64{0.92, 0.04, 0.04})
	first := len(c.leaves)
	for office := range offices {
		for n := range services {
			if n > 1 && office > 0 && random.IntN(3) > 0 {
				continue // Few have every service.
			}
			// The first services are asked for most, each next one less.
			share := math.Pow(float64(n+1), -0.8) * math.Exp(0.4*random.NormFloat64())
			c.offer(random, comune, office, leaf{
				comune: comune.ID, service: serviceOf(random, n), scale: schema.Scales()[scale], votes: share,
				liked: min(0.97, max(0.4, 0.84+0.07*random.NormFloat64())),
			})
		}
	}
	var sum float64
	for _, l := range c.leaves[first:] {
		sum += l.votes
	}
	for i := range c.leaves[first:] {
		c.leaves[first+i].votes *= weight / sum
	}
}

// serviceOf returns the n-th service of a comune: the common ones are everywhere.
func serviceOf(random *rand.Rand, n int) schema.ServiceID {
	if n < 4 {
		return schema.ServiceID(n + 1)
	}
	return schema.ServiceID(2*n - 3 + random.IntN(2)) // No two of a comune are the same.
}

// offer splits a service among the channels that it has.
func (c *Country) offer(random *rand.Rand, comune *registry.Comune, office int, l leaf) {
	channels := []schema.Channel{schema.ChannelCounter}
	shares := []float64{1}
	add := func(channel schema.Channel, share float64) {
		channels, shares = append(channels, channel), append(shares, share)
	}
	if comune.Population > 20_000 && random.IntN(4) == 0 {
		add(schema.ChannelTotem, 0.3)
	}
	if office == 0 && random.IntN(3) == 0 {
		add(schema.ChannelWeb, 0.5)
	}
	if office == 0 && comune.Population > 50_000 && random.IntN(3) == 0 {
		add(schema.ChannelPhone, 0.2)
	}
	if comune.Population >= officeResidents {
		l.office = schema.OfficeCode(fmt.Sprintf("S%02d", office+1))
	}
	l.partition = schema.PartitionOf(schema.SlotOf(l.comune, uint32(office*64)), Partitions)
	for i, channel := range channels {
		one := l
		one.channel, one.votes = channel, l.votes*shares[i]
		if channel >= schema.ChannelPhone {
			one.office, one.liked = "", l.liked-0.08
		}
		c.leaves = append(c.leaves, one)
	}
}

// pick returns an index by its share.
func pick(random *rand.Rand, shares []float64) int {
	at := random.Float64()
	for i, share := range shares {
		if at -= share; at < 0 {
			return i
		}
	}
	return 0
}

// Comuni returns the comuni that vote, in order of their codes.
func (c *Country) Comuni() []schema.ComuneID {
	var ids []schema.ComuneID
	for i := range c.leaves {
		if n := len(ids); n == 0 || ids[n-1] != c.leaves[i].comune {
			ids = append(ids, c.leaves[i].comune)
		}
	}
	return ids
}

// Votes returns about how many there are.
func (c *Country) Votes() int {
	var sum float64
	for i := range c.leaves {
		sum += c.leaves[i].votes
	}
	return int(sum)
}

// Leaves returns how many places, services and channels there are.
func (c *Country) Leaves() int { return len(c.leaves) }

// Hours returns the hours of the years, half-open.
func (c *Country) Hours() (first, next schema.Hour) { return c.clock.first, c.clock.next }
