package command

import (
	"context"
	"time"

	"mlf/command/process"
	"mlf/ingest/broker"
	told "mlf/ingest/report"
	"mlf/ingest/setup"
	"mlf/schema"
	"mlf/schema/heartbeat"
	"mlf/schema/registry"
	"mlf/schema/served"
)

// reportsPart follows what is reported beside votes. Votes do without: no check waits
// for it.
func (b *base) reportsPart(log told.ServedLog, lists *registry.Registry) (*told.Served, process.Part, error) {
	reports, err := told.NewServed(log, lists.ServiceID, time.Now())
	if err != nil {
		return nil, process.Part{}, err
	}
	return reports, process.Part{Name: "reports", Run: func(ctx context.Context) error { return reports.Run(ctx, b.log) }}, nil
}

// heartbeatsPart takes what devices say of themselves. Votes do without. The answers name
// the configuration that desk gives, so that a device asks for it when it is another.
func (b *base) heartbeatsPart(log told.HeartbeatLog, desk *setup.Desk) (*told.Heartbeats, process.Part) {
	beats := told.NewHeartbeats(log, told.HeartbeatsConfig{Shown: func(e *schema.Enrolment) string {
		_, tag := desk.Config(e)
		return tag
	}})
	return beats, process.Part{Name: "heartbeats", Run: func(ctx context.Context) error { return beats.Run(ctx, b.log) }}
}

// A roomyLog takes what is reported beside votes while its disk has room.
type roomyLog struct {
	*broker.Client
	room func(context.Context) error
}

// PutServed refuses rows where there is no room.
func (r roomyLog) PutServed(ctx context.Context, rows []served.Served) error {
	if err := r.room(ctx); err != nil {
		return err
	}
	return r.Client.PutServed(ctx, rows)
}

// PutHeartbeats refuses heartbeats where there is no room.
func (r roomyLog) PutHeartbeats(ctx context.Context, rows []heartbeat.Heartbeat) error {
	if err := r.room(ctx); err != nil {
		return err
	}
	return r.Client.PutHeartbeats(ctx, rows)
}
