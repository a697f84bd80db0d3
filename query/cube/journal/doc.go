// Package journal remembers which months of which comuni have changed, and up to which
// position: who has copied counts as of a position asks for what came since.
//
// A change has the number of the first state whose position covers it, and not of the
// one that shows it first. Rows may be ahead of the position: who was shown the same
// position by another process may not have them. Once a segment has as many votes as
// the account says of it at the position, all that it has is of that position; until
// then its changes wait, and are told to everybody.
//
// So if a state was at most at the position that somebody asks from, whatever has its
// number or a lower one was of that position, whoever showed it. The newest such state is
// looked for; that is all. An older one tells more than there is, and never less, so the
// list of states is thinned with age.
//
// It knows positions, places and months. It must not know claims, segments, counts, or
// what is asked and shown.
package journal
