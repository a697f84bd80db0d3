// Package meta is what an answer says of itself: what was asked, how its figures are made,
// what they leave out, and how far the counts have come.
//
// It knows questions, formulas and ledgers. It must not know what any answer says, HTTP, or
// where counts come from.
package meta
