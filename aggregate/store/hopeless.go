package store

import "errors"

// errOtherLog is wrapped by the errors of a database that counts another log.
var errOtherLog = errors.New("use a new database")

// errUnsafe is wrapped by the errors of a database that loses acknowledged rows.
var errUnsafe = errors.New("the database must not be used like this")

// The server's codes for credentials and rights
// (ClickHouse, src/Common/ErrorCodes.cpp).
const (
	codeUnknownUser          = 192
	codeWrongPassword        = 193
	codeRequiredPassword     = 194
	codeAccessDenied         = 497
	codeAuthenticationFailed = 516
)

// Hopeless tells whether no waiting mends err: wrong credentials, no rights, or a
// database that counts another log, some of it or all where it should be otherwise, or
// loses rows. What it means is in its text.
func Hopeless(err error) bool {
	return errors.Is(err, errOtherLog) || errors.Is(err, errUnsafe) || errors.Is(err, errShare) ||
		hasCode(err, codeUnknownUser, codeWrongPassword, codeRequiredPassword, codeAccessDenied, codeAuthenticationFailed)
}
