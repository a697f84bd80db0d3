// Package foreign plays what is not a terminal of the protocol and yet tells of votes:
// boxes with buttons on LoRaWAN and the servers that push their frames (box.go), devices
// that tell totals themselves (device.go), telephone exchanges with their webhooks and
// files (exchange.go), and the forms of municipal sites, with the bots that fill them in
// (site.go). What it makes is requests in the order in which they arrive, and the truth:
// what was pressed, and what of it can be known from what arrived.
//
// It knows public forms of others, and how they lose, double, delay and reorder what
// they send. It must not know HTTP, what time it is, or how any of it is read: all
// follows from the seed, and the weather changes no vote.
package foreign
