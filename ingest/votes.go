package ingest

import (
	"bytes"
	"context"
	"log/slog"

	"github.com/valyala/fasthttp"

	"mlf/schema"
)

const protoType = "application/x-protobuf"

// An intake is the memory of one request, used again for the next. Nothing in
// it refers to fasthttp's memory.
type intake struct {
	body    []byte
	scanner scanner
	message message
	verdict verdict
	record  []byte
	answer  []byte
}

// keepBytesMax is the largest buffer that an idle intake keeps: a body of any
// length that is accepted by default. Larger ones are given back. What is not
// used again the collector takes soon, so that a day of catching up does not
// stay in memory.
const keepBytesMax = 256 << 10

func (s *Server) release(in *intake) {
	if cap(in.body) > keepBytesMax {
		in.body = nil
	}
	if cap(in.answer) > keepBytesMax {
		in.answer = nil
	}
	s.intakes.Put(in)
}

// votes answers POST /v1/votes: checks in the protocol's order, then one record
// on the log, then 202.
func (s *Server) votes(appends context.Context, x *exchange) *refusal {
	e, c, refused := s.checkHeader(x, jsonType, protoType)
	if refused != nil {
		return refused
	}
	in := s.intakes.Get().(*intake)
	held, refused := s.read(x, in, e.Terminal)
	defer s.budget.release(held)
	if refused == nil {
		refused = s.take(appends, x, posted{in, e, c})
	}
	s.release(in) // Not after a panic: memory in doubt is not used again.
	return refused
}

// A posted request has passed every check that needs no look into its body.
type posted struct {
	*intake
	enrolled *schema.Enrolment
	coding   coding
}

// take decodes, judges and appends the votes of p, and answers 202.
func (s *Server) take(appends context.Context, x *exchange, p posted) *refusal {
	now := schema.InstantOf(s.cfg.Now())
	if refused := s.decode(x, p); refused != nil {
		return refused
	}
	stream, err := s.stream(x, p.message.stream)
	if err != nil || stream.Terminal != p.enrolled.Terminal {
		return &refusal{problem: foreignStream} // One answer for forged and foreign.
	}
	p.verdict.judge(&p.message, p.enrolled, now)
	if refused := s.append(appends, x, p, stream, now); refused != nil {
		return refused
	}
	s.metrics.judged(&p.verdict)
	p.answer = appendAnswer(p.answer[:0], &p.verdict)
	x.answer(fasthttp.StatusAccepted, p.answer)
	return nil
}

// stream returns the stream that text names. A terminal says the same one in
// every request, and a signature that was good once stays good, so it is checked
// once per connection. Whose stream it is, the caller checks.
func (s *Server) stream(x *exchange, text []byte) (schema.Stream, error) {
	c, ok := x.Conn().(*conn)
	if ok && len(text) > 0 && bytes.Equal(text, c.streamText) {
		return c.stream, nil
	}
	stream, err := s.terminals.Stream(text)
	if err == nil && ok {
		c.streamText, c.stream = append(c.streamText[:0], text...), stream
	}
	return stream, err
}

// decode reads the body of p into its message.
func (s *Server) decode(x *exchange, p posted) *refusal {
	f := form{words: s.words, enrolled: p.enrolled, votesMax: s.cfg.VotesMax}
	json := accepts([]string{jsonType}, x.Request.Header.ContentType())
	return s.decoded(p.intake, p.coding, func(body []byte) error {
		if json {
			return p.scanner.decodeJSON(body, &f, &p.message)
		}
		return decodeProto(body, &f, &p.message)
	})
}

// append puts the votes of p on the log, as one record, and returns when they
// are there. A request without a vote that could be numbered writes nothing.
func (s *Server) append(ctx context.Context, x *exchange, p posted, stream schema.Stream, now schema.Instant) *refusal {
	if len(p.verdict.votes) == 0 {
		return nil
	}
	e := p.enrolled
	p.record = schema.AppendVoteBatch(p.record[:0], &schema.BatchHeader{
		Terminal: e.Terminal,
		Stream:   stream.ID,
		Slot:     stream.Slot, // Of the stream, which is signed and never changes.
		Comune:   e.Comune,
		Office:   e.Office,
		Channel:  e.Channel,
		Scale:    e.Scale,
		Test:     e.Test,
		Ingested: now,
	}, p.verdict.votes)
	if err := s.log.Append(s.patience.context(ctx), schema.PartitionOf(stream.Slot, s.log.Partitions()), p.record); err != nil {
		s.metrics.unacked.Inc()
		if s.complaint.due(s.cfg.Now()) {
			s.logger.Warn("votes not acknowledged", slog.Any("error", err), slog.String("request", x.id.String()))
		}
		return s.later(noAcknowledgement, "it is not known whether the votes were written")
	}
	return nil
}
