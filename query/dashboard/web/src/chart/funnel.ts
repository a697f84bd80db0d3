// A funnel: the fewer votes, the farther from the reference chance alone throws a figure.
// Who lies outside of its limits differs.

import { scaleLinear, scaleLog } from "d3-scale";
import type { Words } from "../words.ts";
import { inside, levels, names, room, type Box } from "./axis.ts";
import { mark, round, write as letters, type Drawing, type LegendEntry, type Mark, type Size, type Stop } from "./marks.ts";
import { outline, swatch, type Verdict } from "./shapes.ts";
import { wrap } from "./wrap.ts";

// A Spot is one of those that are held against the reference.
export interface Spot {
  readonly name: string;
  readonly n: number; // 1 or more.
  readonly value: number;
  readonly limits: readonly [lowest: number, low: number, high: number, highest: number];
  readonly code?: string;
}

export interface Funnel {
  readonly title: string;
  readonly spots: readonly Spot[];
  readonly reference: number | null; // Null: each has its own, and so its own limits.
  readonly referenceName: string;
  readonly write: (value: number) => string;
  readonly bounds?: readonly [number, number];
}

// sideOf tells where a spot lies: within the limits in which 95 % of those lie that do
// not differ, or above or below them.
export function sideOf({ value, limits: [, low, high] }: Spot): Verdict {
  return value > high ? "above" : value < low ? "below" : "alike";
}

// isFar tells whether a spot lies outside of the limits of 99.8 %.
export const isFar = ({ value, limits: [lowest, , , highest] }: Spot): boolean => value > highest || value < lowest;

export function funnel({ title, spots, reference, referenceName, write, bounds }: Funnel, words: Words, size: Size): Drawing {
  const all = size.line * 20;
  const said = wrap(words.say("ranking_votes_log"), size.width, size.measure);
  const order = [...spots].sort((a, b) => a.n - b.n || a.value - b.value);
  const values = order.flatMap((spot) => [spot.value, ...spot.limits.slice(1, 3)]);
  const [low, high] = values.length > 0 ? [Math.min(...values), Math.max(...values)] : [0, 1];
  const air = (high - low || 0.1) * 0.06;
  const y = scaleLinear().domain([Math.max(bounds?.[0] ?? -Infinity, low - air), Math.min(bounds?.[1] ?? Infinity, high + air)]);
  const box: Box = { left: room(y, size, write), right: size.width - size.line / 2, top: size.line * 0.8, bottom: all - size.line * (1.6 + said.length) };
  y.range([box.bottom, box.top]);
  const x = scaleLog().domain([order[0]?.n ?? 1, Math.max(2, order[order.length - 1]?.n ?? 10, (order[0]?.n ?? 1) * 1.1)]).range([box.left + size.line / 2, box.right - size.line / 2]);
  const r = size.line * 0.28;
  const outside = order.filter((spot) => sideOf(spot) !== "alike");
  const ticks = roundNumbers(x.domain()[0]!, x.domain()[1]!);
  return {
    height: all,
    marks: [
      ...levels(box, y, size, write),
      ...names(box, ticks.map((n) => [words.number(n)]), (i) => x(ticks[i]!), size),
      ...said.map((line, i) => letters(line, inside((box.left + box.right) / 2, line, size), all - size.line * (said.length - 0.7 - i), { class: "tick", "text-anchor": "middle" })),
      ...(reference === null ? [] : limitMarks(order, reference, x, y)),
      // Hundreds that say nothing of their own are one mark.
      mark("path", { class: "sign alike quiet-sign", d: order.filter((spot) => sideOf(spot) === "alike").map((spot) => outline("alike", x(spot.n), y(spot.value), r * 0.75)).join("") }),
      ...outside.map((spot) => mark("path", { class: `sign ${sideOf(spot)}${isFar(spot) ? "" : " near"}`, d: outline(sideOf(spot), x(spot.n), y(spot.value), isFar(spot) ? r * 1.25 : r) })),
    ],
    stops: order.map((spot): Stop => ({
      x: x(spot.n), y: y(spot.value), says: [spot.name, `${write(spot.value)}, ${words.counted("votes_n", spot.n)}`, limitsIn(spot, write, words), where(spot, words)],
      outline: mark("circle", { class: "chosen-ring", cx: round(x(spot.n)), cy: round(y(spot.value)), r: round(r * 2) }),
      ...(spot.code !== undefined && { code: spot.code }),
    })),
    table: {
      caption: title, head: [words.say("ranking_name"), words.say("votes"), words.say("ranking_value"), words.say("ranking_limits_95"), words.say("ranking_limits_998"), words.say("note")],
      numeric: [false, true, true, true, true, false],
      rows: order.map((spot) => [spot.name, words.number(spot.n), write(spot.value), between(spot.limits[1], spot.limits[2], write, words), between(spot.limits[0], spot.limits[3], write, words), where(spot, words)]),
    },
    summary: `${title}. ${summary(order, words)} ${words.say("see_table")}`,
    legend: legend(order, reference, referenceName, words),
  };
}

const between = (low: number, high: number, write: Funnel["write"], words: Words) => words.say("range", { low: write(low), high: write(high) });
const limitsIn = ({ limits }: Spot, write: Funnel["write"], words: Words) => `${words.say("ranking_limits_95")}: ${between(limits[1], limits[2], write, words)}`;
const where = (spot: Spot, words: Words) => words.say(sideOf(spot) === "alike" ? "ranking_inside" : isFar(spot) ? `ranking_far_${sideOf(spot) as "above" | "below"}` : `ranking_outside_${sideOf(spot) as "above" | "below"}`);

const summary = (spots: readonly Spot[], words: Words) => words.say("ranking_funnel_summary", {
  n: words.number(spots.length), outside: words.number(spots.filter((spot) => sideOf(spot) !== "alike").length), far: words.number(spots.filter(isFar).length),
});

// limitMarks are the reference and its limits, from the fewest votes to the most.
function limitMarks(order: readonly Spot[], reference: number, x: (n: number) => number, y: ((n: number) => number) & { domain(): number[] }): Mark[] {
  const [first, last] = [order[0], order[order.length - 1]];
  if (!first || !last) return [];
  const deviation = deviationOf(order, reference);
  const [bottom = 0, top = 1] = y.domain();
  const path = (of: 0 | 1 | 2 | 3) => [...Array(CURVE + 1).keys()].flatMap((i) => {
    const n = first.n * (last.n / first.n) ** (i / CURVE);
    const limit = reference + (Z[of] * deviation) / Math.sqrt(n);
    return limit < bottom || limit > top ? [] : [`${round(x(n))} ${round(y(limit))}`];
  });
  const curve = (of: 0 | 1 | 2 | 3, name: string) => (path(of).length > 1 ? [mark("path", { class: name, d: `M${path(of).join("L")}` })] : []);
  return [
    mark("line", { class: "reference", x1: round(x(first.n)), x2: round(x(last.n)), y1: round(y(reference)), y2: round(y(reference)) }),
    ...curve(1, "limit"), ...curve(2, "limit"), ...curve(0, "limit far"), ...curve(3, "limit far"),
  ];
}

// How many standard errors the limits lie off (rank.1), and of how many pieces their curves are.
const Z = [-3.090232, -1.959964, 1.959964, 3.090232] as const;
const CURVE = 48;

// deviationOf is that of a single vote, of the limits that the answer has: the widest tell it,
// since others are cut where no figure can be.
const deviationOf = (order: readonly Spot[], reference: number): number =>
  Math.max(...order.flatMap(({ n, limits }) => ([1, 2] as const).map((of) => (Math.abs(limits[of] - reference) / Z[2]) * Math.sqrt(n))));

// roundNumbers are 1, 3, 10, 30, … between two numbers.
export function roundNumbers(from: number, to: number): number[] {
  const found: number[] = [];
  for (let power = 1; power <= to; power *= 10) found.push(...[power, 3 * power].filter((n) => n >= from && n <= to));
  return found.length > 0 ? found : [from];
}

function legend(spots: readonly Spot[], reference: number | null, referenceName: string, words: Words): LegendEntry[] {
  const some = (side: Verdict, far = false) => spots.some((spot) => sideOf(spot) === side && isFar(spot) === far);
  return [
    ...(["above", "below"] as const).flatMap((side) => [
      ...(some(side, true) ? [{ class: `sign ${side}`, says: words.say(`ranking_far_${side}`), path: swatch(side) }] : []),
      ...(some(side) ? [{ class: `sign ${side} near`, says: words.say(`ranking_outside_${side}`), path: swatch(side) }] : []),
    ]),
    ...(some("alike") ? [{ class: "sign alike quiet-sign", says: words.say("ranking_inside"), path: swatch("alike") }] : []),
    ...(reference === null ? [] : [
      { class: "reference", says: referenceName, line: true }, { class: "limit", says: words.say("ranking_limits_95"), line: true },
      { class: "limit far", says: words.say("ranking_limits_998"), line: true },
    ]),
  ];
}
