// A week by its hours: steps, what is hatched, and how arrow keys go.

import assert from "node:assert/strict";
import test, { before } from "node:test";
import { ticks } from "d3-array";
import { heat, limitsOf, stepOf, STEPS, type Cell } from "../src/chart/heat.ts";
import type { HeatCell } from "../src/answers.ts";
import { worstOf } from "../src/view/heatmap.ts";
import * as words from "../src/words.ts";

before(() => words.speak("it"));

const WIDE = { width: 1000, line: 20, measure: (text: string) => 8 * text.length };
const NARROW = { ...WIDE, width: 280 };

const week = (of: (weekday: number, hour: number) => Partial<Cell> = () => ({})): Cell[] =>
  [...Array(168).keys()].map((i) => {
    const [weekday, hour] = [Math.floor(i / 24) + 1, i % 24];
    return { weekday, hour, value: hour / 100, why: null, says: ["x"], short: `${hour}%`, ...of(weekday, hour) };
  });
const data = (cells: Cell[] = week(), limits = [0.05, 0.1, 0.2]) => ({ title: "Insoddisfatti", cells, limits, write: (value: number) => `${Math.round(100 * value)}%`, summary: "La peggiore." });
const count = (drawing: ReturnType<typeof heat>, name: string) => drawing.marks.filter(({ at }) => at.class === name).length;

test("each hour has a cell and a stop; steps are those of the limits", () => {
  const drawing = heat(data(), words, WIDE);
  assert.equal(drawing.stops.length, 168);
  assert.deepEqual([0, 1, 2, 3].map((step) => count(drawing, `heat heat-${step}`)), [35, 35, 70, 28]);
  assert.deepEqual(drawing.legend.map(({ says }) => says), ["sotto 5%", "da 5% a 10%", "da 10% a 20%", "da 20%"]);
  assert.equal(stepOf(0.05, [0.05, 0.1]), 1);
});

test("few, none, withheld and missing look different, and are in the legend", () => {
  const kinds = ["few", "none", "withheld", "missing"] as const;
  const cells = week((weekday, hour) => (weekday === 1 && hour < 4 ? { why: kinds[hour]!, value: hour === 0 ? 0.3 : null, short: kinds[hour]! } : {}));
  const drawing = heat(data(cells), words, WIDE);
  assert.deepEqual([count(drawing, "few"), count(drawing, "blank"), count(drawing, "withheld"), count(drawing, "missing")], [1, 1, 1, 1]);
  assert.deepEqual(drawing.legend.slice(-4).map(({ class: name }) => name), ["few", "blank", "withheld", "missing"]);
  assert.deepEqual(drawing.table.rows.slice(0, 4).map(([, monday]) => monday), [...kinds]);
});

test("arrow keys go by hours and days, whichever way the week lies, and stop at its ends", () => {
  const [wide, narrow] = [heat(data(), words, WIDE), heat(data(), words, NARROW)];
  const at = (weekday: number, hour: number) => (weekday - 1) * 24 + hour;
  assert.deepEqual(wide.stops[at(3, 12)]!.next, { left: at(3, 11), right: at(3, 13), up: at(2, 12), down: at(4, 12) });
  assert.deepEqual(narrow.stops[at(3, 12)]!.next, { left: at(2, 12), right: at(4, 12), up: at(3, 11), down: at(3, 13) });
  assert.deepEqual(wide.stops[at(1, 0)]!.next, { left: at(1, 0), right: at(1, 1), up: at(1, 0), down: at(2, 0) });
  assert.deepEqual(wide.stops[at(7, 23)]!.next, { left: at(7, 22), right: at(7, 23), up: at(6, 23), down: at(7, 23) });
  assert.equal(wide.stops[at(7, 2)]!.says[0], "domenica, ore 02–03");
  assert.ok(wide.stops[at(1, 5)]!.x > wide.stops[at(1, 4)]!.x && narrow.stops[at(1, 5)]!.y > narrow.stops[at(1, 4)]!.y);
});

test("cells shrink with the room, and the names of hours thin out", () => {
  const hours = (width: number) => heat(data(), words, { ...WIDE, width }).marks.filter(({ name, inside }) => name === "text" && /^\d\d$/.test(String(inside[0]))).length;
  assert.equal(hours(1400), 24);
  assert.ok(hours(700) < 24 && hours(700) > 6);
  for (const stop of heat(data(), words, NARROW).stops) assert.ok(stop.near!.x + stop.near!.width <= NARROW.width + 0.01);
});

test("limits are round, and no more steps than colours", () => {
  const rounded = (low: number, high: number, n: number) => ticks(low, high, n);
  const spread = [...Array(168).keys()].map((i) => 0.02 + (i / 167) * 0.08);
  const limits = limitsOf([...spread, 0.9], rounded);
  assert.ok(limits.length >= 3 && limits.length < STEPS, String(limits));
  assert.ok(Math.max(...limits) < 0.2, "one far away does not make the steps");
  assert.deepEqual(limitsOf([0.5, 0.5], rounded), []);
  assert.deepEqual(limitsOf([0.5], rounded), []);
  assert.deepEqual(heat(data(week(() => ({ value: 0.5 })), []), words, WIDE).legend.map(({ says }) => says), ["un solo valore"]);
});

test("of a week without votes there are cells, and nothing else", () => {
  const drawing = heat(data(week(() => ({ value: null, why: "none", short: "–" })), []), words, WIDE);
  assert.equal(count(drawing, "blank"), 168);
  assert.deepEqual(drawing.legend.map(({ says }) => says), ["nessun voto"]);
});

test("the worst hour is the one whose share is high for sure", () => {
  const cell = (n: number | null, low: number | null, share: number | null, status: string[] = ["A"]) => ({ n, red_low: low, red_share: share, status }) as unknown as HeatCell;
  const sure = cell(500, 0.08, 0.1);
  const chance = cell(40, 0.05, 0.2);
  const found = worstOf({ cells: [cell(3, 0.3, 1, ["L"]), chance, sure, cell(null, null, null, ["Q"]), cell(0, null, null), cell(90, 0, 0)] });
  assert.deepEqual(found, [sure, chance]);
});
