package sim

import (
	"math/rand/v2"
	"time"
)

// The times of a simulation: as in production in their order, shorter by far.
const (
	flushEvery      = 500 * time.Millisecond
	checkpointEvery = 5 * time.Second
	tailEvery       = 2 * time.Second
	stepBack        = 20 * time.Second
	tolerance       = time.Second
	aboveMax        = 8 * time.Second
	stuckAfter      = 5 * time.Second
	drainMax        = 4 * time.Second

	tellEvery   = 170*time.Millisecond + 7 // Never at the time of a flush.
	tellTimeout = 2 * time.Second

	fetchWait = 500 * time.Millisecond

	// lagMax is how long a new leader's log may end early: less than aboveMax,
	// which is what a worker takes for that.
	lagMax = 5 * time.Second

	// lossMax is how long before a power cut a row must have been acknowledged to
	// be safe: what stepBack stands for.
	lossMax = stepBack
)

// A weather is how rough a schedule is. Schedules differ in that, for what comes
// of many small faults is not what comes of one at the worst time.
type weather struct {
	fail, hold, kill int           // Of 1,000 calls.
	stale            int           // Of 1,000 answers to when the store started, how many are held back.
	holdMax          time.Duration // How long an answer may be held back.
	turns            int           // How long things go wrong.
	workers          int           // How many count at a time, at most.
	votes            int           // Of 1,000 turns, in how many a terminal does something.
	trouble          int           // Of 1,000 turns, in how many something happens to a process, the log or the store.
	cuts             int           // Of 1,000 troubles, how many are power cuts,
	spite            int           // and how many more while an answer of the store is held back.
	aim              point         // Where calls fail and kill most; zero: nowhere.
	rush             time.Duration // Between two turns, at most.
	fetched          int           // Records in an answer, at most.
	lost             int           // Of 1,000 claims that are acknowledged, how many are lost.
}

// Of 1,000 calls at the point that a schedule has it in for.
const (
	aimedFail = 60
	aimedKill = 300
)

func newWeather(dice *rand.Rand) weather {
	pick := func(of ...int) int { return of[dice.IntN(len(of))] }
	x := weather{
		fail:    pick(0, 10, 50, 150),
		hold:    pick(0, 10, 40),
		kill:    pick(0, 1, 4),
		stale:   pick(0, 50, 200),
		holdMax: time.Duration(pick(1, 10, 60)) * time.Second,
		turns:   pick(500, 1000, 1500),
		workers: pick(1, 2, 3),
		votes:   pick(40, 100, 200),
		trouble: pick(5, 15, 40),
		cuts:    pick(0, 50, 200),
		spite:   pick(0, 100, 500),
		rush:    time.Duration(pick(2, 20, 80)) * time.Millisecond,
		fetched: pick(1, 3, 20),
		lost:    pick(0, 0, 20, 200),
	}
	if all := points(); dice.IntN(4) > 0 {
		x.aim = all[dice.IntN(len(all))]
	}
	return x
}
