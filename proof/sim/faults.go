package sim

import (
	"cmp"
	"slices"
)

// What goes wrong beside the calls, by the names that hits have.
const (
	hitPower          = "power cut"
	hitCutHeld        = "power cut while an answer is held"
	hitRestart        = "store restarts"
	hitLeader         = "leader changes"
	hitLag            = "log end lags behind"
	hitKill           = "process killed"
	hitStop           = "process stopped"
	hitFreeze         = "process frozen"
	hitZombie         = "process frozen, another counts on"
	hitReassign       = "partitions reassigned"
	hitForeign        = "record of nobody"
	hitMisplaced      = "record on the wrong partition"
	hitDamage         = "damaged records"
	hitGhost          = "given up, and happens"
	hitConflict       = "other content under an old seq"
	hitNewStream      = "new stream"
	hitNoRoom         = "too many rows wait"
	hitRewrite        = "log rewritten"
	hitSegment        = "begins near the end of a segment"
	hitRules          = "rules change"
	hitOld            = "older version halts at the change"
	hitStuck          = "count stands still, and says so"
	hitKey            = "record with the key of nobody"
	hitTime           = "vote out of time"
	hitGap            = "gap is closed"
	hitLate           = "vote of a closed gap"
	hitEvent          = "source without state speaks"
	hitKeyAgain       = "key comes again"
	hitKeyOld         = "vote older than its source's memory"
	hitStale          = "reading is stale"
	hitJump           = "counter jumps"
	hitClaimLost      = "claims lost after they were acknowledged"
	hitClaimParts     = "claims in several records"
	hitFollowerKilled = "follower starts anew"
	hitGapHeard       = "follower hears that something is missing"
	hitLoadedLoss     = "follower loads from a store that has lost rows"

	hitTopicHead    = "counts topic loses its head"
	hitTopicAnew    = "counts topic is made anew"
	hitTopicRange   = "query reads where the counts topic is no more"
	hitRowsBroken   = "query hears a part of the rows"
	hitQueryKill    = "query is killed"
	hitQueryStop    = "query is stopped"
	hitQueryFreeze  = "query freezes"
	hitSnapshot     = "query starts from a snapshot"
	hitSnapshotTorn = "query finds a damaged snapshot"
	hitQueryLoads   = "query loads at its start"
	hitQueryBehind  = "query loads because it is behind"
	hitQueryUneven  = "query finds an imbalance"
	hitQueryGap     = "query reads a gap from the store"
	hitQuerySeal    = "query seals a segment"
	hitQueryTainted = "query reads a store that has lost rows"
	hitQueryAsked   = "query is asked for everything"

	phaseRecovers  = "recovering, "
	phaseIsStopped = "stopping, "
)

// natures of all kinds of calls.
func natures() map[string]nature {
	all := map[string]nature{
		kindProduce: natureAtomic, kindFetch: natureRead, kindBounds: natureRead, kindCommit: natureAtomic, kindTell: natureAtomic,
		kindIdentity: natureRead, kindStarted: natureRead, kindChains: natureRead, kindState: natureAtomic,
		kindRollups: natureRows, kindDays: natureRows, kindLedger: natureRows, kindCheckpoint: natureRows,
		kindCheckpoints: natureRead, kindOpen: natureRead,
	}
	for _, kind := range queryKinds() {
		all[kind] = natureRead
	}
	return all
}

// failures are the ways in which a call of n goes wrong and its process lives.
func (n nature) failures() []fate {
	return [...][]fate{
		natureRead:   {fateRefused},
		natureAtomic: {fateRefused, fateUnanswered, fateLate, fateTwice},
		natureRows:   {fateRefused, fateUnanswered, fatePartly, fateLate, fateTwice},
	}[n]
}

// kills are the ways in which a call of n ends its process.
func (n nature) kills() []fate {
	if n == natureRows {
		return []fate{fateKillBefore, fateKillAfter, fateKillPartly}
	}
	return []fate{fateKillBefore, fateKillAfter}
}

// Faults returns the names of all that can go wrong, as Report.Hits has them: what
// becomes of each kind of call, where processes are killed, and what befalls
// processes, log and store.
func Faults() []string {
	names := []string{
		hitPower, hitCutHeld, hitRestart, hitLeader, hitLag, hitKill, hitStop, hitFreeze, hitZombie, hitReassign, hitForeign,
		hitMisplaced, hitDamage, hitGhost, hitConflict, hitNewStream, hitNoRoom, hitRewrite, hitSegment,
		hitRules, hitOld, hitStuck, hitKey, hitTime, hitGap, hitLate, hitEvent, hitKeyAgain, hitKeyOld, hitStale, hitJump,
		hitClaimLost, hitClaimParts, hitFollowerKilled, hitGapHeard, hitLoadedLoss,
		hitTopicHead, hitTopicAnew, hitTopicRange, hitRowsBroken, hitQueryKill, hitQueryStop, hitQueryFreeze, hitSnapshot, hitSnapshotTorn,
		hitQueryLoads, hitQueryBehind, hitQueryUneven, hitQueryGap, hitQuerySeal, hitQueryTainted, hitQueryAsked,
	}
	for kind, n := range natures() {
		for _, f := range append(n.failures(), fateHeld) {
			names = append(names, kind+": "+f.String())
		}
	}
	for _, p := range append(points(), queryPoints()...) {
		for _, f := range natures()[p.kind].kills() {
			names = append(names, p.phase+p.kind+": "+f.String())
		}
	}
	slices.Sort(names)
	return names
}

// A point is where a process may be killed: in a call, while it does something.
type point struct{ phase, kind string }

// points are the crash points. A schedule may have it in for one of them: of most
// calls there are few, and chance alone would hit them once in a thousand schedules.
func points() []point {
	var all []point
	for phase, kinds := range map[string][]string{
		"":             {kindProduce, kindFetch, kindBounds, kindCommit, kindStarted, kindChains, kindState, kindRollups, kindDays, kindLedger, kindCheckpoint, kindTell},
		phaseRecovers:  {kindIdentity, kindStarted, kindCheckpoints, kindBounds, kindOpen, kindFetch},
		phaseIsStopped: {kindProduce, kindFetch, kindRollups, kindDays, kindLedger, kindStarted, kindCheckpoint, kindTell},
	} {
		for _, kind := range kinds {
			all = append(all, point{phase, kind})
		}
	}
	slices.SortFunc(all, func(a, b point) int { return cmp.Or(cmp.Compare(a.phase, b.phase), cmp.Compare(a.kind, b.kind)) })
	return all
}

// queryPoints are the crash points of who answers questions.
func queryPoints() []point {
	var all []point
	for _, kind := range queryKinds() {
		all = append(all, point{"", kind})
	}
	return all
}
