// Package fold is what a vote comes to: the pure function from the records of one
// partition to cells, ledger and watermarks, and its state as a checkpoint.
//
// It is called with one record after the other (fold.go). What was seen of a stream
// decides on each vote (stream.go, spans.go); what is counted goes into cells
// (cell.go), and what has changed comes out as cumulative rows (rows.go). The whole
// state can be written and read again (checkpoint.go, checkpoint_read.go), byte by
// byte the same whoever has counted. Where going on would lose or invent votes, it
// halts (halt.go).
//
// It knows records and nouns of package schema. It must not know a clock, a context,
// the log that records come from or the store that rows go to: two folds of the same
// records are equal.
package fold
