//go:build noengine

package embedded

// Built tells whether this program can be the engine. It cannot: what loads a library
// without cgo needs the system's own, and this program is to need none.
const Built = false

// ChildMain does nothing: nobody is started as the engine.
func ChildMain() {}
