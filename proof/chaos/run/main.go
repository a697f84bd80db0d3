// Command run breaks the service while it is used, and says what became of the
// votes: `make chaos`. It knows the command line only; the rest is proof/chaos's.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	clickhouse "mlf/aggregate/store/embedded"
	"mlf/proof/chaos"
)

type options struct {
	Binary    string        `default:"bin/mlf" type:"path" help:"The mlf to run."`
	Duration  time.Duration `default:"2m" help:"How long things are broken; starting and the last comparison come on top."`
	Seed      uint64        `default:"1" help:"The same seed breaks the same things in the same order, and casts the same votes."`
	Report    string        `type:"path" placeholder:"FILE" help:"Write the report there, as JSON."`
	Dir       string        `type:"path" placeholder:"DIR" help:"Data and logs of all processes. Without it, a temporary folder, which stays when something was found."`
	Keep      bool          `help:"Keep the temporary folder in any case."`
	Terminals int           `default:"500" help:"Terminals of one round. Rounds are played and compared one after the other."`
	Days      int           `default:"2" help:"Days of one round."`
}

const about = `Runs mlf as separate processes on three real Kafka brokers and a ClickHouse engine, kills and freezes them, and cuts,
slows and silences the connections between them, at moments drawn from a seed, while a simulated country votes. One answer
in ten to the terminals is lost. Exit code 0 only if no vote is lost or counted twice, the ledger is balanced, and every figure
is exact within 60 s after the last fault.`

// errBroken is the error of a service that did not keep its promise.
var errBroken = errors.New("the service did not keep its promise")

func main() {
	clickhouse.ChildMain() // Does not return in the child that is the ClickHouse engine.
	var o options
	kong.Parse(&o, kong.Description(about))
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM) //nolint:forbidigo // This is main.
	err := run(ctx, o)
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	if o.Dir != "" {
		if err := os.MkdirAll(o.Dir, 0o755); err != nil {
			return fmt.Errorf("make folder: %w", err)
		}
	}
	report, err := chaos.Run(ctx, chaos.Config{
		Binary: o.Binary, Dir: o.Dir, Keep: o.Keep, Duration: o.Duration, Seed: o.Seed, Terminals: o.Terminals, Days: o.Days,
		Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	for _, line := range report.Lines() {
		fmt.Println(line)
	}
	if err == nil && !report.OK {
		err = errBroken
	}
	if o.Report != "" {
		err = errors.Join(err, write(o.Report, &report))
	}
	return err
}

// write writes the report for machines.
func write(file string, report *chaos.Report) error {
	text, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return fmt.Errorf("encode report: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return fmt.Errorf("make folder of the report: %w", err)
	}
	if err := os.WriteFile(file, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}
