package ingest

import (
	"bytes"
	"context"
	"log/slog"

	"github.com/valyala/fasthttp"

	"mlf/ingest/wire"
	"mlf/schema"
)

const protoType = "application/x-protobuf"

// An intake is the memory in which a request is read and judged, used again for
// the next. Nothing in it refers to fasthttp's memory. A request that waits for
// the log has given it back, so that a slow log holds records and not bodies.
type intake struct {
	body   []byte
	reader *wire.Reader
}

// An outcome is what a request has judged to be written, and will be answered.
type outcome struct {
	partition schema.Partition
	record    []byte // Empty: there is nothing to write.
	answer    []byte
	counts    wire.Counts
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
	s.intakes.Put(in)
}

// votes answers POST /v1/votes: checks in the protocol's order, then one record
// on the log, then 202.
func (s *Server) votes(appends context.Context, x *exchange) *refusal {
	p, refused := s.checkHeader(x, jsonType, protoType)
	if refused != nil {
		return refused
	}
	in := s.intakes.Get().(*intake)
	held, refused := s.read(x, in, p.enrolled.Terminal)
	defer s.budget.release(held)
	out := s.outcomes.Get().(*outcome)
	if refused == nil {
		refused = s.judge(x, p, in, out)
	}
	s.release(in) // Not after a panic: memory in doubt is not used again.
	if refused == nil {
		refused = s.append(appends, x, out)
	}
	if cap(out.answer) <= keepBytesMax {
		s.outcomes.Put(out)
	}
	return refused
}

// judge decodes and judges the votes of p, whose body is in in. What is to be
// written and answered is in out.
func (s *Server) judge(x *exchange, p admission, in *intake, out *outcome) *refusal {
	if refused := s.decode(p, in); refused != nil {
		return refused
	}
	stream, err := s.stream(x, in.reader.Stream())
	if err != nil || stream.Terminal != p.enrolled.Terminal {
		// One answer for forged and foreign.
		return refuse(foreignStream, "want a stream that POST %s gave to this terminal", streamsPath)
	}
	first, last := x.timing()
	v := in.reader.Judge(p.enrolled, first)
	out.write(p.enrolled, stream, v.Votes, last)
	out.partition = schema.PartitionOf(stream.Slot, s.log.Partitions())
	out.answer = v.AppendAnswer(out.answer[:0])
	out.counts = v.Counts()
	return nil
}

// stream returns the stream that text names. A terminal says the same one in
// every request, and a signature that was good once stays good, so it is checked
// once per connection. Whose stream it is, the caller checks.
func (s *Server) stream(x *exchange, text []byte) (schema.Stream, error) {
	c := x.conn
	if len(text) > 0 && bytes.Equal(text, c.streamText) {
		return c.stream, nil
	}
	stream, err := s.terminals.Stream(text)
	if err == nil {
		c.streamText, c.stream = append(c.streamText[:0], text...), stream
	}
	return stream, err
}

// decode reads the votes in the body of in.
func (s *Server) decode(p admission, in *intake) *refusal {
	return s.decoded(in, p.coding, s.cfg.DecodedBytesMax, func(body []byte) error {
		if p.kind == protoType {
			return in.reader.Protobuf(body, p.enrolled, s.cfg.VotesMax)
		}
		return in.reader.JSON(body, p.enrolled, s.cfg.VotesMax)
	})
}

// write makes the votes of e's terminal one record. Without a vote that could be
// numbered there is none. ingested is when the request had been read.
func (out *outcome) write(e *schema.Enrolment, stream schema.Stream, votes []schema.Vote, ingested schema.Instant) {
	out.record = out.record[:0]
	if len(votes) == 0 {
		return
	}
	out.record = schema.AppendVoteBatch(out.record, &schema.BatchHeader{
		Terminal: e.Terminal,
		Stream:   stream.ID,
		Slot:     stream.Slot, // Of the stream, which is signed and never changes.
		Comune:   e.Comune,
		Office:   e.Office,
		Channel:  e.Channel,
		Scale:    e.Scale,
		Test:     e.Test,
		Ingested: ingested,
	}, votes)
}

// append puts out on the log, and answers 202 when it is there.
func (s *Server) append(ctx context.Context, x *exchange, out *outcome) *refusal {
	if len(out.record) > 0 {
		if err := s.log.Append(x.under(s.patience.context(ctx)), out.partition, out.record); err != nil {
			s.metrics.unacked.Inc()
			if s.complaint.due(s.cfg.Now()) {
				s.logger.Warn("votes not acknowledged", slog.Any("err", err), slog.String("request", x.id.String()))
			}
			return s.later(noAcknowledgement, "it is not known whether the votes were written")
		}
	}
	s.metrics.judged(&out.counts)
	x.answer(fasthttp.StatusAccepted, out.answer)
	return nil
}
