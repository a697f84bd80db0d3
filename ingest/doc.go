// Package ingest is the front door: votes come in over HTTP and are on the log
// before they are answered 202.
//
// It knows HTTP as terminals speak it, the enrolments and the log's record format;
// what a body says it has from package wire. It must not know what is behind the log
// (broker, count, store), keeps no vote that was not acknowledged, and removes no
// duplicates: the count does. fasthttp is imported here and nowhere else in the
// service.
//
// The cast, in order of appearance. A [Server] accepts a conn, which reads a
// request ahead (incoming) and hands its header to one of the engines, fasthttp's.
// The request is an exchange. route finds its endpoint; checkHeader makes of it an
// admission: the enrolment of its terminal by the token, its kind and coding, or a
// refusal, which names a problem. The body is read into an intake, as an
// arrival that the budget and the arrivals of its terminal allow; a chunkedBody is
// one without a length, and an inflater takes off its coding. The intake's
// [wire.Reader] reads the votes in it and judges them. outcome.write seals those of
// the verdict as a record, the [Log] takes it within the server's patience, and the
// answer goes back. streams issues streams, within what issued remembers. What is told
// beside votes, how many users were served, goes by [Reports] to the [ReportLog].
package ingest
