// Package differences says what a comparison of two databases found, and how far it
// is: for people and as JSON, in the codes of the registry.
//
// It knows words and numbers. It must not know where counts come from, nor how they
// were compared.
package differences
