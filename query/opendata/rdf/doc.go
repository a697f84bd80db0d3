// Package rdf writes a few statements about things in Turtle and in JSON-LD, of one
// model.
//
// It knows the two notations. It must not know any vocabulary.
package rdf
