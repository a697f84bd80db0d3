package setup

import (
	"context"
	"net"
	"time"

	kafka "mlf/ingest/broker/embedded"
	"mlf/proof/child"
)

// Broker is the embedded broker in a process of its own.
type Broker struct {
	Data   string `required:"" help:"Folder of the log."`
	Listen string `required:"" help:"Where clients connect."`
}

// Run serves until ctx ends.
func (c *Broker) Run(ctx context.Context, p *Parts) error {
	b, err := kafka.Start(ctx, kafka.Config{Dir: c.Data, Listen: c.Listen}, kafka.Telemetry{Logger: p.Log})
	if err != nil {
		return err
	}
	<-ctx.Done()
	return b.Close()
}

// StartBroker starts an embedded broker on the log in dir, as a process of its own,
// and returns when it listens on addr. After an error the process may run.
func StartBroker(ctx context.Context, dir string) (p *child.Process, addr string, err error) {
	if addr, err = child.FreeAddr(); err != nil {
		return nil, "", err
	}
	if p, err = child.StartSelf(nil, "--log-level", "warn", "bench", "broker", "--data", dir, "--listen", addr); err != nil {
		return nil, "", err
	}
	return p, addr, p.Await(ctx, func() error { return Dials(ctx, addr) })
}

// Dials tells whether somebody listens on addr.
func Dials(ctx context.Context, addr string) error {
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	return conn.Close()
}

// Stop ends a subject of a measurement. One that had to be killed has given its
// figures before.
func Stop(p *child.Process) { _ = p.Stop(child.StopMax) }
