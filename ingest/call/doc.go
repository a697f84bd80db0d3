// Package call is what telephone exchanges say of callers who pressed a key at the end
// of a call: the bodies that they push (bodies.go), and which key stands for which value
// (keypad.go). The files that an exchange keeps are read in package cdr.
//
// It knows bodies, what tells two calls apart, and keys. It must not know HTTP, what
// time it is, or who called whom: numbers of callers, names of operators and extensions
// have no place in a [Call], and what could be one is refused.
package call
