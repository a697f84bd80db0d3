// Stacked bars: the votes of each step of time, by face, as counts or as parts of 100 %.

import { scaleLinear } from "d3-scale";
import { FACES, shares, type Face } from "../figures.ts";
import type { Words } from "../words.ts";
import { levels, names, room, type Box } from "./axis.ts";
import { mark, round, type Drawing, type Mark, type Size, type Stop } from "./marks.ts";

// A Bar is a step: its votes, or why there are none to be shown.
export interface Bar {
  readonly name: string; // Whole, for the tip and the table.
  readonly short: readonly string[]; // Below the bar.
  readonly counts: readonly [green: number, yellow: number, red: number] | null; // Null: not shown.
  readonly n: number | null;
  readonly absent?: "withheld" | "missing" | undefined;
  readonly running?: boolean; // It is not over: hatched.
  readonly marked?: string | undefined; // A break, or what else happened then.
}

export interface Stacked {
  readonly title: string;
  readonly bars: readonly Bar[];
  readonly parts: boolean; // As parts of 100 %.
  readonly height?: number; // In lines of text.
}

// stacked draws bars.
export function stacked({ title, bars, parts, height = 14 }: Stacked, words: Words, size: Size): Drawing {
  const most = parts ? 1 : Math.max(1, ...bars.map((bar) => bar.n ?? 0));
  const below = Math.max(1, ...bars.map((bar) => bar.short.length));
  const all = size.line * height;
  const y = scaleLinear().domain([0, most]).nice(4);
  const name = (n: number) => (parts ? words.percent(n, 0) : words.number(n));
  const box: Box = { left: room(y, size, name), right: size.width - 2, top: size.line * 0.8, bottom: all - size.line * (below + 0.5) };
  y.range([box.bottom, box.top]);
  const wide = (box.right - box.left) / Math.max(1, bars.length);
  const middle = (i: number) => box.left + (i + 0.5) * wide;
  return {
    height: all,
    marks: [
      ...levels(box, y, size, name),
      ...bars.flatMap((bar, i) => barMarks(bar, { box, x: box.left + (i + 0.12) * wide, width: 0.76 * wide, y, parts })),
      ...names(box, bars.map((bar) => bar.short), middle, size),
    ],
    stops: bars.map((bar, i): Stop => ({
      x: middle(i), y: box.top + size.line, says: tip(bar, words),
      near: { x: box.left + i * wide, y: 0, width: wide, height: all },
      outline: mark("rect", { class: "chosen", x: round(box.left + i * wide), y: round(box.top), width: round(wide), height: round(box.bottom - box.top) }),
    })),
    table: tableOf(title, bars, words),
    summary: summary(title, bars, words),
    legend: [
      ...FACES.map((face) => ({ class: `segment ${face}`, says: words.label("faces", face) })),
      ...(bars.some((bar) => bar.running) ? [{ class: "running", says: words.say("running") }] : []),
      ...(bars.some((bar) => bar.absent === "withheld") ? [{ class: "withheld", says: words.say("absent_withheld") }] : []),
      ...(bars.some((bar) => bar.absent === "missing") ? [{ class: "missing", says: words.say("absent_missing") }] : []),
    ],
  };
}

interface Place { box: Box; x: number; width: number; y: (n: number) => number; parts: boolean }

function barMarks(bar: Bar, { box, x, width, y, parts }: Place): Mark[] {
  const full = { x: round(x), y: round(box.top), width: round(width), height: round(box.bottom - box.top) };
  const marks: Mark[] = bar.marked ? [mark("line", { class: "break", x1: round(x - width * 0.15), x2: round(x - width * 0.15), y1: round(box.top), y2: round(box.bottom) })] : [];
  if (bar.absent) return [...marks, mark("rect", { class: bar.absent, ...full })];
  if (!bar.counts || !bar.n) return marks;
  let below = 0;
  const whole = parts ? bar.n : 1;
  bar.counts.forEach((count, i) => {
    const top = y((below + count) / whole);
    const tall = y(below / whole) - top;
    const gap = Math.min(1, tall / 4); // The stacked faces stay apart without colour.
    if (tall > 0) marks.push(mark("rect", { class: `segment ${FACES[i]}`, x: full.x, y: round(top + gap / 2), width: full.width, height: round(tall - gap) }));
    below += count;
  });
  if (bar.running) marks.push(mark("rect", { class: "running", ...full, y: round(y(below / whole)), height: round(box.bottom - y(below / whole)) }));
  return marks;
}

// said is a bar in words: its votes by face, or why there are none.
function said(bar: Bar, words: Words): string[] {
  if (bar.absent || !bar.counts || bar.n === null) return [words.say(`absent_${bar.absent ?? "withheld"}`)];
  if (bar.n === 0) return [words.say("absent_none")];
  const rounded = shares(bar.counts);
  return FACES.map((face: Face, i) => `${words.label("faces", face)}: ${words.percent(rounded[i]! / 1000)} (${words.number(bar.counts![i]!)})`);
}

const tip = (bar: Bar, words: Words): string[] =>
  [bar.n === null ? bar.name : `${bar.name} · ${words.counted("votes_n", bar.n)}`, ...said(bar, words), ...(bar.running ? [words.say("running")] : []), ...(bar.marked ? [bar.marked] : [])];

function tableOf(caption: string, bars: readonly Bar[], words: Words): Drawing["table"] {
  return {
    caption, head: [words.say("time"), ...FACES.map((face) => words.label("faces", face)), words.say("votes"), words.say("note")],
    numeric: [false, true, true, true, true, false],
    rows: bars.map((bar) => {
      const rounded = bar.counts && bar.n ? shares(bar.counts) : null;
      const cells = FACES.map((_, i) => (bar.counts ? `${words.number(bar.counts[i]!)}${rounded ? ` (${words.percent(rounded[i]! / 1000)})` : ""}` : "–"));
      const notes = [bar.running && words.say("running"), bar.absent && words.say(`absent_${bar.absent}`), bar.marked].filter(Boolean);
      return [bar.name, ...cells, bar.n === null ? "–" : words.number(bar.n), notes.join("; ")];
    }),
  };
}

function summary(title: string, bars: readonly Bar[], words: Words): string {
  const shown = bars.filter((bar) => bar.counts && bar.n);
  const n = shown.reduce((sum, bar) => sum + bar.n!, 0);
  const sums = FACES.map((_, i) => shown.reduce((sum, bar) => sum + bar.counts![i]!, 0));
  const rounded = shares(sums);
  const faces = n > 0 ? FACES.map((face, i) => `${words.label("faces", face)} ${words.percent(rounded[i]! / 1000)}`).join(", ") : words.say("absent_none");
  return `${title}. ${words.counted("votes_n", n)}: ${faces}. ${words.say("see_table")}`;
}
