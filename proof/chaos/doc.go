// Package chaos runs the whole service as real processes, breaks them and the
// lines between them at random moments while a simulated country votes, and holds
// every figure against what was cast.
//
// It knows how to start, kill, freeze and cut: processes by their signals,
// brokers and the ClickHouse engine through those who run them, connections
// through proxies of its own. It must not know the inside of any stage: what it
// sees of them is their command line, their probes and the public ledger.
package chaos
