// Package heartbeat is what devices say of themselves: that they live, what waits in
// them, and how their storage and clock do.
//
// A device rotates a random value with each heartbeat: it names the one that it takes
// next and the one that it had. Tracks tells by them where two devices go on from one
// image. Records are read and written byte by byte (record.go).
//
// It must not know Kafka, HTTP or votes, nor when an office is open.
package heartbeat
