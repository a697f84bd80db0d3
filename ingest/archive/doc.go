// Package archive keeps a log in a folder: what no database can be computed again
// without. It takes the votes, the registry, the numbers of served users and alerts, record by
// record, finds what is damaged, and puts them back with the same offsets.
//
// It knows files of records, what makes two logs the same, and in what order things
// must become durable. It must not know Kafka, HTTP, nor what a vote is.
//
// # The folder
//
// Files of records, and manifest.json, which says which of them are the archive. The
// manifest is written after what it names, and is either the old one or the new one.
// What it does not name is of a run that was broken off, and the next one removes it.
// A file never changes. One that is short is replaced by one that has its records and
// those after them, so that an archive that is added to every minute does not come to
// thousands of files.
//
// # A file
//
// One zstd stream (RFC 8878) of
//
//	magic "mlflog1\n" | kind 1 | log id 16 | partition 4 | first offset 8 | chain before 32
//	records, each: length of what follows | append time, less that before | length of key + 1, 0: null | key | 0: null, 1: value
//	0 | records 8 | next offset 8 | chain after 32 | SHA-256 of all before 32
//
// with big-endian numbers, and varints as protobuf has them where no length is given.
// The chain is the one that the count makes of the same records, so it is also in the
// store's ledger, at the end of every segment. Kind 1 is votes, whose offsets are dense.
// Kinds 2 to 4 are the registry, the last record of each key, served users, and alerts; what is
// compacted has no offsets to keep, and its records are numbered from 0.
package archive
