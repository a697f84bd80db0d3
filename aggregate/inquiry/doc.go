// Package inquiry finds out what became of one vote, from the log: which records hold
// it, which of them decided it, and in which row it was counted.
//
// It reads the partition on which the vote's stream lies from its genesis and runs the
// fold over it, so what it says is what every worker has counted, not a second
// judgement. Where it may not read from the genesis, because retention has removed it
// or somebody asks only for what came since, a checkpoint of a database stands for what
// was before; records before that, and all of them without one, are found, and nothing
// is said of what they came to.
//
// It knows records, the fold and checkpoints. It must not know Kafka, SQL, HTTP, what
// cells are called, nor how an answer is shown.
package inquiry
