// Package sim plays terminals, ingest, log, workers and store in one schedule that
// a seed fixes, with everything going wrong that may, and then holds the store to
// what the terminals cast.
//
// Real are the parts that decide: the producer's group commit, the fold, recovery,
// flush and checkpoints. Doubles are the log, the store and the assignment of
// partitions. A double never acts when it is called: the call waits, and a scheduler
// picks by its dice which of the waiting calls happens next, what becomes of it
// (done, refused, done in part, done twice, done later, its answer lost or held
// back, its process killed before or after), or lets time go by. Between two steps
// every process is at rest (testing/synctest), so the dice are all that decides, and
// a seed plays the same schedule every time.
//
// What the workers tell is followed by who goes by the rule of schema.Claim. At its
// position it must have every row of the log, all the while, and never more than the
// log has; what was told may be lost, doubled, delayed, or of a killed process.
//
// Of most points where a process may be killed there are few, so most schedules
// have it in for one of them. Faults lists what can go wrong; a run of enough
// schedules fails when any of it did not happen.
//
// The package knows the seams of ingest/broker and aggregate. It must not know
// Kafka, ClickHouse or HTTP.
package sim
