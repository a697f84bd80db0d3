// Rows with their intervals: where they are, what they say, and when there is nothing.

import assert from "node:assert/strict";
import test from "node:test";
import { dots, type Dot, type Dots } from "../src/chart/dots.ts";
import { cut, outline, swatch } from "../src/chart/shapes.ts";
import { spoken } from "./words.ts";

const WIDE = { width: 1000, line: 20, measure: (text: string) => 8 * text.length };
const NARROW = { ...WIDE, width: 260 };

const dot = (name: string, value: number | null, more: Partial<Dot> = {}): Dot => ({
  name, of: value === null ? null : { value, low: value - 0.05, high: value + 0.05 }, reference: 0.8, verdict: "alike",
  cells: [String(value), "12"], line: `${value} · 12`, says: [`says ${name}`], row: [String(value), "12"], code: name.toLowerCase(), ...more,
});

const data = (more: Partial<Dots> = {}): Dots => ({
  title: "Regioni", rows: [dot("Alfa", 0.9, { verdict: "above" }), dot("Bravo", 0.8), dot("Charlie", 0.6, { verdict: "below" })],
  head: ["Valore", "Voti"], table: { head: ["Nome", "Valore", "Voti"], numeric: [false, true, true] }, write: (value) => `${Math.round(100 * value)}%`, bounds: [0, 1],
  verdicts: { above: "sopra", below: "sotto", alike: "pari" }, names: { reference: "Italia" }, summary: "In testa Alfa.", ...more,
});

const middle = (d: string): number => { const xs = [...d.matchAll(/[ML]([\d.]+)/g)].map((m) => Number(m[1])); return (Math.min(...xs) + Math.max(...xs)) / 2; };
const points = (of: Dots, size = WIDE) => dots(of, spoken, size).marks.filter(({ at }) => String(at.class).startsWith("sign"));

test("who has more lies farther right, with another shape for each verdict, inside its interval", () => {
  const drawing = dots(data(), spoken, WIDE);
  const [first, second, third] = points(data());
  assert.deepEqual([first, second, third].map((mark) => mark!.at.class), ["sign above", "sign alike", "sign below"]);
  assert.ok(middle(String(first!.at.d)) > middle(String(third!.at.d)));
  const lines = drawing.marks.filter(({ at }) => at.class === "interval-of now");
  lines.forEach(({ at }, i) => assert.ok(Number(at.x1) < middle(String([first, second, third][i]!.at.d)) && middle(String([first, second, third][i]!.at.d)) < Number(at.x2)));
  assert.equal(new Set(["above", "below", "alike", "diamond"].map((shape) => outline(shape as "above", 0, 0, 5))).size, 4);
});

test("the table, the summary and the legend say what the marks do", () => {
  const { table, summary, legend, stops } = dots(data(), spoken, WIDE);
  assert.deepEqual(table.rows, [["Alfa", "0.9", "12"], ["Bravo", "0.8", "12"], ["Charlie", "0.6", "12"]]);
  assert.equal(table.head.length, table.rows[0]!.length);
  assert.match(summary, /^Regioni\. In testa Alfa\./);
  assert.deepEqual(legend.map(({ says }) => says), ["sopra", "sotto", "pari", "intervallo al 95%", "Italia"]);
  assert.deepEqual(stops.map(({ code, says }) => [code, says]), [["alfa", ["Alfa", "says Alfa"]], ["bravo", ["Bravo", "says Bravo"]], ["charlie", ["Charlie", "says Charlie"]]]);
});

test("every point of the room means one row", () => {
  for (const size of [WIDE, NARROW]) {
    const { stops, height } = dots(data(), spoken, size);
    stops.forEach(({ near }, i) => {
      assert.equal(near!.width, size.width);
      if (i > 0) assert.ok(Math.abs(near!.y - stops[i - 1]!.near!.y - stops[i - 1]!.near!.height) < 0.01);
    });
    assert.ok(stops[2]!.near!.y + stops[2]!.near!.height <= height);
  }
});

test("where it is narrow the words stand above the dots, and nothing is wider than the room", () => {
  const marks = dots(data({ rows: [dot("Un nome che non finisce più, davvero", 0.9, { line: "una riga molto lunga che va accorciata per forza" })] }), spoken, NARROW).marks;
  for (const { name, at, inside } of marks) {
    if (name !== "text" || at["text-anchor"]) continue;
    assert.ok(Number(at.x) + NARROW.measure(String(inside[0])) <= NARROW.width, String(inside[0]));
  }
  assert.equal(cut("Abruzzo", 100, WIDE.measure), "Abruzzo");
  assert.equal(cut("Abruzzo", 40, WIDE.measure), "Abru…");
});

test("one without a figure has a row and no mark; of nothing there is nothing", () => {
  const without = data({ rows: [dot("Alfa", null), dot("Bravo", 0.5)] });
  assert.equal(points(without).length, 1);
  assert.equal(dots(without, spoken, WIDE).stops.length, 2);
  const none = dots(data({ rows: [] }), spoken, WIDE);
  assert.deepEqual([none.stops.length, none.table.rows.length, none.legend.length], [0, 0, 0]);
  assert.match(none.summary, /nessun voto/);
  assert.equal(points(data({ rows: [dot("Alfa", 1, { of: { value: 1, low: 1, high: 1 }, reference: null })] })).length, 1);
});

test("around zero, zero is there; beside what was counted stands what would be", () => {
  const rows = [dot("Alfa", 0.4, { reference: null, beside: { value: 0.3, low: 0.2, high: 0.45 } })];
  const drawing = dots(data({ rows, around: true, names: { beside: "a pari composizione" } }), spoken, WIDE);
  assert.equal(drawing.marks.filter(({ at }) => at.class === "axis").length, 1);
  assert.equal(drawing.marks.filter(({ at }) => at.class === "sign diamond").length, 1);
  assert.ok(drawing.legend.some(({ says, path }) => says === "a pari composizione" && path === swatch("diamond")));
});
