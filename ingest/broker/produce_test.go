package broker

import (
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
)

// produceAnswer is for partition 2, appended at second 7, and partition 3, refused.
func produceAnswer() []byte {
	b := []byte{0, 0, 0, correlation, 0, 0, 0, 1, 0, 1, 'v', 0, 0, 0, 2}
	for _, p := range []struct{ partition, code, at int64 }{{2, 0, 7000}, {3, 6, -1}} {
		b = binary.BigEndian.AppendUint32(b, uint32(p.partition))
		b = binary.BigEndian.AppendUint16(b, uint16(p.code))
		b = append(b, make([]byte, 8)...) // Base offset.
		b = binary.BigEndian.AppendUint64(b, uint64(p.at))
		b = append(b, make([]byte, 8)...) // Log start.
	}
	return append(b, 0, 0, 0, 0) // Throttle time.
}

func TestProduceAnswers(t *testing.T) {
	whole := produceAnswer()
	res, err := parseProduceResponse(whole)
	if err != nil || len(res.answers) != 2 {
		t.Fatalf("got %+v, %v: want two answers", res, err)
	}
	if a := res.answers[0]; a.partition != 2 || a.err != nil || !a.appended.Equal(time.Unix(7, 0)) {
		t.Errorf("got %+v: want partition 2, appended at second 7", a)
	}
	if a := res.answers[1]; a.partition != 3 || !errors.Is(a.err, kafka.NotLeaderForPartition) || !a.appended.IsZero() {
		t.Errorf("got %+v: want partition 3, not its leader", a)
	}
	for n := range len(whole) - 4 {
		if res, err := parseProduceResponse(whole[:n]); err == nil {
			t.Errorf("first %d of %d bytes: got %+v", n, len(whole), res)
		}
	}
	for _, at := range []int{3, 7} {
		damaged := produceAnswer()
		damaged[at]++
		if res, err := parseProduceResponse(damaged); err == nil {
			t.Errorf("another request's, or of two topics: got %+v", res)
		}
	}
}

// FuzzProduceResponse: no answer of a broker can make the reader panic, or take
// more memory than it is long.
func FuzzProduceResponse(f *testing.F) {
	f.Add(produceAnswer())
	f.Fuzz(func(t *testing.T, body []byte) {
		const each = 4 + 2 + 3*8
		if res, err := parseProduceResponse(body); err == nil && len(res.answers)*each > len(body) {
			t.Errorf("got %d answers in %d bytes", len(res.answers), len(body))
		}
	})
}
