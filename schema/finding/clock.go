package finding

import (
	"fmt"
	"time"
)

// A Clock is somebody's, that was asked for the time.
type Clock struct {
	Check, On   string
	At          time.Time     // What it showed.
	Sent, Heard time.Time     // When it was asked and had answered, by ours.
	Most        time.Duration // How far it may be away.
	Breaks      string        // What comes of it beyond Most.
}

// clockCut is how much of a time is cut off when it is told.
const clockCut = time.Second

// Judge compares it with ours. What lies between asking and hearing is no difference:
// it may be the way.
func (c Clock) Judge() Finding {
	var away time.Duration
	switch {
	case c.At.Before(c.Sent.Add(-clockCut)):
		away = c.At.Sub(c.Sent)
	case c.At.After(c.Heard.Add(clockCut)):
		away = c.At.Sub(c.Heard)
	}
	f := Finding{Status: OK, Check: c.Check, On: c.On, Says: fmt.Sprintf("within %v of this machine's", clockCut)}
	if away == 0 {
		return f
	}
	f.Status = Warn
	f.Says = fmt.Sprintf("its clock is %v from this machine's", away.Round(100*time.Millisecond))
	f.Breaks = fmt.Sprintf("beyond %v: %s", c.Most, c.Breaks)
	f.Remedy = "mend the time service (NTP) of whichever is wrong"
	if away.Abs() > c.Most {
		f.Status, f.Breaks = Fail, c.Breaks
	}
	return f
}
