// Package format writes a table of counts for whoever reads it: JSON, CSV, and CSV
// as Excel opens it in Italian. Append style: an answer may have a million rows.
//
// It knows tables and how each form writes a text, a number and a time. It must
// not know what was asked, how shares and intervals are made (it is given them),
// or HTTP.
package format
