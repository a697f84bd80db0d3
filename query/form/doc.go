// Package form is in what form an answer is asked for and sent: JSON, CSV, Excel and
// others.
//
// It knows media types, endings of addresses and headers, and that format writes the
// files. It must not know what is asked, nor what an answer says.
package form
