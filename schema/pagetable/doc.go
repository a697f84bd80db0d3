// Package pagetable says of which service each page of a site is: lines of a pattern and
// a service, of which the first that fits holds.
//
// A page is told by host and path alone: a query may hold what a citizen has asked for
// ([Path]). A table holds from a time on, and never changes: a correction is another
// version (page_table.go). What fits is decided in match.go.
//
// It knows addresses and patterns. It must not know HTTP, who rates, or what a service is.
package pagetable
