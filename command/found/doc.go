// Package found says what became of one vote: for people and as JSON, in the codes of
// the registry.
//
// It knows words. It must not know where records come from, nor how it was found out.
package found
