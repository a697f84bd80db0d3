package broker

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/segmentio/kafka-go/protocol"

	"mlf/ingest/broker/recordset"
)

// What the exchanges of fetch and produce share: kafka-go hands over a connection,
// and bytes go out and come in.

// answerBytesMax limits an answer to a fetch: a broker sends a batch that is
// larger than was asked for, but Kafka's limit for a batch is 1 MiB by default.
const answerBytesMax = 256 << 20

// correlation marks requests and answers. One number does for all: a connection
// carries one request at a time.
const correlation = 1

// appendHead writes what every request begins with; the size is left open.
func appendHead(dst []byte, api protocol.ApiKey, version uint16) []byte {
	be := binary.BigEndian
	dst = append(dst, 0, 0, 0, 0) // Size.
	dst = be.AppendUint16(dst, uint16(api))
	dst = be.AppendUint16(dst, version)
	dst = be.AppendUint32(dst, correlation)
	return appendString(dst, clientID)
}

// exchange writes request and reads the answer, into memory or new memory.
func exchange(rw io.ReadWriter, request, memory []byte) ([]byte, error) {
	if _, err := rw.Write(request); err != nil {
		return nil, err
	}
	return readAnswer(rw, memory)
}

func appendString(dst []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint16(dst, uint16(len(s))), s...)
}

// readAnswer reads one answer into body's memory, or into new memory.
func readAnswer(r io.Reader, body []byte) ([]byte, error) {
	var size [recordset.SizeBytes]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint32(size[:]))
	if n > answerBytesMax {
		return nil, fmt.Errorf("answer of %d bytes: want at most %d", n, answerBytesMax)
	}
	body = resize(body, n)
	_, err := io.ReadFull(r, body)
	return body, err
}

// resize returns n bytes, in body's memory if they fit. Memory that a catch-up
// made large is given back when answers are small again.
func resize(body []byte, n int) []byte {
	const keep = 1 << 20
	if cap(body) < n || cap(body) > keep && n < cap(body)/8 {
		return make([]byte, n)
	}
	return body[:n]
}
