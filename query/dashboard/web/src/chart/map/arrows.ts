// Where arrow keys lead on a map: to the nearest neighbour in their direction, and
// over the sea, where there is none, to the nearest place that lies there at all.

import type { Direction } from "../marks.ts";
import type { Point } from "./plane.ts";

const WAYS: Record<Direction, Point> = { left: [-1, 0], right: [1, 0], up: [0, -1], down: [0, 1] };
const BACK: Record<Direction, Direction> = { left: "right", right: "left", up: "down", down: "up" };
type Next = Partial<Record<Direction, number>>;

// arrows gives for each point the ones that arrows lead to. touching lists for each
// the ones that have a border with it.
export function arrows(points: readonly Point[], touching: readonly (readonly number[])[]): Next[] {
  const all = points.map((_, i) => i);
  return withWaysIn(points.map((from, i) => {
    const next: Next = {};
    for (const way of Object.keys(WAYS) as Direction[]) {
      const to = best(from, points, touching[i] ?? [], WAYS[way], 1) ?? best(from, points, all, WAYS[way], 1) ?? best(from, points, all, WAYS[way], 3);
      if (to !== undefined) next[way] = to;
    }
    return next;
  }));
}

// withWaysIn lets no place be one that others pass by: the way back from a neighbour
// of it leads to it, if who was there before is still reached from elsewhere.
function withWaysIn(next: Next[]): Next[] {
  const ways = next.map(() => 0);
  for (const to of next.flatMap((one) => Object.values(one))) ways[to]!++;
  next.forEach((one, i) => {
    if (ways[i]! > 0) return;
    for (const way of Object.keys(one) as Direction[]) {
      const neighbour = next[one[way]!]!;
      const before = neighbour[BACK[way]];
      if (before !== undefined && ways[before]! < 2) continue;
      if (before !== undefined) ways[before]!--;
      neighbour[BACK[way]] = i;
      ways[i]!++;
      return;
    }
  });
  return next;
}

// best is the nearest of some points in a direction; aside is how far it may be off,
// as a multiple of the way there.
function best(from: Point, points: readonly Point[], among: readonly number[], [wx, wy]: Point, aside: number): number | undefined {
  let least = Infinity;
  let found: number | undefined;
  for (const i of among) {
    const [dx, dy] = [points[i]![0] - from[0], points[i]![1] - from[1]];
    const along = dx * wx + dy * wy;
    const off = Math.abs(dx * wy) + Math.abs(dy * wx);
    if (along <= 0 || off > aside * along) continue;
    const cost = along + 2 * off;
    if (cost < least) [least, found] = [cost, i];
  }
  return found;
}
