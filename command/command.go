// Package command is the command line of mlf: it parses flags, builds the parts,
// runs them and stops them in the direction of the votes. It is the only place
// where stages meet, and knows no rule of the domain.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // Rome's clock, also on a machine without time zones.

	"github.com/alecthomas/kong"
	"github.com/prometheus/client_golang/prometheus"

	"mlf/aggregate/store/embedded"
	"mlf/bench/rig"
	"mlf/bench/setup"
	"mlf/command/annotate"
	"mlf/command/imports"
	"mlf/command/network"
	"mlf/command/process"
	"mlf/command/source"
	"mlf/command/tool"
	"mlf/ingest/broker"
)

// Exit codes, as the protocol fixes them.
const (
	ExitDone   = 0
	ExitFailed = 1
	ExitUsage  = 2
)

// cli is the command line. Every flag is also an environment variable, MLF_ and
// the flag's name in capitals, and a key of the configuration file under the
// command's name.
type cli struct {
	ConfigFile kong.ConfigFlag `name:"config" placeholder:"FILE" help:"Read flags from a YAML file, under the command's name (ingest: {listen: …}). The command line wins over the environment, the environment over the file."`
	LogLevel   slog.Level      `default:"info" help:"Least level of the JSON log on stderr: debug, info, warn or error."`

	Up        upCmd            `cmd:"" help:"Run everything with one command, on embedded engines: no Kafka, no ClickHouse, no Docker."`
	Ingest    ingestCmd        `cmd:"" help:"Take votes over HTTP into Kafka."`
	Aggregate aggregateCmd     `cmd:"" help:"Count the votes of the log into ClickHouse."`
	Query     queryCmd         `cmd:"" help:"Serve the statistics and the page that shows them."`
	Alert     alertCmd         `cmd:"" help:"Tell bodies of what happens to their votes and terminals."`
	Probe     probeCmd         `cmd:"" help:"Vote for tests through the public addresses, and watch the votes become counted and shown."`
	Schema    schemaCmd        `cmd:"" help:"Create topics, genesis records and tables."`
	Compare   compareCmd       `cmd:"" help:"Prove that two databases that count the same log are equal, cell by cell."`
	Doctor    doctorCmd        `cmd:"" help:"Look whether Kafka and ClickHouse keep what mlf promises."`
	Log       logCmd           `cmd:"" help:"Archive the log, put it back, verify an archive."`
	Terminal  network.Terminal `cmd:"" help:"Enrol, list, close and revoke terminals."`
	Body      network.BodyCmd  `cmd:"" help:"Bodies that take part, and the comuni that belong to them."`
	Order     network.OrderCmd `cmd:"" help:"What bodies ordered, and whether a programme pays for it."`
	Source    source.Cmd       `cmd:"" help:"Sites, networks and telephone exchanges that send without keeping state."`
	Claim     network.ClaimCmd `cmd:"" help:"Codes by which devices become terminals by themselves."`
	Import    imports.Cmd      `cmd:"" help:"Import what sites and telephone exchanges have kept of votes."`
	Vote      voteCmd          `cmd:"" help:"Find out what became of a vote."`
	Annotate  annotate.Cmd     `cmd:"" help:"Note breaks and events beside the figures."`
	Simulate  simulateCmd      `cmd:"" help:"Play terminals that behave like a country, then compare every cell."`
	Bench     rig.Cmd          `cmd:"" help:"Measure what a vote costs, against what one would write without mlf."`
	Config    configCmd        `cmd:"" help:"Check a configuration."`
	Version   versionCmd       `cmd:"" help:"Print the version."`
}

// A console is what a command may use of the world around it.
type console struct {
	Stdout   io.Writer
	Stderr   io.Writer
	Log      *slog.Logger
	Messages prometheus.Collector // How many were logged.
}

// Main runs the command line of this process and ends the process with its exit
// code. It is the whole of main, and of a test binary that plays mlf.
func Main() {
	embedded.ChildMain()                                                                   // Does not return in the child that is the embedded ClickHouse.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM) //nolint:forbidigo // This is main.
	go func() {
		<-ctx.Done()
		stop() // A second signal ends the process at once.
	}()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run executes one command line and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var c cli
	exited := -1
	parser := newParser(&c, stdout, stderr, func(code int) { exited = code })
	command, err := parser.Parse(args)
	if exited >= 0 {
		return exited // --help has printed.
	}
	if err != nil {
		parser.Errorf("%s", err)
		fmt.Fprintln(stderr, "mlf: see mlf --help, or mlf COMMAND --help")
		return ExitUsage
	}
	log, messages := process.NewLog(stderr, c.LogLevel)
	command.BindTo(ctx, (*context.Context)(nil))
	command.Bind(&console{Stdout: stdout, Stderr: stderr, Log: log, Messages: messages}, &tool.Console{Stdout: stdout, Stderr: stderr, Log: log}, &setup.Parts{Stdout: stdout, Stderr: stderr, Log: log})
	if err := command.Run(); err != nil {
		fmt.Fprintf(stderr, "mlf: %v\n", err)
		if errors.Is(err, broker.ErrGivenUp) {
			fmt.Fprintln(stderr, "mlf: is Kafka running, and its address (--kafka) right? Where there is --wait, it waits longer")
		}
		var usage usageError
		var toolUsage tool.UsageError
		if errors.As(err, &usage) || errors.As(err, &toolUsage) {
			return ExitUsage
		}
		return ExitFailed
	}
	return ExitDone
}

// newParser returns the parser of c. It calls exit instead of ending the process.
func newParser(c *cli, stdout, stderr io.Writer, exit func(code int)) *kong.Kong {
	parser, err := kong.New(c,
		kong.Name("mlf"),
		kong.Description("Votes of \"Mettiamoci la faccia\": taken, counted once, and shown.\n\nStart with:  mlf up --data ./data --demo-terminals 20"),
		kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true}),
		kong.DefaultEnvars("MLF"),
		kong.Configuration(configLoader),
		kong.Writers(stdout, stderr),
		kong.Exit(exit),
	)
	if err != nil {
		panic(fmt.Sprintf("BUG: command line: %v", err))
	}
	return parser
}

// A usageError is the caller's fault, found after the flags were parsed.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }
