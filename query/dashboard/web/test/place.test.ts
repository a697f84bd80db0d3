import assert from "node:assert/strict";
import { before, test } from "node:test";
import { parse, type State } from "../src/address.ts";
import type { RankedRow, ServiceRow } from "../src/answers.ts";
import { isMonth, later } from "../src/month.ts";
import { classOf } from "../src/view/place/benchmark.ts";
import { snippet } from "../src/view/place/embed.ts";
import { insideAsk } from "../src/view/place/inside.ts";
import { levelOf } from "../src/view/place/level.ts";
import { linesOf, sorted } from "../src/view/place/services.ts";
import { way } from "../src/view/place/way.ts";
import { pageAsk } from "../src/view/place.ts";
import * as words from "../src/words.ts";

before(() => words.speak("it"));

const state = (query: string): State => parse(`https://x/place?${query}`);

test("a page is of the narrowest place", () => {
  const f = (query: string, level: string, path: string, parameters: Record<string, string>) => {
    assert.equal(levelOf(state(query)), level, query);
    assert.deepEqual(pageAsk(state(query)), { id: "page", path, parameters }, query);
  };
  f("", "nation", "/v1/national", { period: "last-30-days" });
  f("region=12&service=anagrafe&sort=name", "region", "/v1/regions/12", { period: "last-30-days", service: "anagrafe" });
  f("province=058&period=2026-10", "province", "/v1/national", { period: "2026-10", province: "058" });
  f("region=12&comune=058091&population_class=x&office=S01&from=2026-10-01&to=2026-10-08", "comune", "/v1/comuni/058091", { from: "2026-10-01", to: "2026-10-08", office: "S01" });
  f("region=12,13", "nation", "/v1/national", { period: "last-30-days", region: "12,13" });
});

test("inside a place are the smaller ones, and inside an office none", () => {
  const by = (query: string) => insideAsk(state(query), {})?.parameters?.by;
  assert.deepEqual(["", "region=12", "province=058", "comune=058091", "comune=058091&office=S01"].map(by), ["region", "province", "comune", "office", undefined]);
});

test("classes of population have their limits in their codes", () => {
  const classes = ["under-5000", "5000-40000", "40000-200000", "from-200000"];
  const f = (population: number, want: string | undefined) => assert.equal(classOf(population, classes), want, String(population));
  f(0, "under-5000");
  f(4999, "under-5000");
  f(5000, "5000-40000");
  f(40000, "5000-40000");
  f(40001, "40000-200000");
  f(200000, "40000-200000");
  f(200001, "from-200000");
  assert.equal(classOf(1, []), undefined);
});

const row = (service: string, n: number, green: number | null, red: number | null): RankedRow => ({ service, n, green_share: green, red_share: red }) as RankedRow;
const cell = (service: string, channel: string, n: number, green: number | null) => ({ service, channel, n, green_share: green }) as ServiceRow;

test("services are sorted as the address wants, and what has no value is last", () => {
  const lines = linesOf({ services: [cell("b", "web", 5, 0.1), cell("c", "web", 5, 0.9), cell("a", "web", 0, null)] }, [row("a", 10, 0.5, null), row("b", 30, 0.7, 0.1), row("c", 20, 0.6, 0.2)], (code) => code.toUpperCase());
  const f = (order: string, want: string) => assert.equal(sorted(lines, order).map(({ name }) => name).join(""), want, order);
  f("n", "BCA");
  f("-n", "ACB");
  f("name", "ABC");
  f("-name", "CBA");
  f("green", "BCA");
  f("red", "CBA");
  f("-red", "BCA");
  f("web", "CBA");
  f("-web", "BCA");
  f("nothing", "ABC");
});

test("the way goes from the country to the office", () => {
  const known = [{ level: "region", code: "12", name: "Lazio" }, { level: "province", code: "058", name: "Roma" }] as const;
  const says = (query: string, comune?: unknown, page = {}) => way(state(query), page, comune as never, known).map((one) => one.says).join(" > ");
  const roma = { code: "058091", name_it: "Roma", region: { code: "12" }, province: { code: "058", name: "Roma" } };
  assert.equal(says(""), "Italia");
  assert.equal(says("region=12"), "Italia > Lazio");
  assert.equal(says("province=058", undefined, { places: [{ region: "12" }] }), "Italia > Lazio > Roma");
  assert.equal(says("comune=058091&service=anagrafe&office=S01", roma), "Italia > Lazio > Roma > Roma > anagrafe > Ufficio S01");
  const steps = way(state("comune=058091&service=anagrafe&office=S01&period=2026&lang=de"), {}, roma as never, known);
  assert.deepEqual(Object.fromEntries(Object.entries(steps[3]!.to!).filter(([, value]) => value)), { period: "2026", comune: "058091", lang: "de" });
});

test("the snippet is HTML, whatever a comune is called", () => {
  const two = snippet("https://x/embed/comune/007001?lang=it&theme=dark", "https://x/embed/frame.js", 'A "B" & <C>');
  assert.equal(two.split("\n").length, 2);
  assert.match(two, /src="https:\/\/x\/embed\/comune\/007001\?lang=it&amp;theme=dark"/);
  assert.match(two, /title="A &quot;B&quot; &amp; &lt;C>"/);
});

test("months go on over years", () => {
  const f = (month: string, by: number, want: string) => assert.equal(later(month, by), want);
  f("2026-10", -1, "2026-09");
  f("2026-01", -1, "2025-12");
  f("2026-12", 1, "2027-01");
  f("2026-10", -24, "2024-10");
  assert.deepEqual(["2026-10", "2026-13", "2026-1", "x", undefined].map(isMonth), [true, false, false, false, false]);
});
