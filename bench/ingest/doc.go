// Package ingest measures what it costs to take votes: `mlf bench ingest`. It starts
// mlf ingest and what one would write without it, each in a process of its own, and
// sends them the same requests in turns.
//
// It knows flags of mlf ingest and what it serves. It must not know what becomes of a
// vote on the log.
package ingest
