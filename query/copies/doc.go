// Package copies picks which of several databases that count one log is asked: one that
// answers, and is not behind.
//
// It knows how far each has counted, and when it last said so. It must not know what is
// counted, nor how a database is asked for it.
package copies
