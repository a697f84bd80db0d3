// Package disclosure publishes counts without betraying anybody: it cuts votes
// into lots, disjoint sets of at least k votes that are each published once and
// never change, and answers the public's questions by sums of lots alone. So
// whatever is combined of any answers, of any day, and comes to a set of votes is
// a union of lots: at least k of them.
//
// It knows the rule, the lots and which of them lie within what was asked. It must
// not know HTTP, SQL, or how votes came to be counted.
package disclosure
