package rig

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"mlf/bench/measure"
	"mlf/bench/questions"
)

// asksLeast is how many questions one answerer is asked in a turn, however long it
// takes.
const asksLeast = 3

// A turn is what one answerer said in its turn, to be compared with the others'.
type turn struct {
	number int
	votes  []uint64
}

// asks returns a subject that answers questions of a kind, those that every other
// one is asked in the same round.
func (r *countryRig) asks(k questions.Kind, by questions.Answerer) (measure.Subject, *[]turn) {
	var turns []turn
	return measure.Subject{Name: by.Name, Run: func(ctx context.Context) (measure.Sample, error) {
		number := len(turns)
		sample, votes, err := r.ask(ctx, k, by, uint64(number))
		turns = append(turns, turn{number, votes})
		return sample, err
	}}, &turns
}

// ask asks for some time, on a thread of its own, so that its processor time is that
// of the answers.
func (r *countryRig) ask(ctx context.Context, k questions.Kind, by questions.Answerer, seed uint64) (measure.Sample, []uint64, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	random := rand.New(rand.NewPCG(seed, uint64(len(k.Name))))
	var walls, cpus []float64
	var votes []uint64
	var rows int
	use, began := r.rig.use(), time.Now()
	for len(votes) < asksLeast || len(votes) < by.AsksMost && time.Since(began) < r.turn {
		a := k.Make(r.world, random)
		before, start := threadCPU(), time.Now()
		some, n, err := by.Answer(ctx, &a)
		for errors.Is(err, questions.ErrInPieces) {
			before, start = threadCPU(), time.Now()
			some, n, err = by.Answer(ctx, &a)
		}
		if err != nil {
			return nil, nil, err
		}
		walls, cpus = append(walls, milliseconds(time.Since(start))), append(cpus, milliseconds(threadCPU()-before))
		votes, rows = append(votes, n), rows+some
	}
	engine, self, err := use()
	n := float64(len(votes))
	sample := measure.Sample{
		{Metric: "answer_p50_ms", Number: quantile(walls, 0.50)},
		{Metric: "answer_p99_ms", Number: quantile(walls, 0.99)},
		{Metric: "thread_cpu_p50_ms", Number: quantile(cpus, 0.50)},
		{Metric: "thread_cpu_p99_ms", Number: quantile(cpus, 0.99)},
		{Metric: "process_cpu_ms", Number: milliseconds(self) / n},
		{Metric: "database_cpu_ms", Number: milliseconds(engine) / n},
		{Metric: "answer_rows", Number: float64(rows) / n},
		{Metric: "questions", Number: n},
	}
	return sample, votes, err
}

// threadCPU returns the processor time of the calling thread.
func threadCPU() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		panic(fmt.Sprintf("BUG: a thread without a clock: %v", err))
	}
	return time.Duration(t.Nano())
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// quantile returns what the share q of all does not exceed. It sorts them.
func quantile(of []float64, q float64) float64 {
	slices.Sort(of)
	return of[min(int(q*float64(len(of))), len(of)-1)]
}

// agree compares what the answerers said, question by question, and returns how many
// of them were compared.
func agree(k questions.Kind, names []string, all []*[]turn) (compared int, err error) {
	for i := 1; i < len(all); i++ {
		for number := range *all[0] {
			one, other := (*all[0])[number].votes, (*all[i])[number].votes
			for n := range min(len(one), len(other)) {
				if one[n] != other[n] {
					return 0, fmt.Errorf("%w: %s, round %d, question %d: %d votes by %s, %d by %s",
						questions.ErrDiffers, k.Name, number, n, one[n], names[0], other[n], names[i])
				}
				compared++
			}
		}
	}
	return compared, nil
}

// selfMemory returns what this process holds.
func selfMemory() (measure.Memory, error) { return measure.MemoryOf(os.Getpid()) }
