package aggregate_test

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"mlf/schema"
)

func TestHalts(t *testing.T) {
	f := func(name string, within time.Duration, want string, harm func(r *rig)) {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(r *rig) {
				r.vote(40)
				r.run()
				r.counted()
				pass(time.Minute)
				r.end() // With a checkpoint at the log's end.
				r.unchanged(func() {
					harm(r)
					if r.process == nil {
						r.run()
					}
					r.halted(within, want)
				})
			})
		})
	}
	second := time.Second
	f("retention overran the checkpoint", second, "retention was shorter", func(r *rig) {
		r.vote(10)
		r.log.change(func() { r.log.starts[0] = 45 })
	})
	f("log ends before the checkpoint", 62*second, "records were lost", func(r *rig) {
		r.log.change(func() { r.log.records[0] = r.log.records[0][:30] })
	})
	f("log is empty", 62*second, "the log is empty", func(r *rig) {
		r.log.change(func() { r.log.records[0] = nil })
		r.store.look(func() { r.store.Tables.Checkpoints = nil })
	})
	f("last record was rewritten", second, "record 40 is not the one that was counted", func(r *rig) {
		r.log.change(func() { r.log.records[0][40].Value[3]++ })
		r.vote(5)
	})
	f("last record was rewritten, and none came since", second, "record 40 is not the one that was counted", func(r *rig) {
		r.log.change(func() { r.log.records[0][40].Value[3]++ })
	})
	f("tail was cut and written anew", second, "the log was rewritten", func(r *rig) {
		r.log.change(func() {
			r.log.records[0] = r.log.records[0][:38]
			r.log.epoch++
		})
		for range 5 {
			r.log.append(0, schema.Record{Value: []byte("?")})
		}
	})
	f("no checkpoint, and the log's begin is gone", second, "no usable checkpoint and the log begins at 1", func(r *rig) {
		r.store.look(func() { r.store.Tables.Checkpoints = nil })
		r.log.change(func() { r.log.starts[0] = 1 })
	})
	f("genesis of another log", second, "the store counts log 0202", func(r *rig) {
		r.store.look(func() { r.store.id.Log[0]++ })
	})
	f("new log under the old name, shorter than the old one", second, "the store counts log 0102", func(r *rig) {
		r.log.newLog()
	})
	f("new log under the old name, longer than the old one", second, "the store counts log 0102", func(r *rig) {
		r.log.newLog()
		r.vote(80)
	})
	f("partition that the store does not know", second, "the log has 0 partitions", func(r *rig) {
		r.store.look(func() { r.store.id.Partitions = 0 })
	})
	f("record batch is corrupt", second, "4 times", func(r *rig) {
		r.vote(1)
		r.log.most = 16 // An answer ends before a damaged batch.
		r.log.fault = func(_ schema.Partition, at schema.Offset) error {
			if at >= 41 {
				return schema.ErrCorrupt
			}
			return nil
		}
	})
	f("log has a gap", second, "gap", func(r *rig) {
		r.log.fault = func(_ schema.Partition, at schema.Offset) error {
			if at >= 41 {
				return schema.ErrGap
			}
			return nil
		}
	})
	f("answer begins elsewhere", second, "record 41 is missing on the log", func(r *rig) {
		r.log.append(0, schema.Record{Value: []byte("?")})
		r.log.change(func() { r.log.records[0][41].Offset++ })
	})
	f("control record of a newer version", second, "run the version that wrote it", func(r *rig) {
		r.log.append(0, schema.Record{Key: []byte("rules"), Value: []byte{2}})
	})
	f("records of a newer version", second, "run the version that wrote it", func(r *rig) {
		r.log.append(0, schema.Record{Value: newerFormat()})
	})
}

// TestHaltsWhileCounting: the log changes under a worker that is at work.
func TestHaltsWhileCounting(t *testing.T) {
	f := func(name string, within time.Duration, want string, harm func(r *rig)) {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(r *rig) {
				r.cfg.TailEvery = time.Hour // What it looks at by itself is seen later.
				r.vote(39)
				r.run()
				r.counted()
				pass(2 * time.Minute)
				r.vote(1)
				pass(10 * time.Second) // The checkpoint is new: the next is not due for long.
				r.unchanged(func() {
					harm(r)
					r.halted(within, want)
				})
			})
		})
	}
	f("new leader has lost records", 3*time.Second, "the log was rewritten", func(r *rig) {
		r.log.change(func() {
			r.log.records[0] = r.log.records[0][:38]
			r.log.epoch++
		})
		for range 5 {
			r.log.append(0, schema.Record{Value: []byte("?")})
		}
	})
	f("new log under the old name", 3*time.Second, "the store counts log 0102", func(r *rig) {
		r.log.newLog()
	})
	f("log is shorter", 70*time.Second, "records were lost", func(r *rig) {
		r.log.change(func() { r.log.records[0] = r.log.records[0][:38] })
	})
	f("retention overtakes", 3*time.Second, "retention was shorter", func(r *rig) {
		r.vote(20)
		r.log.change(func() { r.log.starts[0] = 50 })
	})
}

// rewriteInPlace changes a record that was counted, and nobody tells.
func (r *rig) rewriteInPlace() {
	r.log.change(func() {
		r.log.records[0] = slices.Clone(r.log.records[0])
		r.log.records[0][40].Value = []byte("?")
	})
}

// TestRewrittenInPlace: the worker looks by itself, whether or not votes come.
func TestRewrittenInPlace(t *testing.T) {
	f := func(votes int) {
		bubble(t, func(r *rig) {
			r.vote(40)
			r.run()
			r.counted()
			pass(10 * time.Second)
			r.rewriteInPlace()
			r.vote(votes)
			r.halted(6*time.Second, "record 40 is not the one that was counted")
		})
	}
	f(0)
	f(1)
}

// TestNoCheckpointOfARewrittenLog: it is not taken before the worker has looked.
func TestNoCheckpointOfARewrittenLog(t *testing.T) {
	bubble(t, func(r *rig) {
		r.cfg.TailEvery = time.Hour
		r.vote(40)
		r.run()
		r.counted()
		pass(10 * time.Second)
		r.rewriteInPlace()
		r.vote(1)
		r.halted(time.Minute, "record 40 is not the one that was counted")
		for _, c := range r.store.Tables.Checkpoints {
			if c.Next > 41 {
				t.Errorf("a checkpoint was taken at %d", c.Next)
			}
		}
	})
}

// TestRecordsAreReadOnce: a look at the tail goes on to what is new, so that a
// start reads the log once, and no more than the tail again.
func TestRecordsAreReadOnce(t *testing.T) {
	bubble(t, func(r *rig) {
		f := func(when string, want int) {
			t.Helper()
			if r.log.served > want {
				t.Errorf("%s: %d records were read, want %d", when, r.log.served, want)
			}
			r.log.served = 0
		}
		const tail = 16
		r.vote(1000)
		r.log.most = 300
		r.run()
		r.counted()
		r.end()
		f("from the genesis", 1001+2*tail) // A checkpoint when it has caught up, and one at the end.
		r.vote(100)
		r.run()
		r.counted()
		f("from a checkpoint", 300+tail+100+tail) // The first answer is for the genesis.
	})
}

// TestStatesAreToldAgain: the owner has the last word, within a minute; told more
// often, a state that has not changed is an insert that says nothing.
func TestStatesAreToldAgain(t *testing.T) {
	bubble(t, func(r *rig) {
		r.run()
		r.counted()
		pass(time.Second)
		before := r.store.calls["state"]
		r.store.look(func() { r.store.states[0] = schema.PartitionState{State: schema.StateRecovering} })
		pass(62 * time.Second)
		r.store.look(func() {
			if got := r.store.states[0].State; got != schema.StateOK {
				t.Errorf("the store still says %s", got)
			}
			if got := r.store.calls["state"] - before; got > 2 {
				t.Errorf("it was told %d times in a minute, want once", got)
			}
		})
	})
}

// TestLogEndLags: after a change of leader the log may seem shorter for a moment.
func TestLogEndLags(t *testing.T) {
	bubble(t, func(r *rig) {
		r.vote(40)
		r.run()
		r.counted()
		var all []schema.Record
		r.log.change(func() {
			all = r.log.records[0]
			r.log.records[0] = all[:30]
			r.log.epoch++
		})
		pass(50 * time.Second)
		r.log.change(func() { r.log.records[0] = all })
		r.vote(1)
		pass(10 * time.Second)
		r.counted()
	})
}

// TestCorruptCheckpoint: the one before it does as well, or the whole log.
func TestCorruptCheckpoint(t *testing.T) {
	f := func(name string, harm func(cs []schema.Checkpoint), from string) {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(r *rig) {
				for range 3 {
					r.vote(20)
					r.run()
					r.counted()
					r.end()
				}
				r.store.look(func() { harm(r.store.Tables.Checkpoints) })
				r.vote(3)
				r.run()
				r.counted()
				r.end()
				if !strings.Contains(r.logs.String(), from) {
					t.Errorf("the log does not say %q", from)
				}
				compare(t, r.log, r.store)
			})
		})
	}
	sealed := func(c *schema.Checkpoint, payload []byte) {
		c.Payload = payload
		c.SHA256 = sumOf(payload)
	}
	newest := func(cs []schema.Checkpoint) *schema.Checkpoint {
		best := &cs[0]
		for i := range cs {
			if cs[i].Next >= best.Next {
				best = &cs[i]
			}
		}
		return best
	}
	f("payload does not match", func(cs []schema.Checkpoint) { newest(cs).Payload[20]++ }, "resumes from a checkpoint\" partition=0 offset=41")
	f("unknown version", func(cs []schema.Checkpoint) {
		p := bytes.Clone(newest(cs).Payload)
		p[4]++
		sealed(newest(cs), p)
	}, "offset=41")
	f("of another offset", func(cs []schema.Checkpoint) { newest(cs).Next-- }, "offset=41")
	f("all of them", func(cs []schema.Checkpoint) {
		for i := range cs {
			sealed(&cs[i], []byte("?"))
		}
	}, "counted from its genesis")
	f("of another log", func(cs []schema.Checkpoint) {
		for i := range cs {
			cs[i].Log[0]++
		}
	}, "counted from its genesis")
}

// TestDamagedCheckpointRow: not even what it is can be read. The one before it
// does as well.
func TestDamagedCheckpointRow(t *testing.T) {
	bubble(t, func(r *rig) {
		for range 2 {
			r.vote(20)
			r.run()
			r.counted()
			r.end()
		}
		r.store.fault = func(operation string) error {
			if operation == "checkpoints" {
				return schema.ErrCheckpointCorrupt
			}
			return nil
		}
		r.vote(3)
		r.run()
		r.counted()
		if got := testutil.ToFloat64(r.Unreadable()); got != 1 {
			t.Errorf("mlf_aggregate_checkpoints_unreadable_total is %v, want 1", got)
		}
		r.end()
		for _, want := range []string{"checkpoint is passed over for an older one", "resumes from a checkpoint\" partition=0 offset=21"} {
			if !strings.Contains(r.logs.String(), want) {
				t.Errorf("want %q in\n%s", want, r.logs.String())
			}
		}
		compare(t, r.log, r.store)
	})
}

// TestStoreRestart: after a restart of the store the count goes back to where its
// rows are safe, whether it was at work or not.
func TestStoreRestart(t *testing.T) {
	f := func(name string, play func(r *rig), from string) {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(r *rig) {
				r.vote(10)
				r.run()
				r.counted()
				play(r)
				if r.process == nil {
					r.run()
				}
				r.counted()
				pass(2 * time.Minute)
				r.end()
				if !strings.Contains(r.logs.String(), from) {
					t.Errorf("want %q in\n%s", from, r.logs.String())
				}
				compare(t, r.log, r.store)
			})
		})
	}
	lose := func(r *rig) { r.store.restart(5*time.Second, 14*time.Minute, 1) }
	f("noticed at the next insert", func(r *rig) {
		pass(20 * time.Minute)
		r.vote(5)
		r.counted()
		lose(r)
		r.vote(1)
		pass(10 * time.Second)
	}, "partition steps back")
	f("noticed without any insert", func(r *rig) {
		pass(20 * time.Minute)
		r.vote(5)
		r.counted()
		lose(r)
		pass(10 * time.Second) // Not at the next checkpoint alone.
		synctest.Wait()
		if !strings.Contains(r.logs.String(), "partition steps back") {
			r.t.Errorf("not noticed for 10 s:\n%s", r.logs.String())
		}
		pass(2 * time.Minute)
	}, "partition steps back")
	f("between two processes, back to a proven checkpoint", func(r *rig) {
		pass(20 * time.Minute)
		r.vote(5)
		pass(2 * time.Minute)
		r.end()
		r.vote(5)
		r.store.restart(time.Second, 0, 0)
	}, "resumes from a checkpoint\" partition=0 offset=11")
	f("soon after the first checkpoint, back to the genesis", func(r *rig) {
		pass(2 * time.Minute)
		r.end()
		lose(r)
	}, "counted from its genesis")
	f("without a begin, back to a likely checkpoint", func(r *rig) {
		pass(20 * time.Minute)
		r.end()
		r.log.change(func() { r.log.starts[0] = 5 })
		r.store.restart(time.Second, 14*time.Minute, 1)
	}, "resumes from a checkpoint\" partition=0 offset=11")
}

// TestNothingSafeIsLeft: neither a checkpoint that the restart cannot have hurt
// nor the log's begin.
func TestNothingSafeIsLeft(t *testing.T) {
	bubble(t, func(r *rig) {
		r.vote(10)
		r.run()
		r.counted()
		r.end()
		r.log.change(func() { r.log.starts[0] = 5 })
		r.store.restart(time.Second, time.Minute, 1)
		r.run()
		r.halted(3*time.Second, "no usable checkpoint")
	})
}

// TestTwoLogsInOneStore: another history of a segment is in the store already.
func TestTwoLogsInOneStore(t *testing.T) {
	bubble(t, func(r *rig) {
		for r.log.end(0) < schema.SegmentRecords-1 {
			r.log.append(0, schema.Record{Key: []byte(schema.KeyGenesis)})
		}
		r.run()
		r.counted()
		pass(time.Second)
		r.store.look(func() {
			r.store.Account(schema.LedgerRow{Segment: 0, Chain: schema.Chain{1}, Next: schema.SegmentRecords})
			r.store.fault = func(operation string) error {
				if operation == "chains" { // What is counted while the flusher asks must not be written, either.
					r.vote(3)
					pass(time.Second)
				}
				return nil
			}
		})
		r.unchanged(func() {
			r.vote(1)
			r.halted(5*time.Second, "two logs were counted into one database")
		})
	})
}

// TestCommitsAndCheckpoints: a checkpoint a minute when there are new records, and
// on stop; none without.
func TestCommitsAndCheckpoints(t *testing.T) {
	bubble(t, func(r *rig) {
		taken := func() (next []schema.Offset) {
			r.store.look(func() {
				for _, c := range r.store.Tables.Checkpoints {
					next = append(next, c.Next)
				}
			})
			return next
		}
		f := func(when string, want ...schema.Offset) {
			t.Helper()
			if got := taken(); !slices.Equal(got, want) {
				t.Errorf("%s: got checkpoints at %v, want %v", when, got, want)
			}
		}
		r.vote(10)
		r.run()
		r.counted()
		pass(10 * time.Second)
		f("caught up", 11)
		r.vote(1)
		pass(45 * time.Second)
		f("within the minute", 11)
		pass(10 * time.Second)
		f("after the minute", 11, 12)
		pass(10 * time.Minute)
		f("without records", 11, 12)
		r.vote(1)
		pass(10 * time.Second)
		f("after a rest", 11, 12, 13)
		r.vote(1)
		pass(time.Second)
		r.end()
		f("on stop", 11, 12, 13, 14)
		if got := r.assigner.commits[0]; got != 14 {
			t.Errorf("the group was told %d, want 14", got)
		}
	})
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }
