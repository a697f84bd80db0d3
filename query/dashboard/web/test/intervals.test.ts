import assert from "node:assert/strict";
import { test } from "node:test";
import { drawnOf, intervals, type Entry, type Intervals } from "../src/chart/intervals.ts";
import type { Mark, Size } from "../src/chart/marks.ts";
import { percent, shortPercent } from "../src/words.ts";
import { spoken } from "./words.ts";

const size: Size = { width: 640, line: 16, measure: (content) => 7 * content.length };
const named = (marks: readonly Mark[], part: string) => marks.filter((m) => String(m.at.class ?? "").split(" ").includes(part));
const texts = (marks: readonly Mark[], part: string) => named(marks, part).map((m) => String(m.inside[0]));

const entry = (name: string, value: number | null, more: Partial<Entry> = {}): Entry =>
  ({ name, value, low: value === null ? null : value - 0.05, high: value === null ? null : value + 0.05, n: 100, ...more });
const data = (entries: readonly Entry[], more: Partial<Intervals> = {}): Intervals =>
  ({ title: "Regioni", head: "Regione", measure: "Soddisfatti", entries, write: (n) => percent(n), tick: shortPercent, bounds: [0, 1], ...more });

test("each entry has its name, its interval, its point and its figure", () => {
  const { marks, stops, height } = intervals(data([entry("Lazio", 0.8, { code: "12" }), entry("Molise", 0.7)]), spoken, size);
  assert.deepEqual(texts(marks, "entry"), ["Lazio", "Molise"]);
  assert.equal(named(marks, "estimate-range").length, 2);
  const [first, second] = named(marks, "estimate");
  assert.ok(Number(first!.at.cx) > Number(second!.at.cx), "the higher is further right");
  const [whisker] = named(marks, "estimate-range");
  assert.ok(Number(whisker!.at.x1) < Number(first!.at.cx) && Number(first!.at.cx) < Number(whisker!.at.x2));
  assert.ok(texts(marks, "tick").includes("80,0% · n 100"));
  assert.deepEqual(stops.map(({ code }) => code), ["12", undefined]);
  assert.deepEqual(stops[0]!.says, ["Lazio", "Soddisfatti: 80,0%, fra 75,0% e 85,0%", "100 voti"]);
  assert.ok(stops.every(({ near }) => near!.width === 640 && near!.y + near!.height <= height), "all of a row means it");
});

test("a pointer means the row that it is in", () => {
  const { stops } = intervals(data([entry("a", 0.1), entry("b", 0.9)]), spoken, size);
  assert.equal(stops[0]!.near!.y + stops[0]!.near!.height, stops[1]!.near!.y);
});

test("what is not shown has no point, and says why", () => {
  const { marks, stops, table, legend } = intervals(data([entry("a", null, { n: null, why: "non mostrato: pochi voti" }), entry("b", 0.5, { few: true })]), spoken, size);
  assert.equal(named(marks, "estimate").length, 1);
  assert.ok(texts(marks, "tick").includes("non mostrato: pochi voti"));
  assert.deepEqual(stops[0]!.says, ["a", "non mostrato: pochi voti"]);
  assert.deepEqual(table.rows, [["a", "–", "–", "–", "non mostrato: pochi voti"], ["b", "50,0%", "fra 45,0% e 55,0%", "100", "meno di 30 voti"]]);
  assert.deepEqual(legend.map((one) => one.class), ["estimate-range", "estimate-range small"]);
});

test("the table has all, the drawing the first", () => {
  const { stops, table, summary } = intervals(data([entry("a", 0.2, { cells: ["x"] }), entry("b", 0.4), entry("c", 0.3)], { drawn: 2, columns: ["Altro"] }), spoken, size);
  assert.equal(stops.length, 2);
  assert.deepEqual(table.head, ["Regione", "Soddisfatti", "intervallo al 95%", "Altro", "Voti"]);
  assert.deepEqual(table.rows.map((row) => row[3]), ["x", "–", "–"]);
  assert.match(summary, /^Regioni\. Righe: 3\. Il più alto: b, 40,0%, fra 35,0% e 45,0%; il più basso: a, 20,0%/);
});

test("the reference is a line, and named", () => {
  const { marks, legend } = intervals(data([entry("a", 0.2)], { reference: { value: 0.25, name: "Italia" } }), spoken, size);
  assert.equal(named(marks, "reference").length, 1);
  assert.equal(legend[1]!.says, "Italia: 25,0%");
});

test("the axis of parts begins at nothing", () => {
  const { marks } = intervals(data([entry("a", 0.4)], { zero: true }), spoken, size);
  assert.ok(texts(marks, "tick").includes("0%"));
});

test("where it is narrow names stand above, and nothing leaves the picture", () => {
  const narrow = { ...size, width: 240 };
  const { marks } = intervals(data([entry("Un nome molto lungo, che non ha posto", 0.4)]), spoken, narrow);
  const [name] = named(marks, "entry");
  assert.equal(name!.at.x, 0);
  assert.match(String(name!.inside[0]), /…$/);
  for (const m of marks) for (const key of ["x", "x1", "x2", "cx"]) assert.ok(Number(m.at[key] ?? 0) <= 240, JSON.stringify(m));
});

test("without entries there is a table, and no drawing", () => {
  const { marks, stops, height, table } = intervals(data([]), spoken, size);
  assert.deepEqual([marks.length, stops.length, height, table.rows.length], [0, 0, 0, 0]);
});

test("of many that are sorted the last are drawn, too", () => {
  const entries = ["a", "b", "c", "d", "e"].map((name, i) => ({ name, value: 0.9 - i / 10, low: 0.1, high: 0.95, n: 10 }));
  assert.deepEqual(drawnOf({ entries, drawn: 3, ends: true }).map(({ name }) => name), ["a", "b", "e"]);
  assert.deepEqual(drawnOf({ entries, drawn: 3 }).map(({ name }) => name), ["a", "b", "c"]);
  assert.equal(drawnOf({ entries, ends: true }).length, 5);
});
