// A week by its hours: a cell each, by a measure in steps of colour, with the steps'
// limits in words.

import type { Words } from "../words.ts";
import { names } from "./axis.ts";
import { mark, round, write as letters, type Drawing, type LegendEntry, type Mark, type Size, type Stop } from "./marks.ts";

// A Cell is an hour of the week.
export interface Cell {
  readonly weekday: number; // 1, Monday, to 7.
  readonly hour: number; // 0 to 23.
  readonly value: number | null; // Null: there is none.
  readonly why: "few" | "none" | "withheld" | "missing" | "never" | null; // Null: of votes enough.
  readonly says: readonly string[]; // The tip's lines below its name.
  readonly short: string; // In the table.
}

export interface Heat {
  readonly title: string;
  readonly cells: readonly Cell[]; // 168, Mondays first.
  readonly limits: readonly number[]; // Between steps, ascending.
  readonly write: (value: number) => string;
  readonly summary: string;
}

export const STEPS = 6;
const NARROW = 34; // Lines of text, below which days stand beside each other.

// stepOf is the step of a value, the lightest first.
export const stepOf = (value: number, limits: readonly number[]): number => limits.filter((limit) => value >= limit).length;

// limitsOf are round limits that part values in at most STEPS steps. Values apart from the
// others would leave all others in one step, so they are taken by their ranks.
export function limitsOf(values: readonly number[], rounded: (low: number, high: number, count: number) => number[]): number[] {
  const order = [...values].sort((a, b) => a - b);
  if (order.length < 2) return [];
  const at = (part: number) => order[Math.round(part * (order.length - 1))]!;
  const [low, high] = [at(0.02), at(0.98)];
  if (low === high) return [];
  for (let count = STEPS; count > 1; count--) {
    const limits = rounded(low, high, count).filter((limit) => limit > order[0]! && limit <= order[order.length - 1]!);
    if (limits.length < STEPS + 2) return outermost(limits, order);
  }
  return [];
}

// outermost leaves those limits out that part the fewest from the others, until there are no
// more steps than colours.
function outermost(limits: number[], order: readonly number[]): number[] {
  while (limits.length >= STEPS) {
    const below = order.filter((value) => value < limits[0]!).length;
    const above = order.filter((value) => value >= limits[limits.length - 1]!).length;
    limits = below < above ? limits.slice(1) : limits.slice(0, -1);
  }
  return limits;
}

interface Grid { readonly turned: boolean; readonly left: number; readonly top: number; readonly wide: number; readonly tall: number; readonly across: number; readonly down: number }

export function heat({ title, cells, limits, write, summary }: Heat, words: Words, size: Size): Drawing {
  const at = gridOf(words, size);
  const height = at.top + at.down * at.tall + (at.turned ? 0 : size.line * 1.3);
  return {
    height,
    marks: [...sides(at, words, size), ...cells.flatMap((cell) => cellMarks(cell, limits, at))],
    stops: cells.map((cell, i) => stopOf(cell, i, { at, words })),
    table: tableOf(title, cells, words),
    summary: `${title}. ${summary} ${words.say("see_table")}`,
    legend: legend(cells, limits, write, words),
  };
}

// gridOf lays a week out: a day a row, or where that is too narrow a day a column.
function gridOf(words: Words, size: Size): Grid {
  const turned = size.width < NARROW * size.line;
  const left = size.line / 2 + (turned ? size.measure(words.hour(23)) : Math.max(...days.map((day) => size.measure(words.weekday(day)))));
  const [across, down] = turned ? [7, 24] : [24, 7];
  return { turned, left, top: turned ? size.line * 1.4 : 0, wide: (size.width - left) / across, tall: turned ? size.line * 1.5 : size.line * 2, across, down };
}

const days = [1, 2, 3, 4, 5, 6, 7];

function placeOf({ weekday, hour }: Cell, at: Grid): { x: number; y: number } {
  const [column, row] = at.turned ? [weekday - 1, hour] : [hour, weekday - 1];
  return { x: at.left + column * at.wide, y: at.top + row * at.tall };
}

function sides(at: Grid, words: Words, size: Size): Mark[] {
  const beside = (says: string, row: number) => letters(says, at.left - size.line / 2, at.top + (row + 0.5) * at.tall + size.line / 4, { class: "tick", "text-anchor": "end" });
  if (at.turned) {
    const style = days.every((day) => size.measure(words.weekday(day, "short")) < at.wide) ? "short" : "narrow";
    return [
      ...days.map((day) => letters(words.weekday(day, style), at.left + (day - 0.5) * at.wide, size.line * 0.9, { class: "tick", "text-anchor": "middle" })),
      ...[...Array(24).keys()].map((hour) => beside(words.hour(hour), hour)),
    ];
  }
  const box = { left: at.left, right: size.width, top: at.top, bottom: at.top + at.down * at.tall };
  return [...days.map((day) => beside(words.weekday(day), day - 1)), ...names(box, [...Array(24).keys()].map((hour) => [words.hour(hour)]), (i) => at.left + (i + 0.5) * at.wide, size)];
}

function cellMarks(cell: Cell, limits: readonly number[], at: Grid): Mark[] {
  const { x, y } = placeOf(cell, at);
  const gap = Math.min(1, at.wide / 8);
  const box = { x: round(x + gap), y: round(y + gap), width: round(at.wide - 2 * gap), height: round(at.tall - 2 * gap) };
  if (cell.why === "withheld" || cell.why === "missing") return [mark("rect", { class: cell.why, ...box })];
  if (cell.value === null) return [mark("rect", { class: "blank", ...box })];
  const step = mark("rect", { class: `heat heat-${stepOf(cell.value, limits)}`, ...box });
  return cell.why === "few" ? [step, mark("rect", { class: "few", ...box })] : [step];
}

function stopOf(cell: Cell, i: number, { at, words }: { at: Grid; words: Words }): Stop {
  const { x, y } = placeOf(cell, at);
  const to = (weekday: number, hour: number) => (weekday < 1 || weekday > 7 || hour < 0 || hour > 23 ? i : (weekday - 1) * 24 + hour);
  const { weekday, hour } = cell;
  const [before, after, earlier, later] = [to(weekday - 1, hour), to(weekday + 1, hour), to(weekday, hour - 1), to(weekday, hour + 1)];
  return {
    x: x + at.wide / 2, y: y + at.tall / 2, says: [words.hourOfWeek(weekday, hour), ...cell.says],
    near: { x, y, width: at.wide, height: at.tall },
    outline: mark("rect", { class: "chosen-ring", x: round(x), y: round(y), width: round(at.wide), height: round(at.tall) }),
    next: at.turned ? { left: before, right: after, up: earlier, down: later } : { left: earlier, right: later, up: before, down: after },
  };
}

function tableOf(caption: string, cells: readonly Cell[], words: Words): Drawing["table"] {
  return {
    caption, head: [words.say("heatmap_hour"), ...days.map((day) => words.weekday(day))], numeric: [false, ...days.map(() => true)],
    rows: [...Array(24).keys()].map((hour) => [words.hours(hour), ...days.map((day) => cells[(day - 1) * 24 + hour]?.short ?? "–")]),
  };
}

function legend(cells: readonly Cell[], limits: readonly number[], write: Heat["write"], words: Words): LegendEntry[] {
  const some = (why: Cell["why"]) => cells.some((cell) => cell.why === why);
  const there = cells.filter((cell) => cell.value !== null);
  const used = [...Array(limits.length + 1).keys()].filter((step) => there.some((cell) => stepOf(cell.value!, limits) === step));
  const step = (i: number) => {
    const [low, high] = [limits[i - 1], limits[i]];
    if (low === undefined && high === undefined) return words.say("heatmap_all_alike");
    if (low === undefined) return words.say("heatmap_below", { limit: write(high!) });
    return high === undefined ? words.say("heatmap_from", { limit: write(low) }) : words.say("heatmap_between", { low: write(low), high: write(high) });
  };
  return [
    ...used.map((i) => ({ class: `heat heat-${i}`, says: step(i) })),
    ...(some("few") ? [{ class: "few", says: words.say("heatmap_few") }] : []),
    ...(some("none") || some("never") ? [{ class: "blank", says: words.say("absent_none") }] : []),
    ...(some("withheld") ? [{ class: "withheld", says: words.say("absent_withheld") }] : []),
    ...(some("missing") ? [{ class: "missing", says: words.say("absent_missing") }] : []),
  ];
}
