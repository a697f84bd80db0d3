package chaos

import (
	"math/rand/v2"
	"time"
)

// A Kind is one way of breaking the service.
type Kind string

// The kinds. Kill is SIGKILL and a restart, pause SIGSTOP and SIGCONT; the
// others befall connections.
const (
	KillIngest    Kind = "kill ingest"
	PauseIngest   Kind = "pause ingest"
	KillAggregate Kind = "kill aggregate"
	PauseAgg      Kind = "pause aggregate"
	ZombieAgg     Kind = "zombie aggregate" // Paused until another has taken over, then thawed.
	KillQuery     Kind = "kill query"
	PauseQuery    Kind = "pause query"

	KillBroker  Kind = "kill broker"
	PauseBroker Kind = "pause broker"
	KillBrokers Kind = "kill all brokers"

	LoseClaims Kind = "lose claims" // The counts topic loses all that is on it.

	KillStore  Kind = "kill clickhouse"
	PauseStore Kind = "pause clickhouse"

	CutHTTP     Kind = "cut http"
	SlowHTTP    Kind = "slow http"
	SilentHTTP  Kind = "silent http"
	CutKafka    Kind = "cut kafka"
	SlowKafka   Kind = "slow kafka"
	SilentKafka Kind = "silent kafka"
	LossyKafka  Kind = "lossy kafka"
	CutStore    Kind = "cut clickhouse"
	SlowStore   Kind = "slow clickhouse"
	SilentStore Kind = "silent clickhouse"
	LossyStore  Kind = "lossy clickhouse"
)

// A Fault is one event of the plan.
type Fault struct {
	Kind   Kind
	Gap    time.Duration // Since the lane's fault before.
	Length time.Duration
	Target uint64 // Which of several processes: modulo their number.
}

// A span is from least to most.
type span struct{ least, most time.Duration }

func (s span) draw(rng *rand.Rand) time.Duration {
	if s.most <= s.least {
		return s.most
	}
	return s.least + time.Duration(rng.Int64N(int64(s.most-s.least)))
}

// A Lane is a row of faults of which one at a time happens. Lanes run beside each
// other, so that faults meet.
type Lane struct {
	kinds []Kind
	gap   span
	limit time.Duration // Of the lengths.
	rng   *rand.Rand
	deck  []Kind
}

// Kinds returns all kinds.
func Kinds() []Kind {
	return []Kind{
		KillIngest, PauseIngest, KillAggregate, PauseAgg, ZombieAgg, KillQuery, PauseQuery,
		KillBroker, PauseBroker, KillBrokers, LoseClaims, KillStore, PauseStore,
		CutHTTP, SlowHTTP, SilentHTTP, CutKafka, SlowKafka, SilentKafka, LossyKafka, CutStore, SlowStore, SilentStore, LossyStore,
	}
}

// Lanes returns what happens in a run of the given duration: the same for the
// same seed, but for the time that each fault takes.
//
// One broker at a time, or all: two of three are no quorum, and one lane is no
// place where two are killed at once.
func Lanes(seed uint64, duration time.Duration) []*Lane {
	lane := func(n uint64, gap span, kinds ...Kind) *Lane {
		limit := min(max(duration/12, time.Second), pauseMax)
		return &Lane{kinds: kinds, gap: gap, limit: limit, rng: rand.New(rand.NewPCG(seed, n))}
	}
	return []*Lane{
		lane(1, span{time.Second, 5 * time.Second},
			KillIngest, PauseIngest, KillAggregate, PauseAgg, ZombieAgg, KillQuery, PauseQuery),
		lane(2, span{4 * time.Second, 10 * time.Second}, KillBroker, PauseBroker, KillBrokers),
		lane(3, span{8 * time.Second, 25 * time.Second}, KillStore, PauseStore),
		lane(6, span{3 * time.Second, 15 * time.Second}, LoseClaims),
		lane(4, span{time.Second, 4 * time.Second},
			CutHTTP, SlowHTTP, SilentHTTP, CutStore, SlowStore, SilentStore, LossyStore),
		lane(5, span{4 * time.Second, 10 * time.Second}, CutKafka, SlowKafka, SilentKafka, LossyKafka),
	}
}

// The lengths of faults.
const (
	// pauseMax is longer than every deadline and session in the service.
	pauseMax = 30 * time.Second

	// lateMax bounds what holds up requests on their way into ingest. The
	// simulated terminals know in which hour a vote counts as long as it is held
	// up for less than 25 s in all: a pause, a silence and some slowness.
	lateMax = 15 * time.Second

	silentHTTPMax = 5 * time.Second
)

// lengths returns how long a fault of kind k lasts.
func lengths(k Kind, limit time.Duration) span {
	switch k {
	case PauseIngest:
		return span{time.Second, min(limit, lateMax)}
	case SilentHTTP:
		return span{time.Second, min(limit, silentHTTPMax)}
	case KillBroker, KillBrokers: // How long they are away.
		return span{0, min(limit, 8*time.Second)}
	case CutHTTP, SlowHTTP, CutKafka, SlowKafka, LossyKafka, CutStore, SlowStore, LossyStore:
		return span{time.Second, min(limit, 6*time.Second)}
	case KillIngest, KillAggregate, KillQuery, KillStore, ZombieAgg, LoseClaims:
		return span{} // A restart, or a successor's, takes the time it takes.
	default:
		return span{time.Second, limit}
	}
}

// Next returns the lane's next fault. Every kind comes up before one comes again.
func (l *Lane) Next() Fault {
	if len(l.deck) == 0 {
		l.deck = append(l.deck, l.kinds...)
		l.rng.Shuffle(len(l.deck), func(i, j int) { l.deck[i], l.deck[j] = l.deck[j], l.deck[i] })
	}
	k := l.deck[0]
	l.deck = l.deck[1:]
	return Fault{Kind: k, Gap: l.gap.draw(l.rng), Length: lengths(k, l.limit).draw(l.rng), Target: l.rng.Uint64()}
}
