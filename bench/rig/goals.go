package rig

import (
	"slices"

	"mlf/bench/measure"
	"mlf/bench/questions"
)

// queryTargets are what answers should cost.
func queryTargets() []measure.Target {
	return slices.Concat(answerTargets(), heldTargets(), pagesTargets(), feedTargets(), liveTargets())
}

// answerTargets are of each kind of question, in its order: processor time of the
// answering thread, and time on the clock.
func answerTargets() []measure.Target {
	limits := [][2]float64{{1, 0.25}, {5, 1}, {15, 10}, {30, 20}, {30, 1}}
	var targets []measure.Target
	for i, k := range questions.Kinds() {
		for _, of := range []struct{ what, metric string }{{"CPU", "thread_cpu_p99_ms"}, {"wall", "answer_p99_ms"}} {
			targets = append(targets, measure.Target{
				What: k.Name + ", p99 " + of.what + ", ms", Workload: k.Name, Subject: "cube", Metric: of.metric,
				Least: limits[i][0], Aim: limits[i][1], Peers: peersOf(of.metric),
			})
		}
	}
	return targets
}

// peersOf are who answers by SQL: what costs them is the database's.
func peersOf(metric string) []measure.Peer {
	if metric == "thread_cpu_p99_ms" {
		metric = "database_cpu_ms"
	}
	return []measure.Peer{{Subject: "store", Metric: metric}, {Subject: "raw votes", Metric: metric}}
}

// heldTargets are of the counts in memory.
func heldTargets() []measure.Target {
	return []measure.Target{
		{What: "memory a cell, all included, bytes", Workload: loadWork, Subject: loadSnapshot, Metric: "memory_bytes_per_cell", Least: 6, Aim: 4},
		{What: "start with a snapshot, s", Workload: loadWork, Subject: loadSnapshot, Metric: "load_seconds", Least: 5, Aim: 1},
		{What: "start without a snapshot, s", Workload: loadWork, Subject: loadAnew, Metric: "load_seconds", Least: 120, Aim: 60},
	}
}

// pagesTargets are of pages over HTTP.
func pagesTargets() []measure.Target {
	const metric = "pages_per_second_and_core"
	target := func(what, subject string, least, aim float64) measure.Target {
		return measure.Target{
			What: what, Workload: pagesWork, Subject: subject, Metric: metric, Least: least, Aim: aim, Rising: true,
			Peers: []measure.Peer{{Subject: subject + oneByOne, Metric: metric}, {Subject: pagesPeer, Metric: metric}},
		}
	}
	return []measure.Target{
		target("pages over HTTP, cold, a second and core", pagesCold, 15_000, 20_000),
		target("pages over HTTP, from cache, a second and core", pagesCached, 40_000, 80_000),
	}
}

// feedTargets are of what workers tell, and of how it gets to those who follow. What a
// follower then does with it is reported.
func feedTargets() []measure.Target {
	flush := func(subject, taken string) measure.Target {
		t := measure.Target{What: subject + ", CPU, ms", Workload: feedWork, Subject: subject, Metric: "cpu_ms_per_flush", Least: 3, Aim: 2}
		if taken != "" {
			t.Peers = []measure.Peer{{Subject: taken, Metric: t.Metric}}
		}
		return t
	}
	return []measure.Target{
		flush(feedSentFew, ""), flush(feedSent, feedTaken),
		{
			What: feedCatchUpSent + ", CPU a vote, ns", Workload: feedWork, Subject: feedCatchUpSent, Metric: "cpu_ns_per_vote", Least: 5, Aim: 5,
			Peers: []measure.Peer{{Subject: feedCatchUp, Metric: "cpu_ns_per_vote"}},
		},
	}
}

// liveTargets are of votes that come while somebody reads.
func liveTargets() []measure.Target {
	return []measure.Target{
		{
			What: seenWork + ", p99, ms", Workload: seenWork, Subject: "mlf", Metric: "visible_p99_ms", Least: 500, Aim: 150,
			Peers: []measure.Peer{{Subject: "mlf", Metric: "visible_p50_ms"}, {Subject: "mlf", Metric: "stored_p99_ms"}},
		},
		{
			What: "page over HTTP beside 20,000 votes a second, p99, ms", Workload: besideWork, Subject: besideAll, Metric: "answer_p99_ms", Least: 3, Aim: 1,
			Peers: []measure.Peer{{Subject: besideAll, Metric: "answer_p50_ms"}, {Subject: besideAll, Metric: "states_above_10_ms"}, {Subject: besideNone, Metric: "answer_p99_ms"}},
		},
		{
			What: "database away: answers refused, and rows that differ afterwards", Workload: awayWork, Subject: "mlf", Metric: "failures",
			Peers: []measure.Peer{
				{Subject: "mlf", Metric: "away_seconds"},
				{Subject: "mlf", Metric: "answers"},
				{Subject: "mlf", Metric: "visible_p99_ms"},
				{Subject: "mlf", Metric: "votes"},
				{Subject: "mlf", Metric: "store_caught_up_seconds"},
			},
		},
	}
}

// Names in reports.
const (
	loadWork     = "load of a country"
	loadAnew     = "cube, without snapshot"
	loadSnapshot = "cube, with snapshot"
)
