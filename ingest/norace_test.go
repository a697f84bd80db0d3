//go:build !race

package ingest_test

// allocationsMax is the most that a request may allocate: one object of
// fasthttp's, for the body's stream, and what pools that were just emptied need.
const allocationsMax = 3
