// Figures with their intervals, one below the other, beside what they are held against:
// who is apart from whom, and who cannot be told apart.

import { scaleLinear } from "d3-scale";
import type { Words } from "../words.ts";
import { along } from "./axis.ts";
import { mark, round, write as text, type Drawing, type Mark, type Size, type Stop } from "./marks.ts";
import { cut } from "./shapes.ts";

// An Entry is a place, a service, a reason: a figure, or why there is none.
export interface Entry {
  readonly name: string;
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly n: number | null;
  readonly why?: string | undefined; // Why there is none.
  readonly few?: boolean; // Of too few votes to say much.
  readonly notes?: readonly string[];
  readonly cells?: readonly string[]; // More of it, for the table.
  readonly code?: string; // What opens when it is chosen.
}

export interface Intervals {
  readonly title: string;
  readonly head: string; // What entries are.
  readonly measure: string; // What is measured of them.
  readonly entries: readonly Entry[];
  readonly write: (value: number) => string;
  readonly tick: (value: number) => string; // Shorter, for the axis.
  readonly bounds: readonly [number, number]; // Beyond which no value can be.
  readonly reference?: { readonly value: number; readonly name: string };
  readonly drawn?: number; // So many are drawn, the first; the table has all.
  readonly ends?: boolean; // The last instead of half of them: neither the best nor the worst is left out.
  readonly columns?: readonly string[]; // What cells are.
  readonly zero?: boolean; // The axis begins there: lengths are compared.
}

// Below so many lines of text a name stands above its figure instead of beside it.
const NARROW = 30;
const NAME = 0.36; // Of the width, at most.

interface Sides {
  readonly x: ((n: number) => number) & { ticks(count?: number): number[] };
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly row: number;
  readonly middle: number; // Of a row, from its top.
  readonly narrow: boolean; // Names are above, with their figures,
  readonly apart: boolean; // or a line above these.
}

// drawnOf are the entries that are drawn.
export function drawnOf({ entries, drawn: most = entries.length, ends = false }: Pick<Intervals, "entries" | "drawn" | "ends">): readonly Entry[] {
  if (entries.length <= most) return entries;
  const last = ends ? most >> 1 : 0;
  return [...entries.slice(0, most - last), ...entries.slice(entries.length - last)];
}

// intervals draws them. A name that has no room ends with dots; its tip and the table
// have all of it.
export function intervals(data: Intervals, words: Words, size: Size): Drawing {
  const drawn = drawnOf(data);
  const table = tableOf(data, words);
  const summary = summaryOf(data, words);
  if (drawn.length === 0) return { marks: [], height: 0, stops: [], legend: [], table, summary };
  const sides = sidesOf(data, drawn, words, size);
  const bottom = sides.top + drawn.length * sides.row;
  return {
    height: round(bottom + 1.5 * size.line), table, summary,
    marks: [
      ...axis(sides, bottom, data, size),
      ...drawn.flatMap((entry, i) => entryMarks(entry, middleOf(sides, i), { data, sides, words, size })),
    ],
    stops: drawn.map((entry, i): Stop => {
      const box = { x: 0, y: round(sides.top + i * sides.row), width: size.width, height: round(sides.row) };
      return {
        x: entry.value === null ? sides.left : round(sides.x(entry.value)), y: round(middleOf(sides, i)), near: box,
        outline: mark("rect", { class: "chosen", ...box }), says: tip(entry, data, words), ...(entry.code !== undefined && { code: entry.code }),
      };
    }),
    legend: [
      { class: "estimate-range", says: words.say("interval_95"), line: true },
      ...(drawn.some(({ few, value }) => few && value !== null) ? [{ class: "estimate-range small", says: words.say("intervals_few"), line: true }] : []),
      ...(data.reference ? [{ class: "reference", says: `${data.reference.name}: ${data.write(data.reference.value)}`, line: true }] : []),
    ],
  };
}

const middleOf = ({ top, row, middle }: Sides, i: number): number => top + i * row + middle;

// figure is what stands at the right: the value, and of how many.
const figure = (entry: Entry, { write }: Intervals, words: Words): string =>
  [entry.value === null ? (entry.why ?? words.say("absent_none")) : write(entry.value), entry.n === null || entry.value === null ? null : `n ${words.number(entry.n)}`].filter(Boolean).join(" · ");

function sidesOf(data: Intervals, drawn: readonly Entry[], words: Words, size: Size): Sides {
  const narrow = size.width < NARROW * size.line;
  const ends = [...drawn.flatMap(({ value, low, high }) => [value, low, high]), data.reference?.value ?? null].filter((n) => n !== null);
  const [least, most] = data.bounds;
  const low = data.zero ? 0 : Math.min(...ends, most);
  const high = Math.max(...ends, least);
  const air = (high - low || 0.1) * 0.04;
  const left = narrow ? size.line / 2 : Math.min(NAME * size.width, Math.max(...drawn.map(({ name }) => size.measure(name)))) + size.line;
  const beside = narrow ? size.line / 2 : Math.max(...drawn.map((entry) => (entry.value === null ? 0 : size.measure(figure(entry, data, words))))) + size.line;
  const right = Math.max(left + 4 * size.line, size.width - beside);
  const x = scaleLinear().domain([data.zero ? 0 : Math.max(least, low - air), Math.min(most, high + air)]).range([left, right]);
  const apart = narrow && drawn.some((entry) => size.measure(entry.name) + size.measure(figure(entry, data, words)) + size.line > size.width);
  const row = size.line * (apart ? 3.3 : narrow ? 2.3 : 1.45);
  return { x, left, right, top: size.line * 0.4, row, middle: narrow ? row - 0.65 * size.line : row / 2, narrow, apart };
}

function axis({ x, left, right, top }: Sides, bottom: number, { tick, reference }: Intervals, size: Size): Mark[] {
  const marks: Mark[] = [];
  const count = Math.max(2, Math.min(7, Math.floor((right - left) / (6 * size.line))));
  for (const { n, middle } of along(x.ticks(count), x, tick, size)) {
    marks.push(mark("line", { class: "grid", x1: round(x(n)), x2: round(x(n)), y1: round(top), y2: round(bottom) }));
    if (middle !== null) marks.push(text(tick(n), middle, bottom + size.line, { class: "tick", "text-anchor": "middle" }));
  }
  if (reference) marks.push(mark("line", { class: "reference", x1: round(x(reference.value)), x2: round(x(reference.value)), y1: round(top), y2: round(bottom) }));
  return marks;
}

interface Around { data: Intervals; sides: Sides; words: Words; size: Size }

function entryMarks(entry: Entry, y: number, { data, sides, words, size }: Around): Mark[] {
  const { x, left, right, narrow, apart } = sides;
  const says = figure(entry, data, words);
  const base = narrow ? y - size.line * 0.65 : y + size.line * 0.25;
  const room = apart ? size.width : narrow ? size.width - size.measure(says) - size.line : left - size.line * 0.8;
  const marks: Mark[] = [text(cut(entry.name, room, size.measure), narrow ? 0 : left - size.line * 0.6, apart ? base - size.line : base, { class: "entry", ...(narrow ? {} : { "text-anchor": "end" }) })];
  if (narrow) marks.push(text(says, size.width, base, { class: "tick", "text-anchor": "end" }));
  else if (entry.value === null) marks.push(text(says, left + size.line * 0.3, base, { class: "tick" }));
  else marks.push(text(says, right + size.line * 0.6, base, { class: "tick" }));
  const look = entry.few ? " small" : "";
  if (entry.low !== null && entry.high !== null) {
    marks.push(mark("line", { class: `estimate-range${look}`, x1: round(x(entry.low)), x2: round(x(entry.high)), y1: round(y), y2: round(y) }));
  }
  if (entry.value !== null) marks.push(mark("circle", { class: `estimate${look}`, cx: round(x(entry.value)), cy: round(y), r: 4.5 }));
  return marks;
}

const between = ({ low, high }: Entry, { write }: Intervals, words: Words): string =>
  low === null || high === null ? "" : words.say("range", { low: write(low), high: write(high) });

function tip(entry: Entry, data: Intervals, words: Words): string[] {
  if (entry.value === null) return [entry.name, entry.why ?? words.say("absent_none"), ...(entry.notes ?? [])];
  return [
    entry.name, [`${data.measure}: ${data.write(entry.value)}`, between(entry, data, words)].filter(Boolean).join(", "),
    ...(entry.n === null ? [] : [words.counted("votes_n", entry.n)]), ...(entry.few ? [words.say("intervals_few")] : []), ...(entry.notes ?? []),
  ];
}

function tableOf(data: Intervals, words: Words): Drawing["table"] {
  const { title, head, measure, entries, write, columns = [] } = data;
  const noted = entries.some(({ why, few, notes }) => why || few || notes?.length);
  return {
    caption: title, head: [head, measure, words.say("interval_95"), ...columns, words.say("votes"), ...(noted ? [words.say("note")] : [])],
    numeric: [false, true, true, ...columns.map(() => true), true, ...(noted ? [false] : [])],
    rows: entries.map((entry) => [
      entry.name, entry.value === null ? "–" : write(entry.value), between(entry, data, words) || "–",
      ...columns.map((_, i) => entry.cells?.[i] ?? "–"), entry.n === null ? "–" : words.number(entry.n),
      ...(noted ? [[entry.why, entry.few && words.say("intervals_few"), ...(entry.notes ?? [])].filter(Boolean).join("; ")] : []),
    ]),
  };
}

// summaryOf says how many there are, and which are the highest and the lowest.
function summaryOf(data: Intervals, words: Words): string {
  const { title, entries, reference, write } = data;
  const there = entries.filter((entry): entry is Entry & { value: number } => entry.value !== null).sort((a, b) => b.value - a.value);
  const [first, last] = [there[0], there[there.length - 1]];
  const named = (entry: Entry & { value: number }) => [`${entry.name}, ${write(entry.value)}`, between(entry, data, words)].filter(Boolean).join(", ");
  return [
    `${title}.`, words.say("intervals_n", { n: words.number(entries.length) }),
    ...(first && last && first !== last ? [words.say("intervals_ends", { first: named(first), last: named(last) })] : []),
    ...(reference ? [`${reference.name}: ${write(reference.value)}.`] : []), words.say("see_table"),
  ].join(" ");
}
