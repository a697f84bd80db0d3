package child

import "sync"

// tailBytes is how much of an output's end is kept: the lines that say why.
const tailBytes = 4 << 10

// A tail keeps the last part of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (b *tail) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text = append(b.text, p...)
	if n := len(b.text); n > 2*tailBytes {
		b.text = append(b.text[:0], b.text[n-tailBytes:]...)
	}
	return len(p), nil
}

func (b *tail) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return string(b.text)
}
