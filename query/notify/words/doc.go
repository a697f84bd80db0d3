// Package words words what is told to a body about its alerts: subject, text and HTML
// of an e-mail, in three languages.
//
// It knows how figures, days and doubts are said. It must not know how an alert came
// about, or how a message is sent.
package words
