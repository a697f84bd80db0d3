package embedded

// ChildMark is the environment variable that makes a process the engine's child.
const ChildMark = childMark
