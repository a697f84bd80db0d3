// Package questions is what a made-up country is asked, and who can answer: whoever
// holds the counts, the rollups in the database, single votes there; and whether they
// say the same.
//
// It knows the forms in which each asks. It must not know how long an answer takes, nor
// who starts whom.
package questions
