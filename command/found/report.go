package found

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"

	"mlf/aggregate/fold"
	"mlf/aggregate/inquiry"
	"mlf/schema"
	"mlf/schema/registry"
)

// A Report is what became of a vote.
type Report struct {
	Log      schema.LogID
	Stream   schema.Stream
	Seq      schema.Seq
	Answer   *inquiry.Answer
	Database string                 // Where the count was looked up; empty: nowhere.
	Counted  *schema.PartitionState // Of the partition there; nil: not known.
	Next     schema.Offset          // One past the last record that is in the database, where there is one.
}

// AccountedFor tells whether the seq is closed: its vote is counted, or was voided.
func (r *Report) AccountedFor() bool {
	switch r.Answer.Fate {
	case inquiry.Counted, inquiry.Voided, inquiry.Closed, inquiry.Decided:
		return true
	default:
		return false
	}
}

// flushed tells whether what decided the vote is in the database; nil: not known.
func (r *Report) flushed() *bool {
	a := r.Answer
	if r.Database == "" || a.Decisive < 0 {
		return nil
	}
	in := a.Sightings[a.Decisive].Offset < r.Next
	return &in
}

// The report as JSON. Its keys stay as they are.
type (
	reportJSON struct {
		Terminal   schema.TerminalID `json:"terminal"`
		Stream     string            `json:"stream"`
		Seq        schema.Seq        `json:"seq"`
		Slot       schema.Slot       `json:"slot"`
		Log        string            `json:"log"`
		Partition  schema.Partition  `json:"partition"`
		LogStart   schema.Offset     `json:"log_start"`
		LogEnd     schema.Offset     `json:"log_end"`
		ReadFrom   schema.Offset     `json:"read_from"`
		JudgedFrom *schema.Offset    `json:"judged_from"` // Null: nothing was judged.
		Fate       inquiry.Fate      `json:"fate"`
		Offset     *schema.Offset    `json:"offset"` // Of the record that decided.
		Row        *rowJSON          `json:"row"`
		Database   *databaseJSON     `json:"database"`
		Halted     string            `json:"halted,omitempty"`
		Records    []recordJSON      `json:"records"`
	}
	rowJSON struct {
		Comune  schema.ComuneID   `json:"comune"`
		Office  schema.OfficeCode `json:"office"`
		Service string            `json:"service"`
		Channel schema.Channel    `json:"channel"`
		Scale   schema.Scale      `json:"scale"`
		Class   string            `json:"class"`
		Hour    time.Time         `json:"hour"`
		Segment schema.Segment    `json:"segment"`
	}
	databaseJSON struct {
		Place      string        `json:"place"`
		NextOffset schema.Offset `json:"next_offset"`
		State      schema.State  `json:"state"`
		Flushed    *bool         `json:"flushed"` // Null: no record that was read decided.
	}
	recordJSON struct {
		Offset   schema.Offset `json:"offset"`
		Index    int           `json:"index"`
		Taken    time.Time     `json:"taken"`
		Appended time.Time     `json:"appended"`
		At       time.Time     `json:"at"`
		Value    schema.Value  `json:"value"` // 0: voided.
		Face     string        `json:"face,omitempty"`
		Reason   string        `json:"reason,omitempty"`
		Service  string        `json:"service"`
		Fate     *string       `json:"fate"` // Null: not judged.
		Why      string        `json:"why,omitempty"`
	}
)

// JSON writes the report as one object.
func (r *Report) JSON(w io.Writer, lists *registry.Registry) error {
	a := r.Answer
	out := reportJSON{
		Terminal: r.Stream.Terminal, Stream: StreamText(r.Stream.ID), Seq: r.Seq, Slot: r.Stream.Slot, Log: r.Log.String(), Partition: a.Partition,
		LogStart: a.First, LogEnd: a.Next, ReadFrom: a.From, Fate: a.Fate, Records: []recordJSON{},
	}
	if a.JudgedFrom != schema.OffsetUnknown {
		out.JudgedFrom = &a.JudgedFrom
	}
	if a.Halt != nil {
		out.Halted = a.Halt.Error()
	}
	if r.Database != "" {
		out.Database = &databaseJSON{Place: r.Database, NextOffset: r.Next, State: r.Counted.State, Flushed: r.flushed()}
	}
	for i := range a.Sightings {
		out.Records = append(out.Records, recordOf(&a.Sightings[i], lists))
	}
	if a.Decisive >= 0 {
		s := &a.Sightings[a.Decisive]
		out.Offset = &s.Offset
		if s.Fate == fold.Counted {
			out.Row = rowOf(s, lists)
		}
	}
	return json.NewEncoder(w).Encode(out)
}

func rowOf(s *inquiry.Sighting, lists *registry.Registry) *rowJSON {
	c := &s.Cell
	return &rowJSON{
		Comune: c.Comune, Office: c.Office, Service: service(lists, c.Service), Channel: c.Channel, Scale: c.Scale,
		Class: c.Class.String(), Hour: c.Hour.Time(), Segment: s.Segment,
	}
}

func recordOf(s *inquiry.Sighting, lists *registry.Registry) recordJSON {
	v := &s.Vote
	out := recordJSON{
		Offset: s.Offset, Index: s.Index, Taken: s.Header.Ingested.Time(), Appended: s.Appended.Time(), At: v.At.Time(),
		Value: v.Value, Service: service(lists, v.Service), Why: s.Why.String(),
	}
	if s.Header.Scale == schema.ScaleMLF3 && v.Value != schema.Voided {
		out.Face = v.Value.Face()
	}
	if v.Reason != schema.ReasonNone {
		out.Reason = v.Reason.String()
	}
	if s.Fate != 0 {
		fate := s.Fate.String()
		out.Fate = &fate
	}
	return out
}

// StreamText returns how a stream's id is shown: in hexadecimal, 16 digits.
func StreamText(id schema.StreamID) string { return fmt.Sprintf("%016x", uint64(id)) }

// service returns the code of a service, or its number where a newer list has it.
func service(lists *registry.Registry, id schema.ServiceID) string {
	if s, ok := lists.Service(id); ok {
		return s.Code
	}
	return strconv.Itoa(int(id))
}

// Print writes the report for people.
func (r *Report) Print(w io.Writer, lists *registry.Registry) error {
	a := r.Answer
	out := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintf(out, "vote %d of terminal %v, stream %s: %s\n", r.Seq, r.Stream.Terminal, StreamText(r.Stream.ID), meaning(a.Fate))
	if a.Decisive >= 0 {
		r.printDecisive(out, lists)
	}
	for i := range a.Sightings {
		if i == 0 {
			fmt.Fprintln(out, "\n  OFFSET\tVOTE\tTAKEN\tAT\tSAYS\tSERVICE\tFATE")
		}
		rec := recordOf(&a.Sightings[i], lists)
		fmt.Fprintf(out, "  %d\t%d\t%s\t%s\t%s\t%s\t%s\n", rec.Offset, rec.Index, stamp(rec.Taken), stamp(rec.At), says(&rec), rec.Service, fateText(&rec))
	}
	fmt.Fprintf(out, "\nlog %v, partition %d (slot %d): records %d to %d were read, of %d to %d\n",
		r.Log, a.Partition, r.Stream.Slot, a.From, a.Next, a.First, a.Next)
	switch {
	case a.JudgedFrom == schema.OffsetUnknown:
		fmt.Fprintln(out, "what was before them decides on a vote: without it, or --clickhouse, nothing is said of what became of these")
	case a.JudgedFrom > 0:
		fmt.Fprintf(out, "counted from a checkpoint at %d on: records before are shown without their fate\n", a.JudgedFrom)
	}
	if a.Halt != nil {
		fmt.Fprintf(out, "counting halts there: %v\n", a.Halt)
	}
	return out.Flush()
}

func (r *Report) printDecisive(out io.Writer, lists *registry.Registry) {
	s := &r.Answer.Sightings[r.Answer.Decisive]
	fmt.Fprintf(out, "  decided by record %d of partition %d, its vote %d\n", s.Offset, r.Answer.Partition, s.Index)
	if s.Fate == fold.Counted {
		row := rowOf(s, lists)
		place := row.Comune.String()
		if comune, ok := lists.Comune(row.Comune); ok {
			place += " " + comune.Name
		}
		fmt.Fprintf(out, "  row: %s, office %s, %s, %v, %v, class %s, hour %s, segment %d\n",
			place, cmp.Or(string(row.Office), "-"), row.Service, row.Channel, row.Scale, row.Class, stamp(row.Hour), row.Segment)
	}
	if in := r.flushed(); in != nil && *in {
		fmt.Fprintf(out, "  in %s: yes, it has counted the records below %d\n", r.Database, r.Next)
	} else if in != nil {
		fmt.Fprintf(out, "  in %s: not yet, it has counted the records below %d (%s)\n", r.Database, r.Next, r.Counted.State)
	}
}

// meaning says what a fate is.
func meaning(f inquiry.Fate) string {
	switch f {
	case inquiry.Counted:
		return "counted"
	case inquiry.Voided:
		return "voided: its number is closed, and counts nothing"
	case inquiry.Closed:
		return "closed: its stream had too many gaps, and the gap that it was in was closed for good"
	case inquiry.Quarantined:
		return "quarantined: it is on the log, and may not count"
	case inquiry.Absent:
		return "not there: no record that was read holds it, and its number is open. The terminal has it, or it was never sent"
	case inquiry.Decided:
		return "decided: counted, voided, or the number was closed, by a record that was not read"
	default:
		return "not known"
	}
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func says(r *recordJSON) string {
	text := cmp.Or(r.Face, strconv.Itoa(int(r.Value)))
	if r.Value == schema.Voided {
		text = "void"
	}
	if r.Reason != "" {
		text += "/" + r.Reason
	}
	return text
}

func fateText(r *recordJSON) string {
	switch {
	case r.Fate == nil:
		return "not judged"
	case r.Why != "":
		return *r.Fate + ": " + r.Why
	}
	return *r.Fate
}
