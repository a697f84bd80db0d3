// Makes italy.json and comuni/*.json. SOURCES.md says from what, and how:
//
//     node shapes/make.mjs FOLDER
//
// FOLDER has comuni.topojson and provinces_regions.topojson. The codes are those of
// schema/registry on the day given as a second argument, or else today.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { feature, merge } from "topojson-client";
import { topology } from "topojson-server";
import { adopt, usersOf } from "./borders.mjs";
import { UNITS_PER_KM, area, round, unpack } from "./plane.mjs";

// Where comuni of one province leave a gap between them by simplification, it is no
// enclave: the smallest real one, the Vatican, is closed as well, and San Marino has
// 61 km².
const GAP = 1 * UNITS_PER_KM ** 2;

const here = fileURLToPath(new URL(".", import.meta.url));
const registry = join(here, "../../../../schema/registry");

const [folder, day = new Date().toISOString().slice(0, 10)] = process.argv.slice(2);
if (!folder) throw new Error("want the folder of the topologies");
const read = (name) => JSON.parse(readFileSync(join(folder, name), "utf8"));

const comuni = today(finer(read("comuni.topojson"), read("provinces_regions.topojson")));
const provinces = dissolve(comuni, (code) => code.slice(0, 3));
const regionOf = new Map(rows("provinces.csv").map(({ code, region_code }) => [code, region_code]));
const regions = dissolve(comuni, (code) => regionOf.get(code.slice(0, 3)));

rmSync(join(here, "comuni"), { recursive: true, force: true });
mkdirSync(join(here, "comuni"));
write("italy.json", { regions, provinces });
for (const province of provinces) {
  const own = comuni.filter(({ id }) => id.startsWith(province.id));
  write(`comuni/${province.id}.json`, { comuni: own, province: [province] });
}

// rows reads a list of the registry. No field that is used here has a comma in it;
// names, which may, are put aside.
function rows(name) {
  const [head, ...lines] = readFileSync(join(registry, name), "utf8").trim().split("\n");
  const columns = head.split(",");
  return lines.map((line) => {
    const fields = line.replace(/"[^"]*"/g, "").split(",");
    return Object.fromEntries(columns.map((column, i) => [column, fields[i]]));
  });
}

// finer gives the comuni as a topology in the plane, with the provinces' borders.
function finer(coarse, fine) {
  const flat = adopt(
    { arcs: unpack(coarse), users: usersOf(coarse, "comuni", (code) => code.slice(0, 3)) },
    { arcs: unpack(fine), users: usersOf(fine, "provinces", (code) => code) },
  );
  console.log(`${flat.followed} of ${flat.all} arcs on borders of provinces follow the finer line`);
  return { type: "Topology", objects: coarse.objects, arcs: flat.arcs };
}

// today joins the comuni that were merged until the day.
function today(flat) {
  const next = new Map(rows("changes.csv")
    .filter(({ change, date }) => change === "merged" && date <= day)
    .map(({ istat_code, istat_code_next }) => [istat_code, istat_code_next]));
  const parts = new Map();
  for (const geometry of flat.objects.comuni.geometries) {
    const code = next.get(geometry.id) ?? geometry.id;
    parts.set(code, [...(parts.get(code) ?? []), geometry]);
  }
  return [...parts.keys()].sort().map((id) => {
    const of = parts.get(id);
    return onGrid(id, of.length === 1 ? feature(flat, of[0]).geometry : merge(flat, of));
  });
}

// dissolve joins shapes that have the same name.
function dissolve(shapes, name) {
  const joint = topology({ all: { type: "FeatureCollection", features: shapes } });
  const parts = new Map();
  for (const geometry of joint.objects.all.geometries) {
    const id = name(geometry.id);
    parts.set(id, [...(parts.get(id) ?? []), geometry]);
  }
  return [...parts.keys()].sort().map((id) => {
    const { coordinates } = merge(joint, parts.get(id));
    const polygons = coordinates.map(([outer, ...holes]) => [outer, ...holes.filter((hole) => Math.abs(area(hole)) >= GAP)]);
    return onGrid(id, { coordinates: polygons });
  });
}

function onGrid(id, { type, coordinates }) {
  const polygons = (type === "Polygon" ? [coordinates] : coordinates)
    .map((rings) => rings.map(round))
    .filter(([outer]) => outer)
    .map((rings) => rings.filter(Boolean));
  if (polygons.length === 0) throw new Error(`${id}: nothing is left of it on the grid`);
  const geometry = polygons.length === 1 ? { type: "Polygon", coordinates: polygons[0] } : { type: "MultiPolygon", coordinates: polygons };
  return { type: "Feature", id, geometry };
}

// write packs shapes as TopoJSON: arcs once, in steps from point to point.
function write(name, layers) {
  const objects = Object.fromEntries(Object.entries(layers).map(([layer, features]) => [layer, { type: "FeatureCollection", features }]));
  const packed = topology(objects);
  const arcs = packed.arcs.map((arc) => arc.map(([x, y], i) => (i === 0 ? [x, y] : [x - arc[i - 1][0], y - arc[i - 1][1]])));
  const transform = { scale: [1, 1], translate: [0, 0] };
  writeFileSync(join(here, name), JSON.stringify({ type: "Topology", bbox: packed.bbox, transform, objects: packed.objects, arcs }) + "\n");
}
