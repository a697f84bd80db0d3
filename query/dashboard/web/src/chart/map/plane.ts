// The plane of the shapes and its place on the screen: paths, and what lies where.
// Shapes are planar already, see shapes/SOURCES.md: nothing here knows the globe.

import { feature, mesh } from "topojson-client";
import type { GeometryCollection, MultiPolygon, Objects, Polygon, Topology } from "topojson-specification";

export type Point = readonly [number, number];
export type Ring = readonly Point[];
export type Area = Polygon | MultiPolygon;
export type Layer = GeometryCollection;
export type Shapes = Topology<Objects>;

// areasOf are the shapes of a layer; a layer that is not there has none.
export const areasOf = (shapes: Shapes, layer: string): Area[] =>
  ((shapes.objects[layer] as Layer | undefined)?.geometries ?? []) as Area[];

// polygonsOf gives an area's polygons, each its outline and its holes.
export function polygonsOf(shapes: Shapes, area: Area): Ring[][] {
  const { geometry } = feature(shapes, area as Polygon);
  return (area.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates) as unknown as Ring[][];
}

// linesOf are the borders of areas: those between two of them, or those around all.
export const linesOf = (shapes: Shapes, areas: readonly Area[], which: "between" | "around"): Ring[] =>
  mesh(shapes, { type: "GeometryCollection", geometries: [...areas] }, (a, b) => (a === b) === (which === "around")).coordinates as unknown as Ring[];

export interface Bounds {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export function boundsOf(rings: Iterable<Ring>): Bounds {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const ring of rings) {
    for (const [x, y] of ring) {
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
  }
  return { left, top, right, bottom };
}

// A View is the part of the plane that is shown: a unit is `scale` pixels wide.
export interface View {
  readonly left: number; // What is at the picture's corner, in units.
  readonly top: number;
  readonly scale: number;
}

// fit shows bounds as large as a room allows, in its middle.
export function fit(bounds: Bounds, width: number, most: number, margin: number): { view: View; height: number } {
  const wide = Math.max(1, bounds.right - bounds.left);
  const tall = Math.max(1, bounds.bottom - bounds.top);
  const scale = Math.min((width - 2 * margin) / wide, (most - 2 * margin) / tall);
  const height = Math.ceil(tall * scale + 2 * margin);
  const left = (bounds.left + bounds.right - width / scale) / 2;
  const top = (bounds.top + bounds.bottom - height / scale) / 2;
  return { view: { left, top, scale }, height };
}

export const toScreen = (view: View, [x, y]: Point): Point => [(x - view.left) * view.scale, (y - view.top) * view.scale];
export const toPlane = (view: View, [x, y]: Point): Point => [x / view.scale + view.left, y / view.scale + view.top];

// thin takes points out of a topology that are no half pixel from the one before.
// Arcs are thinned, not outlines, so that both sides of a border lose the same points.
export function thin(shapes: Shapes, { scale }: View): Shapes {
  const near = 0.5 / scale;
  const { transform, ...rest } = shapes;
  const arcs = shapes.arcs.map((arc) => {
    const kept: [number, number][] = [];
    let [x, y] = [0, 0];
    arc.forEach(([dx, dy], i) => {
      [x, y] = transform ? [x + dx!, y + dy!] : [dx!, dy!];
      const last = kept[kept.length - 1];
      if (!last || i === arc.length - 1 || Math.hypot(x - last[0], y - last[1]) >= near) kept.push([x, y]);
    });
    return kept;
  });
  return { ...rest, arcs };
}

// pathOf writes lines as a path, in steps of tenths of a pixel from point to point.
// Points are rounded where they are, not step by step, so that areas that share a
// border share it on the screen. What is smaller than a pixel is shown as one.
export function pathOf(lines: Iterable<Ring>, view: View, closed: boolean): string {
  let d = "";
  for (const line of lines) {
    let [lastX, lastY] = tenths(view, line[0]!);
    let steps = "";
    let count = 0;
    for (let i = 1; i < (closed ? line.length - 1 : line.length); i++) {
      const [x, y] = tenths(view, line[i]!);
      if (x === lastX && y === lastY) continue;
      steps += `${steps ? next(x - lastX) : first(x - lastX)}${next(y - lastY)}`;
      [lastX, lastY] = [x, y];
      count++;
    }
    const [x, y] = tenths(view, line[0]!);
    if (count > 1 || !closed) d += `M${first(x)}${next(y)}${steps ? `l${steps}` : ""}${closed ? "z" : ""}`;
    else d += `M${first(x - 5)}${next(y - 5)}h1v1h-1z`;
  }
  return d;
}

const tenths = (view: View, [x, y]: Point): Point => [Math.round((x - view.left) * view.scale * 10), Math.round((y - view.top) * view.scale * 10)];
const first = (n: number) => String(n / 10);
const next = (n: number) => (n < 0 ? String(n / 10) : ` ${n / 10}`); // A minus parts numbers by itself.

// holds tells whether a point is in one of the polygons and in none of their holes.
export function holds(polygons: Iterable<readonly Ring[]>, [x, y]: Point): boolean {
  let inside = false;
  for (const rings of polygons) {
    for (const ring of rings) {
      for (let i = 1; i < ring.length; i++) {
        const [[ax, ay], [bx, by]] = [ring[i - 1]!, ring[i]!];
        if (ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) inside = !inside;
      }
    }
  }
  return inside;
}

// middle is a point inside of the largest polygon: its centre of gravity, or where
// that is outside of it the middle of the widest part at its height.
export function middle(polygons: readonly (readonly Ring[])[]): Point {
  const largest = polygons.reduce((best, one) => (size(one[0]!) > size(best[0]!) ? one : best));
  const centre = gravity(largest[0]!);
  if (holds([largest], centre)) return centre;
  const crossings = largest.flatMap((ring) => ring.slice(1).flatMap((b, i) => {
    const a = ring[i]!;
    return a[1] > centre[1] !== b[1] > centre[1] ? [a[0] + ((centre[1] - a[1]) / (b[1] - a[1])) * (b[0] - a[0])] : [];
  })).sort((a, b) => a - b);
  let best: Point = largest[0]![0]!;
  let widest = 0;
  for (let i = 1; i < crossings.length; i += 2) {
    const [from, to] = [crossings[i - 1]!, crossings[i]!];
    if (to - from > widest) [widest, best] = [to - from, [(from + to) / 2, centre[1]]];
  }
  return best;
}

const size = (ring: Ring): number => Math.abs(twice(ring));

function twice(ring: Ring): number {
  let sum = 0;
  for (let i = 1; i < ring.length; i++) sum += ring[i - 1]![0] * ring[i]![1] - ring[i]![0] * ring[i - 1]![1];
  return sum;
}

function gravity(ring: Ring): Point {
  let [x, y] = [0, 0];
  for (let i = 1; i < ring.length; i++) {
    const [[ax, ay], [bx, by]] = [ring[i - 1]!, ring[i]!];
    const cross = ax * by - bx * ay;
    x += (ax + bx) * cross;
    y += (ay + by) * cross;
  }
  const sum = 3 * twice(ring);
  return sum === 0 ? ring[0]! : [x / sum, y / sum];
}

// clip cuts a ring off at the edges of what is shown; null where nothing is left.
export function clip(ring: Ring, { left, top, right, bottom }: Bounds): Ring | null {
  let points: Point[] = ring.slice(0, -1);
  for (const [axis, limit, sign] of [[0, left, 1], [0, right, -1], [1, top, 1], [1, bottom, -1]] as const) {
    const kept = (point: Point) => sign * (point[axis] - limit) >= 0;
    points = points.flatMap((b, i) => {
      const a = points[(i + points.length - 1) % points.length]!;
      if (kept(a) === kept(b)) return kept(b) ? [b] : [];
      const share = (limit - a[axis]) / (b[axis] - a[axis]);
      const cut: Point = [a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])];
      return kept(b) ? [cut, b] : [cut];
    });
  }
  return points.length < 3 ? null : [...points, points[0]!];
}
