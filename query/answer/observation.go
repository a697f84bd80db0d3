package answer

import (
	"fmt"

	"mlf/query/figures"
	"mlf/query/format"
	"mlf/query/question"
	"mlf/schema"
)

// settledAfter is how long after its end a time is provisional: terminals keep votes
// while they are off the network, and most of those that come late have come by then.
const settledAfter = figures.ProvisionalDays * 24 // Hours.

// statusOf returns what the time of a figure says of it at now.
func statusOf(s question.Span, now schema.Hour) figures.Status {
	var status figures.Status
	if s.Next > now {
		status |= figures.Running
	}
	if s.Next+settledAfter > now {
		status |= figures.Provisional
	}
	return status
}

// An observation is the votes of a place and time, and the figures that are made of
// them.
type observation struct {
	values [schema.ValueMax]uint64
	n      uint64
	status figures.Status
	effect figures.Effect // 0 where it is not known.

	green, red, net figures.Estimate // Of faces, where n is not 0.
	mean            figures.Estimate // Of any scale, where n is not 0.
}

// A kit makes observations on one scale.
type kit struct {
	scale     schema.Scale
	clustered bool // The effect widens the intervals.
}

// faces tells whether the values are faces.
func (k kit) faces() bool { return k.scale == schema.ScaleMLF3 }

// observe makes the figures of values.
func (k kit) observe(values [schema.ValueMax]uint64, status figures.Status, effect figures.Effect) observation {
	o := observation{values: values, effect: effect}
	for _, n := range values {
		o.n += n
	}
	o.status = status.Of(o.n)
	widened := figures.Independent
	if k.clustered {
		widened = effect
	}
	if k.faces() {
		f := facesOf(values)
		o.green, _ = figures.Share(f.Green, o.n, widened)
		o.red, _ = figures.Share(f.Red, o.n, widened)
		o.net, _ = figures.Net(f, widened)
		o.mean = meanOfNet(o.net)
		return o
	}
	o.mean, _ = figures.Mean(values[:k.scale.Max()], widened)
	return o
}

// meanOfNet returns the mean of three faces, interval and all: see figures.Mean.
func meanOfNet(net figures.Estimate) figures.Estimate {
	of := func(x float64) float64 { return 50 * (x + 1) }
	return figures.Estimate{Value: of(net.Value), Low: of(net.Low), High: of(net.High)}
}

func facesOf(values [schema.ValueMax]uint64) figures.Faces {
	return figures.Faces{Green: values[schema.Green-1], Yellow: values[schema.Yellow-1], Red: values[schema.Red-1]}
}

// Formulas are those of the figures of a scale; none of 0.
func Formulas(scale schema.Scale) []figures.Formula {
	if scale == 0 {
		return nil
	}
	return kit{scale: scale}.formulas()
}

// formulas are those of an observation.
func (k kit) formulas() []figures.Formula {
	if k.faces() {
		return []figures.Formula{figures.FormulaShare, figures.FormulaNet}
	}
	return []figures.Formula{figures.FormulaMean}
}

// measures are the names of an observation's figures.
func (k kit) measures() []string {
	if k.faces() {
		return []string{"green_share", "red_share", "net", "mean"}
	}
	return []string{"mean"}
}

// measure returns the figure of that name.
func (o *observation) measure(name string) figures.Estimate {
	switch name {
	case "green_share":
		return o.green
	case "red_share":
		return o.red
	case "net":
		return o.net
	case "mean":
		return o.mean
	}
	panic("BUG: no figure " + name)
}

// hidden tells whether there is no count: nobody was there, or nothing of it is shown. A
// 0 would say that somebody was, and did not vote.
func (o *observation) hidden() bool { return o.n == 0 && o.status.Hidden() }

// at returns the observation of a row; nil where there is none.
type at func(row int) *observation

// fields are the fields of observations: the votes by value, how many they are,
// their figures, the status. All have the prefix.
func (k kit) fields(prefix string, of at) []format.Field {
	fields := append(k.counts(prefix, of), countField(prefix+"n", of, func(o *observation) uint64 { return o.n }))
	if k.faces() {
		fields = append(fields, estimateFields(prefix, "green", of, func(o *observation) figures.Estimate { return o.green })...)
		fields = append(fields, estimateFields(prefix, "red", of, func(o *observation) figures.Estimate { return o.red })...)
		fields = append(fields, estimateFields(prefix, "net", of, func(o *observation) figures.Estimate { return o.net })...)
	} else {
		fields = append(fields, estimateFields(prefix, "mean", of, func(o *observation) figures.Estimate { return o.mean })...)
	}
	if k.clustered {
		fields = append(fields, effectField(prefix, of))
	}
	return append(fields, format.Field{Name: prefix + "status", Kind: format.KindStatus, Text: func(i int) (string, bool) {
		if o := of(i); o != nil {
			return o.status.String(), true
		}
		return "", false
	}})
}

// counts are the fields of the votes by value.
func (k kit) counts(prefix string, of at) []format.Field {
	names, values := k.valueNames()
	var fields []format.Field
	for i, v := range values {
		fields = append(fields, countField(prefix+names[i], of, func(o *observation) uint64 { return o.values[v-1] }))
	}
	return fields
}

// valueNames are the values as fields have them, and their names.
func (k kit) valueNames() ([]string, []schema.Value) {
	if k.faces() {
		return []string{"green", "yellow", "red"}, []schema.Value{schema.Green, schema.Yellow, schema.Red}
	}
	return []string{"v1", "v2", "v3", "v4", "v5"}, []schema.Value{1, 2, 3, 4, 5}
}

func countField(name string, of at, count func(*observation) uint64) format.Field {
	return format.Field{Name: name, Kind: format.KindCount, Count: func(i int) (uint64, bool) {
		if o := of(i); o != nil && !o.hidden() {
			return count(o), true
		}
		return 0, false
	}}
}

func effectField(prefix string, of at) format.Field {
	return shareField(prefix+"deff", func(i int) (float64, bool) {
		o := of(i)
		return effectOf(o), o != nil && o.effect > 0
	})
}

func effectOf(o *observation) float64 {
	if o == nil {
		return 0
	}
	return float64(o.effect)
}

// estimateFields are those of a figure and its interval: green_share, green_low,
// green_high; net, net_low, net_high.
func estimateFields(prefix, name string, of at, figure func(*observation) figures.Estimate) []format.Field {
	field := func(name string, part func(figures.Estimate) float64) format.Field {
		return shareField(prefix+name, func(i int) (float64, bool) {
			o := of(i)
			if o == nil || o.n == 0 {
				return 0, false
			}
			return part(figure(o)), true
		})
	}
	value := name
	if name == "green" || name == "red" {
		value += "_share"
	}
	return []format.Field{
		field(value, func(e figures.Estimate) float64 { return e.Value }),
		field(name+"_low", func(e figures.Estimate) float64 { return e.Low }),
		field(name+"_high", func(e figures.Estimate) float64 { return e.High }),
	}
}

func shareField(name string, of func(row int) (float64, bool)) format.Field {
	return format.Field{Name: name, Kind: format.KindShare, Share: of}
}

// kitOf returns the kit of q, which Ask let have one scale only.
func kitOf(q *inquiry) kit {
	scale := q.Scale()
	if scale.Max() == 0 {
		panic(fmt.Sprintf("BUG: a question of scale %d", scale))
	}
	return kit{scale: scale, clustered: q.clustered}
}
