package disclosure

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"mlf/query/calendar"
	"mlf/query/question"
	"mlf/schema"
	"mlf/schema/served"
)

// A Ledger keeps what was published. Kept by aggregate/store.
type Ledger interface {
	// Releases returns every header, and the time by the clock that wrote them.
	Releases(ctx context.Context) (headers []schema.Release, now time.Time, err error)

	// Taken calls take with what the lots of some attempts have of each spot and day,
	// each once, in any order. What it points at is the callee's until take returns.
	Taken(ctx context.Context, q schema.LotQuery, take func(*schema.SpotDay) error) error

	// WriteLots appends rows of an attempt. They are nobody's until its header is
	// written. After an error the attempt is given up.
	WriteLots(ctx context.Context, a schema.AttemptID, lots []schema.Lot, taken []schema.Taken) error

	// Lots calls take with the lots of some attempts, in any order. What it points at
	// is the callee's until take returns.
	Lots(ctx context.Context, q schema.LotQuery, take func(schema.AttemptID, *schema.Lot) error) error

	// WriteTurnout appends the turnout of a month, by its first day, as rows of an
	// attempt. After an error the attempt is given up.
	WriteTurnout(ctx context.Context, a schema.AttemptID, first schema.Day, rows []schema.Turnout) error

	// WriteRelease appends a header. After an error it may be there.
	WriteRelease(ctx context.Context, r schema.Release) error
}

// rowsOfWrite is how many rows are written at once, some 30 MB of them.
const rowsOfWrite = 200_000

// errUnderWay is the error of a release that another has just written.
var errUnderWay = errors.New("a release was written and does not hold yet")

// errNoVotes is the error of a release that would be as empty as the one before.
var errNoVotes = errors.New("there are no votes to be published yet")

// An attempt is one try at a release. Any number of processes may try at once, and
// be broken off anywhere: the first header holds.
type attempt struct {
	*night
	collect collector
	header  schema.Release
	settled []schema.Release
	before  schema.Release // The release that it goes on from; zero for the first.
	held    []schema.AttemptID
}

// A night is what is published on the morning of a day, and where.
type night struct {
	rules  *Rules
	ledger Ledger
	view   question.View // What is counted.
	served *served.Book  // Who was served; nil: nobody knows.
	today  schema.Day
}

// publish makes the release of the morning of today from what view counts. It
// returns the header; nil where the release of that morning holds already, unless that
// was empty.
//
// It takes all that is unpublished, so that it makes up for nights without one. A
// view that lacks votes publishes them later, as late ones; one that lacks votes
// that were published before is ErrCountsFell.
func (n *night) publish(ctx context.Context) (*schema.Release, error) {
	if err := n.rules.Validate(); err != nil {
		return nil, err
	}
	clock, err := calendar.Rome()
	if err != nil {
		return nil, err
	}
	headers, now, err := n.ledger.Releases(ctx)
	if err != nil {
		return nil, err
	}
	p := &attempt{night: n, collect: collector{n.view, NewLots(clock, n.rules.Places)}, settled: Settled(headers, now)}
	for _, r := range p.settled {
		p.before, p.held = r, append(p.held, r.Attempt)
	}
	again := p.before.Today == n.today && len(p.before.Months) == 0 // It had no votes: the first need not wait for a night.
	if p.before.Today >= n.today && !again {
		return nil, nil //nolint:nilnil // Nothing is to be done, and that is no error.
	}
	if underWay(headers, p.settled) {
		return nil, errUnderWay
	}
	p.header = schema.Release{
		Number: p.before.Number + 1, Attempt: schema.AttemptID(rand.Uint64()), Previous: p.before.Attempt, //nolint:gosec // It need only differ.
		Today: n.today, K: uint32(n.rules.k()), Hold: n.rules.Hold,
	}
	if err := p.fill(ctx); err != nil {
		return nil, fmt.Errorf("make release %d: %w", p.header.Number, err)
	}
	if again && len(p.header.Months) == 0 {
		return nil, errNoVotes
	}
	if err := n.ledger.WriteRelease(ctx, p.header); err != nil {
		return nil, fmt.Errorf("write release %d: %w", p.header.Number, err)
	}
	return &p.header, nil
}

// fill writes all that the release is.
func (p *attempt) fill(ctx context.Context) error {
	if err := p.months(ctx); err != nil {
		return err
	}
	return p.freeze(ctx)
}

// months cuts the months in which anything can have changed.
func (p *attempt) months(ctx context.Context) error {
	counted, err := p.collect.months(ctx, p.header.Today)
	if err != nil {
		return err
	}
	before := make(map[schema.Day]schema.ReleaseMonth)
	for _, m := range p.before.Months {
		before[m.First] = m
		if _, ok := counted[monthOf(m.First)]; !ok {
			return fmt.Errorf("count month of day %d: none, and %d before: %w", m.First, m.Counted, ErrCountsFell)
		}
	}
	for _, m := range slices.SortedFunc(maps.Keys(counted), func(a, b month) int { return cmp.Compare(a.first, b.first) }) {
		account, known := before[m.first]
		if known && account.Counted > counted[m] {
			return fmt.Errorf("count month of day %d: %d, and %d before: %w", m.first, counted[m], account.Counted, ErrCountsFell)
		}
		if !known || account.Counted != counted[m] || !m.closed(p.before.Today) {
			if account, err = p.cut(ctx, m); err != nil {
				return fmt.Errorf("cut month of day %d: %w", m.first, err)
			}
		}
		p.header.Months = append(p.header.Months, account)
		if account.Counted != counted[m] {
			return fmt.Errorf("BUG: month of day %d has %d votes, its spots have %d", m.first, counted[m], account.Counted)
		}
	}
	return nil
}

// cut cuts one month, province by province, and writes its lots.
func (p *attempt) cut(ctx context.Context, m month) (schema.ReleaseMonth, error) {
	c := newCutter(p.rules, m, p.header.Today, p.before.Today)
	c.base = uint32(p.header.Lots)
	account := schema.ReleaseMonth{First: m.first}
	for _, in := range p.rules.Places.territories() {
		counted, err := p.collect.votes(ctx, m, p.header.Today, in)
		if err != nil {
			return account, err
		}
		account.Counted += sumOf(counted)
		taken, err := p.taken(ctx, m, in, counted)
		if err != nil {
			return account, err
		}
		if err := c.add(counted, taken); err != nil {
			return account, err
		}
		if len(c.Taken) >= rowsOfWrite {
			if err := p.write(ctx, c); err != nil {
				return account, err
			}
		}
	}
	c.finish()
	account.Waiting = sumOf(c.Waiting)
	return account, p.write(ctx, c)
}

// taken returns what was published of a territory.
func (p *attempt) taken(ctx context.Context, m month, in territory, counted []schema.SpotDay) ([]schema.SpotDay, error) {
	q := schema.LotQuery{Attempts: p.held, First: m.first, Next: m.next, Comuni: in.codes}
	if in.except {
		q.Comuni = comuniOf(counted)
	}
	if len(q.Attempts) == 0 || len(q.Comuni) == 0 {
		return nil, nil
	}
	var taken []schema.SpotDay
	err := p.ledger.Taken(ctx, q, func(v *schema.SpotDay) error {
		taken = append(taken, *v)
		return nil
	})
	return taken, err
}

// write writes what is cut, and forgets it.
func (p *attempt) write(ctx context.Context, c *cutter) error {
	if err := p.ledger.WriteLots(ctx, p.header.Attempt, c.Lots, c.Taken); err != nil {
		return fmt.Errorf("write %d lots: %w", len(c.Lots), err)
	}
	p.header.Lots, p.header.Taken = p.header.Lots+uint64(len(c.Lots)), p.header.Taken+uint64(len(c.Taken))
	c.base += uint32(len(c.Lots))
	c.Lots, c.Taken = nil, nil
	return nil
}

// territories are the provinces, ascending, and at last the comuni that nobody
// knows: votes of a list of comuni that has since been cut down.
func (p *Places) territories() []territory {
	codes := make(map[schema.ProvinceID][]schema.ComuneID)
	for _, id := range p.Codes {
		province := p.now(id).Province()
		codes[province] = append(codes[province], id)
	}
	var all []territory
	for _, province := range slices.Sorted(maps.Keys(codes)) {
		all = append(all, territory{codes: codes[province]})
	}
	return append(all, territory{codes: p.Codes, except: true})
}

func comuniOf(votes []schema.SpotDay) []schema.ComuneID {
	var comuni []schema.ComuneID
	for i := range votes {
		comuni = append(comuni, votes[i].Comune)
	}
	slices.Sort(comuni)
	return slices.Compact(comuni)
}

func sumOf(votes []schema.SpotDay) uint64 {
	var sum uint64
	for i := range votes {
		for _, n := range votes[i].Values {
			sum += n
		}
	}
	return sum
}
