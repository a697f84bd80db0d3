package alert

import (
	"mlf/schema"
	"mlf/schema/alert"
)

// A Verdict is what an hour says of a rule.
type Verdict struct {
	Known bool   // Else nobody can say: whatever is open stays as it is.
	Why   string // Why not, for a metric.
	Opens bool   // An alert would open.
	Calm  bool   // One that is open may begin to close.

	Figures   *alert.Figures
	Terminals []schema.TerminalID // At most alert.TerminalsMax of Count.
	Count     int
}
