// Package network is who takes part and with what: bodies, what they ordered, and the
// codes by which devices become their terminals.
//
// All of it lies on the registry topic, beside the terminals. A Network has it in memory,
// as of the last record applied. An Offer is what a code is for, and a Redemption is an
// attempt to make use of it; of several the first on the log wins, for ever (claims.go).
// Programmes are rules by which orders are paid for, as data (programmes.json).
//
// It knows records, dates and comuni. It must not know Kafka, HTTP, votes, or what time
// it is. In the protocol an offer and its redemption are called a claim; in code that word
// is taken by what workers tell.
package network
