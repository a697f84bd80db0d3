// Package uncounted looks from outside at what is on the log and not in the store, so
// that somebody says it also when every worker is dead or hangs.
//
// It knows offsets, append times and how far the store has counted. It must not know
// what is counted, nor who answers whom.
package uncounted
