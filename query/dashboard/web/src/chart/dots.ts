// Dots with their intervals, a row each: who stands where, and how sure that is.

import { scaleLinear } from "d3-scale";
import type { Words } from "../words.ts";
import { along } from "./axis.ts";
import { mark, round, write as letters, type Drawing, type LegendEntry, type Mark, type Size, type Stop } from "./marks.ts";
import { cut, outline, point, swatch, VERDICTS, type Verdict } from "./shapes.ts";

export interface Estimate {
  readonly value: number;
  readonly low: number | null;
  readonly high: number | null;
}

// A Dot is a row.
export interface Dot {
  readonly name: string;
  readonly of: Estimate | null; // Null: there is none.
  readonly beside?: Estimate | null | undefined; // The same, computed in another way.
  readonly reference?: number | null | undefined; // What it is held against.
  readonly verdict: Verdict;
  readonly cells: readonly string[]; // At its right.
  readonly line: string; // The same below the name, where that is too narrow: without heads.
  readonly says: readonly string[]; // The tip's lines below the name.
  readonly row: readonly string[]; // Of the table, behind the name.
  readonly code?: string;
}

export interface Dots {
  readonly title: string;
  readonly rows: readonly Dot[];
  readonly head: readonly string[]; // Of the cells.
  readonly table: { readonly head: readonly string[]; readonly numeric: readonly boolean[] }; // The name's column, too.
  readonly write: (value: number) => string;
  readonly bounds?: readonly [number, number];
  readonly around?: boolean; // Around zero, which is always shown.
  readonly verdicts: Partial<Record<Verdict, string>>; // What the shapes say.
  readonly names?: { readonly of?: string; readonly beside?: string; readonly reference?: string };
  readonly summary: string;
}

// A Layout is where the parts of rows are: beside each other, or where that is too narrow
// a line of words above each.
interface Layout {
  readonly stacked: boolean;
  readonly left: number;
  readonly right: number;
  readonly name: number; // The width of names.
  readonly columns: readonly number[]; // The right ends of cells.
  readonly tall: number;
  readonly top: number;
}

const NAMES = 15; // Lines of text that names may be wide.
const CHART = 12; // That a chart needs, to stand beside them.

export function dots(data: Dots, words: Words, size: Size): Drawing {
  const at = layout(data, size);
  const x = scaleLinear().domain(domain(data)).range([at.left, at.right]);
  const height = at.top + at.tall * data.rows.length + size.line * 0.3;
  return {
    height,
    marks: [
      ...(at.stacked ? [] : data.head.map((head, i) => letters(head, at.columns[i]!, size.line * 0.8, { class: "tick", "text-anchor": "end" }))),
      ...axis(data, x, { at, height, size }),
      ...data.rows.flatMap((row, i) => rowMarks(row, { x, at, size, y: at.top + i * at.tall })),
    ],
    stops: data.rows.map((row, i) => stopOf(row, { x, at, size, y: at.top + i * at.tall })),
    table: { caption: data.title, ...data.table, rows: data.rows.map((row) => [row.name, ...row.row]) },
    summary: `${data.title}. ${data.rows.length === 0 ? words.say("absent_none") : data.summary} ${words.say("see_table")}`,
    legend: legend(data, words),
  };
}

function layout({ rows, head }: Dots, size: Size): Layout {
  const gap = size.line * 0.8;
  const widths = head.map((title, i) => Math.max(size.measure(title), ...rows.map((row) => size.measure(row.cells[i] ?? ""))));
  const name = Math.min(NAMES * size.line, Math.max(0, ...rows.map((row) => size.measure(row.name))));
  const cells = widths.reduce((sum, width) => sum + width + gap, 0);
  const chart = size.width - name - cells - 2 * gap;
  if (chart < CHART * size.line) {
    return { stacked: true, left: gap, right: size.width - gap, name: size.width, columns: [], tall: size.line * 4.2, top: size.line * 1.4 };
  }
  let end = size.width - cells;
  const columns = widths.map((width) => (end += gap + width));
  return { stacked: false, left: name + gap, right: size.width - cells - gap, name, columns, tall: size.line * 1.75, top: size.line * 1.6 };
}

function domain({ rows, bounds, around }: Dots): [number, number] {
  const values = rows.flatMap(({ of, beside, reference }) => [of, beside].flatMap((one) => (one ? [one.value, one.low, one.high] : [])).concat(reference ?? null))
    .filter((n) => n !== null);
  if (around) values.push(0);
  const [low, high] = values.length > 0 ? [Math.min(...values), Math.max(...values)] : [0, 1];
  const air = (high - low || Math.abs(high) || 1) * 0.04;
  const [least, most] = bounds ?? [-Infinity, Infinity];
  return [Math.max(least, low - air), Math.min(most, high + air)];
}

interface Place { readonly x: (n: number) => number; readonly at: Layout; readonly size: Size; readonly y: number }

// axis is lines of round numbers through all rows, but not through their words, with their
// names above.
function axis({ rows, write, around }: Dots, x: ReturnType<typeof scaleLinear<number, number>>, { at, height, size }: { at: Layout; height: number; size: Size }): Mark[] {
  const marks: Mark[] = [];
  const count = Math.max(2, Math.min(8, Math.floor((at.right - at.left) / (5 * size.line))));
  for (const { n, middle } of along(x.ticks(count), x, write, size)) {
    const across = at.stacked ? rows.map((_, i) => [at.top + (i + 1) * at.tall - size.line * 1.7, at.top + (i + 1) * at.tall - size.line * 0.2]) : [[at.top - size.line * 0.4, height]];
    marks.push(mark("path", { class: around && n === 0 ? "axis" : "grid", d: across.map(([from, to]) => `M${round(x(n))} ${round(from!)}V${round(to!)}`).join("") }));
    if (middle !== null) marks.push(letters(write(n), middle, size.line * 0.8, { class: "tick", "text-anchor": "middle" }));
  }
  return marks;
}

function rowMarks(row: Dot, { x, at, size, y }: Place): Mark[] {
  const middle = y + (at.stacked ? at.tall - size.line * 0.9 : at.tall / 2);
  const base = at.stacked ? y + size.line : middle + size.line * 0.25;
  const marks: Mark[] = [letters(cut(row.name, at.name, size.measure), 0, base, { class: "name" })];
  if (at.stacked) marks.push(letters(cut(row.line, size.width, size.measure), 0, base + size.line, { class: "tick" }));
  else row.cells.forEach((cell, i) => marks.push(letters(cell, at.columns[i]!, base, { class: "tick", "text-anchor": "end" })));
  if (row.reference !== null && row.reference !== undefined) {
    const tall = at.stacked ? size.line * 0.8 : at.tall / 2;
    marks.push(mark("line", { class: "reference", x1: round(x(row.reference)), x2: round(x(row.reference)), y1: round(middle - tall), y2: round(middle + tall) }));
  }
  const apart = row.beside ? size.line * 0.3 : 0;
  if (row.of) marks.push(...estimate(row.of, "now", x, middle - apart), point(row.verdict, x(row.of.value), middle - apart, size.line * 0.28));
  if (row.beside) marks.push(...estimate(row.beside, "beside", x, middle + apart), point("diamond", x(row.beside.value), middle + apart, size.line * 0.26));
  return marks;
}

function estimate({ low, high }: Estimate, kind: "now" | "beside", x: (n: number) => number, y: number): Mark[] {
  return low === null || high === null ? [] : [mark("line", { class: `interval-of ${kind}`, x1: round(x(low)), x2: round(x(high)), y1: round(y), y2: round(y) })];
}

function stopOf(row: Dot, { x, at, size, y }: Place): Stop {
  const found = row.of ?? row.beside;
  return {
    x: found ? x(found.value) : at.left, y: y + at.tall / 2, says: [row.name, ...row.says],
    near: { x: 0, y, width: size.width, height: at.tall },
    outline: mark("rect", { class: "chosen", x: 0, y: round(y), width: round(size.width), height: round(at.tall) }),
    ...(row.code !== undefined && { code: row.code }),
  };
}

function legend({ rows, verdicts, names = {} }: Dots, words: Words): LegendEntry[] {
  const shown = VERDICTS.filter((verdict) => verdicts[verdict] && rows.some((row) => row.of && row.verdict === verdict));
  return [
    ...shown.map((verdict) => ({ class: `sign ${verdict}`, says: verdicts[verdict]!, path: swatch(verdict) })),
    ...(rows.some((row) => row.of?.low !== null && row.of) ? [{ class: "interval-of now", says: names.of ?? words.say("interval_95"), line: true }] : []),
    ...(names.beside && rows.some((row) => row.beside) ? [{ class: "sign diamond", says: names.beside, path: outline("diamond", 8, 6, 5) }] : []),
    ...(names.reference && rows.some((row) => row.reference !== null && row.reference !== undefined) ? [{ class: "reference", says: names.reference, path: "M8 0V12" }] : []),
  ];
}
