package store

import "errors"

// errOtherLog is wrapped by the errors of a database that counts another log.
var errOtherLog = errors.New("use a new database")

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
// database that counts another log. What it means is in its text.
func Hopeless(err error) bool {
	return errors.Is(err, errOtherLog) ||
		hasCode(err, codeUnknownUser, codeWrongPassword, codeRequiredPassword, codeAccessDenied, codeAuthenticationFailed)
}
