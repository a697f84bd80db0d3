package disclosure

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"mlf/query/calendar"
	"mlf/schema"
	"mlf/schema/served"
)

// freeze writes the turnout of the months that the release makes a vintage of. Lots
// are kept for good, but who was served may be told anew at any time, so what a
// bulletin says of it is kept with the release that makes it. Where it is not known
// who was served there is nothing to keep.
func (p *attempt) freeze(ctx context.Context) error {
	if p.served == nil || !p.served.Complete() {
		return nil
	}
	releases := append(slices.Clip(p.settled), p.header)
	for _, account := range p.header.Months {
		m := calendar.Day(account.First).Month()
		vintages := Vintages(releases, m)
		if n := len(vintages); n == 0 || vintages[n-1].Release != p.header.Number {
			continue
		}
		rows, err := p.turnout(ctx, monthOf(account.First))
		if err != nil {
			return fmt.Errorf("set %v against who was served: %w", m, err)
		}
		if err := p.ledger.WriteTurnout(ctx, p.header.Attempt, account.First, rows); err != nil {
			return fmt.Errorf("write turnout of %v: %w", m, err)
		}
		p.header.Turnouts = append(p.header.Turnouts, schema.ReleaseTurnouts{First: account.First, Rows: uint64(len(rows))})
	}
	return nil
}

// turnout sets all lots of m, those of this release too, against who was served.
func (p *attempt) turnout(ctx context.Context, m month) ([]schema.Turnout, error) {
	all := served.By{Comune: true, Office: true, Service: true, Channel: true, Day: true}
	q := newQueues(&p.rules.Places, m, p.served.Sums(served.Question{From: m.first, Next: m.next, By: all}))
	if len(q.of) == 0 {
		return nil, nil
	}
	lots := schema.LotQuery{Attempts: append(slices.Clip(p.held), p.header.Attempt), First: m.first, Next: m.next}
	err := p.ledger.Lots(ctx, lots, func(_ schema.AttemptID, l *schema.Lot) error {
		q.add(l)
		return nil
	})
	return q.turnout(), err
}

// Queues are who was served in a month, by place, and the lots that they can be set
// against. A place is a spot without its scale: who votes is one user, in whatever
// faces.
type queues struct {
	month
	places *Places
	of     map[schema.Spot]*queue
	groups map[schema.Spot]bool // Of the places without their offices.
	lots   map[schema.Spot][]stretch
	others map[schema.Spot]bool // Groups with lots of offices of which nothing is known.
}

// A queue is who was served at one place in a month.
type queue struct {
	known days
	users [31]uint64 // By day.
}

// A stretch is a lot, by the days that its votes are of.
type stretch struct {
	first, last days // One each.
	votes       uint64
}

// Days are those of a month: of its first day bit 0.
type days uint32

// through returns the days from first to last.
func through(first, last days) days { return last<<1 - first }

// newQueues returns those of m that users are told of.
func newQueues(places *Places, m month, users map[served.Key]served.Sum) *queues {
	q := &queues{
		month: m, places: places, of: make(map[schema.Spot]*queue), groups: make(map[schema.Spot]bool),
		lots: make(map[schema.Spot][]stretch), others: make(map[schema.Spot]bool),
	}
	for k, sum := range users {
		at := schema.Spot{Comune: places.now(k.Comune), Office: k.Office, Service: k.Service, Channel: k.Channel}
		if q.of[at] == nil {
			q.of[at] = new(queue)
		}
		day := k.Day - m.first
		q.of[at].known |= 1 << day
		q.of[at].users[day] += sum.Users
		q.groups[withoutOffice(at)] = true
	}
	return q
}

func withoutOffice(s schema.Spot) schema.Spot {
	s.Office = ""
	return s
}

// add takes a lot of the month, if its label says of which place its votes are.
func (q *queues) add(l *schema.Lot) {
	at := l.Spot
	at.Scale, at.Comune = 0, q.places.now(at.Comune)
	if l.Level > schema.LotChannel || !q.groups[withoutOffice(at)] {
		return
	}
	if at.Office != "" && q.of[at] == nil {
		q.others[withoutOffice(at)] = true
		return
	}
	q.lots[at] = append(q.lots[at], stretch{1 << (l.First - q.first), 1 << (l.Last - q.first), l.N()})
}

// turnout returns what is known of each comune, service and channel, in their order.
//
// An office that lots name is set against its own. Those that no lot names, because
// they are not to be told apart, are one queue, which is set against the lots that
// name none.
func (q *queues) turnout() []schema.Turnout {
	joined := make(map[schema.Spot]*queue)
	for at, one := range q.of {
		if len(q.lots[at]) == 0 {
			at = withoutOffice(at)
		}
		if joined[at] == nil {
			joined[at] = new(queue)
		}
		joined[at].join(one)
	}
	sums := make(map[schema.Spot]*schema.Turnout)
	for at, one := range joined {
		votes, users, ok := one.against(q.lots[at])
		if !ok || len(q.lots[at]) == 0 && q.others[at] {
			continue
		}
		group := withoutOffice(at)
		if sums[group] == nil {
			sums[group] = &schema.Turnout{Comune: at.Comune, Service: at.Service, Channel: at.Channel}
		}
		sums[group].Votes += votes
		sums[group].Users += users
	}
	rows := make([]schema.Turnout, 0, len(sums))
	for _, sum := range sums {
		rows = append(rows, *sum)
	}
	slices.SortFunc(rows, compareTurnouts)
	return rows
}

func compareTurnouts(a, b schema.Turnout) int {
	return cmp.Or(cmp.Compare(a.Comune, b.Comune), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Channel, b.Channel))
}

func (q *queue) join(o *queue) {
	q.known |= o.known
	for i, n := range o.users {
		q.users[i] += n
	}
}

// against returns the votes of lots that users can be set against, and these; false
// where there are none.
//
// A lot counts where users are known of its first and of its last day, on which it has
// votes; on days between the two of which nothing is known nobody was there, as a
// rule. Users of a day count unless the day lies in lots that do not, and in none that
// does: their votes are not among those that count.
func (q *queue) against(lots []stretch) (votes, users uint64, ok bool) {
	var counted, passed days
	for _, l := range lots {
		if q.known&l.first == 0 || q.known&l.last == 0 {
			passed |= through(l.first, l.last)
			continue
		}
		counted |= through(l.first, l.last)
		votes += l.votes
	}
	of := q.known &^ (passed &^ counted)
	for i, n := range q.users {
		if of>>i&1 == 1 {
			users += n
		}
	}
	return votes, users, of != 0
}
