package command

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"
	"time"
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

// asGenerator makes the test binary a generator.
const asGenerator = "MLF_TEST_AS_GENERATOR"

// TestOverloadGenerator is no test: it does a job that is in the standard input,
// until the next line, and sends what is pending when there is no more to read.
func TestOverloadGenerator(t *testing.T) {
	if os.Getenv(asGenerator) == "" {
		t.Skip("is started by other tests")
	}
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	var j job
	if err := in.Decode(&j); err != nil {
		t.Fatal(err)
	}
	raiseDescriptors(t, uint64(j.Connections)+1000)
	ctx, stop := context.WithCancel(t.Context())
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
		report.Missed = castPaced(ctx, casters, j.Rate)
		report.Answers, report.Bare = answersOf(casters)
	} else {
		dawdleAll(ctx, f, j.Connections, report.Told)
	}
	if err := out.Encode(report); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, io.MultiReader(in.Buffered(), os.Stdin)) // Until its end.
	var end jobEnd
	if err := settleAll(t.Context(), casters, 2*time.Minute); err != nil {
		end.Error = err.Error()
	}
	end.Cast = f.cast()
	if err := out.Encode(end); err != nil {
		t.Fatal(err)
	}
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
	cmd *exec.Cmd
}

// generate starts a generator of the terminals of f.
func (f *fleet) generate(t *testing.T, connections int, rate float64) *generator {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	g := &generator{t: t}
	g.cmd = exec.Command("nice", "-n", "10", binary, "-test.run", "^TestOverloadGenerator$", "-test.timeout", "30m") //nolint:noctx // Ends with its input.
	g.cmd.Env = append(os.Environ(), asGenerator+"=1")
	g.cmd.Stderr = os.Stderr
	out, err := g.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	g.out = json.NewDecoder(out)
	if g.in, err = g.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := g.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = g.cmd.Process.Kill() // It has ended, if all went well.
		_ = g.cmd.Wait()
	})
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
