package baseline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/valyala/fasthttp"
	"github.com/valyala/fastjson"
)

// An Ingest takes votes over HTTP. It looks at neither token nor stream, and
// what comes twice is kept twice.
type Ingest struct {
	handle fasthttp.RequestHandler
	writer *kafka.Writer // nil: nothing is kept.
}

// ParseOnly reads the votes of a request and forgets them: nothing on fasthttp
// can cost less.
func ParseOnly() *Ingest {
	var parsers fastjson.ParserPool
	return &Ingest{handle: func(ctx *fasthttp.RequestCtx) {
		p := parsers.Get()
		defer parsers.Put(p)
		votes, err := read(p, ctx.PostBody())
		answer(ctx, len(votes), err)
	}}
}

// A vote is what baseline A takes of a vote, and a message what it makes of it.
type (
	vote struct {
		Seq     int64  `json:"seq"`
		At      string `json:"at,omitempty"`
		AgeMs   *int64 `json:"age_ms,omitempty"`
		Face    string `json:"face"`
		Service string `json:"service,omitempty"`
		Reason  string `json:"reason,omitempty"`
	}
	message struct {
		Received int64 `json:"received"`
		Vote     vote  `json:"vote"`
	}
)

// MessagePerVote is baseline A: the votes are read by encoding/json and checked,
// each becomes a message, and 202 is sent when the brokers have acknowledged all
// of them.
func MessagePerVote(brokers []string, topic string) *Ingest {
	w := newWriter(brokers, topic)
	return &Ingest{writer: w, handle: func(ctx *fasthttp.RequestCtx) {
		var request struct {
			Stream string `json:"stream"`
			SentAt string `json:"sent_at"`
			Votes  []vote `json:"votes"`
		}
		if err := json.Unmarshal(ctx.PostBody(), &request); err != nil {
			answer(ctx, 0, err)
			return
		}
		key := append([]byte(nil), ctx.Request.Header.Peek("Authorization")...)
		received := time.Now().UnixMilli()
		messages := make([]kafka.Message, len(request.Votes))
		for i, v := range request.Votes {
			if v.Seq < 1 || !isFace(v.Face) {
				answer(ctx, 0, errVote)
				return
			}
			value, err := json.Marshal(message{received, v})
			if err != nil {
				answer(ctx, 0, err)
				return
			}
			messages[i] = kafka.Message{Key: key, Value: value}
		}
		answer(ctx, len(messages), w.WriteMessages(ctx, messages...))
	}}
}

// MessagePerVoteFast is baseline A for whoever takes fastjson, too: the votes are
// read without a struct, and their text is passed through.
func MessagePerVoteFast(brokers []string, topic string) *Ingest {
	var parsers fastjson.ParserPool
	w := newWriter(brokers, topic)
	return &Ingest{writer: w, handle: func(ctx *fasthttp.RequestCtx) {
		p := parsers.Get()
		defer parsers.Put(p)
		votes, err := read(p, ctx.PostBody())
		if err != nil {
			answer(ctx, 0, err)
			return
		}
		// The writer's messages must live until it has them on the wire.
		key := append([]byte(nil), ctx.Request.Header.Peek("Authorization")...)
		received := strconv.FormatInt(time.Now().UnixMilli(), 10)
		messages := make([]kafka.Message, len(votes))
		for i, v := range votes {
			value := append(make([]byte, 0, 160), `{"received":`...)
			value = append(append(value, received...), `,"vote":`...)
			messages[i] = kafka.Message{Key: key, Value: append(v.MarshalTo(value), '}')}
		}
		answer(ctx, len(votes), w.WriteMessages(ctx, messages...))
	}}
}

// MessagePerRequest is baseline B: the body goes through unread, as one message.
func MessagePerRequest(brokers []string, topic string) *Ingest {
	w := newWriter(brokers, topic)
	return &Ingest{writer: w, handle: func(ctx *fasthttp.RequestCtx) {
		key := append([]byte(nil), ctx.Request.Header.Peek("Authorization")...)
		value := append([]byte(nil), ctx.PostBody()...)
		answer(ctx, 1, w.WriteMessages(ctx, kafka.Message{Key: key, Value: value}))
	}}
}

// newWriter returns a writer with what kafka-go's own advice and measurements
// found best: larger batches than 1,000 make it slower, a shorter wait makes
// smaller ones. Votes of a terminal stay in order.
func newWriter(brokers []string, topic string) *kafka.Writer {
	return &kafka.Writer{
		Addr:         kafka.TCP(brokers...),
		Topic:        topic,
		Balancer:     &kafka.Hash{},
		BatchSize:    1000,
		BatchTimeout: 5 * time.Millisecond,
		RequiredAcks: kafka.RequireAll,
	}
}

var errVote = errors.New("want votes with a seq of at least 1 and a face")

// read returns the votes of a body. They belong to p.
func read(p *fastjson.Parser, body []byte) ([]*fastjson.Value, error) {
	request, err := p.ParseBytes(body)
	if err != nil {
		return nil, fmt.Errorf("read body: %w", err)
	}
	votes := request.GetArray("votes")
	for _, v := range votes {
		if v.GetInt64("seq") < 1 {
			return nil, errVote
		}
		if !isFace(string(v.GetStringBytes("face"))) {
			return nil, errVote
		}
	}
	return votes, nil
}

func isFace(text string) bool { return text == "green" || text == "yellow" || text == "red" }

func answer(ctx *fasthttp.RequestCtx, accepted int, err error) {
	if err != nil {
		ctx.Error(err.Error(), fasthttp.StatusServiceUnavailable)
		return
	}
	ctx.SetStatusCode(fasthttp.StatusAccepted)
	ctx.SetContentType("application/json")
	ctx.SetBodyString(`{"accepted":` + strconv.Itoa(accepted) + `}`)
}

// Run serves the connections of ln until ctx ends, and closes ln.
func (i *Ingest) Run(ctx context.Context, ln net.Listener) error {
	server := &fasthttp.Server{Handler: i.handle, MaxRequestBodySize: 1 << 20, NoDefaultServerHeader: true}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ln) }()
	<-ctx.Done()
	err := errors.Join(server.Shutdown(), <-ended)
	if i.writer != nil {
		err = errors.Join(err, i.writer.Close())
	}
	if err != nil {
		return fmt.Errorf("serve baseline on %v: %w", ln.Addr(), err)
	}
	return nil
}
