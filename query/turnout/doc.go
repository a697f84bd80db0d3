// Package turnout counts how many of those who were served voted.
//
// Exact counts are set against who was served at the same place on the same day. Lots
// cannot be: one may be of several days, and set against any of them it would leave out
// votes and none of the users. So of lots there is what bulletins froze, whole months.
//
// It knows questions, served users and what was frozen. It must not know HTTP, or how an
// answer is written.
package turnout
