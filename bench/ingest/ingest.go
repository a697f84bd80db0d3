package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"time"

	"mlf/bench/load"
	"mlf/bench/measure"
	"mlf/bench/setup"
	"mlf/bench/workload"
)

// Measure measures what a vote costs at the front door.
type Measure struct {
	setup.Flags
	Kafka       []string      `placeholder:"ADDR" help:"Measure with these brokers instead of the embedded one. Test terminals and their votes are written to them: use a Kafka that is for nothing else."`
	Time        time.Duration `default:"3s" help:"Length of one run, after half a second to warm up."`
	Workloads   []string      `enum:"one,hundred,protobuf,zstd,latency,connections,tls-new,tls-resumed,tls-kept,heartbeats" default:"one,hundred,protobuf,zstd,latency" help:"What to measure: ${enum}."`
	Subjects    []string      `enum:"parse-only,A,A-fastjson,B,mlf,mlf-rsa,mlf-hybrid,mlf-classical,mlf-plain" default:"parse-only,A,A-fastjson,B,mlf,mlf-rsa,mlf-hybrid,mlf-classical,mlf-plain" help:"What to compare: ${enum}."`
	Before      string        `type:"existingfile" placeholder:"FILE" help:"Another build of mlf, to take turns with this one: what a change gained."`
	Connections int           `default:"50000" help:"Connections of workload connections."`
	Partitions  int           `default:"16" help:"Partitions of the topics."`
}

// Help is shown by mlf bench ingest --help.
func (*Measure) Help() string {
	return `Starts a broker, mlf ingest and the baselines as processes of their own, sends the same requests to each in turn, and
reports processor time per request and vote of the process under test alone, as ratios of the same rounds.

  parse-only  a fasthttp handler that reads the votes and forgets them: nothing on fasthttp can cost less
  A           a fasthttp handler that reads the votes by encoding/json and checks them; one kafka.Writer message per
              vote; answers after acks=all
  A-fastjson  the same with fastjson, and each vote passed through as it came: as far as one gets with other libraries
  B           the same with one message per request, the body passed through unread
  mlf         mlf ingest: token, signed stream, each vote checked, one record per request; answers after acks=all

  one          1 JSON vote a request, 512 connections
  hundred      100 JSON votes a request, 64 connections
  protobuf     1,000 votes a request as protobuf, 64 connections (B and mlf)
  zstd         1,000 votes a request as JSON with zstd, 64 connections (B and mlf)
  latency      1 JSON vote a request at half of each subject's rate in workload one; the requests are due at random
               times, and what waits for a connection counts from when it was due
  connections  --connections connections that are kept open, from several addresses of loopback, at 50, 100 and 200 %
               of mlf's rate in workload one
  tls-new      1 JSON vote a request, each on a TLS connection of its own, after a full handshake, 64 clients
  tls-resumed  the same, and each connection resumes the session of the client's last
  tls-kept     1 JSON vote a request on TLS connections that are kept, 512 clients; idle_connection_kib is what one
               holds when it is silent
  heartbeats   1 JSON vote a request, 400 a second, alone and beside 10,000 heartbeats a minute, in turns: what votes
               wait

The workloads over TLS take turns with each other; mlf has a certificate with ECDSA P-256 there, and

  mlf-rsa        one with RSA 2048
  mlf-hybrid     --tls-key-exchange hybrid, which differs in tls-resumed
  mlf-classical  --tls-key-exchange classical
  mlf-plain      plain HTTP: tls-new is a new connection for each vote, tls-kept is idle memory without TLS

Every 202 is looked for on the log: a run with a record missing is an error.

  mlf bench ingest --json ingest.json
  mlf bench ingest --workloads one --subjects parse-only,mlf --time 2s`
}

// Validate refuses what cannot be measured.
func (c *Measure) Validate() error {
	if c.Runs < 1 || c.Time < 100*time.Millisecond || c.Connections < 1 {
		return errors.New("--runs and --connections: want at least 1; --time: at least 100ms")
	}
	return nil
}

// Run measures and reports.
func (c *Measure) Run(ctx context.Context, p *setup.Parts) (err error) {
	if slices.Contains(c.Workloads, "connections") {
		if err := load.RaiseDescriptors(c.Connections); err != nil {
			return err
		}
	}
	report := &measure.Report{Command: c.command(), Machine: measure.ThisMachine()}
	rig, err := newIngestRig(ctx, p.Log, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rig.close()) }()
	b := &ingestBench{Measure: c, rig: rig, parts: p, peaks: make(map[string]float64)}
	for _, w := range ingestWorkloads() {
		if !slices.Contains(c.Workloads, w.name) {
			continue
		}
		results, err := b.measure(ctx, w)
		if err != nil {
			return err
		}
		report.Results = append(report.Results, results...)
	}
	secure, err := b.measureTLS(ctx)
	if err != nil {
		return err
	}
	report.Results = append(report.Results, secure...)
	if slices.Contains(c.Workloads, "heartbeats") {
		beside, err := b.measureHeartbeats(ctx)
		if err != nil {
			return err
		}
		report.Results = append(report.Results, beside...)
	}
	report.Machine.LoadLast = measure.Load()
	report.Notes = []string{
		"cpu_us_per_request is of the process under test, user and system, by the kernel's account; broker and load are other processes. " +
			"votes_per_second is what came through on this machine with all of them on it; votes_per_core_second is arithmetic: 1 s / CPU per vote.",
	}
	return c.Print(p.Stdout, report)
}

// command returns the command line that gives the figures again.
func (c *Measure) command() string {
	text := fmt.Sprintf("mlf bench ingest --runs %d --time %v --workloads %s --subjects %s --partitions %d",
		c.Runs, c.Time, strings.Join(c.Workloads, ","), strings.Join(c.Subjects, ","), c.Partitions)
	if len(c.Kafka) > 0 {
		text += " --kafka " + strings.Join(c.Kafka, ",")
	}
	return text
}

// An ingestWorkload is one way of sending votes.
type ingestWorkload struct {
	name        string
	title       string
	form        workload.Form
	votes       int // A request.
	connections int // 0: as many as asked for.
	subjects    []string
	shares      []float64 // Of the peak of workload one, for an open loop; none: a closed loop.
	dial        dialFunc
}

// A dialFunc opens connections.
type dialFunc func(ctx context.Context, cfg load.Config) (generator, error)

// A generator sends requests over the connections that it holds.
type generator interface {
	Run(ctx context.Context, rate float64, duration time.Duration) (*load.Tally, error)
	Close()
}

// dialPlain opens connections of plain HTTP, which are kept.
func dialPlain(ctx context.Context, cfg load.Config) (generator, error) { return load.Dial(ctx, cfg) }

func ingestWorkloads() []ingestWorkload {
	all := []string{parseOnly, messagePerVote, messagePerVoteFast, messagePerRequest, itself}
	unread := []string{messagePerRequest, itself} // The other baselines read plain JSON only.
	return []ingestWorkload{
		{"one", "1 JSON vote a request, 512 connections", workload.JSON, 1, 512, all, nil, dialPlain},
		{"hundred", "100 JSON votes a request, 64 connections", workload.JSON, 100, 64, all, nil, dialPlain},
		{"protobuf", "1,000 protobuf votes a request, 64 connections", workload.Protobuf, 1000, 64, unread, nil, dialPlain},
		{"zstd", "1,000 JSON votes with zstd a request, 64 connections", workload.JSONZstd, 1000, 64, unread, nil, dialPlain},
		{"latency", "1 JSON vote a request, open loop", workload.JSON, 1, 512, all, []float64{0.5}, dialPlain},
		{"connections", "1 JSON vote a request, many connections, open loop", workload.JSON, 1, 0, []string{itself}, []float64{0.5, 1, 2}, dialPlain},
	}
}

// An ingestBench is one run of mlf bench ingest.
type ingestBench struct {
	*Measure
	rig   *ingestRig
	parts *setup.Parts
	peaks map[string]float64 // Requests a second in workload one, by subject.
}

// measure measures one workload, at each share of the peak.
func (b *ingestBench) measure(ctx context.Context, w ingestWorkload) ([]measure.Result, error) {
	subjects := slices.DeleteFunc(slices.Clone(w.subjects), func(s string) bool { return !slices.Contains(b.Subjects, s) })
	if b.Before != "" {
		subjects = append(subjects, earlier)
	}
	if w.connections == 0 {
		w.connections = b.Connections
	}
	if len(w.shares) == 0 {
		return b.interleave(ctx, w, subjects, 0)
	}
	for _, s := range subjects {
		if b.peaks[s] == 0 {
			if err := b.findPeak(ctx, s); err != nil {
				return nil, err
			}
		}
	}
	var all []measure.Result
	for _, share := range w.shares {
		at := w
		at.title = fmt.Sprintf("%s, %d connections, at %.0f %% of the closed-loop peak", w.title, w.connections, share*100)
		results, err := b.interleave(ctx, at, subjects, share)
		if err != nil {
			return nil, err
		}
		all = append(all, results...)
	}
	return all, nil
}

// findPeak measures the peak of a subject that was not in workload one.
func (b *ingestBench) findPeak(ctx context.Context, subject string) error {
	one := ingestWorkloads()[0]
	_, err := b.interleave(ctx, one, []string{subject}, 0)
	return err
}

// interleave starts the subjects, lets them take turns, and ends them.
func (b *ingestBench) interleave(ctx context.Context, w ingestWorkload, subjects []string, share float64) ([]measure.Result, error) {
	requests, err := b.rig.requests(w.form, w.votes)
	if err != nil {
		return nil, err
	}
	turns := make([]measure.Subject, len(subjects))
	for i, name := range subjects {
		s, err := b.rig.start(ctx, name)
		if err != nil {
			return nil, err
		}
		defer setup.Stop(s.process)
		turns[i] = measure.Subject{Name: name, Run: func(ctx context.Context) (measure.Sample, error) {
			return b.run(ctx, s, w, requests, share*b.peaks[name])
		}}
	}
	results, err := measure.Interleave(ctx, w.title, b.Runs, turns, func(round int, subject string) {
		fmt.Fprintf(b.parts.Stderr, "%s: round %d of %d, %s\n", w.title, round+1, b.Runs, subject)
	})
	if err != nil {
		return nil, err
	}
	if w.name == "one" {
		for i := range results {
			b.peaks[results[i].Subject] = results[i].Figure("votes_per_second").Median
		}
	}
	return results, nil
}

// warmUp is how long a subject serves before it is measured.
const warmUp = 500 * time.Millisecond

// run measures one subject once. rate 0 is a closed loop.
func (b *ingestBench) run(ctx context.Context, s *ingestSubject, w ingestWorkload, requests [][]byte, rate float64) (sample measure.Sample, err error) {
	g, err := w.dial(ctx, load.Config{Addr: s.addr, Connections: w.connections, Requests: requests, Sources: sources(w.connections)})
	if err != nil {
		return nil, err
	}
	defer g.Close()
	kept, err := b.rig.records(ctx, s)
	if err != nil {
		return nil, err
	}
	warm, err := g.Run(ctx, rate, warmUp)
	if err != nil {
		return nil, err
	}
	before, err := s.account(ctx)
	if err != nil {
		return nil, err
	}
	tally, err := g.Run(ctx, rate, b.Time)
	if err != nil {
		return nil, err
	}
	after, err := s.account(ctx)
	if err != nil {
		return nil, err
	}
	if err := b.check(s, tally); err != nil {
		return nil, err
	}
	want := int64(warm.Acked() + tally.Acked())
	if s.name == messagePerVote || s.name == messagePerVoteFast {
		want *= int64(w.votes)
	}
	if now, err := b.rig.records(ctx, s); err != nil || s.name != parseOnly && now-kept < want {
		return nil, errors.Join(err, fmt.Errorf("%d records were acknowledged, %d are on the log", want, now-kept))
	}
	return sampleOf(w, tally, before, after, rate > 0), nil
}

// sources returns enough addresses of loopback for n connections to one port.
func sources(n int) []netip.Addr {
	const each = 20_000 // Of some 28,000 ports that Linux gives out.
	if n <= each {
		return nil
	}
	var addrs []netip.Addr
	for i := range (n + each - 1) / each {
		addrs = append(addrs, netip.AddrFrom4([4]byte{127, 0, 0, byte(2 + i)}))
	}
	return addrs
}

// check looks at the answers.
func (b *ingestBench) check(s *ingestSubject, tally *load.Tally) error {
	if tally.Acked() == 0 {
		return fmt.Errorf("no request was answered 202: %v, %d lost", tally.Answered, tally.Lost)
	}
	if len(tally.Answered) > 1 || tally.Lost > 0 {
		b.parts.Log.Info("not every request was answered 202", slog.String("subject", s.name), slog.Any("answered", tally.Answered), slog.Uint64("lost", tally.Lost))
	}
	return nil
}

// sampleOf returns the figures of a run.
func sampleOf(w ingestWorkload, t *load.Tally, before, after account, latencies bool) measure.Sample {
	requests, votes := float64(t.Acked()), float64(t.Acked())*float64(w.votes)
	cpu := after.cpu - before.cpu
	var answers uint64
	for _, n := range t.Answered {
		answers += n
	}
	sample := measure.Sample{
		{Metric: "cpu_us_per_request", Number: float64(cpu.Nanoseconds()) / 1000 / float64(answers)},
		{Metric: "cpu_us_per_vote", Number: float64(cpu.Nanoseconds()) / 1000 / votes},
		{Metric: "votes_per_core_second", Number: votes / cpu.Seconds()},
		{Metric: "votes_per_second", Number: votes / t.Wall.Seconds()},
	}
	if latencies {
		sample = append(sample, t.Latencies.Sample("latency")...)
		sample = append(sample,
			measure.Value{Metric: "answered_503", Number: float64(t.Answered[503])},
			measure.Value{Metric: "lost", Number: float64(t.Lost)})
	}
	sample = append(sample, measure.Value{Metric: "resident_peak_mib", Number: float64(after.memory.Peak) / (1 << 20)})
	if after.mallocs > 0 {
		sample = append(sample,
			measure.Value{Metric: "allocations_per_request", Number: (after.mallocs - before.mallocs) / requests},
			measure.Value{Metric: "kafka_bytes_per_vote", Number: (after.kafkaBytes - before.kafkaBytes) / votes})
	}
	return sample
}
