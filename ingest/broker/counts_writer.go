package broker

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"mlf/ingest/broker/recordset"
	"mlf/schema"
)

// countsPartition is the only one: claims of all workers in one order, and followers
// read all of them.
const countsPartition schema.Partition = 0

// A CountsWriter appends one process's claims to the counts topic. Used by one
// goroutine at a time.
type CountsWriter struct {
	sender  Sender
	cfg     Config
	metrics *metrics
	backoff func(failures int) time.Duration

	log    schema.LogID
	teller schema.TellerID
	number uint64 // Of the last record.
	record []byte
	set    recordset.Set
}

// NewCountsWriter returns a writer of claims on the counts of log.
func (c *Client) NewCountsWriter(log schema.LogID) *CountsWriter {
	w := &CountsWriter{sender: countsSender{c.counts}, cfg: c.cfg, metrics: c.metrics, backoff: backoff, log: log}
	_, _ = rand.Read(w.teller[:]) // Never fails (crypto/rand, Go 1.24).
	return w
}

// NewCountsWriterOver returns a writer that appends through parts.Sender: for a
// simulation, which names the teller.
func NewCountsWriterOver(parts SenderParts, log schema.LogID, teller schema.TellerID) *CountsWriter {
	return &CountsWriter{
		sender: parts.Sender, cfg: parts.Config.withDefaults(), metrics: newMetrics(parts.Registerer, parts.Config.withDefaults().InflightBytesMax), backoff: parts.Backoff,
		log: log, teller: teller,
	}
}

// A countsSender is the way to the counts topic.
type countsSender struct{ to *leaders }

// Send makes one attempt, as a Sender does.
func (s countsSender) Send(ctx context.Context, p schema.Partition, set []byte) (time.Time, error) {
	return s.to.send(ctx, p, set)
}

// Tell appends claims with acks=all, in one record where they fit, and blocks for
// Config.TellTimeout at most. It keeps nothing of claims. After an error some of it
// may be on the topic, even twice, or come to be later: followers see by the numbers
// of records what is missing. ErrNoTopic: mlf schema apply has not made the topic.
func (w *CountsWriter) Tell(ctx context.Context, claims []schema.Claim) error {
	ctx, cancel := context.WithTimeout(ctx, w.cfg.TellTimeout)
	defer cancel()
	parts := splitClaims(claims, w.cfg.BatchBytesMax-recordset.Overhead)
	b := schema.ClaimBatch{Log: w.log, Teller: w.teller, First: w.number + 1}
	for i, part := range parts {
		w.number++
		b.Number, b.Claims, b.Last = w.number, part, i == len(parts)-1
		if err := w.append(ctx, &b); err != nil {
			return fmt.Errorf("tell record %d of %d to %s: %w", i+1, len(parts), w.cfg.CountsTopic, err)
		}
	}
	return nil
}

// append tries until b is acknowledged, refused for good, or ctx ends.
func (w *CountsWriter) append(ctx context.Context, b *schema.ClaimBatch) error {
	w.record = schema.AppendClaimBatch(w.record[:0], b)
	w.set.Count = 0
	w.set.Add(nil, w.record)
	w.set.Seal(schema.InstantOf(time.Now()))
	var reason error
	for attempt := 1; ; attempt++ {
		_, err := w.sender.Send(ctx, countsPartition, w.set.Buf)
		if err == nil {
			w.metrics.told.Inc()
			w.metrics.toldBytes.Add(float64(len(w.record)))
			if attempt > 1 || cap(w.set.Buf) > 2*w.cfg.BatchBytesMax {
				w.forget()
			}
			return nil
		}
		if ctx.Err() == nil || reason == nil { // An attempt that was cut off knows no reason.
			reason = err
		}
		if ctx.Err() != nil || !retriable(err) || errors.Is(err, ErrNoTopic) || !pause(ctx, w.backoff(attempt)) {
			w.forget()
			return reason
		}
	}
}

// forget leaves the memory of a set to those who may still be sending it.
func (w *CountsWriter) forget() { w.set = recordset.Set{} }

// splitClaims returns claims in portions, each for a record of at most most bytes.
// All but the last have rows alone.
func splitClaims(claims []schema.Claim, most int) [][]schema.Claim {
	heads := schema.ClaimHeadBytes
	for i := range claims {
		heads += claims[i].ClaimBytes()
	}
	var parts [][]schema.Claim
	size, sent := heads, make([]int, len(claims)) // sent: how many rows of each are in parts.
	for i := range claims {
		rows := claims[i].Rollups
		for j := range rows {
			n := rows[j].ClaimBytes()
			if size+n > most && size > heads {
				parts, size = append(parts, rowsUpTo(claims, sent, i, j)), heads
			}
			size += n
		}
	}
	last := append([]schema.Claim(nil), claims...)
	for i := range last {
		last[i].Rollups = last[i].Rollups[sent[i]:]
	}
	return append(parts, last)
}

// rowsUpTo returns the rows that were not sent before row j of claim i, as claims of
// nothing, and counts them as sent.
func rowsUpTo(claims []schema.Claim, sent []int, i, j int) []schema.Claim {
	var part []schema.Claim
	for k := range claims[:i+1] {
		end := len(claims[k].Rollups)
		if k == i {
			end = j
		}
		if end > sent[k] {
			part = append(part, schema.Claim{Partition: claims[k].Partition, Rollups: claims[k].Rollups[sent[k]:end]})
			sent[k] = end
		}
	}
	return part
}
