//go:build !race

package ingest_test

// allocationsMax is the most that a request may allocate: one object of fasthttp's,
// the reader of what came of the body with its header. The rest is the share of a
// connection, and of pools that were just emptied.
const allocationsMax = 1.5
