package cube

import (
	"encoding/hex"

	"mlf/query/cube/journal"
	"mlf/query/cube/packed"
	"mlf/query/question"
	"mlf/schema"
)

// A State is all counts at one moment. It never changes, and is a question.View:
// safe for concurrent use, every answer as of the same records.
type State struct {
	*packed.Cells
	log    schema.LogID
	ledger []schema.LedgerTotals

	journal *journal.Journal // As of this state at least.
}

var _ question.Diary = (*State)(nil)

// Ledger returns the account of every partition, in order, from partition 0. All
// that it accounts for is in the counts. State, Reason and Since are not known
// here, and zero. The caller must not change it.
func (s *State) Ledger() []schema.LedgerTotals { return s.ledger }

// Log returns whose counts they are.
func (s *State) Log() schema.LogID { return s.log }

// Version returns a text that differs when any count of hours [from, next) does, or
// when they are of another log. Votes of other months do not change it, and all
// processes that have the same counts have the same version.
func (s *State) Version(from, next schema.Hour) string {
	return hex.EncodeToString(s.log[:4]) + "-" + s.Cells.Version(from, next)
}

// Changed returns the months of comuni whose counts may differ from those of any state,
// of any process, whose position is since; see question.Diary. What has changed after s
// may be among them.
func (s *State) Changed(since question.Position) ([]question.PlaceMonth, bool) {
	return s.journal.Since(since)
}
