// Lines with their intervals as bands: a measure over time, beside that of another time.

import { scaleLinear } from "d3-scale";
import { area, line as path } from "d3-shape";
import type { Words } from "../words.ts";
import { levels, names, room, type Box } from "./axis.ts";
import { mark, round, type Drawing, type Mark, type Size, type Stop } from "./marks.ts";

// A Point is a measure at a step, null where there is none, with its interval.
export interface Point {
  readonly name: string;
  readonly short: readonly string[];
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly n: number | null;
  readonly why?: string | undefined; // Why there is none.
  readonly running?: boolean;
  readonly marked?: string | undefined;
}

export interface Run {
  readonly name: string;
  readonly points: readonly Point[];
}

export interface Lines {
  readonly title: string;
  readonly run: Run;
  readonly beside?: Run; // Of the time that is compared with: the first point beside the first.
  readonly write: (value: number) => string;
  readonly bounds?: readonly [number, number]; // Beyond which no value can be.
  readonly height?: number;
}

interface Sides { x: (i: number) => number; y: ((n: number) => number) & { ticks(count?: number): number[] }; box: Box }

// lines draws them. The axis need not begin at 0: what differs is what is looked for,
// and lines, unlike bars, do not say how much by their length.
export function lines(data: Lines, words: Words, size: Size): Drawing {
  const { title, run, beside, write, height = 16 } = data;
  const all = size.line * height;
  const sides = sidesOf(data, size, all);
  const { x, box } = sides;
  return {
    height: all,
    marks: [
      ...levels(box, sides.y, size, write),
      ...run.points.flatMap((point, i) => (point.marked ? [mark("line", { class: "break", x1: round(x(i)), x2: round(x(i)), y1: round(box.top), y2: round(box.bottom) })] : [])),
      ...(beside ? runMarks(beside, "beside", sides) : []),
      ...runMarks(run, "now", sides),
      ...names(box, run.points.map((point) => point.short), x, size),
    ],
    stops: run.points.map((point, i) => stopOf(point, beside?.points[i], { x: x(i), data, sides, words })),
    table: tableOf(data, words),
    summary: `${title}. ${ends(run, write, words)} ${words.say("see_table")}`,
    legend: [
      { class: "line now", says: run.name, line: true }, { class: "band now", says: words.say("interval_95") },
      ...(beside ? [{ class: "line beside", says: beside.name, line: true }] : []),
      ...(run.points.some((point) => point.running) ? [{ class: "line now provisional", says: words.say("running"), line: true }] : []),
    ],
  };
}

function sidesOf({ run, beside, bounds, write }: Lines, size: Size, all: number): Sides {
  const values = [run, beside].flatMap((one) => one?.points ?? []).flatMap((point) => [point.low, point.high, point.value]).filter((n) => n !== null);
  const [least, most] = bounds ?? [-Infinity, Infinity];
  const low = values.length > 0 ? Math.min(...values) : 0;
  const high = values.length > 0 ? Math.max(...values) : 1;
  const air = (high - low || 0.1) * 0.1;
  const y = scaleLinear().domain([Math.max(least, low - air), Math.min(most, high + air)]);
  const below = Math.max(1, ...run.points.map((point) => point.short.length));
  const box: Box = { left: room(y, size, write), right: size.width - size.line / 2, top: size.line * 0.8, bottom: all - size.line * (below + 0.5) };
  y.range([box.bottom, box.top]);
  const x = scaleLinear().domain([0, Math.max(1, run.points.length - 1)]).range([box.left + size.line / 2, box.right - size.line / 2]);
  return { x, y, box };
}

// runMarks draws a run: the line is broken where a point is missing, and dashed
// towards one that is not over.
function runMarks(run: Run, kind: "now" | "beside", { x, y }: Sides): Mark[] {
  const index = run.points.map((point, i) => ({ ...point, i }));
  const there = (point: (typeof index)[number]) => point.value !== null && !point.running;
  const band = area<(typeof index)[number]>().defined((point) => point.low !== null && point.high !== null)
    .x((point) => round(x(point.i))).y0((point) => round(y(point.low ?? 0))).y1((point) => round(y(point.high ?? 0)));
  const stroke = path<(typeof index)[number]>().defined(there).x((point) => round(x(point.i))).y((point) => round(y(point.value ?? 0)));
  const last = index.filter((point) => point.value !== null).slice(-2);
  const towards = last[1]?.running && last[0] ? path<(typeof index)[number]>().x((point) => round(x(point.i))).y((point) => round(y(point.value ?? 0)))(last) : null;
  return [
    ...(kind === "now" ? [mark("path", { class: `band ${kind}`, d: band(index) ?? "" })] : []),
    mark("path", { class: `line ${kind}`, d: stroke(index) ?? "" }),
    ...(towards ? [mark("path", { class: `line ${kind} provisional`, d: towards })] : []),
    ...index.filter((point) => point.value !== null).map((point) => mark("circle", { class: `dot ${kind}`, cx: round(x(point.i)), cy: round(y(point.value!)), r: kind === "now" ? 3 : 2 })),
  ];
}

interface Around { x: number; data: Lines; sides: Sides; words: Words }

function stopOf(point: Point, other: Point | undefined, { x, data, sides: { y, box }, words }: Around): Stop {
  const { write, beside } = data;
  return {
    x, y: point.value === null ? box.bottom : y(point.value),
    says: [point.name, inWords(point, write, words), ...(other && beside ? [`${beside.name}, ${other.name}: ${inWords(other, write, words)}`] : []),
      ...(point.running ? [words.say("running")] : []), ...(point.marked ? [point.marked] : [])],
    outline: mark("line", { class: "chosen", x1: round(x), x2: round(x), y1: round(box.top), y2: round(box.bottom) }),
  };
}

function inWords(point: Point, write: Lines["write"], words: Words): string {
  if (point.value === null) return point.why ?? words.say("absent_none");
  const interval = point.low !== null && point.high !== null ? ` (${words.say("range", { low: write(point.low), high: write(point.high) })})` : "";
  return `${write(point.value)}${interval}${point.n === null ? "" : `, ${words.counted("votes_n", point.n)}`}`;
}

// ends says where a run begins and where it ends.
function ends(run: Run, write: Lines["write"], words: Words): string {
  const there = run.points.filter((point) => point.value !== null);
  const [first, last] = [there[0], there[there.length - 1]];
  if (!first || !last) return words.say("absent_none");
  return `${first.name}: ${inWords(first, write, words)}; ${last.name}: ${inWords(last, write, words)}.`;
}

function tableOf({ title, run, beside, write }: Lines, words: Words): Drawing["table"] {
  const cell = (point: Point | undefined) => (point ? inWords(point, write, words) : "–");
  return {
    caption: title, head: [words.say("time"), run.name, ...(beside ? [beside.name] : []), words.say("note")],
    numeric: [false, true, ...(beside ? [true] : []), false],
    rows: run.points.map((point, i) => [point.name, cell(point), ...(beside ? [cell(beside.points[i])] : []),
      [point.running && words.say("running"), point.marked].filter(Boolean).join("; ")]),
  };
}
