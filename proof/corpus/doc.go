// Package corpus sends what others really send: every payload that is known of sites,
// networks, exchanges and their files, through a real mlf ingest and mlf import, twice,
// and each of them damaged in many ways. testdata/corpus.csv says where each is from and
// what is to become of it; -update writes the last three columns anew.
//
// It knows files, public HTTP, the command line, records of the log and the fold. It must
// not know how any payload is read.
package corpus
