package sim

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mlf/query/calendar"
	"mlf/query/cube"
	"mlf/query/question"
	"mlf/schema"
)

// answered tells whether somebody answers questions in the schedule of a seed: in all
// in which segments close, and in some others. Of a log that was rewritten
// nobody's counts can be held to anything.
func answered(seed uint64) bool {
	switch seed % 8 {
	case 0, 2, 5, 6:
		return true
	}
	return false
}

// The times of who answers questions. None comes at the time of another.
const (
	cubePublish  = 50*time.Millisecond + 3
	cubeBackBy   = 10 * time.Second
	cubeSeal     = 3*time.Second + 11
	cubeGapWait  = 700*time.Millisecond + 13
	cubeRetry    = 900*time.Millisecond + 17
	cubeSnapshot = 15*time.Second + 19
)

// Answers are the counts in memory, in a process that is killed, stopped and frozen
// as others are, and what they are held to. Its snapshots are files, in memory where
// the machine has such: nothing here is about disks.
type answers struct {
	w    *world
	dice *rand.Rand // Of what befalls it beside its calls.

	root     string // Holds the folders of all processes.
	disk     string // What the next finds.
	runs     int
	who      *process
	follower *cube.Follower
	registry *prometheus.Registry
	found    bool // A snapshot, at its start.
	config   cube.Config

	hoursKept []question.Group // See hours.

	cuts    int  // Power cuts that there had been when the account was read.
	tainted bool // It has read rows of a store that had lost some.
	wrong   error
	floor   [partitions]*oracle
	ceiling [partitions]*oracle
}

// openCube lets somebody answer questions in w.
func (w *world) openCube() error {
	root, err := os.MkdirTemp(memory(), "mlf-sim-")
	if err != nil {
		return fmt.Errorf("make folder of snapshots: %w", err)
	}
	clock, err := calendar.Rome()
	if err != nil {
		return errors.Join(err, os.RemoveAll(root))
	}
	a := &answers{w: w, dice: rand.New(rand.NewPCG(w.seed, 1)), root: root}
	a.config = cube.Config{
		Clock:        clock,
		RegionOf:     func(c schema.ComuneID) schema.RegionID { return schema.RegionID(c % 3) },
		PublishEvery: cubePublish, BackBy: cubeBackBy, SealEvery: cubeSeal, GapWait: cubeGapWait,
		RetryEvery: cubeRetry, SnapshotEvery: cubeSnapshot,
		FreshMax: 1 + a.dice.IntN(60), VotesMax: 1 << (3 + a.dice.IntN(20)),
	}
	if all := queryPoints(); a.dice.IntN(2) == 0 {
		w.weather.aim = all[a.dice.IntN(len(all))]
	}
	w.cube = a
	return nil
}

// memory returns the folder of files that are in memory; empty for none.
func memory() string {
	const shm = "/dev/shm"
	if info, err := os.Stat(shm); err != nil || !info.IsDir() {
		return ""
	}
	return shm
}

// remove leaves no file.
func (a *answers) remove() error {
	if a == nil {
		return nil
	}
	return os.RemoveAll(a.root)
}

// start starts a process, which finds what the one before has left.
func (a *answers) start(ctx context.Context) {
	if a == nil {
		return
	}
	w := a.w
	a.runs++
	dir := filepath.Join(a.root, fmt.Sprint(a.runs))
	if a.disk == "" {
		a.must(os.Mkdir(dir, 0o700))
	} else {
		a.must(os.Rename(a.disk, dir))
	}
	a.disk = dir
	a.found = len(a.snapshots()) > 0
	p, ctx := w.newProcess(ctx, "query")
	w.note("%s starts, with a snapshot: %v", p, a.found)
	cfg := a.config
	a.registry = prometheus.NewRegistry()
	cfg.Feed, cfg.Store, cfg.Dir, cfg.Registry = querier{w, p}, func() cube.Store { return querier{w, p} }, dir, a.registry
	follower, err := cube.New(cfg)
	a.must(err)
	a.who, a.follower = p, follower
	go func() {
		defer close(p.ended)
		_ = follower.Run(ctx) // Whatever feed and store do, it goes on.
	}()
	synctest.Wait()
}

// must is for what cannot go wrong, but for the machine.
func (a *answers) must(err error) {
	if err != nil {
		panic(fmt.Sprintf("BUG: %v", err))
	}
}

func (a *answers) snapshots() []string {
	names, err := filepath.Glob(filepath.Join(a.disk, "cube-*.snapshot"))
	a.must(err)
	return names
}

// keepDisk keeps what is on the disk of p, which is about to be killed: it writes no
// last snapshot. The newest may be damaged.
func (a *answers) keepDisk(p *process) {
	if a == nil || p != a.who || p.dead || p.over() {
		return
	}
	kept := a.disk + "-kept"
	a.must(os.Rename(a.disk, kept))
	a.must(os.WriteFile(a.disk, nil, 0o600)) // No folder can be made there.
	a.disk = kept
	names := a.snapshots()
	if len(names) == 0 || a.w.calm || a.dice.IntN(4) > 0 {
		return
	}
	newest := slices.Max(names)
	bytes, err := os.ReadFile(newest)
	a.must(err)
	torn := newest + ".torn" // Another file: this one may be mapped.
	a.must(os.WriteFile(torn, bytes[:a.dice.IntN(1+len(bytes))], 0o600))
	a.must(os.Rename(torn, newest))
}

// turn lets something happen to the process or its topic, and looks now and then
// whether it is right.
func (a *answers) turn(ctx context.Context) {
	if a == nil {
		return
	}
	if a.who.dead || a.who.over() {
		a.remember()
		a.start(ctx)
		return
	}
	if !a.w.calm && !a.who.stopping && a.dice.IntN(1000) < 12 {
		a.trouble(ctx)
	}
	if a.dice.IntN(checkEvery) == 0 {
		a.check(ctx)
	}
}

// checkEvery is of how many turns the answers are looked at after one.
const checkEvery = 100

// trouble lets something happen that is not in the day's work.
func (a *answers) trouble(ctx context.Context) {
	w := a.w
	switch n := a.dice.IntN(12); {
	case n < 2:
		a.hit(hitQueryKill)
		w.kill(a.who)
	case n < 4:
		a.hit(hitQueryStop)
		w.stop(a.who)
	case n < 6:
		a.hit(hitQueryFreeze)
		w.happenUnheard(a.who)
		a.who.frozenUntil = time.Now().Add(w.span(2 * stepBack))
	case n < 9:
		a.hit(hitTopicHead)
		w.feed.loseHead()
	case n < 10:
		a.hit(hitTopicAnew)
		w.feed.makeAnew()
	default:
		a.check(ctx)
	}
}

func (a *answers) hit(what string) {
	a.w.note("%s", what)
	a.w.hits[what]++
}

// remember adds to the hits what the process has told of itself.
func (a *answers) remember() {
	families, err := a.registry.Gather()
	a.must(err)
	loaded := false
	for _, f := range families {
		for _, m := range f.Metric {
			name := f.GetName()
			for _, label := range m.Label {
				name += " " + label.GetValue()
			}
			n := int(m.Counter.GetValue())
			if hit := counted()[name]; hit != "" && n > 0 {
				a.w.hits[hit] += n
				loaded = loaded || hit == hitQueryLoads
			}
		}
	}
	if a.found && !loaded {
		a.w.hits[hitSnapshot]++
	}
}

// counted are the hits that the counters of a process are.
func counted() map[string]string {
	const cube = "mlf_query_cube_"
	return map[string]string{
		cube + "loads_total start":          hitQueryLoads,
		cube + "loads_total behind":         hitQueryBehind,
		cube + "loads_total imbalance":      hitQueryUneven,
		cube + "gaps_total":                 hitQueryGap,
		cube + "sealed_total":               hitQuerySeal,
		cube + "snapshot_errors_total read": hitSnapshotTorn,
	}
}
