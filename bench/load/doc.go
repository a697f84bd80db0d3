// Package load sends prepared HTTP requests over many connections that are kept
// open, and counts the answers. It uses one thread and one epoll instance, so
// that it takes little of the machine from the process that is measured.
//
// It knows enough of HTTP/1.1 to tell one answer from the next. It must not
// know what the requests say.
package load
