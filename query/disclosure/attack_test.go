package disclosure_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"mlf/query/calendar"
	"mlf/query/disclosure"
	"mlf/query/question"
	"mlf/schema"
	"mlf/schema/served"
)

// A cast is a vote of a world: where, on which day, on which day it comes in, and what.
type cast struct {
	schema.Spot
	day, comes schema.Day
	value      schema.Value
}

// A world is the votes of a few terminals in some weeks about the end of a month.
type world struct {
	first, next schema.Day
	votes       []cast
	hours       [][]question.Group // See hoursBy.
}

// newWorld returns a world of days days: few votes, so that hardly a day of a spot
// has enough of them, and some that come days or weeks late.
func newWorld(rng *rand.Rand, days int) *world {
	w := &world{first: day(time.October, 31) - schema.Day(rng.IntN(days))}
	w.next = w.first + schema.Day(days)
	w.hours = w.hoursBy()
	var spots []schema.Spot
	for range 3 + rng.IntN(12) {
		comuni := small().Codes
		spots = append(spots, schema.Spot{
			Comune: comuni[rng.IntN(len(comuni))], Office: []schema.OfficeCode{"", "a", "a", "b"}[rng.IntN(4)],
			Service: schema.ServiceID(rng.IntN(4)), Channel: schema.Channel(1 + rng.IntN(3)), Scale: schema.Scale(1 + rng.IntN(12)/11),
		})
	}
	for range 40 + rng.IntN(160) {
		v := cast{Spot: spots[rng.IntN(1+rng.IntN(len(spots)))], day: w.first + schema.Day(rng.IntN(days)), value: schema.Value(1 + rng.IntN(3))}
		v.comes = v.day
		if rng.IntN(8) == 0 {
			v.comes += schema.Day(rng.IntN(days))
		}
		w.votes = append(w.votes, v)
	}
	return w
}

// counted returns what is counted on the morning of today, and the votes of each
// spot and day.
func (w *world) counted(today schema.Day) ([]schema.SpotDay, map[schema.Spot]map[schema.Day]voteSet) {
	sets := make(map[schema.Spot]map[schema.Day]voteSet)
	var counted []schema.SpotDay
	for i, v := range w.votes {
		if v.comes >= today {
			continue
		}
		v.Comune = now(v.Comune)
		if sets[v.Spot] == nil {
			sets[v.Spot] = make(map[schema.Day]voteSet)
		}
		s := sets[v.Spot][v.day]
		s.add(i)
		sets[v.Spot][v.day] = s
		one := schema.SpotDay{Spot: v.Spot, Day: v.day}
		one.Values[v.value-1] = 1
		counted = append(counted, one)
	}
	return counted, sets
}

// now returns the code that holds of a comune.
func now(id schema.ComuneID) schema.ComuneID {
	if id == 9001 { // As small says.
		return 1001
	}
	return id
}

// A publisher is a rule of what the public sees.
type publisher interface {
	// night publishes on the morning of today.
	night(t *testing.T, today schema.Day)
	// ask returns the votes of each figure of the answer.
	ask(t *testing.T, a *question.Axes) []voteSet
}

// lotsRule publishes lots. recut forgets at each release what was published before.
type lotsRule struct {
	w         *world
	rules     *disclosure.Rules
	recut     bool
	nights    nights
	published voteSet
	lots      []schema.Lot
	sets      []voteSet // Of the votes of lots.
	view      *disclosure.Lots
	number    uint32                    // Of releases. Each makes a vintage, of whatever month.
	served    map[served.Key]served.Sum // Who came, as everybody may know.
}

func (p *lotsRule) night(t *testing.T, today schema.Day) {
	if p.recut {
		p.nights, p.published, p.lots, p.sets, p.view = nights{}, voteSet{}, nil, nil, nil
	}
	p.nights.rules = p.rules
	counted, sets := p.w.counted(today)
	p.nights.release(t, today, counted...)
	first := len(p.lots)
	for _, l := range p.nights.last.Lots {
		// The view is told that lot i has the i-th bit of its values for votes: so every
		// figure says by itself which lots it is of, and whether one of them twice.
		bit := len(p.lots)
		if bit >= 60*len(l.Values) {
			t.Fatalf("%d lots: there is no bit left", bit)
		}
		l.Values = [schema.ValueMax]uint64{}
		l.Values[bit/60] = 1 << (bit % 60)
		l.Reasons = nil
		p.lots, p.sets = append(p.lots, l), append(p.sets, voteSet{})
	}
	before := p.published
	for _, v := range p.nights.last.Taken {
		of := sets[v.Spot][v.Day]
		for i := range of {
			of[i] &^= before[i]
		}
		p.sets[first+int(v.Lot)].join(of)
		p.published.join(of)
	}
	if p.view == nil {
		p.view = disclosure.NewLots(rome(t), small())
	}
	p.view = p.view.WithVintage(int(p.number), p.number+1, p.lots[first:])
	p.number++
}

func (p *lotsRule) ask(t *testing.T, a *question.Axes) []voteSet { return p.askOf(t, p.view, a) }

// askOf asks for lots that are in a view.
func (p *lotsRule) askOf(t *testing.T, view *disclosure.Lots, a *question.Axes) []voteSet {
	counts, err := view.Counts(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	figures := make([]voteSet, len(counts.Rows))
	for i, row := range counts.Rows {
		for bit := range p.sets {
			if row.Values[bit/60]>>(bit%60)&1 == 1 {
				figures[i].join(p.sets[bit])
			}
		}
	}
	return figures
}

// bulletins returns the votes of each figure of the bulletins of all vintages.
func (p *lotsRule) bulletins(t *testing.T) []voteSet {
	var figures []voteSet
	for number := uint32(1); number <= p.number; number++ {
		for m := rome(t).MonthOf(noon(p.w.first)); m <= rome(t).MonthOf(noon(p.w.next)); m++ {
			view := p.view.AsOf(m, number)
			eachPlaces(func(a question.Axes) {
				a.From, a.Next = rome(t).Hours(m)
				figures = append(figures, p.askOf(t, view, &a)...)
			})
		}
	}
	return append(figures, p.turnouts(t)...)
}

// turnouts returns the votes of each figure of participation: those of lot i are what
// it comes to where lot i has votes alone.
func (p *lotsRule) turnouts(t *testing.T) []voteSet {
	figures := make(map[schema.Turnout]voteSet)
	lots := slices.Clone(p.lots)
	for i := range lots {
		lots[i].Values = [schema.ValueMax]uint64{}
	}
	places := small()
	for i := range lots {
		lots[i].Values[0] = 1
		m := rome(t).MonthOf(noon(lots[i].First))
		of := slices.DeleteFunc(slices.Clone(lots), func(l schema.Lot) bool { return rome(t).MonthOf(noon(l.First)) != m })
		for _, row := range disclosure.Turnout(&places, lots[i].First, p.servedIn(m, t), of) {
			if row.Votes > 0 {
				row.Votes, row.Users = 0, uint64(m)
				s := figures[row]
				s.join(p.sets[i])
				figures[row] = s
			}
		}
		lots[i].Values[0] = 0
	}
	return slices.Collect(maps.Values(figures))
}

func (p *lotsRule) servedIn(m calendar.Month, t *testing.T) map[served.Key]served.Sum {
	of := make(map[served.Key]served.Sum)
	for k, sum := range p.served {
		if rome(t).MonthOf(noon(k.Day)) == m {
			of[k] = sum
		}
	}
	return of
}

// serve makes known who came, here and there.
func (p *lotsRule) serve(rng *rand.Rand) {
	p.served = make(map[served.Key]served.Sum)
	for _, v := range p.w.votes {
		if k := (served.Key{Comune: v.Comune, Office: v.Office, Service: v.Service, Channel: v.Channel, Day: v.day}); rng.IntN(3) > 0 {
			p.served[k] = served.Sum{Users: 9, Known: 1}
		}
	}
}

// threshold shows exact figures of k votes or more. complement hides another where
// one alone of an answer would be hidden.
type threshold struct {
	w          *world
	k          int
	complement bool
	today      schema.Day
}

func (p *threshold) night(_ *testing.T, today schema.Day) { p.today = today }

func (p *threshold) ask(_ *testing.T, a *question.Axes) []voteSet {
	rows := make(map[question.Key]voteSet)
	for i, v := range p.w.votes {
		at := noon(v.day)
		if v.comes >= p.today || v.day >= p.today || at < a.From || at >= a.Next {
			continue
		}
		v.Comune = now(v.Comune)
		key := question.Key{
			Comune: groupOf(a.Comune, v.Comune), Office: groupOf(a.Office, v.Office), Service: groupOf(a.Service, v.Service),
			Channel: groupOf(a.Channel, v.Channel), Scale: groupOf(a.Scale, v.Scale),
		}
		if a.Hours != nil {
			key.Hour = a.Hours[at-a.From]
		}
		if min(key.Comune, key.Office, key.Service, key.Channel, key.Scale, key.Hour) < 0 {
			continue
		}
		s := rows[key]
		s.add(i)
		rows[key] = s
	}
	shown := slices.SortedFunc(maps.Values(rows), func(a, b voteSet) int { return a.size() - b.size() })
	hidden := slices.IndexFunc(shown, func(s voteSet) bool { return s.size() >= p.k })
	if hidden < 0 {
		return nil
	}
	if p.complement && hidden == 1 {
		hidden++
	}
	return shown[hidden:]
}

func groupOf[T any](axis func(T) question.Group, of T) question.Group {
	if axis == nil {
		return 0
	}
	return axis(of)
}

// noon returns an hour of a day that no clock moves to another.
func noon(d schema.Day) schema.Hour { return schema.Hour(d)*24 + 11 }

// midnight returns the first hour of a day in Rome: winter begins on 25 October.
func midnight(d schema.Day) schema.Hour {
	if d <= day(time.October, 25) {
		return schema.Hour(d)*24 - 2
	}
	return schema.Hour(d)*24 - 1
}

// each returns a group for every value.
func each[T ~uint8 | ~uint16 | ~uint32](id T) question.Group { return question.Group(id) }

// poll asks everything that there is to ask, and learns.
func poll(t *testing.T, a *attacker, p publisher, w *world, rng *rand.Rand) {
	eachPlaces(func(axes question.Axes) { pollTimes(t, a, p, w, axes) })
	for range 100 {
		axes := anyAxes(rng, w)
		for _, s := range p.ask(t, &axes) {
			a.learn(s)
		}
	}
}

// eachPlaces calls f with all that places, services, channels and scales are told
// apart by.
func eachPlaces(f func(question.Axes)) {
	regions := small().RegionOf
	places := []func(*question.Axes){
		func(*question.Axes) {},
		func(a *question.Axes) {
			a.Comune = func(c schema.ComuneID) question.Group { return question.Group(regions[now(c).Province()]) }
		},
		func(a *question.Axes) {
			a.Comune = func(c schema.ComuneID) question.Group { return question.Group(now(c).Province()) }
		},
		func(a *question.Axes) {
			a.Comune = func(c schema.ComuneID) question.Group { return question.Group(now(c)) }
		},
		func(a *question.Axes) {
			a.Comune = func(c schema.ComuneID) question.Group { return question.Group(now(c)) }
			a.Office = func(o schema.OfficeCode) question.Group { return question.Group(len(o) + int(fmt.Sprint(o, " ")[0])) }
		},
	}
	for _, place := range places {
		for by := range 8 {
			axes := question.Axes{RowsMax: rowsMax}
			place(&axes)
			if by&1 != 0 {
				axes.Service = each[schema.ServiceID]
			}
			if by&2 != 0 {
				axes.Channel = each[schema.Channel]
			}
			if by&4 != 0 {
				axes.Scale = each[schema.Scale]
			}
			f(axes)
		}
	}
}

// pollTimes asks for every window of whole days, and by all that days are grouped by.
func pollTimes(t *testing.T, a *attacker, p publisher, w *world, axes question.Axes) {
	ask := func() {
		for _, s := range p.ask(t, &axes) {
			a.learn(s)
		}
	}
	for from := w.first; from < w.next; from++ {
		for next := from + 1; next <= w.next; next++ {
			axes.From, axes.Next, axes.Hours = midnight(from), midnight(next), nil
			ask()
		}
	}
	axes.From, axes.Next = midnight(monthFirst(w.first)), midnight(day(time.December, 1))
	for _, axes.Hours = range w.hours {
		ask()
	}
}

// hoursBy returns the hours of whole months about w, by each of times.
func (w *world) hoursBy() [][]question.Group {
	var all [][]question.Group
	for _, group := range times() {
		var hours []question.Group
		for d := monthFirst(w.first); d < day(time.December, 1); d++ {
			for h := midnight(d); h < midnight(d+1); h++ {
				hours = append(hours, group(d, int(h-midnight(d))))
			}
		}
		all = append(all, hours)
	}
	return all
}

// times are what days and hours are grouped by: day, week, month, quarter, year,
// weekday, hour of the day.
func times() []func(d schema.Day, hour int) question.Group {
	of := func(d schema.Day) time.Time { return time.Unix(int64(d)*86400, 0).UTC() }
	return []func(d schema.Day, hour int) question.Group{
		func(d schema.Day, _ int) question.Group { return question.Group(d) },
		func(d schema.Day, _ int) question.Group { return question.Group(d+3) / 7 },
		func(d schema.Day, _ int) question.Group { return question.Group(of(d).Month()) },
		func(d schema.Day, _ int) question.Group { return question.Group(of(d).Month()+2) / 3 },
		func(schema.Day, int) question.Group { return 0 },
		func(d schema.Day, _ int) question.Group { return question.Group(of(d).Weekday()) },
		func(_ schema.Day, hour int) question.Group { return question.Group(hour) },
	}
}

// anyAxes returns a question of sets that nobody would think of.
func anyAxes(rng *rand.Rand, w *world) question.Axes {
	group := func() question.Group { return question.Group(rng.IntN(3) - 1) }
	services, channels, comuni, offices := make(map[schema.ServiceID]question.Group), make(map[schema.Channel]question.Group), make(map[schema.ComuneID]question.Group), make(map[schema.OfficeCode]question.Group)
	for _, s := range small().Services {
		services[s] = group()
	}
	for _, c := range schema.Channels() {
		channels[c] = group()
	}
	for _, c := range small().Comuni {
		comuni[c] = group()
	}
	for _, o := range []schema.OfficeCode{"", "a", "b"} {
		offices[o] = group()
	}
	from := w.first + schema.Day(rng.IntN(int(w.next-w.first)))
	a := question.Axes{From: midnight(from), Next: midnight(from + 1 + schema.Day(rng.IntN(int(w.next-from)))), RowsMax: rowsMax}
	if rng.IntN(2) == 0 {
		a.Service = func(s schema.ServiceID) question.Group { return services[s] }
	}
	if rng.IntN(2) == 0 {
		a.Channel = func(c schema.Channel) question.Group { return channels[c] }
	}
	if rng.IntN(2) == 0 {
		a.Comune = func(c schema.ComuneID) question.Group { return comuni[now(c)] }
	}
	if rng.IntN(4) == 0 {
		a.Office = func(o schema.OfficeCode) question.Group { return offices[o] }
	}
	if rng.IntN(2) == 0 {
		a.Hours = make([]question.Group, a.Next-a.From)
		for i := range a.Hours {
			a.Hours[i] = question.Group(i / (24 * (1 + int(a.From)%3)))
		}
	}
	return a
}

// attack plays a world and returns a set of fewer than k votes that the attacker
// has found out, nil if there is none, and how many figures it had.
func attack(t *testing.T, w *world, p publisher, k int, rng *rand.Rand) (found []int, figures int) {
	a := &attacker{votes: len(w.votes), seen: make(map[voteSet]bool)}
	for today := w.first + 1; today <= w.next+4 && found == nil; today++ {
		p.night(t, today)
		poll(t, a, p, w, rng)
		if of, ok := p.(*lotsRule); ok {
			for _, s := range append(of.bulletins(t), of.sets...) { // A file of open data has a row for each lot.
				a.learn(s)
			}
		}
		found = a.determined(min(k-1, 4), rng)
	}
	if found != nil && !a.verify(found) {
		t.Fatalf("votes %v are determined modulo the prime alone", found)
	}
	return found, len(a.seen)
}

// rowsMax is more than any answer of a test has.
const rowsMax = 1_000_000

// worldDays is how many days a world has. Releases and polls go on for four more.
const worldDays = 10

// days returns how many simulated days an attack goes on.
func days(t *testing.T, short int) int {
	t.Helper()
	text := os.Getenv("MLF_TEST_ATTACK_DAYS")
	if text == "" {
		return short
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestAnAttackerLearnsOfNoFewVotes: whoever asks all that can be asked, again after
// each release, cannot work out the sum of fewer votes than the threshold.
func TestAnAttackerLearnsOfNoFewVotes(t *testing.T) {
	figures, lots := 0, 0
	played := 0
	for seed := uint64(1); played < days(t, 5*worldDays); seed++ {
		rng := rand.New(rand.NewPCG(seed, 3)) //nolint:gosec // A test's.
		k := 2 + rng.IntN(4)
		w := newWorld(rng, worldDays)
		p := &lotsRule{w: w, rules: &disclosure.Rules{K: uint64(k), Hold: rng.IntN(2) == 0, Places: small()}}
		p.serve(rng)
		found, n := attack(t, w, p, k, rng)
		if found != nil {
			t.Fatalf("seed %d: of votes %v the sum is known: %+v", seed, found, w.votes[found[0]])
		}
		played, figures, lots = played+worldDays, figures+n, lots+len(p.lots)
	}
	t.Logf("%d days, %d lots, %d different figures", played, lots, figures)
	if lots == 0 || figures <= lots {
		t.Errorf("%d lots, %d figures: the attacker has nothing to work on", lots, figures)
	}
}

// TestTheAttackerFindsVotesUnderNaiveRules: else the test above is worth nothing.
func TestTheAttackerFindsVotesUnderNaiveRules(t *testing.T) {
	for name, rule := range map[string]func(w *world, k int) publisher{
		"a threshold": func(w *world, k int) publisher { return &threshold{w: w, k: k} },
		"a threshold and one complement": func(w *world, k int) publisher {
			return &threshold{w: w, k: k, complement: true}
		},
		"lots that are cut anew at each release": func(w *world, k int) publisher {
			return &lotsRule{w: w, recut: true, rules: &disclosure.Rules{K: uint64(k), Places: small()}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			const k, worlds = 3, 4
			betrayed := 0
			for seed := range uint64(worlds) {
				rng := rand.New(rand.NewPCG(seed, 4)) //nolint:gosec // A test's.
				w := newWorld(rng, worldDays)
				if found, _ := attack(t, w, rule(w, k), k, rng); found != nil {
					betrayed++
				}
			}
			t.Logf("votes of %d of %d worlds are known", betrayed, worlds)
			if betrayed == 0 {
				t.Error("the attacker found nothing: want something in every rule but ours")
			}
		})
	}
}
