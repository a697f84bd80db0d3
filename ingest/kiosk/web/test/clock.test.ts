import assert from "node:assert/strict";
import { test } from "node:test";
import { Clock, iso } from "../src/client/clock.ts";
import { doubted, markOf } from "../src/client/marks.ts";
import { configOf, retryAfterOf } from "../src/client/wire.ts";
import { patience } from "../src/client/world.ts";
import { Made } from "./made.ts";

// What a vote's time comes to at the server, which knows when the request came.
function hour(vote: ReturnType<Clock["now"]>, clock: Clock, world: Made): string {
  const now = clock.now();
  const { age_ms, at } = clock.told(vote, now);
  if (age_ms !== undefined) return iso(world.at - age_ms);
  return at === undefined ? "late_clock" : iso(Date.parse(at) + world.at - now.at);
}

const HOUR = 3_600_000;

test("within a run, a vote's age is by the clock that never jumps", async () => {
  const world = new Made();
  const clock = new Clock(world, 0);
  const vote = clock.now();
  world.off += 3 * HOUR;
  await world.pass(2 * HOUR);
  assert.equal(hour(vote, clock, world), "2026-11-27T10:00:00.000Z");
});

test("over runs, by the server's clock, however wrong the wall was", async () => {
  const world = new Made();
  world.off = -world.at; // 1970.
  const first = new Clock(world, 0);
  first.heard(world.at);
  const vote = first.now();
  await world.pass(HOUR);
  world.off = 3 * HOUR;
  const second = new Clock(world, first.skew);
  second.heard(world.at);
  assert.ok(Math.abs(Date.parse(hour(vote, second, world)) - Date.parse("2026-11-27T10:00:00Z")) < 2000, hour(vote, second, world));
});

test("over runs with a wall that jumped and no server heard: nobody can know", async () => {
  const world = new Made();
  const first = new Clock(world, 0);
  const vote = first.now();
  await world.pass(HOUR);
  world.off = 3 * HOUR;
  const second = new Clock(world, first.skew);
  second.heard(world.at);
  assert.equal(hour(vote, second, world), "late_clock");
});

test("over runs with a wall that goes on, right or wrong", async () => {
  for (const off of [0, -5 * HOUR, 90_000]) {
    const world = new Made();
    world.off = off;
    const first = new Clock(world, 0);
    const vote = first.now();
    await world.pass(HOUR);
    assert.equal(hour(vote, new Clock(world, first.skew), world), "2026-11-27T10:00:00.000Z", `the wall is off by ${off}`);
  }
});

test("a machine that slept: ages by the clock that stood still are not believed", async () => {
  const world = new Made();
  const clock = new Clock(world, 0);
  clock.heard(world.at);
  const vote = clock.now();
  await world.pass(9 * HOUR);
  world.slept = 8 * HOUR;
  clock.heard(world.at);
  assert.equal(hour(vote, clock, world), "2026-11-27T10:00:00.000Z");
});

test("a slow answer is no clock that jumped", () => {
  const world = new Made();
  const clock = new Clock(world, 0);
  clock.heard(world.at);
  const vote = clock.now();
  world.at += 8000;
  clock.heard(world.at - 7000, 8000); // It was written early, and took its time.
  world.at += 1000;
  clock.heard(world.at - 500, 500);
  assert.deepEqual(clock.told(vote, clock.now()), { age_ms: 9000 });
  const late = new Clock(world, 0);
  late.heard(world.at, 8000); // Written just now, it was told to be four seconds later.
  const other = late.now();
  world.at += 1000;
  late.heard(world.at, 0);
  assert.deepEqual(late.told(other, late.now()), { age_ms: 1000 });
  clock.heard(world.at - 20_000, 500); // That one did.
  assert.notDeepEqual(clock.told(vote, clock.now()), { age_ms: 9000 });
});

test("full jitter, and never before the server said", () => {
  const f = (failures: number, retryAfter: number, chance: number, want: number) => {
    const world = new Made();
    world.chance = chance;
    assert.equal(patience(failures, retryAfter, world), want);
  };
  f(1, 0, 0, 0);
  f(1, 0, 0.5, 500);
  f(4, 0, 0.5, 4000);
  f(40, 0, 1, 300_000);
  f(1, 60_000, 0, 60_000);
  f(3, 60_000, 0.5, 67_500);
  f(1, 60_000, 1, 75_000);
  f(10, 60_000, 1, 360_000);
});

test("Retry-After is seconds or a date", () => {
  const now = Date.parse("2026-11-27T10:00:00Z");
  const f = (text: string | null, want: number) => assert.equal(retryAfterOf(text, now), want);
  f(null, 0);
  f("60", 60_000);
  f("Fri, 27 Nov 2026 10:02:00 GMT", 120_000);
  f("Fri, 27 Nov 2026 09:00:00 GMT", 0);
  f("soon", 0);
  f("99999999999", 86_400_000);
});

test("marks", () => {
  assert.equal(markOf("{"), null);
  assert.equal(markOf(null), null);
  assert.equal(markOf('{"marker":"m"}'), null);
  const mark = (marker: string, next: number) => ({ marker, next: { s: next }, terminals: [] });
  const f = (want: boolean, next: number, ...marks: (ReturnType<typeof mark> | null)[]) =>
    assert.equal(doubted("m", [{ stream: "s", terminal: "t", next, old: false, refused: false }], marks).has("s"), want);
  f(false, 5, mark("m", 5), mark("m", 5));
  f(false, 5, mark("m", 3), null);
  f(true, 5, mark("m", 6), null);
  f(true, 5, mark("m", 5), mark("n", 5));
  f(true, 5, null, null);
});

test("a configuration that makes no sense is a plain one", () => {
  assert.equal(configOf("x"), null);
  assert.deepEqual(configOf({ faces: ["red", "yellow", "green"] })!.faces, ["red", "yellow", "green"]);
  assert.deepEqual(configOf({ faces: ["red", "red", "green"] })!.faces, ["green", "yellow", "red"]);
  assert.deepEqual(configOf({ faces: "x", services: [{ code: 1 }, null, { code: "a" }], cooldown_ms: -1 })!.services, [{ code: "a" }]);
  assert.equal(configOf({ cooldown_ms: 1e9 })!.cooldown_ms, 2000);
});
