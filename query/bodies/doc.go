// Package bodies is how a body looks after its terminals by itself: it sees them, makes
// codes for new ones, closes and revokes them, and notes its orders.
//
// It knows bodies, orders, offers and terminals, and who may do what to them. It must not
// know how a request is read or refused (that is desk), Kafka, the store, or any count of
// votes. What it changes it has a Registrar write. An offer is called a claim here, as on
// the wire.
package bodies
