package broker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"mlf/ingest/broker/recordset"
	"mlf/schema/heartbeat"
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
	err := putRows(ctx, c, c.served, rows, func(dst []byte, s *served.Served) (string, []byte) { return s.String(), served.Append(dst, s) })
	if err != nil {
		return fmt.Errorf("put served users: %w", err)
	}
	return nil
}

// putRows appends the records of rows as one batch.
func putRows[Row any](ctx context.Context, c *Client, to *leaders, rows []Row, record func(dst []byte, r *Row) (string, []byte)) error {
	var set recordset.Set
	var key string
	var value []byte
	for i := range rows {
		key, value = record(value[:0], &rows[i])
		set.Add([]byte(key), value)
	}
	return c.putSet(ctx, to, compactedPartition, &set)
}

// FollowServed is Follow for the topic of served users. Where there is none, because
// mlf schema apply has not run since the update, it logs a line and waits for it:
// votes do without.
func (c *Client) FollowServed(ctx context.Context, apply func(key string, value []byte) error, caughtUp func()) error {
	return c.followBeside(ctx, follower{topic: c.cfg.ServedTopic, records: c.metrics.served, apply: apply, caughtUp: caughtUp})
}

// HeartbeatsMax is the most heartbeats that are put at once: a record of each is below 300
// bytes, and they are one batch.
const HeartbeatsMax = 1000

// PutHeartbeats is PutServed for heartbeats, up to HeartbeatsMax of them.
func (c *Client) PutHeartbeats(ctx context.Context, rows []heartbeat.Heartbeat) error {
	if len(rows) == 0 {
		return nil
	}
	if len(rows) > HeartbeatsMax {
		return fmt.Errorf("put %d heartbeats: want at most %d: %w", len(rows), HeartbeatsMax, ErrTooLarge)
	}
	err := putRows(ctx, c, c.heartbeats, rows, func(dst []byte, h *heartbeat.Heartbeat) (string, []byte) { return h.Key(), heartbeat.Append(dst, h) })
	if err != nil {
		return fmt.Errorf("put heartbeats: %w", err)
	}
	return nil
}

// FollowHeartbeats is FollowServed for the topic of heartbeats.
func (c *Client) FollowHeartbeats(ctx context.Context, apply func(key string, value []byte) error, caughtUp func()) error {
	return c.followBeside(ctx, follower{topic: c.cfg.HeartbeatsTopic, records: c.metrics.heartbeats, apply: apply, caughtUp: caughtUp})
}

// PutAlert is PutRegistry for the topic of alerts; a nil value takes back what the key had.
func (c *Client) PutAlert(ctx context.Context, key string, value []byte) error {
	if err := c.put(ctx, c.alerts, compactedPartition, key, value); err != nil {
		return fmt.Errorf("put %.100s: %w", key, err)
	}
	return nil
}

// FollowAlerts is FollowServed for the topic of alerts.
func (c *Client) FollowAlerts(ctx context.Context, apply func(key string, value []byte) error, caughtUp func()) error {
	return c.followBeside(ctx, follower{topic: c.cfg.AlertsTopic, records: c.metrics.alerts, apply: apply, caughtUp: caughtUp})
}

// ReadAlerts is ReadRecords for the topic of alerts. ErrNoTopic: there is none.
func (c *Client) ReadAlerts(ctx context.Context, apply func(key string, value []byte) error) error {
	f := &follower{client: c, topic: c.cfg.AlertsTopic, records: c.metrics.alerts, apply: apply, caughtUp: func() {}, began: time.Now()}
	return f.once(ctx)
}

// noTopicPause is the pause between two looks for a topic that is not there.
const noTopicPause = 10 * time.Second

// followBeside follows a topic that votes do without, as a copy of f does, and waits for it.
func (c *Client) followBeside(ctx context.Context, f follower) error {
	for said := false; ; said = true {
		f := f
		f.client, f.began = c, time.Now()
		err := f.run(ctx)
		if !errors.Is(err, ErrNoTopic) {
			return err
		}
		if !said {
			c.log.Warn("topic not followed", slog.String("topic", f.topic), slog.Any("err", err))
		}
		if !pause(ctx, noTopicPause) {
			return nil
		}
	}
}
