// Package compare tells whether two counts of one log are the same: cell by cell,
// while votes come in.
//
// Closed segments of both are final. Their chains, accounts and rows must be equal,
// and are read side by side in one order, month by month, so that memory does not
// grow with the country. Open segments grow while they are read. The first count is
// read, then the second, then the first again; counts never fall, so what the second
// says lies between the two, and where these are equal all three are. Nothing needs
// to stand still, and no clock is trusted. When terminals voted is compared in the same
// way.
//
// It knows what two counts of one log must agree in: identity, accounts, rollups, days of
// terminals, headers of releases. It must not know SQL, HTTP, Kafka, nor what cells are called.
package compare
