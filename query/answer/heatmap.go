package answer

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"mlf/query/calendar"
	"mlf/query/figures"
	"mlf/query/format"
	"mlf/query/question"
	"mlf/schema"
)

// A heatmap is a week by its hours, Mondays first.
const (
	weekdays  = 7
	dayHours  = 24
	weekHours = weekdays * dayHours
)

// A heatmap is the figures of each hour of the week: 168 cells, whatever was
// counted.
type heatmap struct {
	inquiry
	hours *question.Question // The same by hour; nil where no effect is wanted.
}

func askHeatmap(v *question.Vocabulary, values question.Values, now time.Time) (Inquiry, error) {
	h := &heatmap{inquiry: inquiry{endpoint: "heatmap"}}
	var err error
	if h.clustered, err = readInterval(values); err != nil {
		return nil, err
	}
	if h.Question, err = ask(v, values, now, "weekday", "hour_of_day"); err != nil {
		return nil, err
	}
	if h.clustered {
		h.hours, err = ask(v, values, now, "hour")
	}
	return h, err
}

// Answer makes the heatmap.
func (h *heatmap) Answer(ctx context.Context, r Reading) (*Document, error) {
	k := kitOf(&h.inquiry)
	f := h.Frame(h.Span)
	counts, err := r.Count(ctx, f)
	if err != nil {
		return nil, err
	}
	var effects [weekHours]figures.Effect
	var effect figures.Effect // Of all hours together.
	if h.clustered {
		if effects, effect, err = h.effects(ctx, r, k); err != nil {
			return nil, err
		}
	}
	hours := h.begun(f)
	t := f.Table(counts)
	var values [weekHours][schema.ValueMax]uint64
	var sum [schema.ValueMax]uint64
	whole := statusOf(h.Span, h.Now) | r.markerOf(f, counts, h.Span).whole(h.Span, 1)
	lacks := lackingCells(f, counts)
	for i := range t.Rows {
		row := &t.Rows[i]
		values[cellOf(int(t.Columns[0].Value(row)), int(t.Columns[1].Value(row)))] = row.Values
		sum = plus(sum, row.Values)
	}
	cells := make([]observation, weekHours)
	for i := range cells {
		cells[i] = k.observe(values[i], whole&^figures.Suppressed|lacks[i], effects[i])
	}
	total := k.observe(sum, whole, effect)
	m := h.metaOf(r, counts, k.formulas()...)
	fields := append(cellFields(hours), k.fields("", within(cells))...)
	return &Document{
		Name: h.endpoint, Span: h.Span, Meta: m, Sheet: sheetOf(m, "heatmap", weekHours, fields),
		members: []member{object("total", k.fields("", single(&total))), objects("cells", weekHours, fields)},
	}, nil
}

// lackingCells returns which cells lack votes, that who asks is not shown.
func lackingCells(f *question.Frame, counts *question.Counts) (lacks [weekHours]figures.Status) {
	for _, key := range counts.Partial {
		weekday, _ := strconv.Atoi(f.Text(question.OfHour, 0, key.Hour)) // Both are numbers.
		hour, _ := strconv.Atoi(f.Text(question.OfHour, 1, key.Hour))
		lacks[cellOf(weekday, hour)] = figures.Suppressed
	}
	return lacks
}

// cellOf returns the number of an hour of the week; Monday is 1.
func cellOf(weekday, hour int) int { return (weekday-1)*dayHours + hour }

// begun returns how many hours that were asked for and have begun each cell has: not
// as many each, and none or two of a day on which the clock is changed.
func (h *heatmap) begun(f *question.Frame) (hours [weekHours]uint64) {
	h.Clock().EachDay(h.From, min(h.Next, max(h.From, h.Now+1)), func(s calendar.Stretch) {
		for hour := s.First; hour < s.Next; hour++ {
			if f.Hours[hour-h.From] != question.Out {
				hours[cellOf(s.Day.Weekday(), s.HourOfDay+int(hour-s.First))]++
			}
		}
	})
	return hours
}

// effects returns how alike the votes of a day are, of each cell and of all.
func (h *heatmap) effects(ctx context.Context, r Reading, k kit) (effects [weekHours]figures.Effect, all figures.Effect, err error) {
	f := h.hours.Frame(h.Span)
	counts, err := r.Count(ctx, f)
	if err != nil {
		return effects, 0, err
	}
	t := f.Table(counts)
	var days [weekHours][]uint64
	whole := make(map[calendar.Day][schema.ValueMax]uint64)
	for i := range t.Rows {
		hour := schema.Hour(t.Columns[0].Value(&t.Rows[i]))
		h.Clock().EachDay(hour, hour+1, func(s calendar.Stretch) {
			at := cellOf(s.Day.Weekday(), s.HourOfDay)
			days[at] = append(days[at], t.Rows[i].Values[:k.scale.Max()]...)
			whole[s.Day] = plus(whole[s.Day], t.Rows[i].Values)
		})
	}
	for at, cells := range days {
		if effect, ok := figures.DesignEffect(cells, int(k.scale.Max())); ok {
			effects[at] = effect
		}
	}
	var sums []uint64
	for _, day := range slices.Sorted(maps.Keys(whole)) { // Sorted: sums of floats depend on their order.
		values := whole[day]
		sums = append(sums, values[:k.scale.Max()]...)
	}
	all, _ = figures.DesignEffect(sums, int(k.scale.Max()))
	return effects, all, nil
}

func cellFields(hours [weekHours]uint64) []format.Field {
	field := func(name string, kind format.Kind, of func(i int) uint64) format.Field {
		return format.Field{Name: name, Kind: kind, Count: func(i int) (uint64, bool) { return of(i), true }}
	}
	return []format.Field{
		field("weekday", format.KindNumber, func(i int) uint64 { return uint64(i/dayHours + 1) }),
		field("hour_of_day", format.KindNumber, func(i int) uint64 { return uint64(i % dayHours) }),
		field("hours", format.KindCount, func(i int) uint64 { return hours[i] }),
	}
}
