// Package sim plays terminals, ingest, log, workers and store in one schedule that
// a seed fixes, with everything going wrong that may, and then holds the store to
// what the terminals cast.
//
// Real are the parts that decide: the producer's group commit, the fold, recovery,
// flush and checkpoints, and the counts in memory. Doubles are the log, the store and the assignment of
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
// In half of the schedules the counts in memory follow, too, as those who answer
// questions have them: their calls go wrong as all others do, the topic loses its
// head or is made anew, the process is killed, stopped and frozen, and the next
// begins with the snapshots that are left, the newest perhaps damaged. Every answer
// has what its ledger accounts for and no more than the log; in the end it is the
// log, figure by figure, and every closed segment is sealed. Segments are as long as
// the protocol has them, so only schedules that begin near the end of one see it.
//
// Of most points where a process may be killed there are few, so most schedules
// have it in for one of them. Faults lists what can go wrong; a run of enough
// schedules fails when any of it did not happen.
//
// The package knows the seams of ingest/broker, aggregate and query/cube. It must not know
// Kafka, ClickHouse or HTTP.
package sim
