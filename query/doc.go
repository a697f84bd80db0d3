// Package query answers what was counted: statistics, the ledger, a terminal's
// watermark, the names behind the codes, and the dashboard, over HTTP; to each who
// asks what that one is shown.
//
// It knows the store and the log only through the two small interfaces it
// declares, and Rome's clock, which exists here and on screen only. It must not
// know how votes arrive, how they are folded, or what engine keeps them; it
// writes nothing anywhere.
package query
