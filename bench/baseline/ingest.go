package baseline

import (
	"context"
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

// MessagePerVote is baseline A: the votes are read and checked, each becomes a
// message, and 202 is sent when the brokers have acknowledged all of them.
func MessagePerVote(brokers []string, topic string) *Ingest {
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
		switch string(v.GetStringBytes("face")) {
		case "green", "yellow", "red":
		default:
			return nil, errVote
		}
	}
	return votes, nil
}

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
