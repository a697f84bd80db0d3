package embedded

import (
	"context"
	"fmt"
)

// HTTP returns the address of the engine's HTTP port, for tests that bring no driver.
func (s *Server) HTTP() string { return fmt.Sprintf("http://127.0.0.1:%d/", s.ports.http) }

// Ping asks the engine for a sign of life.
func (s *Server) Ping(ctx context.Context) error { return ping(ctx, s.ports.http) }
