// Package served is the topic of served users in memory: how many users each place
// served on each day, as far as anybody said.
//
// A Book takes records in any order, any number of times, and holds of each key the
// one that supersedes the others. It answers by sums of what is known, and never
// takes what is not known for nobody (sums.go). Who writes to the topic asks it
// first, and mends what two that wrote at once have left (Behind).
//
// It knows records and keys, byte by byte (record.go). It must not know Kafka, HTTP, votes, or what day it is.
package served
