// Rankings in rows and in sentences: who stands where, who fell, and whether it is chance.

import assert from "node:assert/strict";
import test, { before } from "node:test";
import type { RankedRow, Ranking } from "../src/answers.ts";
import { chance, isHardlyChance, probability, verdictOf } from "../src/verdict.ts";
import { byDifference, byValue, filterOf, middleOf, nameOf, scaleOf } from "../src/view/ranking-rows.ts";
import { sentences, type Part } from "../src/view/ranking-words.ts";
import { chosen, lettered } from "../src/view/compare.ts";
import * as words from "../src/words.ts";

before(() => words.speak("it"));

const row = (code: string, value: number | null, more: Partial<RankedRow> = {}): RankedRow => ({
  region: code, region_name: `Regione ${code}`, place: Number(code), place_best: 1, place_worst: 3, value, value_low: value === null ? null : value - 0.02, value_high: value === null ? null : value + 0.02,
  p: 0.5, q: 0.6, differs: false, funnel_lowest: 0.7, funnel_low: 0.75, funnel_high: 0.85, funnel_highest: 0.9, n: value === null ? null : 1000, green_share: value, status: ["A"], ...more,
}) as unknown as RankedRow;

const ranking = (rows: RankedRow[], more: Partial<Ranking> = {}): Ranking => ({
  meta: { by: ["region"], measure: "green_share", reference: "nation", min_n: 30, compare: { from: "2026-03-31T22:00:00Z", to: "2026-06-30T22:00:00Z" } },
  ranked: rows.length, small_count: 0, compared: rows.length, shared: false, reference: [{ green_share: 0.8, status: ["A"], difference: -0.001 }], rows, small: [], ...more,
}) as unknown as Ranking;

const fell = row("2", 0.78, { difference: -0.06, difference_low: -0.09, difference_high: -0.03, p_change: 0.001, q_change: 0.004, compare_value: 0.84, compare_n: 900 });
const rose = row("1", 0.88, { difference: 0.01, difference_low: -0.02, difference_high: 0.04, p_change: 0.4, q_change: 0.7, compare_value: 0.87, compare_n: 800, differs: true, q: 0.01 });
const rows = [rose, fell, row("3", null, { n: null, status: ["Q"] })];
const flat = (lines: Part[][]) => lines.map((line) => line.map((part) => (typeof part === "string" ? part : part.says)).join(""));

test("a person reads who fell most, and whether it is chance", () => {
  const scale = scaleOf("green_share");
  const said = flat(sentences(ranking(rows), { fell: ranking([fell], { compared: 20 }), rose: ranking([rose], { compared: 20 }) }, scale, "region"));
  const down = said.find((line) => line.includes("calo"))!;
  assert.match(down, /Regione 2, difficilmente un caso \(q = 0,004\): -6,0 punti \(fra -9,0 e -3,0 punti\), da 84,0.*a 78,0/);
  assert.match(down, /dal 1 aprile 2026 al 30 giugno 2026/);
  assert.match(said.find((line) => line.includes("aumento"))!, /può essere un caso \(q = 0,7\), fra 20 a confronto/);
  assert.match(said.find((line) => line.startsWith("Rispetto al riferimento"))!, /su 3: 1 sopra e 0 sotto/);
});

test("where nothing can be compared that is said; where nobody fell, too", () => {
  const scale = scaleOf("green_share");
  const nothing = flat(sentences(ranking(rows), { fell: ranking(rows, { compared: 0 }), rose: null }, scale, "region"));
  assert.match(nothing.at(-1)!, /non c’è niente con cui confrontare/);
  const nobody = flat(sentences(ranking(rows), { fell: ranking([rose]), rose: ranking([rose]) }, scale, "region"));
  assert.ok(nobody.some((line) => line.includes("nessuno è in calo")));
  assert.deepEqual(sentences(ranking([], { meta: { min_n: 30 } as Ranking["meta"] }), { fell: null, rose: null }, scale, "region"), []);
  const votes = flat(sentences(ranking([row("1", 1000, { n: 1000, n_change: 0.5 })]), { fell: null, rose: null }, scaleOf("n"), "region"));
  assert.match(votes[0]!, /Regione 1: 1\.?000 voti \(\+50%/);
});

test("rows are beside their reference; a verdict is that of the test", () => {
  const { rows: shown, table } = byValue(ranking(rows), scaleOf("green_share"), 2);
  assert.equal(shown.length, 2);
  assert.deepEqual(shown.map(({ verdict, reference }) => [verdict, reference]), [["above", 0.8], ["alike", 0.8]]);
  assert.equal(shown[0]!.row.length + 1, table.head.length);
  const withheld = byValue(ranking(rows), scaleOf("green_share"), 50).rows[2]!;
  assert.deepEqual([withheld.of, withheld.cells[0]], [null, "non mostrato: pochi voti"]);
  assert.ok(withheld.row.at(-1)!.includes("mancano voti"));
});

test("by difference, rows lie around zero; of whom too few voted that is said", () => {
  const changes = byDifference(ranking(rows), scaleOf("green_share"), 50);
  assert.deepEqual(changes.rows.map(({ verdict, of }) => [verdict, of?.value ?? null]), [["alike", 0.01], ["below", -0.06], ["alike", null]]);
  assert.ok(changes.around && changes.rows[2]!.says[0]!.startsWith("Troppo pochi voti"));
  for (const dot of changes.rows) assert.equal(dot.row.length + 1, changes.table.head.length);
  assert.equal(changes.rows[0]!.reference, -0.001);
});

test("a verdict is by the test where there is one, else by the interval", () => {
  const of = (difference: number, low: number, high: number, q: number | null) => ({ difference, difference_low: low, difference_high: high, q });
  assert.equal(isHardlyChance(of(-0.1, -0.2, -0.01, 0.3)), false);
  assert.equal(isHardlyChance(of(-0.1, -0.2, 0.001, 0.04)), true);
  assert.equal(isHardlyChance(of(0.1, 0.02, 0.2, null)), true);
  assert.deepEqual([of(0.1, 0, 0.2, 0.01), of(-0.1, -0.2, 0, 0.01), of(0.1, 0, 0.2, 0.5)].map(verdictOf), ["above", "below", "alike"]);
  assert.match(chance(of(0.1, -0.02, 0.2, null)), /comprende lo zero/);
  assert.deepEqual([probability(0.0004), probability(0.034), probability(0.42)], ["< 0,001", "= 0,034", "= 0,42"]);
});

test("an own reference is read from limits that are not cut", () => {
  const at = (reference: number, off: number) => {
    const cut = (z: number) => Math.min(1, Math.max(0, reference + z * off));
    return row("1", 0.9, { funnel_lowest: cut(-3.090232), funnel_low: cut(-1.959964), funnel_high: cut(1.959964), funnel_highest: cut(3.090232) });
  };
  assert.ok(Math.abs(middleOf(at(0.9, 0.08), [0, 1])! - 0.9) < 1e-4);
  assert.ok(Math.abs(middleOf(at(0.03, 0.05), [0, 1])! - 0.03) < 1e-4);
  assert.equal(middleOf(at(0.5, 1), [0, 1]), null);
});

test("names and filters of rows", () => {
  assert.equal(nameOf(row("1", 0.5), "region"), "Regione 1");
  const office = { comune: "058091", comune_name: "Roma", office: "S27" } as unknown as RankedRow;
  assert.deepEqual([nameOf(office, "office"), filterOf(office, "office")], ["Roma, ufficio S27", { comune: "058091", office: "S27" }]);
  assert.equal(nameOf({ ...office, office: "" } as RankedRow, "office"), "Roma, ufficio non indicato");
});

test("selections are letters in their order; without any, a place stands beside all", () => {
  assert.deepEqual(chosen({ parameters: { b: "region=03", a: "service=anagrafe" } }), ["service=anagrafe", "region=03"]);
  assert.deepEqual(chosen({ parameters: { comune: "058091" } }), ["scale=mlf3", "comune=058091"]);
  assert.deepEqual(lettered(["x", "y"]), { a: "x", b: "y", c: null, d: null, e: null });
});
