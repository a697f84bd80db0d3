// Package country plays a country of terminals against any mlf service and then
// holds the service to its promise: every vote that was answered 202 is
// counted once, in its hour.
//
// It knows the terminal protocol, the published figures of "Mettiamoci la
// faccia" and the reference data. It must not know how votes are stored: it
// speaks public HTTP only, so that whatever it finds, a customer would find.
// Enrolment is not part of the public protocol and is handed in.
package country
