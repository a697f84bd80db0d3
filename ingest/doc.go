// Package ingest is the front door: votes come in over HTTP and are on the log
// before they are answered 202.
//
// It knows the terminals' protocol, the enrolments and the log's record format.
// It must not know what is behind the log (broker, count, store), keeps no vote
// that was not acknowledged, and removes no duplicates: the count does. fasthttp
// is imported here and nowhere else in the service.
package ingest
