// Package question is what may be asked and what an answer is made of: dimensions,
// filters, a request that becomes a Question, counts that become a Table.
//
// An endpoint is made so:
//
//	values, err := parameters(r, append(s.words.Parameters(), "step")...) // query: refuses what is misspelt
//	q, err := s.words.Ask(values, s.cfg.Now())                            // Values → Question, or an Error
//	return s.reply(w, r, inquiry{q, "trend " + q.String()}, func(ctx context.Context, c *counter) (*body, error) {
//		a, err := c.table(ctx, q, q.Span) // may be called again, for another span: all of one View;
//		                                  // c.compared does what compare= and fill= ask for
//		…                                 // figures over a.table.Rows, format over a.table
//	})
//
// and c.table does: Question → Frame (Axes, and what their groups stand for) →
// View.Counts → Table.
//
//	f := q.Frame(span)
//	counts, err := view.Counts(ctx, &f.Axes)
//	table := f.Table(counts) // sorted; Column.Text and Column.Value of a row; f.Grid has all steps of time
//
// A dimension is a function of one attribute of the cell, declared once, in
// dimensions. It knows dimensions, the registry and the calendar. It must not know
// HTTP, where counts come from, intervals, or what may be shown to whom.
package question
