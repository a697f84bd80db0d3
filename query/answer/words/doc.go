// Package words is what answers call things: dimensions and their values, in three
// languages, and questions in the words of the database's views.
//
// It knows dimensions, questions and the registry. It must not know what was counted,
// or how an answer is written.
package words
