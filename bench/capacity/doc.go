// Package capacity computes what a country needs from what a vote was measured to
// cost: `mlf bench capacity`. It is arithmetic, and measures nothing.
//
// It knows the figures of bench/results.md and how they are put together. It must not
// know how any of them is measured.
package capacity
