// Package uplink is what boxes with buttons say, and what is said in their name: the
// bodies that LoRaWAN servers, Sigfox and a maker push (networks.go), the frames of a
// Smilio in them (smilio.go), and the counters of devices that speak HTTP themselves
// (counters.go).
//
// All of them tell totals, because a network server delivers a frame once and forgets
// it: the next frame says again what the lost one said. So nothing here is a vote. It
// knows bodies and bytes, and refuses what it does not know rather than guess. It must
// not know HTTP, what time it is, which face a button has, or what was said before:
// how far a total has grown is for those to tell who see all frames in order.
package uplink
