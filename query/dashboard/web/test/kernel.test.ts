import assert from "node:assert/strict";
import { order, type Place } from "../src/picker.ts";
import { test } from "node:test";
import de from "../messages/de.ts";
import en from "../messages/en.ts";
import it from "../messages/it.ts";
import daily from "../messages/it/daily.json";
import map from "../messages/it/map.json";
import network from "../messages/it/network.json";
import notice from "../messages/it/notice.json";
import place from "../messages/it/place.json";
import rank from "../messages/it/rank.json";
import shell from "../messages/it/shell.json";
import trend from "../messages/it/trend.json";
import { parse, queryOf, write } from "../src/address.ts";
import { absence } from "../src/answers.ts";
import { callOf } from "../src/ask.ts";
import { changes, romeDay, romeHour } from "../src/clock.ts";
import { shares } from "../src/figures.ts";
import { speak, step } from "../src/words.ts";

await speak("it");

test("an address is a state, and a state an address", () => {
  const f = (href: string, view: string, parameters: Record<string, string>) =>
    assert.deepEqual(parse(href), { view, parameters }, href);
  f("https://x/", "today", {});
  f("https://x/city/trend?comune=058091&utm_source=a&fbclid=b&_=1", "trend", { comune: "058091" });
  f("https://x/map?region=03&region=04", "map", { region: "03,04" });
  f("https://x/trend?period=", "trend", {});
  f("https://x/nothing", "today", {});
  assert.equal(write("trend", { comune: "058091", period: null, region: "" }), "trend?comune=058091");
  assert.equal(write("today", {}), "./");
  assert.equal(queryOf({ region: "03,04", a: "comune=058091&x=1" }), "region=03,04&a=comune%3D058091%26x%3D1");
  assert.equal(callOf({ id: "a", path: "/v1/trend", parameters: { period: "2026" } }), "v1/trend?period=2026");
});

test("shares add up to 100 %", () => {
  const f = (counts: number[], want: number[]) => assert.deepEqual(shares(counts), want, String(counts));
  f([1, 1, 1], [334, 333, 333]);
  f([5, 1, 1], [714, 143, 143]);
  f([6666, 6667, 6667], [333, 334, 333]);
  f([1, 2000, 1], [1, 999, 0]);
  f([0, 7, 0], [0, 1000, 0]);
  f([0, 0, 0], [0, 0, 0]);
});

test("Rome's clock on the days it is moved", () => {
  const f = (at: string, day: string, hour: string, moved: boolean) => {
    const time = Date.parse(at);
    assert.deepEqual([romeDay(time), romeHour(time), changes(time)], [day, hour, moved], at);
  };
  f("2026-10-24T22:30:00Z", "2026-10-25", "00", false);
  f("2026-10-25T00:00:00Z", "2026-10-25", "02", true);
  f("2026-10-25T01:00:00Z", "2026-10-25", "02", true);
  f("2026-10-25T02:00:00Z", "2026-10-25", "03", false);
  f("2026-03-29T01:00:00Z", "2026-03-29", "03", true);
  f("2026-11-22T23:31:00Z", "2026-11-23", "00", false);
  assert.equal(romeDay(Date.parse("2026-10-25T12:00:00Z"), 1), "2026-10-26");
});

test("zero, withheld and missing are three things", () => {
  assert.equal(absence({ n: 0, status: ["A"] }), "none");
  assert.equal(absence({ n: null, status: ["Q"] }), "withheld");
  assert.equal(absence({ n: null, status: ["M"] }), "missing");
  assert.equal(absence({ n: 1, status: ["A"] }), null);
});

test("no message stands in two rooms", () => {
  const rooms = [daily, map, network, notice, place, rank, shell, trend];
  const all = rooms.flatMap((room) => Object.keys(room));
  assert.deepEqual(all.filter((key, i) => all.indexOf(key) !== i), []);
  assert.equal(Object.keys(it).length, all.length);
});

test("every language says everything, with the same values in it", () => {
  const values = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([value]) => value).sort();
  for (const [name, other] of Object.entries({ en, de })) {
    assert.deepEqual(Object.keys(other).sort(), Object.keys(it).sort(), name);
    for (const [key, text] of Object.entries(it)) {
      const said = (other as Record<string, string>)[key] ?? "";
      assert.deepEqual(values(said), values(text), `${name}: ${key}`);
      assert.notEqual(said.trim(), "", `${name}: ${key}`);
    }
  }
});

test("steps have names, hours those of Rome's clock", () => {
  const f = (code: string, long: string, short: string) => assert.deepEqual([step(code), step(code, "short")], [long, short], code);
  f("2026", "2026", "2026");
  f("2026-11", "novembre 2026", "nov");
  f("2026-11-22", "dom 22 novembre 2026", "22 nov");
  f("2026-11-22T22:00:00Z", "23–00, 22 nov", "23");
  f("2026-10-25T00:00:00Z", "02 CEST–02 CET, 25 ott", "02 CEST");
});

test("who writes a name means what is called so, and the comune before its province", () => {
  const place = (level: Place["level"], code: string, name: string): Place => ({ level, code, name });
  const found = order([place("region", "08", "Emilia-Romagna"), place("province", "058", "Roma"), place("comune", "018128", "Romagnese"), place("comune", "058091", "Roma")], "roma");
  assert.deepEqual(found.map(({ code }) => code), ["058091", "058", "018128", "08"]);
});
