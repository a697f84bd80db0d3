// Package tracing follows some requests through the service, for whoever looks where
// their time goes: spans of OpenTelemetry, sent over HTTP to a collector. Off, it is not
// there; of a request that is not followed it is asked once, and allocates nothing.
//
// It knows OpenTelemetry, its words for HTTP, messaging and databases, and what of a
// request an operator may see. It must not know how a vote is taken, counted or shown.
package tracing
