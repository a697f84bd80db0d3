// Package workload writes the requests that benchmarks send: the same votes in
// each of the forms that the protocol allows.
//
// It knows the terminal protocol. It must not know who answers it.
package workload

import (
	"fmt"
	"math/rand/v2"
	"strconv"

	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/proto"

	"mlf/schema/votepb"
)

// A Form is how votes are written.
type Form string

// The forms that are measured.
const (
	JSON     Form = "json"
	JSONZstd Form = "json+zstd"
	Protobuf Form = "protobuf"
)

// A Sender is a terminal that sends votes: one of three faces, with the age of
// each, and a service or a reason now and then.
type Sender struct {
	Token    string
	Stream   string
	Services []string // Codes that it was enrolled with.
}

// Request returns a whole HTTP request with so many votes, the first with number
// first. The same seed gives the same votes, whatever the form.
func (s *Sender) Request(form Form, votes int, first int64, seed uint64) ([]byte, error) {
	message := s.message(votes, first, seed)
	var body []byte
	var err error
	head := "Content-Type: application/json\r\n"
	switch form {
	case JSON:
		body = appendJSON(nil, message)
	case JSONZstd:
		head += "Content-Encoding: zstd\r\n"
		body, err = compress(appendJSON(nil, message))
	case Protobuf:
		head = "Content-Type: application/x-protobuf\r\n"
		body, err = proto.Marshal(message)
	default:
		err = fmt.Errorf("form %q: want %s, %s or %s", form, JSON, JSONZstd, Protobuf)
	}
	if err != nil {
		return nil, fmt.Errorf("write a request of %d votes: %w", votes, err)
	}
	request := fmt.Appendf(nil, "POST /v1/votes HTTP/1.1\r\nHost: votes.example\r\nAuthorization: Bearer %s\r\n%sContent-Length: %d\r\n\r\n",
		s.Token, head, len(body))
	return append(request, body...), nil
}

func (s *Sender) message(votes int, first int64, seed uint64) *votepb.VotesRequest {
	faces := []string{"green", "green", "green", "yellow", "red"}
	reasons := []string{"waiting_time", "staff", "must_return", "skipped"}
	rng := rand.New(rand.NewPCG(seed, 0))
	m := &votepb.VotesRequest{Stream: s.Stream}
	for i := range votes {
		v := &votepb.VoteMessage{
			Seq:   proto.Int64(first + int64(i)),
			AgeMs: proto.Int64(int64(votes-i)*30_000 + rng.Int64N(30_000)),
			Face:  proto.String(faces[rng.IntN(len(faces))]),
		}
		if len(s.Services) > 0 {
			v.Service = proto.String(s.Services[rng.IntN(len(s.Services))])
		}
		if rng.IntN(4) == 0 {
			v.Reason = proto.String(reasons[rng.IntN(len(reasons))])
		}
		m.Votes = append(m.Votes, v)
	}
	return m
}

// appendJSON writes m as a terminal would: without white space, and no text in
// it needs escaping.
func appendJSON(dst []byte, m *votepb.VotesRequest) []byte {
	dst = fmt.Appendf(dst, `{"stream":"%s","votes":[`, m.Stream)
	for i, v := range m.Votes {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(append(dst, `{"seq":`...), v.GetSeq(), 10)
		dst = strconv.AppendInt(append(dst, `,"age_ms":`...), v.GetAgeMs(), 10)
		dst = fmt.Appendf(dst, `,"face":"%s"`, v.GetFace())
		if v.Service != nil {
			dst = fmt.Appendf(dst, `,"service":"%s"`, v.GetService())
		}
		if v.Reason != nil {
			dst = fmt.Appendf(dst, `,"reason":"%s"`, v.GetReason())
		}
		dst = append(dst, '}')
	}
	return append(dst, "]}"...)
}

func compress(text []byte) ([]byte, error) {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("make zstd encoder: %w", err)
	}
	return z.EncodeAll(text, nil), nil
}
