// Package votepb is schema/vote.proto as Go code, generated with `make generate`.
//
// It is for programs that want the messages as structs: tests, baselines,
// clients. The stages do not use it: they read and write the log with
// schema.VoteBatch, without an allocation for each vote.
package votepb
