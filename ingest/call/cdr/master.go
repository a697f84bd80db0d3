package cdr

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"mlf/ingest/call"
)

// The columns of Master.csv (Asterisk, cdr/cdr_csv.c), from 0. The last two are there
// where cdr.conf has loguniqueid and loguserfield; three more follow them with
// newcdrcolumns: peeraccount, linkedid, sequence.
const (
	columnLastApp  = 7
	columnLastData = 8
	columnEnd      = 11
	columnDuration = 12
	columnUniqueID = 16
	columnUser     = 17

	columns    = 18
	columnsNew = 3
)

// durationMax is the longest call, in seconds: a week. A line that says more was cut.
const durationMax = 7 * 24 * 3600

// NewMaster reads Master.csv from r. A call has the queue that userfield names
// (queue=tributi), else the one that the call was last in. It ended so many seconds
// after its beginning, which its id has, as the column duration says; without such an
// id, when the column end says, in cfg.Zone.
func NewMaster(r io.Reader, cfg Config) *File {
	f, known := newFile(r, cfg)
	f.parse = known.master
	return f
}

func (c *Config) master(line string) (call.Call, error) {
	reader := csv.NewReader(strings.NewReader(line))
	reader.ReuseRecord = true
	row, err := reader.Read()
	if err != nil {
		return call.Call{}, errors.New("want columns parted by commas, texts in quotation marks that are doubled inside")
	}
	switch len(row) {
	case columns, columns + columnsNew:
	default:
		return call.Call{}, fmt.Errorf("has %d columns: want %d, with loguniqueid=yes and loguserfield=yes in cdr.conf, or %d with newcdrcolumns=yes",
			len(row), columns, columns+columnsNew)
	}
	key, err := c.pressed(row[columnUser])
	if err != nil {
		return call.Call{}, err
	}
	id := row[columnUniqueID]
	answer := call.Call{Key: key, HasAt: true}
	if answer.ID, err = call.IDOf(c.Serial, id); err != nil {
		return call.Call{}, err
	}
	seconds, err := strconv.ParseInt(row[columnDuration], 10, 64)
	if err != nil || seconds < 0 || seconds > durationMax {
		return call.Call{}, fmt.Errorf("want the column duration to be 0 to %d seconds", durationMax)
	}
	if answer.At, err = c.ended(id, seconds, row[columnEnd]); err != nil {
		return call.Call{}, err
	}
	named, _ := c.field(row[columnUser], "queue")
	last := ""
	if row[columnLastApp] == "Queue" {
		last, _, _ = strings.Cut(row[columnLastData], ",")
	}
	answer.Queue = queue(named, last)
	return answer, nil
}
