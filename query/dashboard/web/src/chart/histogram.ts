// How many have which value, and where one of them stands among the others.

import { scaleLinear } from "d3-scale";
import type { Words } from "../words.ts";
import { along, levels, room, type Box } from "./axis.ts";
import { mark, round, write as text, type Drawing, type Mark, type Size, type Stop } from "./marks.ts";

export interface Histogram {
  readonly title: string;
  readonly head: string; // What values are.
  readonly what: string; // Who has them, in the plural.
  readonly values: readonly number[];
  readonly own?: { readonly value: number; readonly name: string };
  readonly lines: readonly { readonly value: number; readonly name: string; readonly kind: "median" | "reference" }[];
  readonly write: (value: number) => string;
  readonly tick: (value: number) => string; // Shorter, for limits.
  readonly height?: number; // In lines of text.
}

// Bins are as wide as makes about so many of them, at round limits.
const BINS = 16;
const WIDTHS = [0.005, 0.01, 0.02, 0.025, 0.05, 0.1, 0.2, 0.25];

interface Bin { readonly from: number; readonly to: number; readonly n: number; readonly own: boolean }

// binsOf sorts values into bins of equal width; the last has its upper limit in it.
export function binsOf(values: readonly number[], own?: number): Bin[] {
  const all = own === undefined ? values : [...values, own];
  if (all.length === 0) return [];
  const [least, most] = [Math.min(...all), Math.max(...all)];
  const width = WIDTHS.find((one) => (most - least) / one <= BINS) ?? 0.5;
  const first = Math.floor(tidy(least / width));
  const count = Math.max(1, Math.ceil(tidy(most / width)) - first);
  const bin = (value: number) => Math.min(count - 1, Math.floor(tidy(value / width)) - first);
  const ns = new Array<number>(count).fill(0);
  for (const value of values) ns[bin(value)]!++;
  return ns.map((n, i) => ({ from: tidy((first + i) * width), to: tidy((first + i + 1) * width), n, own: own !== undefined && bin(own) === i }));
}

// tidy takes away what binary fractions add.
const tidy = (n: number) => Math.round(n * 1e9) / 1e9;

export function histogram(data: Histogram, words: Words, size: Size): Drawing {
  const { values, own, lines, write, height = 11 } = data;
  const bins = binsOf(values, own?.value);
  const table = tableOf(data, bins, words);
  const summary = `${data.title}. ${[...(own ? [own] : []), ...lines].map(({ name, value }) => `${name}: ${write(value)}`).join("; ")}. ${words.say("see_table")}`;
  if (bins.length === 0) return { marks: [], height: 0, stops: [], legend: [], table, summary };
  const all = size.line * height;
  const y = scaleLinear().domain([0, Math.max(6, ...bins.map(({ n }) => n))]).nice(4);
  const box: Box = { left: room(y, size, words.number), right: size.width - size.line, top: size.line * 1.2, bottom: all - size.line * 1.5 };
  y.range([box.bottom, box.top]);
  const x = scaleLinear().domain([bins[0]!.from, bins[bins.length - 1]!.to]).range([box.left, box.right]);
  return {
    height: all, table, summary,
    marks: [
      ...levels(box, y, size, words.number),
      ...bins.map(({ from, to, n, own }) => mark("rect", { class: `bin${own ? " own" : ""}`, x: round(x(from) + 1), width: round(Math.max(1, x(to) - x(from) - 2)), y: round(y(n)), height: round(box.bottom - y(n)) })),
      ...limits(bins, x, box, data, size),
      ...lines.map(({ value, kind }) => mark("line", { class: kind, x1: round(x(value)), x2: round(x(value)), y1: round(box.top), y2: round(box.bottom) })),
      ...(own ? ownMarks(x(own.value), box, size) : []),
    ],
    stops: bins.map((bin): Stop => {
      const near = { x: round(x(bin.from)), y: 0, width: round(x(bin.to) - x(bin.from)), height: all };
      return { x: round((x(bin.from) + x(bin.to)) / 2), y: round(y(bin.n)), near, outline: mark("rect", { class: "chosen", ...near, y: round(box.top), height: round(box.bottom - box.top) }), says: tip(bin, data, words) };
    }),
    legend: [
      { class: "bin", says: data.what }, ...(own ? [{ class: "bin own", says: words.say("histogram_own", { name: own.name }) }] : []),
      ...lines.map(({ name, value, kind }) => ({ class: kind, says: `${name}: ${write(value)}`, line: true })),
    ],
  };
}

// ownMarks point at the one: a triangle above, not only a colour.
const ownMarks = (x: number, box: Box, size: Size): Mark[] => {
  const half = size.line * 0.35;
  return [
    mark("line", { class: "own-line", x1: round(x), x2: round(x), y1: round(box.top), y2: round(box.bottom) }),
    mark("path", { class: "own-sign", d: `M${round(x - half)} ${round(box.top - 1.6 * half)}h${round(2 * half)}l${round(-half)} ${round(1.6 * half)}z` }),
  ];
};

function limits(bins: readonly Bin[], x: (n: number) => number, box: Box, { tick }: Histogram, size: Size): Mark[] {
  const ends = [...bins.map(({ from }) => from), bins[bins.length - 1]!.to];
  return along(ends, x, tick, size).flatMap(({ n, middle }) =>
    (middle === null ? [] : [text(tick(n), middle, box.bottom + size.line * 1.1, { class: "tick", "text-anchor": "middle" })]));
}

const binName = ({ from, to }: Bin, { tick }: Histogram, words: Words): string => words.say("histogram_bin", { from: tick(from), to: tick(to) });

const tip = (bin: Bin, data: Histogram, words: Words): string[] =>
  [binName(bin, data, words), `${data.what}: ${words.number(bin.n)}`, ...(bin.own && data.own ? [words.say("histogram_own", { name: data.own.name })] : [])];

function tableOf(data: Histogram, bins: readonly Bin[], words: Words): Drawing["table"] {
  return {
    caption: data.title, head: [data.head, data.what, words.say("note")], numeric: [false, true, false],
    rows: bins.map((bin) => [binName(bin, data, words), words.number(bin.n), bin.own && data.own ? words.say("histogram_own", { name: data.own.name }) : ""]),
  };
}
