// Package question is what may be asked and what an answer is made of: dimensions,
// filters, a request that becomes a Question, counts that become a Table.
//
// It knows dimensions, the registry and the calendar. It must not know HTTP, where
// counts come from, intervals, or what may be shown to whom.
package question
