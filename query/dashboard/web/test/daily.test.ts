import assert from "node:assert/strict";
import { test } from "node:test";
import type { Figures, Keys, Motive } from "../src/answers.ts";
import { byChoice, chosen, placesBelow } from "../src/dimension.ts";
import { wilson } from "../src/figures.ts";
import { answering, askedOf, motiveOf, reasonsOf, sentence } from "../src/motives.ts";
import { facesOf as partsOf, rowOf } from "../src/tally.ts";
import { facesOf, rates, sharesOf } from "../src/view/participation.ts";
import type { Words } from "../src/words.ts";
import { spoken } from "./words.ts";

const state = (parameters: Record<string, string>) => ({ view: "reasons" as const, parameters });

test("intervals are those of the API", () => {
  const f = (k: number, n: number, low: number, high: number) => {
    const got = wilson(k, n);
    assert.ok(Math.abs(got[0] - low) < 1e-9 && Math.abs(got[1] - high) < 1e-9, `${k} of ${n}: ${got}`);
  };
  f(384, 432, 0.855758465446163, 0.9151640642947054); // As it answered them.
  f(6, 10, 0.31267376973365835, 0.8318196702937639);
  f(4, 4, 0.5101091635454027, 1);
  assert.deepEqual([wilson(0, 5)[0], wilson(5, 5)[1]], [0, 1]);
});

test("counts that come by themselves are as the API would answer them", () => {
  const row = rowOf({ green: 8, yellow: 1, red: 1, n: 10 })!;
  assert.deepEqual([row.green_share, row.red_share, row.n], [0.8, 0.1, 10]);
  assert.deepEqual([rowOf({ green: 0, yellow: 0, red: 0, n: 0 })!.green_share, rowOf({ n: 12 }), partsOf({ n: 12 })], [null, undefined, null]);
});

const motive = (change: Partial<Motive> = {}): Motive => ({
  value: 1, face: "red", n: 100, answered: 40, skipped: 15, timeout: 5, not_offered: 40, unanswered_share: 1 / 3, status: ["A"],
  reasons: [{ reason: "waiting_time", n: 30, share: 0.75, low: 0.6, high: 0.86 }, { reason: "other", n: 10, share: 0.25, low: 0.14, high: 0.4 }], ...change,
});

test("reasons are shares of those who answered, and it is said of how many", () => {
  const { rows } = reasonsOf(motive(), "red", spoken);
  assert.deepEqual(rows.map(({ name, value, low, of }) => [name, value, low, of]), [["waiting_time", 0.75, 0.6, "30 risposte su 40"], ["other", 0.25, 0.14, "10 risposte su 40"]]);
  assert.deepEqual(reasonsOf(undefined, "red", spoken).rows, []);
  assert.equal(askedOf(motive()), 60);
  assert.match(sentence(motive(), spoken), /Di 100 voti .* per 60, per 40 no\. Hanno risposto in 40; .* 33,3%/);
  assert.match(sentence(motive({ answered: 0, skipped: 0, timeout: 0, not_offered: 100, unanswered_share: null }), spoken), /in 100, e a nessuno/);
  assert.match(sentence(motive({ n: 0 }), spoken), /Nessuno ha votato così/);
  assert.match(sentence(undefined, spoken), /Nessuno ha votato così/);
});

test("who answered, and who did not", () => {
  const { rows, pieces } = answering("t", "h", [{ name: "a", motive: motive() }, { name: "b", motive: undefined }], spoken);
  assert.deepEqual([rows[0]!.parts, rows[0]!.n, pieces.length], [[40, 15, 5, 40], "100 voti", 4]);
  assert.deepEqual([rows[1]!.parts, rows[1]!.n], [null, "nessun voto"]);
  assert.equal(motiveOf([motive()], "green"), undefined);
});

test("what figures can be compared by depends on the place", () => {
  assert.deepEqual(placesBelow(state({})), ["region", "macro_area", "province", "comune"]);
  assert.deepEqual(placesBelow(state({ region: "03" })), ["province", "comune"]);
  assert.deepEqual(placesBelow(state({ province: "015" })), ["comune"]);
  assert.deepEqual(placesBelow(state({ comune: "015146" })), ["office"]);
  assert.equal(chosen(state({ by: "region" }), placesBelow(state({ comune: "015146" }))), undefined);
  assert.deepEqual(byChoice("part_by", ["region"]).name, "by");
});

const listing: Words = { ...spoken, listed: (list) => (list === "channels" ? ["counter", "web"] : []) };
const turnout = (channel: "counter" | "web", n: number, votes: number | null = null, served: number | null = null) =>
  ({ channel, n, votes, served, participation: votes === null || served === null ? null : votes / served, coverage: votes === null ? null : votes / n });

test("participation that is not known is no 0", () => {
  const { rows } = rates("t", "h", [turnout("counter", 90, 60, 600), turnout("web", 10), turnout("web", 8, 0, 50)].map((row) => ({ row, name: row.channel })), spoken);
  assert.deepEqual(rows.map(({ value, absent }) => [value, absent]), [[0.1, undefined], [null, "missing"], [0, undefined]]);
  assert.match(rows[0]!.of!, /60 voti su 600 utenti serviti; noto per il 66,7%/);
  assert.equal(rows[1]!.why, "non noto");
});

test("channels are in their order, with all their votes", () => {
  assert.deepEqual(sharesOf([turnout("counter", 90), turnout("web", 10)], spoken).rows.map(({ name, value }) => [name, value]), [["counter", 0.9], ["web", 0.1]]);
  assert.deepEqual(sharesOf([], spoken).rows, []);
  const row = (channel: "counter" | "web", n: number | null, status: Figures["status"]): Figures & Keys =>
    ({ channel, green: n, yellow: n && 0, red: n && 0, n, green_share: null, green_low: null, green_high: null, red_share: null, red_low: null, red_high: null, net: null, net_low: null, net_high: null, status });
  const { rows } = facesOf([row("web", null, ["Q"]), row("counter", 7, ["A"])], listing);
  assert.deepEqual(rows.map(({ name, parts, n, absent }) => [name, parts, n, absent]), [["counter", [7, 0, 0], "7 voti", undefined], ["web", null, "non mostrato: pochi voti", "withheld"]]);
  assert.equal(facesOf([row("web", null, ["M"])], listing).rows[0]!.absent, "missing");
});
