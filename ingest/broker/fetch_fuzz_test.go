package broker

import (
	"testing"
)

// FuzzFetchResponse: no answer of a broker can make the reader panic, and what it
// takes for batches is within the answer.
func FuzzFetchResponse(f *testing.F) {
	head := []byte{0, 0, 0, correlation, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0} // Throttle time, code, session.
	one := append(head[:len(head):len(head)], 0, 0, 0, 1, 0, 1, 'v', 0, 0, 0, 1, 0, 0, 0, 0, 0, 0)
	one = append(one, make([]byte, 3*8)...)                                     // End, stable end, start.
	one = append(one, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 2, 'o', 'k') // No aborted transaction, replica -1, two bytes.
	f.Add(head)
	f.Add(one)
	if res, err := parseFetchResponse(one); err != nil || string(res.recordSets) != "ok" {
		f.Fatalf("the seed: got %+v, %v", res, err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		res, err := parseFetchResponse(body)
		if err == nil && len(res.recordSets) > len(body) {
			t.Errorf("got %d bytes of batches in an answer of %d", len(res.recordSets), len(body))
		}
	})
}
