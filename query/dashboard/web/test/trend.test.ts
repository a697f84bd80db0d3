import assert from "node:assert/strict";
import { test } from "node:test";
import { lines, type Point } from "../src/chart/line.ts";
import type { Mark, Size } from "../src/chart/marks.ts";
import { stacked, type Bar } from "../src/chart/stacked.ts";
import { percent } from "../src/words.ts";
import { spoken } from "./words.ts";

const size: Size = { width: 640, line: 16, measure: (content) => 7 * content.length };
const named = (marks: readonly Mark[], part: string) => marks.filter((m) => String(m.at.class ?? "").includes(part));

const bar = (name: string, counts: Bar["counts"], more: Partial<Bar> = {}): Bar =>
  ({ name, short: [name], counts, n: counts && counts[0] + counts[1] + counts[2], ...more });

test("stacked bars are as tall as their votes", () => {
  const { marks, stops, table, summary, height } = stacked({ title: "Voti", bars: [bar("a", [60, 30, 10]), bar("b", [30, 15, 5])], parts: false }, spoken, size);
  const tall = named(marks, "segment green").map((m) => Number(m.at.height));
  assert.equal(tall.length, 2);
  assert.ok(Math.abs(tall[0]! / tall[1]! - 2) < 0.05, String(tall));
  assert.ok(marks.every((m) => Number(m.at.y ?? 0) >= 0 && Number(m.at.y ?? 0) + Number(m.at.height ?? 0) <= height));
  assert.deepEqual(stops.map((stop) => stop.says[0]), ["a · 100 voti", "b · 50 voti"]);
  assert.deepEqual(table.rows[0], ["a", "60 (60,0%)", "30 (30,0%)", "10 (10,0%)", "100", ""]);
  assert.match(summary, /150 voti: green 60,0%/);
});

test("as parts, bars are all as tall", () => {
  const { marks } = stacked({ title: "", bars: [bar("a", [60, 30, 10]), bar("b", [1, 0, 0])], parts: true }, spoken, size);
  const bottoms = ["green", "yellow", "red"].flatMap((face) => named(marks, `segment ${face}`));
  assert.equal(bottoms.length, 4);
  const green = named(marks, "segment green").map((m) => Number(m.at.height));
  assert.ok(Math.abs(green[0]! / green[1]! - 0.6) < 0.02, String(green));
});

test("what is withheld, missing, nothing or not over looks different", () => {
  const bars = [bar("q", null, { n: null, absent: "withheld" }), bar("m", null, { n: null, absent: "missing" }), bar("0", [0, 0, 0]), bar("r", [1, 0, 0], { running: true, marked: "chiuso" })];
  const { marks, stops, table, legend } = stacked({ title: "", bars, parts: false }, spoken, size);
  assert.deepEqual([named(marks, "withheld").length, named(marks, "missing").length, named(marks, "running").length, named(marks, "break").length], [1, 1, 1, 1]);
  assert.deepEqual(stops.map((stop) => stop.says[1]), ["non mostrato: pochi voti", "nessun terminale", "nessun voto", "green: 100,0% (1)"]);
  assert.deepEqual(table.rows.map((row) => row[4]), ["–", "–", "0", "1"]);
  assert.equal(legend.length, 6);
});

test("no bars are no error", () => {
  assert.equal(stacked({ title: "", bars: [], parts: true }, spoken, size).stops.length, 0);
});

const point = (name: string, value: number | null, more: Partial<Point> = {}): Point =>
  ({ name, short: [name], value, low: value === null ? null : value - 0.02, high: value === null ? null : value + 0.02, n: value === null ? null : 100, ...more });

test("a line is broken where a point is missing, and dashed towards one that is not over", () => {
  const run = { name: "ora", points: [point("a", 0.8), point("b", null, { why: "non mostrato" }), point("c", 0.9), point("d", 0.7, { running: true })] };
  const { marks, stops, table } = lines({ title: "Quota", run, write: (value) => percent(value) }, spoken, size);
  const path = named(marks, "line now")[0]!.at.d as string;
  assert.equal(path.match(/M/g)?.length, 2);
  assert.equal(named(marks, "provisional").length, 1);
  assert.equal(named(marks, "dot now").length, 3);
  assert.equal(stops[1]!.says[1], "non mostrato");
  assert.deepEqual(table.rows[0], ["a", "80,0% (fra 78,0% e 82,0%), 100 voti", ""]);
});

test("a line has the other time beside it, the first beside the first", () => {
  const run = { name: "2026", points: [point("a", 0.8), point("b", 0.9)] };
  const beside = { name: "2025", points: [point("x", 0.5)] };
  const { stops, table } = lines({ title: "", run, beside, write: (value) => percent(value) }, spoken, size);
  assert.match(stops[0]!.says[2]!, /^2025, x: 50,0%/);
  assert.equal(stops[1]!.says.length, 2);
  assert.equal(table.rows[1]![2], "–");
});
