// The shapes that the map is drawn of, held against the registry and their budget.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";
import { brotliCompressSync } from "node:zlib";
import { areasOf, boundsOf, holds, linesOf, middle, polygonsOf, type Ring, type Shapes } from "../src/chart/map/plane.ts";

// The tests run from a folder of their own.
const root = ((): string => {
  let folder = import.meta.dirname;
  while (!existsSync(path.join(folder, "schema/registry"))) folder = path.dirname(folder);
  return folder;
})();
const folder = path.join(root, "query/dashboard/web/shapes");
const read = (name: string): Shapes => JSON.parse(readFileSync(path.join(folder, name), "utf8"));
const codes = (shapes: Shapes, layer: string) => areasOf(shapes, layer).map(({ id }) => String(id)).sort();
const files = readdirSync(path.join(folder, "comuni")).sort();

// rows are the fields of a list of the registry; of quoted ones only that they are there.
const rows = (name: string): string[][] =>
  readFileSync(path.join(root, "schema/registry", name), "utf8").trim().split("\n").slice(1).map((line) => line.replace(/"[^"]*"/g, "-").split(","));

test("every region and province of the registry has a shape, and the reverse", () => {
  const italy = read("italy.json");
  assert.deepEqual(codes(italy, "regions"), rows("regions.csv").map(([code]) => code).sort());
  assert.deepEqual(codes(italy, "provinces"), rows("provinces.csv").map(([code]) => code).sort());
});

test("every comune of today has a shape in the file of its province, and the reverse", () => {
  assert.deepEqual(files, rows("provinces.csv").map(([code]) => `${code}.json`).sort());
  const merged = new Set(rows("changes.csv").filter(([, change]) => change === "merged").map(([code]) => code));
  const today = rows("comuni.csv").filter((row) => row[row.length - 1] === "" && !merged.has(row[0]));
  for (const file of files) {
    const shapes = read(`comuni/${file}`);
    const province = file.slice(0, 3);
    const want = today.filter((row) => row[4] === province).map(([code]) => code).sort();
    assert.deepEqual(codes(shapes, "comuni"), want, file);
    assert.deepEqual(codes(shapes, "province"), [province]);
  }
});

test("a province has the same outline on the map of the country and on its own", () => {
  const italy = read("italy.json");
  for (const area of areasOf(italy, "provinces")) {
    const own = read(`comuni/${area.id}.json`);
    const points = (shapes: Shapes, of: typeof area) => polygonsOf(shapes, of).flat(2).map(String).sort();
    assert.deepEqual([...new Set(points(own, areasOf(own, "province")[0]!))], [...new Set(points(italy, area))], String(area.id));
  }
});

test("regions and provinces share their borders", () => {
  const italy = read("italy.json");
  const provinces = new Set(linesOf(italy, areasOf(italy, "provinces"), "between").flat().map(String));
  for (const point of linesOf(italy, areasOf(italy, "regions"), "between").flat().map(String)) assert.ok(provinces.has(point), point);
});

test("a comune is where the registry says that it is", () => {
  // Longitude and latitude of a few, far apart, put into the plane by hand.
  const rome = areasOf(read("comuni/058.json"), "comuni").find(({ id }) => id === "058091")!;
  const turin = areasOf(read("comuni/001.json"), "comuni").find(({ id }) => id === "001272")!;
  const [a, b] = [middle(polygonsOf(read("comuni/058.json"), rome)), middle(polygonsOf(read("comuni/001.json"), turin))];
  const km = Math.hypot(a[0] - b[0], a[1] - b[1]) / 20;
  assert.ok(Math.abs(km - 525) < 15, `Torino is ${km} km from Roma`);
});

// turn is above 0 for rings in one direction and below for those in the other: holes
// must run against their outline, or be filled.
const turn = (ring: Ring): number => ring.slice(1).reduce((sum, [x, y], i) => sum + ring[i]![0] * y - x * ring[i]![1], 0);

test("each area has a point that is inside of it, and all numbers are whole", () => {
  for (const [name, layers] of [["italy.json", ["regions", "provinces"]], ...files.map((file) => [`comuni/${file}`, ["comuni"]])] as [string, string[]][]) {
    const shapes = read(name);
    assert.ok(shapes.arcs.flat(2).every(Number.isInteger), name);
    for (const area of layers.flatMap((layer) => areasOf(shapes, layer))) {
      const polygons = polygonsOf(shapes, area);
      assert.ok(holds(polygons, middle(polygons)), `${name} ${area.id}`);
      for (const [outline, ...holes] of polygons) for (const hole of holes) assert.ok(turn(hole) * turn(outline!) < 0, `${name} ${area.id}`);
      assert.ok(boundsOf(polygons.flat()).left >= 0, `${name} ${area.id}`);
    }
  }
});

test("the files are within their budget", () => {
  const size = (name: string) => brotliCompressSync(readFileSync(path.join(folder, name))).length;
  assert.ok(size("italy.json") <= 45_000, `italy.json ${size("italy.json")}`);
  const sizes = files.map((file) => size(`comuni/${file}`));
  assert.ok(Math.max(...sizes) <= 15_000, `largest ${Math.max(...sizes)}`);
  assert.ok(sizes.reduce((sum, one) => sum + one, 0) / sizes.length <= 4_000);
});
