// Bars that lie: a measure of each thing, from 0 on, with its interval as a whisker.

import { scaleLinear } from "d3-scale";
import type { Words } from "../words.ts";
import { along } from "./axis.ts";
import { mark, round, write as letters, type Drawing, type Mark, type Size, type Stop } from "./marks.ts";
import { wrap } from "./wrap.ts";

export interface BarRow {
  readonly name: string;
  readonly value: number | null; // Null: there is none, and why says why.
  readonly low?: number | null;
  readonly high?: number | null;
  readonly of?: string | undefined; // How many it is of, in words.
  readonly why?: string | undefined;
  readonly absent?: "withheld" | "missing" | undefined; // What its place looks like then.
  readonly class?: string; // What the bar is filled as.
  readonly code?: string; // What opens when it is chosen.
}

export interface Bars {
  readonly title: string;
  readonly head: string; // What rows are,
  readonly measure: string; // and what is measured of them.
  readonly rows: readonly BarRow[];
  readonly write: (value: number) => string;
  readonly unknown?: string; // What rows without a value are, where they have a look of their own.
  readonly whole?: string; // What a line at 1 is, where values go beyond it.
  readonly least?: number; // The axis goes to this at least.
}

const NARROW = 28; // Below so many lines of text a name stands above its bar.
const NAME = 0.4; // Of the width, at most.

interface Placed { row: BarRow; lines: readonly string[]; top: number; bar: number; height: number }
interface Sides { x: ((n: number) => number) & { ticks(count?: number): number[] }; left: number; right: number; thick: number; narrow: boolean; bottom: number }

// bars draws them.
export function bars(data: Bars, words: Words, size: Size): Drawing {
  const { rows, write, measure } = data;
  const table = tableOf(data, words);
  const summary = summaryOf(data, words);
  if (rows.length === 0) return { marks: [], height: 0, stops: [], legend: [], table, summary };
  const { sides, placed } = place(data, size);
  const whiskers = rows.some((row) => row.value !== null && typeof row.low === "number");
  const beyond = data.whole !== undefined && rows.some((row) => (row.value ?? 0) > 1);
  return {
    height: round(sides.bottom + 1.6 * size.line), table, summary,
    marks: [...axis(sides, write, size), ...placed.flatMap((one) => rowMarks(one, sides, data, size)), ...(beyond ? [mark("line", { class: "break", x1: round(sides.x(1)), x2: round(sides.x(1)), y1: 0, y2: round(sides.bottom) })] : [])],
    stops: placed.map(({ row, top, bar, height }): Stop => ({
      x: row.value === null ? sides.left : sides.x(row.value), y: bar + sides.thick / 2,
      says: [row.name, ...(row.value === null ? [row.why ?? words.say("absent_none")] : [`${measure}: ${said(row, write, words)}`]), ...(row.of ? [row.of] : [])],
      near: { x: 0, y: top, width: size.width, height },
      outline: mark("rect", { class: "chosen", x: 0, y: round(top), width: round(size.width), height: round(height) }),
      ...(row.code !== undefined && { code: row.code }),
    })),
    legend: [
      ...(whiskers ? [{ class: "spread", says: words.say("interval_95"), line: true }] : []),
      ...(beyond ? [{ class: "break", says: data.whole!, line: true }] : []),
      ...(["withheld", "missing"] as const).filter((one) => rows.some(({ absent }) => absent === one)).map((one) => ({ class: one, says: data.unknown ?? words.say(`absent_${one}`) })),
    ],
  };
}

function place({ rows, write, least = 0 }: Bars, size: Size): { sides: Sides; placed: Placed[] } {
  const narrow = size.width < NARROW * size.line;
  const gap = size.line / 2;
  const widest = Math.max(...rows.map((row) => size.measure(row.name)));
  const left = narrow ? 0 : Math.min(NAME * size.width, widest + gap);
  const values = Math.max(...rows.map((row) => size.measure(row.value === null ? "" : write(row.value))));
  const right = size.width - values - gap;
  const most = Math.max(least, ...rows.map((row) => Math.max(row.value ?? 0, row.high ?? 0))) || 1;
  const x = scaleLinear().domain([0, most]).range([left, right]);
  const thick = 1.1 * size.line;
  let top = 0;
  const placed = rows.map((row): Placed => {
    const lines = wrap(row.name, narrow ? size.width - gap : left - gap, size.measure);
    const names = lines.length * size.line;
    const height = (narrow ? names + thick : Math.max(names, thick)) + gap;
    const one = { row, lines, top, height, bar: narrow ? top + names + gap / 2 : top + (height - thick) / 2 };
    top += height;
    return one;
  });
  return { sides: { x, left, right, thick, narrow, bottom: top }, placed };
}

function axis({ x, left, right, bottom }: Sides, write: Bars["write"], size: Size): Mark[] {
  const count = Math.max(2, Math.min(6, Math.floor((right - left) / (5 * size.line))));
  return along(x.ticks(count), x, write, size).flatMap(({ n, middle }) => [
    mark("line", { class: n === 0 ? "axis" : "grid", x1: round(x(n)), x2: round(x(n)), y1: 0, y2: round(bottom) }),
    ...(middle === null ? [] : [letters(write(n), middle, bottom + size.line, { class: "tick", "text-anchor": "middle" })]),
  ]);
}

function rowMarks({ row, lines, top, bar, height }: Placed, sides: Sides, { write }: Bars, size: Size): Mark[] {
  const { x, left, right, thick, narrow } = sides;
  const first = narrow ? top + 0.95 * size.line : top + (height - lines.length * size.line) / 2 + 0.75 * size.line;
  const marks: Mark[] = lines.map((line, i) => letters(line, narrow ? size.line / 4 : 0, first + i * size.line, { class: "name" }));
  if (row.value === null) {
    const sign = Math.min(2.5 * size.line, (right - left) / 2);
    if (row.absent) marks.push(mark("rect", { class: row.absent, x: round(left), y: round(bar), width: round(sign), height: round(thick) }));
    return [...marks, letters(row.why ?? "–", left + (row.absent ? sign : 0) + size.line / 3, bar + 0.75 * thick, {})];
  }
  marks.push(mark("rect", { class: row.class ?? "bar", x: round(left), y: round(bar), width: round(Math.max(0, x(row.value) - left)), height: round(thick) }));
  let end = x(row.value);
  if (typeof row.low === "number" && typeof row.high === "number") {
    const [a, b, middle] = [x(row.low), x(row.high), bar + thick / 2];
    const caps = [a, b].map((at) => `M${round(at)} ${round(middle - thick / 4)}V${round(middle + thick / 4)}`).join("");
    const d = `M${round(a)} ${round(middle)}H${round(b)}${caps}`;
    marks.push(mark("path", { class: "spread-rim", d }), mark("path", { class: "spread", d }));
    end = Math.max(end, b);
  }
  return [...marks, letters(write(row.value), end + size.line / 3, bar + 0.75 * thick, { class: "value" })];
}

const said = (row: BarRow, write: Bars["write"], words: Words): string =>
  `${write(row.value!)}${typeof row.low === "number" && typeof row.high === "number" ? ` (${words.say("range", { low: write(row.low), high: write(row.high) })})` : ""}`;

function tableOf({ title, head, measure, rows, write }: Bars, words: Words): Drawing["table"] {
  const of = rows.some((row) => row.of);
  return {
    caption: title, head: [head, measure, ...(of ? [words.say("bars_of")] : [])], numeric: [false, true, ...(of ? [true] : [])],
    rows: rows.map((row) => [row.name, row.value === null ? row.why ?? words.say("absent_none") : said(row, write, words), ...(of ? [row.of ?? "–"] : [])]),
  };
}

function summaryOf({ title, rows, write }: Bars, words: Words): string {
  const there = rows.filter((row) => row.value !== null).sort((a, b) => b.value! - a.value!).slice(0, 3);
  const first = there.length > 0 ? there.map((row) => `${row.name} ${write(row.value!)}`).join("; ") : words.say("absent_none");
  return `${title}. ${first}. ${words.say("see_table")}`;
}
