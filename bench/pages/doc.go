// Package pages asks a server for pages over HTTP: over one connection that is kept
// open, one or several at once, as fast as they come or at a rate.
//
// It knows enough of HTTP/1.1 to tell one answer from the next, and how long each took.
// It must not know what a page says, nor who serves it.
package pages
