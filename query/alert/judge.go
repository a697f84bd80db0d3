package alert

import (
	"context"
	"fmt"
	"sync"
	"time"

	"mlf/query/calendar"
	"mlf/query/figures"
	"mlf/query/fleet"
	"mlf/query/marks"
	"mlf/query/question"
	"mlf/schema"
	"mlf/schema/alert"
	"mlf/schema/annotation"
	"mlf/schema/network"
)

// A Judge judges rules. All fields but Fleet are required, and shared: they are only looked up.
// Safe for use by several goroutines.
type Judge struct {
	Counts    func() question.View // Nil while counts do not stand.
	Words     *question.Vocabulary
	Terminals *schema.Terminals
	Bodies    func(schema.BodyCode) *network.Body // Nil for one that never joined.
	Notes     *marks.Notes
	Fleet     *fleet.Fleet // Nil: nobody knows which terminals are silent.

	country struct {
		sync.Mutex
		at     time.Time
		silent bool
	}
}

// Why nothing is judged.
const (
	WhyCounts   = "counts"   // They do not stand, or are behind: whoever asks may know that before.
	whyRegistry = "registry" // Not read to its end, or it does not know the body.
	whyFew      = "few"      // Too few votes, or days with any.
	whyBreak    = "break"    // Figures of the two times are of different things.
	whyCountry  = "country"  // More than half of the country's terminals are silent: it is not the body.
)

// Whys lists why nothing may be judged.
func Whys() []string { return []string{WhyCounts, whyRegistry, whyFew, whyBreak, whyCountry} }

// Questions returns what is to be judged by the enabled rules of a body: of red and fall, each
// scale for itself.
func Questions(s *alert.Settings) (all []Question) {
	for _, r := range s.Rules {
		if !r.Enabled {
			continue
		}
		if (r.Kind != alert.Red && r.Kind != alert.Fall) || r.Scope.Scale != "" {
			all = append(all, Question{Body: s.Body, Rule: r, Scope: r.Scope})
			continue
		}
		for _, scale := range schema.Scales() {
			q := Question{Body: s.Body, Rule: r, Scope: r.Scope}
			q.Scope.Scale = scale.String()
			all = append(all, q)
		}
	}
	return all
}

// Judge judges q as of now, a whole hour: what is counted after it is not looked at. The error
// is of counts that could not be asked.
func (j *Judge) Judge(ctx context.Context, q *Question, now time.Time) (Verdict, error) {
	t := j.territory(q, now)
	if t == nil || !j.Terminals.Complete() || !j.Notes.Complete() {
		return Verdict{Why: whyRegistry}, nil
	}
	switch q.Rule.Kind {
	case alert.Silence:
		return j.silence(q, t, now), nil
	case alert.Misuse:
		return j.misuse(ctx, q, t, now)
	case alert.Red, alert.Fall:
	}
	return j.share(ctx, q, t, now)
}

// Enough returns what tells whether an alert of a kind that has been calm since a time may close
// at now.
func (j *Judge) Enough(kind alert.Kind, now time.Time) func(since time.Time) bool {
	if kind == alert.Silence && j.Fleet != nil {
		return func(since time.Time) bool {
			return j.Fleet.Open(new(schema.Enrolment), since, now, backFor) >= backFor // By everybody's hours.
		}
	}
	return func(since time.Time) bool { return now.Sub(since) >= calmFor }
}

// worst is how many of the lowest values of a scale are negative.
func worst(s schema.Scale) int {
	if s == schema.ScaleMLF3 {
		return 1 // Red.
	}
	return 2 // Of four faces, or of five stars.
}

// share judges the share of negative votes against what was usual.
func (j *Judge) share(ctx context.Context, q *Question, t *territory, now time.Time) (Verdict, error) {
	r, why := j.reading(q, t, now, allDays)
	if why != "" {
		return Verdict{Why: why}, nil
	}
	scale, err := schema.ParseScale(q.Scope.Scale)
	if err != nil {
		return Verdict{Why: whyRegistry}, fmt.Errorf("scope of a rule of %s: %w", q.Body, err)
	}
	r.scale = scale
	r.class = map[schema.Class]question.Group{schema.ClassOK: 0, schema.ClassLateClock: 0}
	err = j.read(ctx, r, func(d *Day, row *question.Count) {
		d.N += row.N()
		for _, n := range row.Values[:worst(scale)] {
			d.Negative += n
		}
	})
	if err != nil {
		return Verdict{Why: WhyCounts}, err
	}
	v := judgeShare(r.days, q.Rule.Threshold, q.Rule.Kind == alert.Fall)
	if !v.Known {
		v.Why = whyFew
		return v, nil
	}
	r.stamp(v.Figures, windowDays)
	return v, nil
}

// misuse judges the share of votes that came too fast in the last day, and copied terminals.
func (j *Judge) misuse(ctx context.Context, q *Question, t *territory, now time.Time) (Verdict, error) {
	const days = baselineDays + 1
	r, why := j.reading(q, t, now, days)
	if why != "" {
		return Verdict{Why: why}, nil
	}
	const burst question.Group = 1
	r.class = map[schema.Class]question.Group{schema.ClassOK: 0, schema.ClassLateClock: 0, schema.ClassBurst: burst}
	err := j.read(ctx, r, func(d *Day, row *question.Count) {
		d.N += row.N()
		if row.Class == burst {
			d.Negative += row.N()
		}
	})
	if err != nil {
		return Verdict{Why: WhyCounts}, err
	}
	v := judgeMisuse(r.days, q.Rule.Threshold)
	if v.Figures != nil {
		r.stamp(v.Figures, 1)
	}
	copied := j.inState(t, now, silentAfter, fleet.Copied)
	v.Terminals, v.Count = named(copied)
	v.Opens = v.Opens || v.Count > 0
	v.Calm = v.Calm && v.Count == 0
	v.Known = v.Known || v.Count > 0
	if !v.Known {
		v.Why = whyFew
	}
	return v, nil
}

// judgeMisuse judges votes that came too fast, the last day against those before it. Who has
// few votes before is held against none: a share of a fifth is a lot in any case.
func judgeMisuse(days []Day, threshold float64) Verdict {
	var a, b figures.Sample
	last := len(days) - 1
	for _, d := range days[:last] {
		b.K, b.N = b.K+d.Negative, b.N+d.N
	}
	a.K, a.N = days[last].Negative, days[last].N
	if b.N < baselineVotesMin {
		b = figures.Sample{N: baselineVotesMin}
	}
	if a.N < windowVotesMin {
		// A day without votes has no misuse either: what is open may begin to close.
		return Verdict{Known: a.N == 0 || a.K == 0, Calm: true}
	}
	f := figuresOf(a, b)
	low, _ := figures.Beyond(a, b, openZ)
	return Verdict{Known: true, Figures: f, Opens: f.Difference >= threshold && low > 0, Calm: f.Difference < threshold/2}
}

// stamp writes of which time figures are, the last n days of r being the window.
func (r *reading) stamp(f *alert.Figures, n int) {
	f.To = r.span.Next.Time()
	f.From = (r.span.Next - schema.Hour(n*24)).Time()
	f.BaselineTo, f.BaselineFrom = f.From, max(r.span.From, r.usable).Time()
	f.LeftOut = r.leftOut
	if f.LeftOut == nil {
		f.LeftOut = []string{}
	}
}

// A reading is what is asked of the counts for a rule, and where it is put.
type reading struct {
	span    calendar.Span
	of      *territory
	scale   schema.Scale // 0: all.
	class   map[schema.Class]question.Group
	usable  schema.Hour // What is before it is of something else.
	outDay  map[calendar.Day]bool
	leftOut []string
	days    []Day
}

// reading returns the reading of the last days before now, or why there is none.
func (j *Judge) reading(q *Question, t *territory, now time.Time, days int) (*reading, string) {
	next := schema.HourOf(now)
	r := &reading{of: t, span: calendar.Span{From: next - schema.Hour(days*24), Next: next}, outDay: make(map[calendar.Day]bool), days: make([]Day, days)}
	clock := j.Words.Clock()
	clock.EachDay(r.span.From, r.span.Next, func(s calendar.Stretch) {
		if s.Day.Kind() == calendar.Holiday && !r.outDay[s.Day] {
			r.outDay[s.Day] = true
			r.leftOut = append(r.leftOut, s.Day.String())
		}
	})
	ends, err := j.breaks(q, t, r.span, now)
	if err != nil {
		return nil, whyRegistry
	}
	window := windowDays
	if days < allDays {
		window = 1
	}
	for _, end := range ends {
		after := clock.Begin(end + 1)
		if after > next-schema.Hour(window*24) {
			return nil, whyBreak
		}
		r.usable = max(r.usable, after)
	}
	return r, ""
}

// breaks returns the last days of breaks in the series that may be about votes of q.
func (j *Judge) breaks(q *Question, t *territory, span calendar.Span, now time.Time) (ends []calendar.Day, err error) {
	asked, err := j.Words.Ask(t.values(q, span), now)
	if err != nil {
		return nil, fmt.Errorf("scope of a rule of %s: %w", q.Body, err)
	}
	for _, n := range j.Notes.About(asked, span, now) {
		if n.Kind == annotation.Break {
			ends = append(ends, calendar.Day(n.To))
		}
	}
	return ends, nil
}
