// Package network is the figures of the network: how many bodies take part, what they
// ordered, and how many of their terminals vote, by region and class of population.
//
// Figures are a function of bodies, orders and terminals, of when each terminal was last
// seen, and of a day. It knows these, and how an answer is written. It must not know HTTP,
// Kafka, SQL, or how it is known that a terminal was seen: who answers says so (Source).
package network
