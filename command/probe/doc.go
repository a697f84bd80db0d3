// Package probe is a terminal for tests that votes through the public addresses and
// watches its votes become counted and shown: what no process says of itself, for
// nobody asks it.
//
// It knows the terminals' protocol and the public answers. It must not know Kafka,
// ClickHouse, nor any stage.
package probe
