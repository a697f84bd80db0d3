// The funnel: who lies outside of which limits, in the order of votes.

import assert from "node:assert/strict";
import test from "node:test";
import { funnel, isFar, roundNumbers, sideOf, type Funnel, type Spot } from "../src/chart/funnel.ts";
import { spoken } from "./words.ts";

const SIZE = { width: 800, line: 20, measure: (text: string) => 8 * text.length };

// spot has the limits that the API gives around 0.8.
function spot(name: string, n: number, value: number): Spot {
  const off = (z: number) => Math.min(1, Math.max(0, 0.8 + (z * 0.4) / Math.sqrt(n)));
  return { name, n, value, code: name, limits: [off(-3.090232), off(-1.959964), off(1.959964), off(3.090232)] };
}
const SPOTS = [spot("grande", 10000, 0.8), spot("alto", 400, 0.85), spot("basso", 900, 0.7), spot("piccolo", 40, 0.9)];
const data = (more: Partial<Funnel> = {}): Funnel =>
  ({ title: "Imbuto", spots: SPOTS, reference: 0.8, referenceName: "Italia", write: (value) => `${Math.round(100 * value)}%`, bounds: [0, 1], ...more });

test("sides are those of the limits", () => {
  assert.deepEqual(SPOTS.map(sideOf), ["alike", "above", "below", "alike"]);
  assert.deepEqual(SPOTS.map(isFar), [false, false, true, false]);
});

test("arrow keys and the table go from the fewest votes to the most", () => {
  const { stops, table, summary } = funnel(data(), spoken, SIZE);
  assert.deepEqual(stops.map(({ code }) => code), ["piccolo", "alto", "basso", "grande"]);
  assert.deepEqual(stops.map(({ x }) => x), [...stops.map(({ x }) => x)].sort((a, b) => a - b));
  assert.deepEqual(table.rows.map(([name, , , , , note]) => [name, note]), [["piccolo", "dentro i limiti"], ["alto", "sopra, fuori dal 95%: di venti uno lo è per caso"], ["basso", "sotto, fuori dal 99,8%: difficilmente per caso"], ["grande", "dentro i limiti"]]);
  assert.match(summary, /4 punti: 2 fuori dai limiti del 95%, di cui 1 /);
});

test("the curves go through the limits of the API, and end where no figure can be", () => {
  const { marks, stops } = funnel(data(), spoken, SIZE);
  const limits = marks.filter(({ at }) => String(at.class).startsWith("limit"));
  assert.equal(limits.length, 4);
  const heights = stops.map(({ y }) => y);
  const low = String(limits[0]!.at.d).slice(1).split("L").map((pair) => pair.split(" ").map(Number) as [number, number]);
  const [, last] = [low[0]!, low[low.length - 1]!];
  assert.ok(Math.abs(last[0] - stops[3]!.x) < 0.1, "it ends at the most votes");
  assert.ok(last[1] > heights[3]!, "the lower limit is below the reference");
});

test("the inside is one mark; each outside is one", () => {
  const of = (drawing: ReturnType<typeof funnel>, name: string) => drawing.marks.filter(({ at }) => String(at.class).includes(name));
  const drawing = funnel(data(), spoken, SIZE);
  assert.deepEqual([of(drawing, "quiet-sign").length, of(drawing, "sign above").length, of(drawing, "sign below").length], [1, 1, 1]);
  assert.equal(funnel(data({ reference: null }), spoken, SIZE).marks.filter(({ at }) => String(at.class).startsWith("limit")).length, 0);
});

test("of one and of nobody", () => {
  assert.equal(funnel(data({ spots: [SPOTS[0]!] }), spoken, SIZE).stops.length, 1);
  const none = funnel(data({ spots: [] }), spoken, SIZE);
  assert.deepEqual([none.stops.length, none.table.rows.length], [0, 0]);
  for (const { at } of [...none.marks, ...funnel(data({ spots: [SPOTS[3]!] }), spoken, SIZE).marks]) assert.ok(!Object.values(at).some((value) => Number.isNaN(value) || /NaN/.test(String(value))));
});

test("ticks are 1, 3, 10, …", () => {
  assert.deepEqual(roundNumbers(25, 12000), [30, 100, 300, 1000, 3000, 10000]);
  assert.deepEqual(roundNumbers(40, 90), [40]);
});
