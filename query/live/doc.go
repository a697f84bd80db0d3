// Package live tells many listeners what has changed, at most once a second: one
// look for all of them, and of each listener nothing is kept but where it is.
//
// It knows server-sent events and how their readers may be slow or leave. It must
// not know what an event says, or whom it may be told.
package live
