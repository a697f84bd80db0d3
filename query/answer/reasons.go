package answer

import (
	"cmp"
	"context"
	"slices"
	"time"

	"mlf/query/figures"
	"mlf/query/format"
	"mlf/query/question"
	"mlf/schema"
)

// reasonRowsMax is the most groups of reasons: each has a row for every value.
const reasonRowsMax = 10_000

// A reasons inquiry is why votes were cast, by value.
type reasons struct{ inquiry }

func askReasons(v *question.Vocabulary, values question.Values, now time.Time) (Inquiry, error) {
	by, err := readBy(values, false, groups(v)...)
	if err != nil {
		return nil, err
	}
	q := &reasons{inquiry{endpoint: "reasons", by: by}}
	q.Question, err = ask(v, values, now, by...)
	return q, err
}

// A cause is one reason: how many of those who answered gave it.
type cause struct {
	code  string
	n     uint64
	share figures.Estimate
}

// A motive is the votes of one value, and what those who cast them answered.
type motive struct {
	row   int // Of the table.
	value schema.Value

	n                          uint64
	answered, skipped, timeout uint64
	notOffered                 uint64
	status                     figures.Status
	causes                     []cause // The most frequent first.
	outcomes                   []cause // What else became of the question.
	unanswered                 figures.Estimate
}

// Answer makes the reasons.
func (q *reasons) Answer(ctx context.Context, r Reading) (*Document, error) {
	f := q.Frame(q.Span)
	f.Reasons = true
	counts, err := r.Count(ctx, f)
	if err != nil {
		return nil, err
	}
	t := f.Table(counts)
	if len(t.Rows) > reasonRowsMax {
		return nil, tooMuch("by", "%d groups, more than %d; ask for fewer by a filter", len(t.Rows), reasonRowsMax)
	}
	k, marks := kitOf(&q.inquiry), r.markerOf(f, counts, q.Span)
	var motives []motive
	for i := range t.Rows {
		for v := k.scale.Max(); v >= 1; v-- { // The best first, as faces are.
			m := motiveOf(v, t.Rows[i].Values[v-1], t.Reasons(&t.Rows[i]), statusOf(q.Span, q.Now)|marks.of(t.Rows[i].Key, q.Span, t.Rows[i].N()))
			m.row = i
			motives = append(motives, m)
		}
	}
	m := q.metaOf(r, counts, figures.FormulaShare)
	return q.document(m, k, t, motives), nil
}

// motiveOf returns what n votes of value v say, of the reasons of all values.
func motiveOf(v schema.Value, n uint64, reasons []question.ReasonCount, status figures.Status) motive {
	m := motive{value: v, n: n}
	for _, r := range reasons {
		if r.Reason.Value() != v {
			continue
		}
		switch reason := r.Reason.Reason(); reason {
		case schema.ReasonSkipped:
			m.skipped = r.N
		case schema.ReasonTimeout:
			m.timeout = r.N
		default:
			m.answered += r.N
			m.causes = append(m.causes, cause{code: reason.String(), n: r.N})
		}
	}
	m.status = status.Of(m.answered)
	asked := m.answered + m.skipped + m.timeout
	m.notOffered = m.n - min(m.n, asked)
	m.unanswered, _ = figures.Share(m.skipped+m.timeout, asked, figures.Independent)
	for i := range m.causes {
		m.causes[i].share, _ = figures.Share(m.causes[i].n, m.answered, figures.Independent)
	}
	slices.SortFunc(m.causes, func(a, b cause) int { return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.code, b.code)) })
	m.outcomes = []cause{{code: "skipped", n: m.skipped}, {code: "timeout", n: m.timeout}, {code: "not_offered", n: m.notOffered}}
	return m
}

func (q *reasons) document(meta *Meta, k kit, t *question.Table, motives []motive) *Document {
	keys := format.Columns(t)
	of := func(i int) *motive { return &motives[i] }
	row := func(dst []byte, i int) []byte {
		dst = append(dst, '{')
		if len(keys) > 0 {
			dst = append(format.AppendMembers(dst, keys, motives[i].row), ',')
		}
		return k.appendMotive(dst, &motives[i])
	}
	var all []cause
	var owners []int
	for i := range motives {
		for _, c := range slices.Concat(motives[i].causes, motives[i].outcomes) {
			all, owners = append(all, c), append(owners, i)
		}
	}
	owner := func(i int) int { return owners[i] }
	columns := atRows(keys, func(i int) int { return motives[owners[i]].row })
	columns = append(columns, atRows(motiveFields(k, of)[:k.names()], owner)...)
	columns = append(columns, causeFields(func(i int) *cause { return &all[i] })...)
	columns = append(columns, atRows(motiveFields(k, of)[k.names()+1:], owner)...)
	return &Document{
		Name: q.endpoint, Span: q.Span, Meta: meta, Sheet: sheetOf(meta, "reasons", len(all), columns),
		members: []member{{"rows", len(motives), row}},
	}
}

// appendMotive writes m and its reasons, as motiveFields and causeFields have them.
func (k kit) appendMotive(dst []byte, m *motive) []byte {
	dst = format.AppendCount(dst, `"value":`, uint64(m.value))
	if k.faces() {
		dst = append(append(append(dst, `,"face":"`...), m.value.Face()...), '"')
	}
	dst = format.AppendCount(dst, `,"n":`, m.n)
	dst = format.AppendCount(dst, `,"answered":`, m.answered)
	dst = format.AppendCount(dst, `,"skipped":`, m.skipped)
	dst = format.AppendCount(dst, `,"timeout":`, m.timeout)
	dst = format.AppendCount(dst, `,"not_offered":`, m.notOffered)
	dst = format.AppendNumber(dst, `,"unanswered_share":`, m.unanswered.Value, m.answered+m.skipped+m.timeout > 0)
	dst = append(format.AppendStatus(dst, `,"status":`, m.status.String()), `,"reasons":[`...)
	for i := range m.causes {
		if i > 0 {
			dst = append(dst, ',')
		}
		c := &m.causes[i]
		dst = format.AppendCount(format.AppendText(dst, `{"reason":`, c.code), `,"n":`, c.n)
		dst = append(appendEstimate(dst, [...]string{`,"share":`, `,"low":`, `,"high":`}, c.share, c.share.High > 0), '}')
	}
	return append(dst, ']', '}')
}

// names are how many fields say which value a row is of.
func (k kit) names() int {
	if k.faces() {
		return 2
	}
	return 1
}

func motiveFields(k kit, of func(i int) *motive) []format.Field {
	count := func(name string, n func(*motive) uint64) format.Field {
		return format.Field{Name: name, Kind: format.KindCount, Count: func(i int) (uint64, bool) { return n(of(i)), true }}
	}
	fields := []format.Field{{Name: "value", Kind: format.KindNumber, Count: func(i int) (uint64, bool) { return uint64(of(i).value), true }}}
	if k.faces() {
		fields = append(fields, format.Field{Name: "face", Kind: format.KindText, Text: func(i int) (string, bool) { return of(i).value.Face(), true }})
	}
	return append(fields,
		count("n", func(m *motive) uint64 { return m.n }),
		count("answered", func(m *motive) uint64 { return m.answered }),
		count("skipped", func(m *motive) uint64 { return m.skipped }),
		count("timeout", func(m *motive) uint64 { return m.timeout }),
		count("not_offered", func(m *motive) uint64 { return m.notOffered }),
		shareField("unanswered_share", func(i int) (float64, bool) {
			m := of(i)
			return m.unanswered.Value, m.answered+m.skipped+m.timeout > 0
		}),
		format.Field{Name: "status", Kind: format.KindStatus, Text: func(i int) (string, bool) { return of(i).status.String(), true }})
}

// causeFields are those of a reason, and of what else became of the question, which
// has no share.
func causeFields(of func(i int) *cause) []format.Field {
	share := func(name string, part func(figures.Estimate) float64) format.Field {
		return shareField(name, func(i int) (float64, bool) { return part(of(i).share), of(i).share.High > 0 })
	}
	return []format.Field{
		{Name: "reason", Kind: format.KindText, Text: func(i int) (string, bool) { return of(i).code, true }},
		{Name: "n", Kind: format.KindCount, Count: func(i int) (uint64, bool) { return of(i).n, true }},
		share("share", func(e figures.Estimate) float64 { return e.Value }),
		share("low", func(e figures.Estimate) float64 { return e.Low }),
		share("high", func(e figures.Estimate) float64 { return e.High }),
	}
}
