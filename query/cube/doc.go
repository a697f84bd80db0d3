// Package cube is all counts in memory: every cell of the country, as of an offset
// of every partition.
//
// A State answers questions and never changes. A Follower makes the next one: it
// loads what the store has, takes what workers tell by maximum, as the store does,
// balances every closed segment against the store's ledger, and keeps a snapshot
// file to start from. How counts are kept in few bytes is package packed's.
//
// It knows claims, maxima and positions. It must not know SQL, HTTP, Kafka, nor
// what is asked and shown.
package cube
