// Package aggregate counts the votes of the log: it folds every record of the
// partitions it holds into cells and ledger, and writes them to the store.
//
// The promise is kept by three things.
//
//   - The fold (package fold) is a pure function of the log's prefix: no clock, no
//     randomness, nothing looked up. Two workers that read the same records hold
//     the same state, bit by bit; the chain hash proves it.
//   - What is written (fold.Rows) is cumulative and merged by maximum, so that a row
//     may be written twice, late, or by a worker that was thought dead.
//   - A worker (worker.go) begins where a checkpoint ends (recovery.go), sees that
//     the log is still the one that was counted (reading.go), and a checkpoint is
//     written only after the rows up to it were acknowledged (flush.go).
//
// So nothing depends on who owns a partition, and nothing on a clock but how soon
// a vote is seen. What would lose or invent votes halts its partition, and waits
// for a person.
//
// The package knows the seams it declares (seams.go), and neither Kafka nor
// ClickHouse nor HTTP.
package aggregate
