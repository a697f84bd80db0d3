package cdr

import (
	"errors"
	"io"
	"strconv"
	"strings"

	"mlf/ingest/call"
	"mlf/schema"
)

// The columns of queue_log (Asterisk's documentation: Queue Logs), from 0:
// time|uniqueid|queue|member|EVENT|what the event says.
const (
	columnTime  = 0
	columnID    = 1
	columnQueue = 2
	columnEvent = 4
	columnSays  = 5
)

// NewQueueLog reads queue_log from r. A key is in an event that the dialplan adds with
// QueueLog(tributi,${UNIQUEID},NONE,SURVEY,key=1), under whatever name; the events of
// Asterisk's own tell of none. A key was pressed when its event was written.
func NewQueueLog(r io.Reader, cfg Config) *File {
	f, known := newFile(r, cfg)
	f.parse = known.event
	return f
}

func (c *Config) event(line string) (call.Call, error) {
	row := strings.Split(line, "|")
	if len(row) <= columnEvent {
		return call.Call{}, errors.New("want time|uniqueid|queue|member|EVENT and what the event says")
	}
	key, err := c.pressed(strings.Join(row[columnSays:], "|"))
	if err != nil {
		return call.Call{}, err
	}
	answer := call.Call{Key: key, HasAt: true, Queue: queue(row[columnQueue])}
	if answer.ID, err = call.IDOf(c.Serial, row[columnID]); err != nil {
		return call.Call{}, err
	}
	const secondsMax = 253402300799 // The year 9999.
	whole, _, _ := strings.Cut(row[columnTime], ".")
	seconds, err := strconv.ParseUint(whole, 10, 64)
	if err != nil || seconds == 0 || seconds > secondsMax {
		return call.Call{}, errors.New("want the first column to be seconds since 1970")
	}
	answer.At = schema.Instant(seconds * 1000)
	return answer, nil
}
