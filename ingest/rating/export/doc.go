// Package export reads what municipal sites have kept of ratings, from the files that
// they give away: [Plone] (CSV), [WordPress] (WXR), [Citfac] (JSON).
//
// Each is read row by row, in memory that does not grow with the file but for a key a
// row, and gives each row a key that a longer export of the same site gives it again: so
// a file may be imported every night.
//
// It knows formats and what in them stays as it was. It must not know files, HTTP, whose
// export it is, or what time it is.
package export
