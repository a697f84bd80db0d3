package differences

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"mlf/aggregate/compare"
	"mlf/schema"
	"mlf/schema/presence"
	"mlf/schema/registry"
)

// A Report is what was found in two databases.
type Report struct {
	A, B     string // Where they are, without passwords.
	Counts   *compare.Report
	Releases compare.Releases
}

// Equal tells whether nothing differs. A database that nobody publishes from lacks
// releases, and is equal.
func (r *Report) Equal() bool { return r.Counts.Equal() && !r.Releases.Fork() }

// Print writes the report for people.
func (r *Report) Print(w io.Writer, lists *registry.Registry) error {
	p := printer{w: w}
	c := r.Counts
	p.line("A %s and B %s count log %v", r.A, r.B, c.Log)
	p.line("%d closed segments with %d rows in %d months, %d rows of open segments; %d votes in A; %.0f rows/s",
		c.Segments, c.Rows, c.Months, c.RowsOpen, c.Votes, c.RowsPerSecond())
	p.line("%s", r.verdict())
	for i := range c.Shown {
		p.line("  %s", words{lists}.difference(&c.Shown[i]))
	}
	if more := c.Differences - uint64(len(c.Shown)); more > 0 {
		p.line("  and %d more", more)
	}
	p.line("%s", r.days())
	p.line("%s", r.releases())
	return p.err
}

// verdict says what it comes to.
func (r *Report) verdict() string {
	c, at := r.Counts, positionText(r.Counts.From)
	switch {
	case !c.Equal():
		return fmt.Sprintf("different: %d of %d cells, %d differences in all, at %s", c.Cells.Different, c.Cells.All(), c.Differences, at)
	case c.Cells.Bounded > 0:
		return fmt.Sprintf("equal: %d of %d cells, at %s; bounded: %d, which A counted further while they were read, up to %s",
			c.Cells.Equal, c.Cells.All(), at, c.Cells.Bounded, positionText(c.Until))
	default:
		return fmt.Sprintf("equal: all of %d cells, at %s", c.Cells.All(), at)
	}
}

// positionText returns offsets by their partitions.
func positionText(offsets []schema.Offset) string {
	var text strings.Builder
	text.WriteString("position")
	for p, at := range offsets {
		fmt.Fprintf(&text, " %d:%d", p, at)
	}
	return text.String()
}

// days says how the days of terminals compare.
func (r *Report) days() string {
	c := r.Counts
	switch {
	case !c.KnowDays():
		return fmt.Sprintf("days of terminals were not compared: A knows them %s, B %s", sinceText(c.KnownSince[0]), sinceText(c.KnownSince[1]))
	case c.Days.Different > 0:
		return fmt.Sprintf("days of terminals: %d of %d differ", c.Days.Different, c.Days.All())
	case c.Days.Bounded > 0:
		return fmt.Sprintf("days of terminals: %d of %d are equal, the others bounded", c.Days.Equal, c.Days.All())
	}
	return fmt.Sprintf("days of terminals: all of %d are equal", c.Days.All())
}

// sinceText returns since when something is known, in ingest time.
func sinceText(since schema.Instant) string {
	if since == 0 {
		return "from the beginning"
	}
	return "since " + since.Time().Format(time.RFC3339)
}

func (r *Report) releases() string {
	n := r.Releases
	switch {
	case n.Fork():
		return fmt.Sprintf("releases differ from number %d on: the public must be shown those of one database", n.Same+1)
	case n.A == n.B:
		return fmt.Sprintf("releases: the same %d", n.A)
	case n.A > n.B:
		return fmt.Sprintf("releases: A has %d, of which B has the first %d: copy them before the public is shown B", n.A, n.B)
	default:
		return fmt.Sprintf("releases: B has %d, of which A has the first %d: copy them before the public is shown A", n.B, n.A)
	}
}

// words are how differences are told.
type words struct{ lists *registry.Registry }

func (w words) difference(d *compare.Difference) string {
	state := "closed"
	if d.Open {
		state = "open"
	}
	where := fmt.Sprintf("partition %d, segment %d (%s)", d.Partition, d.Segment, state)
	switch {
	case d.Days != nil:
		return fmt.Sprintf("%s: A %s; B %s", dayText(d.Days), castText(&d.Days[0]), castText(&d.Days[1]))
	case d.Accounts != nil:
		return fmt.Sprintf("account of %s: A %s; B %s", where, accountText(&d.Accounts[0], &d.Accounts[1]), accountText(&d.Accounts[1], &d.Accounts[0]))
	}
	return fmt.Sprintf("%s: A %s; B %s; %s", w.cell(&d.Row.Cell), countsText(d.Row.Scale, &d.Counts[0]), countsText(d.Row.Scale, &d.Counts[1]), where)
}

// dayText returns whose day it is, and which; one of both may be 0.
func dayText(of *[2]presence.TerminalDay) string {
	d := &of[0]
	if *d == (presence.TerminalDay{}) {
		d = &of[1]
	}
	return fmt.Sprintf("terminal %v, %s", d.Terminal, d.Day.Time().Format(time.DateOnly))
}

// castText returns when a day's votes were cast.
func castText(d *presence.TerminalDay) string {
	if *d == (presence.TerminalDay{}) {
		return "nothing"
	}
	text := func(i schema.Instant) string { return i.Time().Format(time.RFC3339Nano) }
	return fmt.Sprintf("cast %s to %s, taken %s", text(d.First), text(d.Last), text(d.Ingested))
}

func (w words) cell(c *schema.Cell) string {
	place := c.Comune.String()
	if comune, ok := w.lists.Comune(c.Comune); ok {
		place += " " + comune.Name
	}
	if c.Office != "" {
		place += ", office " + string(c.Office)
	}
	return fmt.Sprintf("%s, %s, %v, %v, %v, %v", place, w.service(c.Service), c.Channel, c.Scale, c.Class, c.Hour)
}

// service returns the code of a service, or its number where a newer list has it.
func (w words) service(id schema.ServiceID) string {
	if s, ok := w.lists.Service(id); ok {
		return s.Code
	}
	return "service " + strconv.Itoa(int(id))
}

// valueText returns the face of v, or its number on other scales.
func valueText(s schema.Scale, v schema.Value) string {
	if s == schema.ScaleMLF3 && v >= schema.Red && v <= schema.Green {
		return v.Face()
	}
	return strconv.Itoa(int(v))
}

// reasonText returns what k is of: "red/staff".
func reasonText(s schema.Scale, k schema.ReasonKey) string {
	return valueText(s, k.Value()) + "/" + k.Reason().String()
}

func countsText(s schema.Scale, c *compare.Counts) string {
	var parts []string
	for v, n := range c.Values {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", valueText(s, schema.Value(v+1)), n))
		}
	}
	for _, r := range c.Reasons {
		parts = append(parts, fmt.Sprintf("%s %d", reasonText(s, r.Key), r.N))
	}
	return cmp.Or(strings.Join(parts, ", "), "nothing")
}

// accountText returns what of r is not as in other.
func accountText(r, other *schema.LedgerRow) string {
	var parts []string
	add := func(name string, ours, theirs any) {
		if ours != theirs {
			parts = append(parts, fmt.Sprintf("%s %v", name, ours))
		}
	}
	add("chain", fmt.Sprintf("%x", r.Chain[:8]), fmt.Sprintf("%x", other.Chain[:8]))
	add("next", r.Next, other.Next)
	add("newest", r.Newest.Time().Format(time.RFC3339Nano), other.Newest.Time().Format(time.RFC3339Nano))
	add("records", r.Records, other.Records)
	add("votes in", r.VotesIn, other.VotesIn)
	add("counted", r.Counted, other.Counted)
	add("duplicates", r.Duplicates, other.Duplicates)
	add("conflicts", r.Conflicts, other.Conflicts)
	add("quarantined", r.Quarantined, other.Quarantined)
	add("voided", r.Voided, other.Voided)
	add("events", fmt.Sprintf("%+v", r.Events), fmt.Sprintf("%+v", other.Events))
	return strings.Join(parts, ", ")
}

// A printer keeps the first error of writing.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}
