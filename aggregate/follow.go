package aggregate

import (
	"context"
	"time"
)

// A Landing is a flush that is in the store, with records of requests that are
// followed in it.
type Landing struct {
	Begun, Ended time.Time
	Partitions   int // With something to write.
	Records      int // Folded since the flush before, or since a count began.
	Rows         int
	Traces       []string // schema.Record.Trace of followed records, at most tracesMax.
	Omitted      int      // Of those that were too many.
}

// tracesMax is how many records of a flush are named to who follows them: as many as
// a span may link to by OpenTelemetry's own limit.
const tracesMax = 128

// traces are those of some records.
type traces struct {
	all     []string
	omitted int
}

// add notes the trace of a record; empty: it has none.
func (t *traces) add(trace string) {
	switch {
	case trace == "":
	case len(t.all) < tracesMax:
		t.all = append(t.all, trace)
	default:
		t.omitted++
	}
}

// join adds those of other.
func (t *traces) join(other *traces) {
	for _, trace := range other.all {
		t.add(trace)
	}
	t.omitted += other.omitted
}

// landed tells who looks that fl is in the store.
func (a *Aggregator) landed(ctx context.Context, fl *flight) {
	now := a.cfg.Now()
	a.m.landed(fl, now)
	var followed traces
	records := 0
	for i := range fl.parts {
		followed.join(&fl.parts[i].traces)
		records += fl.parts[i].records
	}
	if len(followed.all) == 0 {
		return
	}
	a.told(ctx, Landing{
		Begun: fl.begun, Ended: now, Partitions: len(fl.parts), Records: records, Rows: fl.rows,
		Traces: followed.all, Omitted: followed.omitted,
	})
}
