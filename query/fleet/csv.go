package fleet

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"time"
)

// CSV writes the terminals of a, or its counts where they are by group (RFC 4180). What is
// not known is empty.
func (a *Answer) CSV() []byte {
	var buf bytes.Buffer
	w := csv.NewWriter(&buf)
	w.UseCRLF = true
	write := func(cells ...any) {
		line := make([]string, len(cells))
		for i, cell := range cells {
			line[i] = text(cell)
		}
		_ = w.Write(line) // Never fails: it writes to memory.
	}
	if a.grouped {
		write("by", "code", "terminals", "ok", "silent", "copied", "lost", "unheard", "waiting")
		for _, c := range a.Counts {
			write(c.By, c.Code, c.Terminals, c.OK, c.Silent, c.Copied, c.Lost, c.Unheard, c.Waiting)
		}
	} else {
		write("terminal", "comune", "region", "body", "office", "channel", "test", "state", "last_seen", "last_vote", "seq", "waiting", "oldest_ms",
			"persisted", "free", "lost", "clock_error_ms", "version", "battery_mv", "pressed_double", "pressed_multi", "pressed_repeat", "copied_at")
		for i := range a.Terminals {
			t := &a.Terminals[i]
			write(t.Terminal, t.Comune, t.Region, t.Body, t.Office, t.Channel, t.Test, t.State, t.LastSeen, t.LastVote, t.Seq, t.Waiting, t.OldestMS,
				t.Persisted, t.Free, t.Lost, t.ClockErrorMS, t.Version, t.BatteryMV, t.PressedDouble, t.PressedMulti, t.PressedRepeat, t.CopiedAt)
		}
	}
	w.Flush()
	return buf.Bytes()
}

// text writes one cell.
func text(cell any) string {
	switch v := cell.(type) {
	case *time.Time:
		if v != nil {
			return v.Format(time.RFC3339)
		}
	case *uint64:
		return known(v)
	case *int64:
		return known(v)
	case *uint32:
		return known(v)
	case *bool:
		return known(v)
	default:
		return fmt.Sprint(cell)
	}
	return ""
}

func known[T any](v *T) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(*v)
}
