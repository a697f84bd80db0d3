// Package rating reads what the rating forms of municipal sites send: one to five
// stars, and the answer to the question that follows them.
//
// [Read] knows the bodies that are in use (Shape), each told from the others by its
// fields. A body becomes fields (fields.go), these a [Rating] by the rules of their
// shape (shapes.go), and the text of an answer a reason by one table (answers.csv,
// answers.go). The citizen's own words end here: what is left of them is a hash.
//
// It knows bodies, labels and scale stars5. It must not know HTTP, the log, who sent a
// body, which page belongs to which service, or what time it is.
package rating
