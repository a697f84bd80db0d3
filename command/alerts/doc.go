// Package alerts joins what alerts of bodies are made of: flags, a watcher, who carries messages
// and in which words, the routes of bodies, and the commands of operators.
//
// It knows parts and how they fit together. It must not know how anything is judged, nor how a
// message travels.
package alerts
