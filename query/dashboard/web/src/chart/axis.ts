// Axes: round numbers at the side, names of steps below.

import { mark, round, write, type Mark, type Size } from "./marks.ts";

// A Box is where a chart's marks are; the axes are around it.
export interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

interface Linear {
  (n: number): number;
  ticks(count?: number): number[];
}

// levels are lines of round numbers across the box, with their names at its left.
export function levels(box: Box, y: Linear, size: Size, name: (n: number) => string): Mark[] {
  const count = Math.max(2, Math.min(6, Math.floor((box.bottom - box.top) / (2 * size.line))));
  return y.ticks(count).flatMap((n) => [
    mark("line", { class: n === 0 ? "axis" : "grid", x1: round(box.left), x2: round(box.right), y1: round(y(n)), y2: round(y(n)) }),
    write(name(n), box.left - size.line / 3, y(n) + size.line / 4, { class: "tick", "text-anchor": "end" }),
  ]);
}

// room is how much the names of levels need at the left.
export const room = (y: Linear, size: Size, name: (n: number) => string): number =>
  Math.max(...y.ticks(6).map((n) => size.measure(name(n)))) + size.line / 2;

// inside is where the middle of a name is that is wanted at x, so that the drawing has all of it.
export function inside(x: number, name: string, size: Size): number {
  const half = size.measure(name) / 2;
  return Math.min(Math.max(half, x), size.width - half);
}

// names are what stands below the box: the last always, and before it as many as have
// room. x is the middle of each; a name may have several lines.
export function names(box: Box, lines: readonly (readonly string[])[], x: (i: number) => number, size: Size): Mark[] {
  const marks: Mark[] = [];
  let taken = Infinity;
  for (let i = lines.length - 1; i >= 0; i--) {
    const rows = lines[i]!;
    const half = Math.max(...rows.map(size.measure)) / 2;
    const middle = Math.min(Math.max(half, x(i)), size.width - half);
    if (middle + half > taken - size.line / 2) continue;
    taken = middle - half;
    rows.forEach((row, k) => marks.push(write(row, middle, box.bottom + size.line * (k + 1.05), { class: "tick", "text-anchor": "middle" })));
  }
  return marks;
}

// along are the values that an axis that lies is named at, each with the middle of its
// name, or null where that has no room behind the one before.
export function along(values: readonly number[], x: (n: number) => number, name: (n: number) => string, size: Size): { n: number; middle: number | null }[] {
  let taken = -Infinity;
  return values.map((n) => {
    const half = size.measure(name(n)) / 2;
    const middle = inside(x(n), name(n), size);
    if (middle - half < taken) return { n, middle: null };
    taken = middle + half + size.line / 2;
    return { n, middle };
  });
}
