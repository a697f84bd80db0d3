package differences

import (
	"encoding/hex"
	"encoding/json"
	"io"
	"time"

	"mlf/aggregate/compare"
	"mlf/schema"
	"mlf/schema/presence"
	"mlf/schema/registry"
)

// document is a Report as JSON.
type document struct {
	A              string          `json:"a"`
	B              string          `json:"b"`
	Equal          bool            `json:"equal"`
	Log            string          `json:"log"`
	From           []schema.Offset `json:"from"`  // Both had reached it, by partition.
	Until          []schema.Offset `json:"until"` // A had reached it in the end.
	Months         int             `json:"months"`
	Segments       uint64          `json:"segments_closed"`
	Rows           uint64          `json:"rows_closed"`
	RowsOpen       uint64          `json:"rows_open"`
	RowsBounded    uint64          `json:"rows_bounded"`
	Votes          uint64          `json:"votes"`
	Cells          uint64          `json:"cells"`
	CellsEqual     uint64          `json:"cells_equal"`
	CellsBounded   uint64          `json:"cells_bounded"`
	CellsDifferent uint64          `json:"cells_different"`
	Days           days            `json:"days"`
	Differences    uint64          `json:"differences_total"`
	Shown          []difference    `json:"differences"`
	Releases       releases        `json:"releases"`
	RowsPerSecond  float64         `json:"rows_per_second"`
}

// days are days of terminals.
type days struct {
	Compared  bool          `json:"compared"`    // Both know them from the log's beginning.
	Known     [2]*time.Time `json:"known_since"` // By A and B, in ingest time; null: from the beginning.
	All       uint64        `json:"all"`
	Equal     uint64        `json:"equal"`
	Bounded   uint64        `json:"bounded"`
	Different uint64        `json:"different"`
}

type releases struct {
	A    int `json:"a"`
	B    int `json:"b"`
	Same int `json:"same"`
}

// A difference is of a cell, of the account of a segment, or of a day of a terminal.
type difference struct {
	Partition schema.Partition `json:"partition"`
	Segment   schema.Segment   `json:"segment"`
	Open      bool             `json:"open"`
	Cell      *cell            `json:"cell,omitempty"`
	Terminal  string           `json:"terminal,omitempty"`
	Day       string           `json:"day,omitempty"`
	A         any              `json:"a"` // counts of a cell, account, or castDay.
	B         any              `json:"b"`
}

type cell struct {
	Comune  schema.ComuneID   `json:"comune"`
	Office  schema.OfficeCode `json:"office"`
	Service string            `json:"service"`
	Channel string            `json:"channel"`
	Scale   string            `json:"scale"`
	Class   string            `json:"class"`
	Hour    time.Time         `json:"hour"`
}

type counts struct {
	Values  map[string]uint64 `json:"values"`
	Reasons map[string]uint64 `json:"reasons"` // By value/reason.
}

type account struct {
	Chain  string        `json:"chain"` // Empty: the segment is open.
	Next   schema.Offset `json:"next"`
	Newest time.Time     `json:"newest"`
	schema.Tally
}

// castDay is when the votes of a terminal's day were cast; null: it has none.
type castDay struct {
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
	Ingested time.Time `json:"ingested"`
}

// JSON writes the report as a JSON object.
func (r *Report) JSON(w io.Writer, lists *registry.Registry) error {
	c := r.Counts
	shown := make([]difference, len(c.Shown))
	for i := range shown {
		shown[i] = words{lists}.document(&c.Shown[i])
	}
	return json.NewEncoder(w).Encode(document{
		A: r.A, B: r.B, Equal: r.Equal(), Log: c.Log.String(), From: c.From, Until: c.Until, Months: c.Months, Segments: c.Segments,
		Rows: c.Rows, RowsOpen: c.RowsOpen, RowsBounded: c.RowsBounded, Votes: c.Votes,
		Cells: c.Cells.All(), CellsEqual: c.Cells.Equal, CellsBounded: c.Cells.Bounded, CellsDifferent: c.Cells.Different,
		Days: days{
			Compared: c.KnowDays(), Known: [2]*time.Time{sinceOf(c.KnownSince[0]), sinceOf(c.KnownSince[1])},
			All: c.Days.All(), Equal: c.Days.Equal, Bounded: c.Days.Bounded, Different: c.Days.Different,
		},
		Differences: c.Differences, Shown: shown, Releases: releases(r.Releases), RowsPerSecond: c.RowsPerSecond(),
	})
}

func sinceOf(i schema.Instant) *time.Time {
	if i == 0 {
		return nil
	}
	at := i.Time()
	return &at
}

func (w words) document(d *compare.Difference) difference {
	out := difference{Partition: d.Partition, Segment: d.Segment, Open: d.Open}
	switch {
	case d.Days != nil:
		for i, side := range []*any{&out.A, &out.B} {
			if of := &d.Days[i]; *of != (presence.TerminalDay{}) {
				out.Terminal, out.Day = of.Terminal.String(), of.Day.Time().Format(time.DateOnly)
				*side = castDay{of.First.Time(), of.Last.Time(), of.Ingested.Time()}
			}
		}
		return out
	case d.Accounts != nil:
		out.A, out.B = accountOf(&d.Accounts[0]), accountOf(&d.Accounts[1])
		return out
	}
	c := &d.Row.Cell
	out.Cell = &cell{
		Comune: c.Comune, Office: c.Office, Service: w.service(c.Service),
		Channel: c.Channel.String(), Scale: c.Scale.String(), Class: c.Class.String(), Hour: c.Hour.Time(),
	}
	out.A, out.B = countsOf(c.Scale, &d.Counts[0]), countsOf(c.Scale, &d.Counts[1])
	return out
}

func countsOf(s schema.Scale, c *compare.Counts) counts {
	out := counts{Values: make(map[string]uint64), Reasons: make(map[string]uint64)}
	for v, n := range c.Values {
		if n > 0 {
			out.Values[valueText(s, schema.Value(v+1))] = n
		}
	}
	for _, r := range c.Reasons {
		out.Reasons[reasonText(s, r.Key)] = r.N
	}
	return out
}

func accountOf(r *schema.LedgerRow) account {
	out := account{Next: r.Next, Newest: r.Newest.Time(), Tally: r.Tally}
	if r.Chain != (schema.Chain{}) {
		out.Chain = hex.EncodeToString(r.Chain[:])
	}
	return out
}
