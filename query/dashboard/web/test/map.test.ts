// The map as a whole: what is drawn, said, and reached with the keyboard.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import test, { before } from "node:test";
import { feature, neighbors } from "topojson-client";
import type { Polygon } from "topojson-specification";
import * as words from "../src/words.ts";
import { map, noteKey, type MapData, type Place, type Shapes } from "../src/chart/map.ts";
import type { Stop } from "../src/chart/marks.ts";
import { areasOf, clip, holds, linesOf, middle, pathOf, polygonsOf, thin, type Ring, type View } from "../src/chart/map/plane.ts";
import { arrows } from "../src/chart/map/arrows.ts";

before(() => words.speak("it"));

const folder = ((): string => {
  let at = import.meta.dirname;
  while (!existsSync(path.join(at, "shapes/italy.json"))) at = path.dirname(at);
  return path.join(at, "shapes");
})();
const read = (name: string): Shapes => JSON.parse(readFileSync(path.join(folder, name), "utf8"));

// Four squares of 10, A to D, in a row; B has a hole, which is E.
const square = (x: number, y: number, size: number): [number, number][] => [[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]];
const toy = (): Shapes => ({
  type: "Topology",
  arcs: [
    [[10, 0], [10, 10]], [[10, 10], [0, 10], [0, 0], [10, 0]], [[20, 0], [20, 10]], [[10, 0], [20, 0]], [[20, 10], [10, 10]],
    [[30, 0], [30, 10]], [[20, 0], [30, 0]], [[30, 10], [20, 10]], [[30, 0], [40, 0], [40, 10], [30, 10]], square(13, 3, 4),
  ],
  objects: {
    regions: {
      type: "GeometryCollection",
      geometries: [
        { type: "Polygon", id: "A", arcs: [[0, 1]] }, { type: "Polygon", id: "B", arcs: [[3, 2, 4, ~0], [9]] },
        { type: "Polygon", id: "C", arcs: [[6, 5, 7, ~2]] }, { type: "Polygon", id: "D", arcs: [[8, ~5]] }, { type: "Polygon", id: "E", arcs: [[9]] },
      ],
    },
  },
});

const place = (name: string, value: number | null, n: number | null, more: Partial<Place> = {}): Place =>
  ({ name, value, low: value === null ? null : value - 0.05, high: value === null ? null : value + 0.05, n, ...more });
const PLACES: [string, Place][] = [
  ["A", place("Alfa", 0.9, 500)], ["B", place("Bravo", 0.6, 400)], ["C", place("Charlie", 0.95, 12, { low: 0.6, high: 0.99, status: ["L"] })],
  ["D", place("Delta", null, null, { status: ["Q"] })], ["E", place("Eco", 0.7, 80, { low: 0.59, high: 0.8 })],
];
const data = (more: Partial<MapData> = {}): MapData =>
  ({ shapes: toy(), layer: "regions", places: new Map(PLACES), measure: "green_share", title: "Soddisfatti", reference: 0.7, palette: "diverging", order: "best", ...more });
const SIZE = { width: 408, line: 20, measure: (text: string) => 7 * text.length };
const classOf = (drawing: ReturnType<typeof map>, code: string) => drawing.marks.find(({ at }) => at["data-code"] === code)?.at.class;
const stopOf = (drawing: ReturnType<typeof map>, code: string): Stop => drawing.stops.find((stop) => stop.code === code)!;

test("areas have the colour of their step; too few, withheld, missing and none look different", () => {
  const more = new Map([...PLACES, ["A", place("Alfa", null, 0)], ["B", place("Bravo", null, null, { status: ["M"] })]] as [string, Place][]);
  const [one, other] = [map(data(), words, SIZE), map(data({ places: more }), words, SIZE)];
  assert.equal(classOf(one, "A"), "area diverging step-6");
  assert.equal(classOf(one, "B"), "area diverging step-3");
  assert.equal(classOf(one, "C"), "area diverging step-6 pale");
  assert.equal(classOf(one, "D"), "area withheld");
  assert.equal(classOf(one, "E"), "area diverging step-4 pale");
  assert.equal(classOf(other, "A"), "area none");
  assert.equal(classOf(other, "B"), "area missing");
  assert.equal(one.marks.filter(({ at }) => at.class === "area few").length, 1);
});

test("much dissatisfaction has the colour of what is worse", () => {
  const drawing = map(data({ measure: "red_share", palette: "programme" }), words, SIZE);
  assert.equal(classOf(drawing, "A"), "area programme step-2");
  assert.equal(drawing.table.rows[0]![0], "Bravo");
});

test("counts have colours of their own, no interval and no difference", () => {
  const counts = new Map(PLACES.map(([code, one]) => [code, { ...one, value: one.n, low: one.n, high: one.n }]));
  const drawing = map(data({ places: counts, measure: "n", reference: null, title: "Voti" }), words, SIZE);
  assert.equal(classOf(drawing, "A"), "area sequential step-7");
  assert.deepEqual(drawing.table.rows[0], ["Alfa", "1", "500", ""]);
  assert.deepEqual(stopOf(drawing, "C").says, ["Charlie", "Voti: 12"]);
  assert.equal(noteKey({ measure: "n", reference: null }), "map_steps_powers");
});

test("table and stops are in the ranking's order; without votes enough there is no place in it", () => {
  const drawing = map(data(), words, SIZE);
  assert.deepEqual(drawing.table.rows.map(([name, at]) => [name, at]), [["Alfa", "1"], ["Eco", "2"], ["Bravo", "3"], ["Charlie", ""], ["Delta", ""]]);
  assert.deepEqual(drawing.stops.map(({ code }) => code), ["A", "E", "B", "C", "D"]);
  assert.equal(drawing.table.head.length, drawing.table.numeric.length);
  for (const row of drawing.table.rows) assert.equal(row.length, drawing.table.head.length);
  assert.deepEqual(map(data({ order: "worst" }), words, SIZE).stops.map(({ code }) => code), ["B", "E", "A", "C", "D"]);
});

test("who has the same figure shares a place, as in the ranking", () => {
  const drawing = map(data({ places: new Map([...PLACES, ["X", place("Xilo", 0.9, 90)]]) }), words, SIZE);
  assert.deepEqual(drawing.table.rows.slice(0, 3).map(([name, at]) => [name, at]), [["Alfa", "1"], ["Xilo", "1"], ["Eco", "3"]]);
});

test("a place without a shape is in the table", () => {
  const drawing = map(data({ places: new Map([...PLACES, ["X", place("Xilo", 0.8, 90)]]) }), words, SIZE);
  assert.deepEqual(drawing.table.rows[1]!.slice(0, 2), ["Xilo", "2"]);
  assert.equal(drawing.table.rows[1]!.at(-1), words.say("map_not_drawn"));
  assert.equal(drawing.stops.length, 5);
});

test("tip, summary and legend say what the colours show", () => {
  const drawing = map(data(), words, SIZE);
  assert.deepEqual(stopOf(drawing, "A").says, ["Alfa", `Soddisfatti: 90,0%, ${words.range(0.85, 0.95)}`, words.counted("votes_n", 500), words.say("map_difference", { n: words.points(0.2), reference: "70,0%" })]);
  assert.deepEqual(stopOf(drawing, "D").says, ["Delta", words.say("absent_withheld")]);
  assert.equal(stopOf(drawing, "C").says.at(-2), words.say("map_few"));
  for (const part of ["Alfa, 90,0%", "Bravo, 60,0%", words.say("map_n_few", { n: "1" }), words.say("map_n_withheld", { n: "1" })]) assert.ok(drawing.summary.includes(part), drawing.summary);
  assert.equal(drawing.summary.includes("Delta"), false);
  assert.deepEqual(drawing.legend.map((entry) => entry.class), [1, 2, 3, 4, 5, 6, 7].map((step) => `area diverging step-${step}`).concat("area diverging step-1 pale", "area few", "area withheld"));
});

test("nothing to draw is no error", () => {
  const drawing = map(data({ places: new Map() }), words, SIZE);
  assert.deepEqual([drawing.height, drawing.marks.length, drawing.table.rows.length], [0, 0, 0]);
});

test("what is pointed at is what lies there", () => {
  const drawing = map(data(), words, SIZE); // 400 pixels for 40 units, and 4 of margin.
  const at = (x: number, y: number) => drawing.stops.filter((stop) => stop.holds(x, y)).map(({ code }) => code);
  assert.deepEqual(at(4 + 50, 4 + 50), ["A"]);
  assert.deepEqual(at(4 + 110, 4 + 10), ["B"]);
  assert.deepEqual(at(4 + 150, 4 + 50), ["E"]);
  assert.deepEqual(at(1, 1), []);
});

// drawn reads a path back: its points, in pixels.
function drawn(d: string): number[][][] {
  return d.split("M").slice(1).map((part) => {
    const [x, y, ...steps] = part.match(/-?\d+(\.\d+)?/g)!.map(Number);
    const points = [[x!, y!]];
    for (let i = 0; i < steps.length; i += 2) points.push([points.at(-1)![0]! + steps[i]!, points.at(-1)![1]! + steps[i + 1]!]);
    return points;
  });
}

test("a path has the points of topojson's feature", () => {
  const italy = read("italy.json");
  const view: View = { left: 100, top: 50, scale: 0.4 };
  for (const area of areasOf(italy, "provinces")) {
    const { geometry } = feature(italy, area as Polygon);
    const rings = (area.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates).flat(1) as unknown as Ring[];
    const parts = drawn(pathOf(rings, view, true));
    assert.equal(parts.length, rings.length);
    rings.forEach((ring, r) => {
      const want = ring.slice(0, -1).map(([x, y]) => [Math.round((x - view.left) * 4) / 10, Math.round((y - view.top) * 4) / 10]);
      const unlike = want.filter((point, i) => i === 0 || String(point) !== String(want[i - 1]));
      parts[r]!.forEach((point, i) => assert.ok(Math.hypot(point[0]! - unlike[i]![0]!, point[1]! - unlike[i]![1]!) < 1e-6, String(area.id)));
      assert.equal(parts[r]!.length, unlike.length, String(area.id));
    });
  }
});

test("what is smaller than a pixel is a pixel, and a line stays open", () => {
  const view: View = { left: 0, top: 0, scale: 1 };
  assert.equal(pathOf([[[3, 3], [3.01, 3], [3.01, 3.01], [3, 3]]], view, true), "M2.5 2.5h1v1h-1z");
  assert.equal(pathOf([[[1, 1], [2, 0], [2, 3]]], view, false), "M1 1l1-1 0 3");
});

test("thinning takes the same points from both sides of a border", () => {
  const coarse = thin(read("italy.json"), { left: 0, top: 0, scale: 0.012 });
  const points = (shapes: Shapes) => shapes.arcs.flat().length;
  assert.ok(points(coarse) < 0.6 * points(read("italy.json")));
  const border = new Set(linesOf(coarse, areasOf(coarse, "provinces"), "between").flat().map(String));
  assert.ok(areasOf(coarse, "provinces").every((area) => polygonsOf(coarse, area).flat(2).filter((point) => border.has(String(point))).length !== 1));
});

test("a ring is cut at the edges of the picture", () => {
  const bounds = { left: 5, top: 0, right: 20, bottom: 20 };
  assert.deepEqual(clip(square(0, 2, 10), bounds)!.map(String).sort(), ["10,12", "10,2", "5,12", "5,2", "5,2"].sort());
  assert.equal(clip(square(30, 2, 10), bounds), null);
});

test("a half moon's middle is inside of it", () => {
  const moon: Ring[][] = [[[[0, 0], [10, 0], [10, 2], [2, 2], [2, 8], [10, 8], [10, 10], [0, 10], [0, 0]]]];
  assert.ok(holds(moon, middle(moon)));
});

test("arrows reach every area of every map from every other", () => {
  const maps: [string, string][] = [["italy.json", "regions"], ["italy.json", "provinces"]];
  for (const [name, layer] of maps.concat(readdirSync(path.join(folder, "comuni")).map((file) => [`comuni/${file}`, "comuni"]))) {
    const shapes = read(name);
    const areas = areasOf(shapes, layer);
    const next = arrows(areas.map((area) => middle(polygonsOf(shapes, area))), neighbors(areas));
    const reached = (ways: (i: number) => number[]) => {
      const seen = new Set([0]);
      for (const i of seen) for (const to of ways(i)) seen.add(to);
      return seen.size;
    };
    const back = areas.map((_, i) => next.flatMap((one, from) => (Object.values(one).includes(i) ? [from] : [])));
    assert.equal(reached((i) => Object.values(next[i]!)), areas.length, name);
    assert.equal(reached((i) => back[i]!), areas.length, name);
  }
});
