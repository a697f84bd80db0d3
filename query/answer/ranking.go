package answer

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"mlf/query/figures"
	"mlf/query/format"
	"mlf/query/question"
)

// What may be asked of a ranking.
const (
	minNDefault = 30
	minNMax     = 1_000_000
	rankTopMax  = 10_000
	rankedMax   = 100_000 // Offices, say: ten times as many as there are.
)

// A ranking puts places or services in order by a figure, and says of each whether
// it differs from a reference.
type ranking struct {
	inquiry
	measure string
	minN    uint64
	top     int                // 0 for all.
	sort    string             // By what rows are in order.
	days    *question.Question // The same by day; nil where no effect is wanted.

	reference string             // nation, region or class.
	against   *question.Question // What the reference is counted by: all places.
}

// ranked are the dimensions that can be ranked by.
func ranked() []string {
	return []string{"comune", "office", "service", "region", "province", "category", "channel", "macro_area", "population_class"}
}

// byCount is the measure of who has the most votes: it has no interval and no
// reference.
const byCount = "n"

func askRanking(v *question.Vocabulary, values question.Values, now time.Time) (Inquiry, error) {
	by, err := readBy(values, true, ranked()...)
	if err != nil {
		return nil, err
	}
	q := &ranking{inquiry: inquiry{endpoint: "ranking", by: by}}
	if q.clustered, err = readInterval(values); err != nil {
		return nil, err
	}
	part, err := q.readReference(values)
	if err != nil {
		return nil, err
	}
	if q.Question, err = ask(v, values, now, append(slices.Clone(by), part...)...); err != nil {
		return nil, err
	}
	if err := q.readOrder(values); err != nil {
		return nil, err
	}
	if err := q.readSort(values); err != nil {
		return nil, err
	}
	everywhere := maps.Clone(values)
	maps.DeleteFunc(everywhere, func(name string, _ []string) bool {
		return slices.ContainsFunc(v.Dimensions(), func(d *question.Dimension) bool {
			return d.Name == name && (d.Of == question.OfComune || d.Of == question.OfOffice)
		})
	})
	if q.against, err = ask(v, everywhere, now, part...); err != nil {
		return nil, err
	}
	if q.clustered {
		q.days, err = ask(v, values, now, append(slices.Clone(by), "day")...)
	}
	return q, err
}

// readReference reads what those who are ranked are held against, and the column
// that says which part of it is each one's.
func (q *ranking) readReference(values question.Values) (part []string, err error) {
	if q.reference, err = choice(values, "reference", "nation", "region", "class"); err != nil {
		return nil, err
	}
	within := map[string][]string{"region": {"comune", "office", "province"}, "class": {"comune", "office"}}
	if q.reference != "nation" && !slices.Contains(within[q.reference], q.by[len(q.by)-1]) {
		return nil, wrong("reference", "%q: want by to be one of %s, or nation", q.reference, strings.Join(within[q.reference], ", "))
	}
	switch q.reference {
	case "region":
		return []string{"region"}, nil
	case "class":
		return []string{"population_class"}, nil
	}
	return nil, nil
}

func (q *ranking) readOrder(values question.Values) (err error) {
	k := kitOf(&q.inquiry)
	if q.measure, err = choice(values, "measure", append(k.measures(), byCount)...); err != nil {
		return err
	}
	minN, err := whole64(values, "min_n", minNDefault, minNMax)
	if err != nil {
		return err
	}
	top, err := whole64(values, "top", 0, rankTopMax)
	q.minN, q.top = minN, int(top)
	return err
}

// whole64 reads a whole number from 1 to most.
func whole64(values question.Values, name string, absent, most uint64) (uint64, error) {
	text, err := question.Single(values, name)
	if _, ok := values[name]; err != nil || !ok {
		return absent, err
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil || n < 1 || n > most {
		return 0, wrong(name, "%q: want a number from 1 to %d", text, most)
	}
	return n, nil
}

// Questions are of those who are ranked and of what they are held against.
func (q *ranking) Questions() []*question.Question {
	return []*question.Question{q.Question, q.against}
}

// Name names what is asked.
func (q *ranking) Name() string {
	return q.inquiry.Name() + " " + q.measure + " " + q.reference + " " + strconv.FormatUint(q.minN, 10) + " " + strconv.Itoa(q.top) + " " + q.sort
}

// A league is a ranking on its way from counts to a document.
type league struct {
	*ranking
	kit
	table, nations *question.Table
	who            []observation // By row of the table.
	of             []observation // The references, by row of nations.
	ranked         []figures.Ranked
	small          []int // By row of the table.

	moves, ofMoves []move // Beside who and of; nil where nothing is compared.
	known          int    // Of how many who are ranked it is told how they changed.
}

// Answer makes the ranking.
func (q *ranking) Answer(ctx context.Context, r Reading) (*Document, error) {
	l := &league{ranking: q, kit: kitOf(&q.inquiry)}
	f := q.Frame(q.Asked())
	counts, err := r.Count(ctx, f)
	if err != nil {
		return nil, err
	}
	all := q.against.Frame(q.Asked())
	nation, err := r.Count(ctx, all)
	if err != nil {
		return nil, err
	}
	if len(counts.Rows) > rankedMax {
		return nil, tooMuch("by", "more than %d to rank; ask for fewer by a filter", rankedMax)
	}
	l.table, l.nations = f.Table(counts), all.Table(nation)
	now := occasion{Span: q.Asked(), status: statusOf(q.Span, q.Now)}
	now.marks = r.markerOf(all, nation, now.Span)
	l.of = l.observeAll(l.nations, l.nations.Rows, now)
	now.marks = r.markerOf(f, counts, now.Span)
	if q.clustered {
		if now.known, err = l.countEffects(ctx, r, q.days, whole); err != nil {
			return nil, err
		}
	}
	l.who = l.observeAll(l.table, l.table.Rows, now)
	l.rank()
	formulas := append(l.formulas(), figures.FormulaRank)
	if l.faces() && q.measure == "mean" {
		formulas = append(formulas, figures.FormulaMean)
	}
	if q.Compare != nil {
		if err := l.compare(ctx, r, f, all); err != nil {
			return nil, err
		}
		formulas = append(formulas, figures.FormulaDifference, figures.FormulaChange)
	}
	m := q.metaOf(r, counts, formulas...)
	m.Measure, m.Reference, m.MinN, m.Top, m.Sort = q.measure, q.reference, q.minN, q.top, q.sort
	return l.document(m), nil
}

// An occasion is a time at which rows are observed, and what marks their figures.
type occasion struct {
	question.Span
	status figures.Status
	marks  *marker
	known  effects // Nil where none are wanted.
}

// observeAll makes the figures of rows, whose groups are those of t.
func (l *league) observeAll(t *question.Table, rows []question.Count, at occasion) []observation {
	all := make([]observation, len(rows))
	for i := range rows {
		row := &rows[i]
		var effect figures.Effect
		if at.known != nil {
			effect = at.known[effectKey{keyOf(t, row, len(l.by)), allDays}]
		}
		all[i] = l.observe(row.Values, at.status|at.marks.of(row.Key, at.Span, row.N()), effect)
	}
	return all
}

// figure returns what is ranked by.
func (l *league) figure(o *observation) figures.Estimate {
	if l.measure == byCount {
		n := float64(o.n)
		return figures.Estimate{Value: n, Low: n, High: n}
	}
	return o.measure(l.measure)
}

// rank puts those who have votes enough in order, and holds each against its own
// reference.
func (l *league) rank() {
	contenders := make([]figures.Contender, len(l.who))
	for i := range l.who {
		contenders[i] = figures.Contender{Figure: l.figure(&l.who[i]), N: l.who[i].n}
	}
	l.ranked, l.small = figures.Rank(contenders, figures.Reference{}, l.minN)
	if l.measure == byCount {
		return
	}
	against := make([]figures.Reference, len(l.of))
	for i := range l.of {
		against[i] = l.referenceOf(&l.of[i])
	}
	p := make([]float64, len(l.ranked))
	for i := range l.ranked {
		r := &l.ranked[i]
		of := against[l.part(r.Index)]
		n := l.who[r.Index].independent(l.clustered)
		r.Funnel, r.P = of.Funnel(n), of.Test(contenders[r.Index].Figure.Value, n)
		p[i] = r.P
	}
	for i, q := range figures.FalseDiscovery(p) {
		l.ranked[i].Q, l.ranked[i].Differs = q, q < significant
	}
}

// significant is below what a q says that something differs.
const significant = 0.05

// independent returns of how many votes the figures are that know nothing of each
// other.
func (o *observation) independent(clustered bool) uint64 {
	if clustered && o.effect > 1 {
		return max(1, uint64(float64(o.n)/float64(o.effect)))
	}
	return o.n
}

func (l *league) referenceOf(o *observation) figures.Reference {
	var r figures.Reference
	f := facesOf(o.values)
	switch l.measure {
	case "green_share":
		r, _ = figures.ShareReference(f.Green, o.n)
	case "red_share":
		r, _ = figures.ShareReference(f.Red, o.n)
	case "net":
		r, _ = figures.NetReference(f)
	default:
		r, _ = figures.MeanReference(o.values[:l.scale.Max()])
	}
	return r
}

// part returns the row of the reference that row i of the table is held against. It
// is there: what was counted of one was counted of all.
func (l *league) part(i int) int {
	if len(l.nations.Columns) == 0 {
		return 0
	}
	own := &l.table.Columns[len(l.by)]
	column := &l.nations.Columns[0]
	value := own.Value(&l.table.Rows[i])
	at, ok := slices.BinarySearchFunc(l.nations.Rows, value, func(row question.Count, value uint32) int {
		return int(column.Value(&row)) - int(value)
	})
	if !ok {
		panic("BUG: no reference of " + own.Text(&l.table.Rows[i]))
	}
	return at
}

func (l *league) document(m *Meta) *Document {
	first, small := len(l.ranked), l.small
	if l.top > 0 {
		first, small = min(first, l.top), nil
	}
	keys := format.FirstColumns(l.table, len(l.by))
	index := func(i int) int {
		if i < len(l.ranked[:first]) {
			return l.ranked[i].Index
		}
		return small[i-first]
	}
	who := l.fields("", within(l.who))
	place := func(i int) *figures.Ranked {
		if i < first {
			return &l.ranked[i]
		}
		return nil
	}
	rows := slices.Concat(atRows(keys, index), l.places(place), atRows(l.values(), index), l.tests(place), atRows(who, index))
	apart := atRows(slices.Concat(keys, who), func(i int) int { return small[i] })
	reference := slices.Concat(format.Columns(l.nations), l.fields("", within(l.of)))
	counts := []member{number("ranked", len(l.ranked)), number("small_count", len(l.small))}
	if l.Compare != nil {
		rows = append(rows, atRows(l.changes(l.moves, l.who), index)...)
		changes := l.changes(l.ofMoves, l.of)
		reference = append(reference, changes[:len(changes)-1]...) // Without q: nobody looks for one among references.
		counts = append(counts, l.compareMembers()...)
	}
	return &Document{
		Name: l.endpoint, Span: l.Asked(), Meta: m, Sheet: sheetOf(m, "ranking", first+len(small), rows),
		members: append(counts, objects("reference", len(l.of), reference), objects("rows", first, rows), objects("small", len(small), apart)),
	}
}

// values are the figure that is ranked by, and its interval, by row of the table.
func (l *league) values() []format.Field {
	field := func(name string, interval bool, part func(figures.Estimate) float64) format.Field {
		return shareField(name, func(i int) (float64, bool) {
			o := &l.who[i]
			return part(l.figure(o)), l.measure == byCount && !interval || l.measure != byCount && o.n > 0
		})
	}
	return []format.Field{
		field("value", false, func(e figures.Estimate) float64 { return e.Value }),
		field("value_low", true, func(e figures.Estimate) float64 { return e.Low }),
		field("value_high", true, func(e figures.Estimate) float64 { return e.High }),
	}
}

// places are the fields of a rank.
func (l *league) places(of func(i int) *figures.Ranked) []format.Field {
	field := func(name string, n func(*figures.Ranked) int) format.Field {
		return format.Field{Name: name, Kind: format.KindCount, Count: func(i int) (uint64, bool) {
			if r := of(i); r != nil {
				return uint64(n(r)), true
			}
			return 0, false
		}}
	}
	return []format.Field{
		field("place", func(r *figures.Ranked) int { return r.Place }),
		field("place_best", func(r *figures.Ranked) int { return r.Best }),
		field("place_worst", func(r *figures.Ranked) int { return r.Worst }),
	}
}

// tests are the fields of the difference from the reference.
func (l *league) tests(of func(i int) *figures.Ranked) []format.Field {
	field := func(name string, x func(*figures.Ranked) float64) format.Field {
		return shareField(name, func(i int) (float64, bool) {
			if r := of(i); r != nil && l.measure != byCount {
				return x(r), true
			}
			return 0, false
		})
	}
	differs := format.Field{Name: "differs", Kind: format.KindTruth, Truth: func(i int) (bool, bool) {
		if r := of(i); r != nil && l.measure != byCount {
			return r.Differs, true
		}
		return false, false
	}}
	return []format.Field{
		field("p", func(r *figures.Ranked) float64 { return r.P }),
		field("q", func(r *figures.Ranked) float64 { return r.Q }), differs,
		field("funnel_lowest", func(r *figures.Ranked) float64 { return r.Funnel.Lowest }),
		field("funnel_low", func(r *figures.Ranked) float64 { return r.Funnel.Low }),
		field("funnel_high", func(r *figures.Ranked) float64 { return r.Funnel.High }),
		field("funnel_highest", func(r *figures.Ranked) float64 { return r.Funnel.Highest }),
	}
}
