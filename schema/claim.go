package schema

// CountsTopic is where workers tell what they have counted, before the store has
// it: ClaimBatch records; one partition, kept for two days, no compaction. Losing
// any of it costs a reload from the store, never a count.
const CountsTopic = "counts.v1"

// A Claim says: these are all cells of a partition that the records from After on
// have changed, as they are after the records below Next. Who holds every cell as
// of an offset n, After <= n, and merges the rows by maximum holds every cell as of
// Next, whoever sent the claim, how late, or how often (the argument of Rollup).
// With After > n something is missing between: a gap.
type Claim struct {
	Partition   Partition
	After, Next Offset
	Rollups     []Rollup    // Cumulative. Partition is the claim's.
	Ledger      []LedgerRow // Of the segments that records [After, Next) are in: those closed, with their chains, then the open one.
}

// A ClaimBatch is a record of the counts topic: what one process tells at once.
// What is too long for one record comes in several, numbered without a gap. The
// rows of any of them are true by themselves; the claims are in the last, and hold
// for who has seen all from First on.
type ClaimBatch struct {
	Log    LogID
	Teller TellerID
	Number uint64 // Of the record among those of its teller, from 1.
	First  uint64 // Number of the first record of what is told at once; at most Number.
	Last   bool   // The claims' After, Next and Ledger are here; else rows alone.
	Claims []Claim
}

// A TellerID tells one process's records from another's. It is random, made at
// the start of the process.
type TellerID [16]byte
