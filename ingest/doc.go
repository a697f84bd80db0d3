// Package ingest is the front door: votes come in over HTTP and are on the log
// before they are answered 202.
//
// It knows the terminals' protocol, the enrolments and the log's record format.
// It must not know what is behind the log (broker, count, store), keeps no vote
// that was not acknowledged, and removes no duplicates: the count does. fasthttp
// is imported here and nowhere else in the service.
//
// The cast, in order of appearance. A [Server] accepts a conn, which reads a
// request ahead (incoming) and hands its header to one of the engines, fasthttp's.
// The request is an exchange. route finds its endpoint; checkHeader makes of it a
// posted request: the enrolment of its terminal by the token, its kind and coding,
// or a refusal, which names a problem. The body is read into an intake, as an
// arrival that the budget and the arrivals of its terminal allow; a chunkedBody is
// one without a length, and an inflater takes off its coding. A scanner or
// decodeProto reads it into a message of claims, by the form of the terminal. judge
// turns claims into votes and findings, the verdict. entry.write seals the votes as
// a record, the [Log] takes it within the server's patience, and the answer goes
// back. streams issues streams, within what issued remembers.
package ingest
