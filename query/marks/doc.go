// Package marks is what is known beside counts and marks figures: breaks in the series,
// and where nobody could vote.
//
// It knows annotations, enrolments, and the groups of a question. It must not know votes,
// how figures are made, HTTP, or what may be shown to whom.
package marks
