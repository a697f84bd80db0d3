import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ledger } from "../src/answers.ts";
import { balanced, freshness, pulse, reckoning, trouble, waiting, type Signs } from "../src/pulse.ts";
import { account, accounted, lateOf, outOf } from "../src/quality.ts";
import { spoken } from "./words.ts";

type Account = Ledger["totals"];
type Partition = Ledger["partitions"][number];

const totals = (change: Partial<Account> = {}): Account => ({ next_offset: 50, log_end: 50, newest: "2026-11-27T09:59:57Z", records: 50, votes_in: 120, counted: 100, duplicates: 15, conflicts: 3, quarantined: 0, voided: 2, events: { in: 0, used: 0, repeated: 0, stale: 0, conflicts: 0, quarantined: 0 }, ...change });
const ledger = (change: Partial<Account> = {}, ...states: Partition["state"][]): Ledger => ({ as_of: "2026-11-27T10:00:00Z", totals: totals(change), partitions: (states.length > 0 ? states : ["ok" as const]).map((state, partition) => ({ ...totals(), partition, state })) });
const now = Date.parse("2026-11-27T10:00:00Z");
const signs = (change: Partial<Signs> = {}): Signs => ({ link: "live", since: 0, grown: 0, lots: false, ledger: { data: ledger(), at: now, trouble: "" }, figures: { at: now, trouble: "" }, ...change });

test("the line at the top", () => {
  const f = (change: Partial<Signs>, state: string, notice: RegExp) => {
    const got = pulse(signs(change), now, spoken);
    assert.equal(got.state, state, JSON.stringify(change));
    assert.match(got.notice, notice);
  };
  const quiet = (trouble: "silent" | "refused" | "own" | "", at = now - 60000) => ({ data: ledger(), at, trouble });
  f({}, "live", /^$/);
  f({ link: "asks" }, "asks", /^$/);
  f({ link: "connecting" }, "connecting", /^$/);
  f({ ledger: { data: null, at: 0, trouble: "" } }, "connecting", /^$/);
  f({ link: "cut", since: now - 5000, ledger: quiet("silent"), figures: { at: now - 90000, trouble: "" } }, "cut", /10:59:55/); // The latest that there is: Rome's clock.
  f({ link: "asks", ledger: quiet("silent"), figures: { at: now - 90000, trouble: "" } }, "cut", /10:59:00/);
  f({ link: "connecting", since: now - 5000, ledger: quiet("refused") }, "cut", /non può rispondere/);
  f({ link: "cut", since: now - 5000 }, "trouble", /10:59:55/);
  f({ ledger: quiet("silent") }, "trouble", /registro/);
  f({ figures: { at: now - 60000, trouble: "refused" } }, "trouble", /10:59:00/);
  f({ figures: { at: now, trouble: "own" } }, "own", /Errore di questa pagina/);
  f({ ledger: { data: ledger({}, "ok", "stuck", "halted"), at: now, trouble: "" } }, "trouble", /fermo: partizioni 1 su 3/);
});

test("what keeps votes from being counted, in words", () => {
  assert.equal(trouble(ledger({}, "ok", "ok"), spoken), "");
  assert.match(trouble(ledger({}, "recovering", "ok"), spoken), /in ripresa: partizioni 1 su 2/);
  assert.match(trouble(ledger({}, "stuck", "recovering", "stuck"), spoken), /bloccato: partizioni 2 su 3/);
});

test("it is said that all is counted only where it is", () => {
  const f = (of: Ledger, good: boolean, says: RegExp) => {
    const got = reckoning(of, spoken);
    assert.equal(got.good, good);
    assert.match(got.says, says);
  };
  f(ledger(), true, /tutto ciò che è arrivato è contato/);
  f(ledger({ log_end: 53 }), true, /non ancora contati: 3/);
  f(ledger({ log_end: null }), false, /Non si sa/);
  f(ledger({ counted: 99, quarantined: 1 }), false, /1 in quarantena/);
  f(ledger({ counted: 99 }), false, /non torna/);
  f({ ...ledger(), partitions: [] }, true, /pubblicati/);
  assert.equal(balanced(ledger({ votes_in: 121 })), false);
  assert.deepEqual([waiting(totals()), waiting(totals({ log_end: 49 })), waiting(totals({ log_end: null }))], [0, 0, null]);
});

test("how old the newest vote is", () => {
  assert.match(freshness(signs(), now, spoken), /3/);
  assert.match(freshness(signs({ grown: now - 1000 }), now, spoken), /1/);
  assert.equal(freshness(signs({ ledger: { data: ledger(), at: now, trouble: "silent" } }), now, spoken), "");
  assert.match(freshness(signs({ ledger: { data: ledger({ newest: null }), at: now, trouble: "" } }), now, spoken), /nessun voto/);
  assert.match(freshness(signs({ lots: true, ledger: { data: ledger({ newest: "2026-11-26T23:00:00Z" }), at: now, trouble: "" } }), now, spoken), /26 nov/);
});

test("every vote that came in is in one part of the account", () => {
  const { parts, pieces, good } = account(ledger(), spoken);
  assert.deepEqual([parts, pieces.length, good], [[100, 15, 3, 0, 2], 5, true]);
  assert.equal(accounted(ledger({ votes_in: 1234567 }), spoken), "1.234.567 arrivati = 100 contati + 15 ripetizioni + 3 contraddizioni + 0 in quarantena + 2 annullati");
});

test("what figures leave out: other classes, and other scales of every class", () => {
  assert.deepEqual(outOf([
    { scale: "mlf3", class: "ok", n: 80 }, { scale: "mlf3", class: "late_clock", n: 9 }, { scale: "mlf3", class: "burst", n: 4 }, { scale: "mlf3", class: "test", n: 2 },
    { scale: "stars5", class: "ok", n: 6 }, { scale: "smiley4", class: "test", n: 1 }, { scale: "smiley4", class: "ok", n: null },
  ]), [80, 9, 4, 2, 7]);
  assert.deepEqual(outOf([]), [0, 0, 0, 0, 0]);
});

test("the share of votes with an unreliable time", () => {
  const grid = [1, 2, 3].map(() => ({ step: "", from: "", to: "", partial: false }));
  const series = (name: "ok" | "late_clock", ...n: (number | null)[]) => ({ key: { class: name }, points: n.map((one) => ({ n: one })) });
  const [some, none, nobody] = lateOf({ grid, series: [series("ok", 75, 10, 0), series("late_clock", 25, 0, null)] });
  assert.deepEqual([some!.value, some!.n, none!.value, none!.low], [0.25, 100, 0, 0]);
  assert.ok(some!.low! < 0.25 && some!.high! > 0.25);
  assert.deepEqual(nobody, { value: null, low: null, high: null, n: 0 });
  assert.deepEqual(lateOf({ grid: [], series: [] }), []);
});
