// Package source is the command line of who votes and keeps no state: sites with rating
// forms, integrations with networks and telephone exchanges, the devices behind them.
//
// It knows flags and how things are printed. It must not know what any of them sends, or
// how it is counted.
package source
