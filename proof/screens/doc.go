// Package screens tries the pages in a real browser, on a country that has voted for a
// year through the whole pipeline: each view, each filter, what can be taken away, and
// what happens when lines are slow or cut.
//
// It knows what readers see and do. It must not know how figures come about: they are
// held to the public API.
package screens
