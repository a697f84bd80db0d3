package bulletin

import (
	"mlf/query/calendar"
	"mlf/query/figures"
	"mlf/query/format"
	"mlf/query/question"
	"mlf/schema"
)

// A figure is votes and what they come to.
type figure struct {
	green, yellow, red, n uint64
	status                figures.Status
	good, bad, net        figures.Estimate // Shares of green and of red, and their difference; where n is not 0.
}

// figureOf returns the figure of a row of faces.
func (e *Edition) figureOf(c *count, row *question.Count) *figure {
	f := &figure{green: row.Values[schema.Green-1], yellow: row.Values[schema.Yellow-1], red: row.Values[schema.Red-1]}
	f.n = f.green + f.yellow + f.red
	if e.last().Day < schema.Day(calendar.DayOf(e.month+1, 1))+figures.ProvisionalDays {
		f.status |= figures.Provisional
	}
	if c.Partial(row) {
		f.status |= figures.Suppressed
	}
	f.status = f.status.Of(f.n)
	f.good, _ = figures.Share(f.green, f.n, figures.Independent)
	f.bad, _ = figures.Share(f.red, f.n, figures.Independent)
	f.net, _ = figures.Net(figures.Faces{Green: f.green, Yellow: f.yellow, Red: f.red}, figures.Independent)
	return f
}

// sample is the green votes among all.
func (f *figure) sample() figures.Sample { return figures.Sample{K: f.green, N: f.n} }

// figureFields are the fields of figures.
func figureFields(of func(row int) *figure) []format.Field {
	share := func(name string, part func(*figure) float64) format.Field {
		return shareField(name, func(i int) (float64, bool) { return part(of(i)), of(i).n > 0 })
	}
	return []format.Field{
		countField("green", func(i int) uint64 { return of(i).green }),
		countField("yellow", func(i int) uint64 { return of(i).yellow }),
		countField("red", func(i int) uint64 { return of(i).red }),
		countField("n", func(i int) uint64 { return of(i).n }),
		share("green_share", func(f *figure) float64 { return f.good.Value }),
		share("green_low", func(f *figure) float64 { return f.good.Low }),
		share("green_high", func(f *figure) float64 { return f.good.High }),
		share("red_share", func(f *figure) float64 { return f.bad.Value }),
		share("red_low", func(f *figure) float64 { return f.bad.Low }),
		share("red_high", func(f *figure) float64 { return f.bad.High }),
		share("net", func(f *figure) float64 { return f.net.Value }),
		share("net_low", func(f *figure) float64 { return f.net.Low }),
		share("net_high", func(f *figure) float64 { return f.net.High }),
		statusField(func(i int) figures.Status { return of(i).status }),
	}
}

// A change is a figure beside that of an earlier time, or of an earlier vintage. It is
// nil where there is none.
type change struct {
	before *figure
	now    *figure
	apart  figures.Difference
	both   bool // Both have votes.
}

func changeOf(now, before *figure) *change {
	c := &change{before: before, now: now}
	c.apart, c.both = figures.Compare(now.sample(), before.sample())
	return c
}

// changeFields are the fields of changes, null where of is nil.
func changeFields(prefix string, of func(row int) *change) []format.Field {
	share := func(name string, part func(*change) (float64, bool)) format.Field {
		return shareField(prefix+name, func(i int) (float64, bool) {
			if c := of(i); c != nil {
				return part(c)
			}
			return 0, false
		})
	}
	return []format.Field{
		{Name: prefix + "n", Kind: format.KindCount, Count: func(i int) (uint64, bool) {
			if c := of(i); c != nil {
				return c.before.n, true
			}
			return 0, false
		}},
		share("green_share", func(c *change) (float64, bool) { return c.before.good.Value, c.before.n > 0 }),
		share("n_change", func(c *change) (float64, bool) { return figures.Change(c.before.n, c.now.n) }),
		share("green_share_change", func(c *change) (float64, bool) { return c.apart.Value, c.both }),
		share("green_share_change_low", func(c *change) (float64, bool) { return c.apart.Low, c.both }),
		share("green_share_change_high", func(c *change) (float64, bool) { return c.apart.High, c.both }),
	}
}

func countField(name string, of func(row int) uint64) format.Field {
	return format.Field{Name: name, Kind: format.KindCount, Count: func(i int) (uint64, bool) { return of(i), true }}
}

func shareField(name string, of func(row int) (float64, bool)) format.Field {
	return format.Field{Name: name, Kind: format.KindShare, Share: of}
}

func textField(name string, of func(row int) string) format.Field {
	return format.Field{Name: name, Kind: format.KindText, Text: func(i int) (string, bool) { return of(i), true }}
}

func statusField(of func(row int) figures.Status) format.Field {
	return format.Field{Name: "status", Kind: format.KindStatus, Text: func(i int) (string, bool) { return of(i).String(), true }}
}
