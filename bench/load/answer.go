package load

import "bytes"

// An answer is where an HTTP answer ends and what it says first.
type answer struct {
	status int
	bytes  int  // Of all of it.
	closes bool // The server closes the connection after it.
}

const (
	headEnd       = "\r\n\r\n"
	contentLength = "\r\nContent-Length: "
	closing       = "\r\nConnection: close\r\n"
)

// parse finds the answer that text begins with. ok is false when more bytes are
// needed; an answer with status 0 is none of HTTP/1.1 with a length.
func parse(text []byte) (a answer, ok bool) {
	end := bytes.Index(text, []byte(headEnd))
	if end < 0 {
		return answer{}, len(text) > headBytesMax
	}
	head := text[:end+2] // With the last line's end, for closing.
	at := bytes.Index(head, []byte(contentLength))
	if len(head) < len("HTTP/1.1 200") || at < 0 {
		return answer{}, true
	}
	status, _ := digits(head[len("HTTP/1.1 "):])
	length, some := digits(head[at+len(contentLength):])
	if !some {
		return answer{}, true
	}
	a = answer{status: status, bytes: end + len(headEnd) + length, closes: bytes.Contains(head, []byte(closing))}
	return a, len(text) >= a.bytes
}

// headBytesMax is the longest head of an answer; a longer one is no answer.
const headBytesMax = 16 << 10

// digits reads the number that text begins with.
func digits(text []byte) (n int, some bool) {
	for _, c := range text {
		if c < '0' || c > '9' || n > 1<<30 {
			break
		}
		n, some = n*10+int(c-'0'), true
	}
	return n, some
}
