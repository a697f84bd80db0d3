// Package rig measures what a vote costs: `mlf bench`. It starts the processes
// that it measures as children of its own, this very program with other arguments,
// so that their processor time is theirs alone, and lets subjects take turns.
//
// It knows flags of mlf's stages and what they serve, and the engines that they
// need. It must not know the command line that it is part of.
package rig

import (
	"mlf/bench/capacity"
	"mlf/bench/ingest"
	"mlf/bench/setup"
)

// Cmd groups the measurements, for the command line.
type Cmd struct {
	Ingest    ingest.Measure `cmd:"" help:"Measure ingest: CPU per vote, latency, memory, against what one would write without it."`
	Aggregate Aggregate      `cmd:"" help:"Measure the way from the log to the rollups: CPU per vote and row, against what one would write without it."`
	Query     Query          `cmd:"" help:"Measure reads of the statistics over millions of rollups."`
	Capacity  capacity.Cmd   `cmd:"" help:"Compute what a country needs from what was measured."`

	Broker      setup.Broker `cmd:"" hidden:"" help:"Run the embedded Kafka broker alone, for a measurement."`
	CountJSON   CountJSON    `cmd:"" name:"count-json" hidden:"" help:"Run a baseline of aggregate, for a measurement."`
	RollupPages RollupPages  `cmd:"" hidden:"" help:"Run a baseline of query, for a measurement."`
	Serve       ingest.Serve `cmd:"" hidden:"" help:"Run a baseline of ingest, for a measurement."`
}
