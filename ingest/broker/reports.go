package broker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"mlf/ingest/broker/recordset"
	"mlf/schema/served"
)

// ServedRowsMax is the most numbers of served users that are put at once: a record of
// each is below 200 bytes, and they are one batch.
const ServedRowsMax = 1000

// PutServed appends rows, up to ServedRowsMax of them, to the topic of served users
// with acks=all. They are one batch: after nil all of them are there. It tries for
// Config.GiveUp, or until ctx ends or Kafka refuses for good; after an error the
// outcome is unknown.
func (c *Client) PutServed(ctx context.Context, rows []served.Served) error {
	if len(rows) == 0 {
		return nil
	}
	if len(rows) > ServedRowsMax {
		return fmt.Errorf("put %d numbers of served users: want at most %d: %w", len(rows), ServedRowsMax, ErrTooLarge)
	}
	var set recordset.Set
	var value []byte
	for i := range rows {
		value = served.Append(value[:0], &rows[i])
		set.Add([]byte(rows[i].String()), value)
	}
	if err := c.putSet(ctx, c.served, compactedPartition, &set); err != nil {
		return fmt.Errorf("put served users: %w", err)
	}
	return nil
}

// noServedPause is the pause between two looks for a topic that is not there.
const noServedPause = 10 * time.Second

// FollowServed is Follow for the topic of served users. Where there is none, because
// mlf schema apply has not run since the update, it logs a line and waits for it:
// votes do without.
func (c *Client) FollowServed(ctx context.Context, apply func(key string, value []byte) error, caughtUp func()) error {
	for said := false; ; said = true {
		f := &follower{client: c, topic: c.cfg.ServedTopic, records: c.metrics.served, apply: apply, caughtUp: caughtUp, began: time.Now()}
		err := f.run(ctx)
		if !errors.Is(err, ErrNoTopic) {
			return err
		}
		if !said {
			c.log.Warn("topic not followed", slog.String("topic", f.topic), slog.Any("err", err))
		}
		if !pause(ctx, noServedPause) {
			return nil
		}
	}
}
