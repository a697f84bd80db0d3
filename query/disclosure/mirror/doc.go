// Package mirror keeps what is published in every database that counts a log. Lots are
// no function of the log: where one database had them and another not, the loss of the
// first would let the same votes be published anew, in other lots, and the two would be
// subtracted from one another. So a release holds when every database has it, and only
// then is it shown.
//
// A database is a register for each number: of the releases that are written to it the
// first one stays. A release holds once all registers have it. So any two processes
// agree as long as their databases have one in common.
//
// It knows releases, who has them and what is to be done about it. It must not know what
// lots say, how they are cut, SQL or HTTP.
package mirror
