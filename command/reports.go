package command

import (
	"context"
	"time"

	"mlf/command/process"
	"mlf/ingest"
	"mlf/schema/registry"
	"mlf/schema/served"
)

// reportsPart follows what is reported beside votes. Votes do without: no check waits
// for it.
func (b *base) reportsPart(log ingest.ReportLog, lists *registry.Registry) (*ingest.Reports, process.Part, error) {
	reports, err := ingest.NewReports(log, lists.ServiceID, time.Now())
	if err != nil {
		return nil, process.Part{}, err
	}
	return reports, process.Part{Name: "reports", Run: func(ctx context.Context) error { return reports.Run(ctx, b.log) }}, nil
}

// roomyReports are reports that go on the log while its disk has room.
type roomyReports struct {
	ingest.ReportLog
	room func(context.Context) error
}

// PutServed refuses rows where there is no room.
func (r roomyReports) PutServed(ctx context.Context, rows []served.Served) error {
	if err := r.room(ctx); err != nil {
		return err
	}
	return r.ReportLog.PutServed(ctx, rows)
}
