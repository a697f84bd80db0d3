import assert from "node:assert/strict";
import { test } from "node:test";
import { binsOf, histogram, type Histogram } from "../src/chart/histogram.ts";
import type { Mark, Size } from "../src/chart/marks.ts";
import { percent, shortPercent } from "../src/words.ts";
import { spoken } from "./words.ts";

const size: Size = { width: 640, line: 16, measure: (content) => 7 * content.length };
const named = (marks: readonly Mark[], part: string) => marks.filter((m) => String(m.at.class ?? "").split(" ").includes(part));
const data = (values: readonly number[], more: Partial<Histogram> = {}): Histogram =>
  ({ title: "Quote", head: "Quota", what: "Comuni", values, lines: [], write: (n) => percent(n), tick: shortPercent, ...more });

test("bins have round limits, and each value is in one", () => {
  const f = (values: number[], own: number | undefined, want: [from: number, to: number, n: number][]) =>
    assert.deepEqual(binsOf(values, own).map(({ from, to, n }) => [from, to, n]), want, String(values));
  f([], undefined, []);
  f([0.8], undefined, [[0.8, 0.805, 1]]);
  f([0.8, 0.81, 0.82], undefined, [[0.8, 0.805, 1], [0.805, 0.81, 0], [0.81, 0.815, 1], [0.815, 0.82, 1]]);
  f([0.29, 0.3], undefined, [[0.29, 0.295, 1], [0.295, 0.3, 1]]);
  f([0.5, 1], 0, [[0, 0.1, 0], [0.1, 0.2, 0], [0.2, 0.3, 0], [0.3, 0.4, 0], [0.4, 0.5, 0], [0.5, 0.6, 1], [0.6, 0.7, 0], [0.7, 0.8, 0], [0.8, 0.9, 0], [0.9, 1, 1]]);
  for (const values of [[0.123, 0.456, 0.789], [0, 1], [0.07, 0.14, 0.21, 0.28, 0.35, 0.7]]) {
    assert.equal(binsOf(values).reduce((sum, { n }) => sum + n, 0), values.length);
  }
});

test("the own one is marked in its bin, and by a sign", () => {
  const { marks, stops, legend, table } = histogram(data([0.8, 0.81, 0.9], { own: { value: 0.9, name: "Roma" } }), spoken, size);
  assert.equal(named(marks, "own").length, 1);
  assert.equal(named(marks, "own-sign").length, 1);
  assert.deepEqual(stops[stops.length - 1]!.says, ["da 89% a 90%", "Comuni: 1", "con Roma"]);
  assert.ok(legend.some(({ says }) => says === "con Roma"));
  assert.deepEqual(table.rows[table.rows.length - 1], ["da 89% a 90%", "1", "con Roma"]);
});

test("lines have their names in the legend and the summary", () => {
  const { marks, legend, summary } = histogram(data([0.8, 0.9], { lines: [{ value: 0.85, name: "Mediana", kind: "median" }] }), spoken, size);
  assert.equal(named(marks, "median").length, 1);
  assert.equal(legend[1]!.says, "Mediana: 85,0%");
  assert.match(summary, /Mediana: 85,0%/);
});

test("counts are whole on the axis", () => {
  const { marks } = histogram(data([0.8]), spoken, size);
  assert.ok(named(marks, "tick").every((m) => !/^\d+,\d+$/.test(String(m.inside[0]))));
});

test("without values there is nothing to be drawn", () => {
  const { marks, stops, table } = histogram(data([]), spoken, size);
  assert.deepEqual([marks.length, stops.length, table.rows.length], [0, 0, 0]);
});
