// Package bulletin makes the monthly bulletin: what was published of a month when it
// was over, in tables, frozen. Every figure of one is a sum of lots up to a release, or
// was frozen with it; so a bulletin that was made once is the same bytes for ever, from
// whatever process.
//
// It knows vintages, places and which tables a bulletin has. It must not know HTTP,
// what the live figures are, or who asks.
package bulletin
