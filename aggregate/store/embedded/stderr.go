package embedded

import (
	"bytes"
	"log/slog"
	"sync"
)

// stderrKeptBytes is how much of the words of the child is kept for errors: the
// engine's messages are one to three lines, a crash trace's first lines matter.
const stderrKeptBytes = 4096

// A stderrLog passes what the child writes to stderr on to the log, line by
// line, and keeps its beginning for the error of a start that came to nothing.
type stderrLog struct {
	logger *slog.Logger

	mu   sync.Mutex
	line []byte // Not yet ended.
	kept []byte
}

// Write takes the next bytes. It never returns an error.
func (l *stderrLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if room := stderrKeptBytes - len(l.kept); room > 0 {
		l.kept = append(l.kept, p[:min(room, len(p))]...)
	}
	l.line = append(l.line, p...)
	for {
		line, rest, ended := bytes.Cut(l.line, []byte("\n"))
		if !ended {
			break
		}
		l.log(line)
		l.line = rest
	}
	if len(l.line) > stderrKeptBytes { // No line of the engine is that long: do not collect for ever.
		l.log(l.line)
		l.line = nil
	}
	return len(p), nil
}

func (l *stderrLog) log(line []byte) {
	if len(bytes.TrimSpace(line)) > 0 {
		l.logger.Warn("embedded engine says", slog.String("line", string(line)))
	}
}

// said returns what was kept.
func (l *stderrLog) said() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(bytes.TrimSpace(l.kept))
}
