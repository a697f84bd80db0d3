import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { before, test } from "node:test";
import { parse, type State } from "../src/address.ts";
import type { Ranking } from "../src/answers.ts";
import type { Shapes } from "../src/chart/map.ts";
import { codesOn, dataOf, layerOf, provinceOf } from "../src/view/map.ts";
import * as words from "../src/words.ts";

before(() => words.speak("it"));

const web = ((): string => {
  let at = import.meta.dirname;
  while (!existsSync(path.join(at, "shapes/italy.json"))) at = path.dirname(at);
  return at;
})();
const italy = JSON.parse(readFileSync(path.join(web, "shapes/italy.json"), "utf8")) as Shapes;
const state = (query: string): State => parse(`https://x/map?${query}`);

test("the address says what the map is of", () => {
  const f = (query: string, layer: string, province?: string) => assert.deepEqual([layerOf(state(query)), provinceOf(state(query))], [layer, province], query);
  f("", "regions");
  f("level=province", "provinces");
  f("region=03", "provinces");
  f("province=058", "comuni", "058");
  f("comune=058091", "comuni", "058");
  f("region=03&province=015", "comuni", "015");
  f("province=058,059", "regions");
});

test("each province is on the map of its region, as the registry has it", () => {
  const table = readFileSync(path.join(web, "../../../schema/registry/provinces.csv"), "utf8").trim().split(/\r?\n/).slice(1).map((line) => line.split(","));
  const regions = [...new Set(table.map((row) => row[row.length - 1]!))];
  assert.equal(regions.length, 20);
  for (const region of regions) {
    const want = table.filter((row) => row[row.length - 1] === region).map(([code]) => code).sort();
    assert.deepEqual(codesOn(italy, "provinces", region).sort(), want, region);
  }
  assert.equal(codesOn(italy, "provinces").length, 110);
  assert.equal(codesOn(italy, "regions").length, 20);
});

const row = (region: string, n: number | null, share: number | null, status: string[]) =>
  ({ region, region_name: `R${region}`, n, green_share: share, green_low: share, green_high: share, red_share: share, red_low: share, red_high: share, status });
const ranking = (...rows: unknown[]) => ({ reference: [{ green_share: 0.8, red_share: 0.1, n: 5, status: ["A"] }], rows: rows.slice(0, 1), small: rows.slice(1) }) as unknown as Ranking;

test("who is in no row has no votes, and who is small is on the map", () => {
  const data = dataOf(state(""), ranking(row("12", 100, 0.8, ["A"]), row("14", 5, 0.6, ["L"]), row("02", null, null, ["Q"])), new Map([["12", "Lazio"]]), { shapes: italy });
  assert.equal(data.places.size, 20);
  assert.equal(data.places.get("12")!.name, "Lazio");
  assert.deepEqual(data.places.get("14"), { name: "R14", value: 0.6, low: 0.6, high: 0.6, n: 5, status: ["L"] });
  assert.equal(data.places.get("02")!.n, null);
  assert.deepEqual(data.places.get("03"), { name: "03", value: null, low: null, high: null, n: 0, status: [] });
  assert.equal(data.reference, 0.8);
});

test("counts have no reference, and the highest is first, whatever is measured", () => {
  const f = (query: string) => dataOf(state(query), ranking(row("12", 100, 0.2, ["A"])), new Map(), { shapes: italy });
  assert.equal(f("measure=n").reference, null);
  assert.equal(f("measure=n").places.get("12")!.value, 100);
  assert.deepEqual([f("measure=red_share").order, f("").order], ["worst", "best"]);
  assert.equal(f("palette=programme").palette, "programme");
});
