package overload_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mlf/bench/load"
	"mlf/command"
	"mlf/proof/child"
	"mlf/proof/harness"
)

// A job is what a generator does. Generators are processes of their own, that step
// back for others: what they need of the processors must not look like what their
// victim needs.
type job struct {
	Ingest      string
	Terminals   []jobTerminal
	Connections int
	Rate        float64 // Votes a second, whatever the answers; 0: dawdle.
}

type jobTerminal struct{ Token, Stream string }

// A jobReport is what a generator has to say when it is told to stop.
type jobReport struct {
	Answers map[string][]time.Duration // How long each took, by fate, sorted. Of a load.
	Bare    int                        // Answers 503 without Retry-After.
	Missed  int                        // Votes that were due while no connection was free.
	Told    map[string]int             // First lines of answers. Of dawdlers.
}

// A jobEnd is what it says when it has sent all that it still had to send.
type jobEnd struct {
	Cast  int64  // Different votes.
	Error string // What could not be sent.
}

// modeGenerator is the mode in which the test binary is a generator.
const modeGenerator = "generator"

// runGenerator is the main of a generator.
func runGenerator() int {
	if err := generate(context.Background(), os.Stdin, os.Stdout); err != nil { //nolint:forbidigo // This is a main.
		fmt.Fprintln(os.Stderr, "generator:", err)
		return command.ExitFailed
	}
	return command.ExitDone
}

// generate does the job that is in stdin until the next line, and sends what is
// pending when there is no more to read.
func generate(ctx context.Context, stdin io.Reader, stdout io.Writer) error {
	in, out := json.NewDecoder(stdin), json.NewEncoder(stdout)
	var j job
	if err := in.Decode(&j); err != nil {
		return fmt.Errorf("read job: %w", err)
	}
	if err := load.RaiseDescriptors(j.Connections + 1000); err != nil {
		return err
	}
	casting, stop := context.WithCancel(ctx)
	go func() {
		_ = in.Decode(new(string)) // Whatever it is, or the starter's end.
		stop()
	}()
	report := jobReport{Told: make(map[string]int)}
	f := &fleet{ingest: j.Ingest}
	for _, tm := range j.Terminals {
		f.terminals = append(f.terminals, &fleetTerminal{token: tm.Token, stream: tm.Stream})
	}
	var casters []*caster
	if j.Rate > 0 {
		casters = f.casters(j.Connections)
		report.Missed = castPaced(casting, casters, j.Rate)
		report.Answers, report.Bare = answersOf(casters)
	} else {
		dawdleAll(casting, f, j.Connections, report.Told)
	}
	if err := out.Encode(report); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	_, _ = io.Copy(io.Discard, io.MultiReader(in.Buffered(), stdin)) // Until its end.
	var end jobEnd
	if err := settleAll(ctx, casters, 2*time.Minute); err != nil {
		end.Error = err.Error()
	}
	end.Cast = f.cast()
	return out.Encode(end)
}

// dawdleAll keeps n dawdling connections until ctx ends, and adds up what they were
// told.
func dawdleAll(ctx context.Context, f *fleet, n int, told map[string]int) {
	var answers sync.Map
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			d := dawdler{n: i, token: f.terminals[i%len(f.terminals)].token, ingest: f.ingest, told: &answers}
			for ctx.Err() == nil {
				d.dawdle(ctx)
			}
		})
	}
	wg.Wait()
	answers.Range(func(answer, n any) bool {
		told[answer.(string)] = int(n.(*atomic.Int64).Load())
		return true
	})
}

// A generator is a process that does a job.
type generator struct {
	t   *testing.T
	in  io.WriteCloser
	out *json.Decoder
}

// generate starts a generator of the terminals of f.
func (f *fleet) generate(t *testing.T, connections int, rate float64) *generator {
	t.Helper()
	cmd, err := harness.As(modeGenerator, "nice", "-n", "10")
	if err != nil {
		t.Fatal(err)
	}
	g := &generator{t: t}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	g.out = json.NewDecoder(out)
	if g.in, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	p, err := child.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill) // It has ended, if all went well.
	j := job{Ingest: f.ingest, Connections: connections, Rate: rate}
	for _, tm := range f.terminals {
		j.Terminals = append(j.Terminals, jobTerminal{tm.token, tm.stream})
	}
	g.say(j)
	return g
}

func (g *generator) say(what any) {
	g.t.Helper()
	if err := json.NewEncoder(g.in).Encode(what); err != nil {
		g.t.Fatal(err)
	}
}

func (g *generator) hear(what any) {
	g.t.Helper()
	if err := g.out.Decode(what); err != nil {
		g.t.Fatal(err)
	}
}

// stop ends the load.
func (g *generator) stop() (r jobReport) {
	g.t.Helper()
	g.say("stop")
	g.hear(&r)
	return r
}

// settle has every vote acknowledged, and returns how many there were.
func (g *generator) settle() int64 {
	g.t.Helper()
	if err := g.in.Close(); err != nil {
		g.t.Fatal(err)
	}
	var end jobEnd
	if g.hear(&end); end.Error != "" {
		g.t.Error(end.Error)
	}
	return end.Cast
}
