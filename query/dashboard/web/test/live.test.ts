import assert from "node:assert/strict";
import { test } from "node:test";
import type { LiveCounts } from "../src/answers.ts";
import { romeDay } from "../src/clock.ts";
import { Live, within, type Source } from "../src/live.ts";
import { patience } from "../src/world.ts";
import { Made } from "./world.ts";

const counts = (day: string, n: number): LiveCounts => ({ position: "A", day, disclosure: "none", green: n, yellow: 0, red: 0, n, regions: [{ region: "12", green: n, yellow: 0, red: 0, n }] });

class Fake implements Source {
  readyState = 0;
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;
  closed = false;
  private hear: (event: { data: string }) => void = () => {};
  addEventListener(_: "counts", hear: (event: { data: string }) => void): void { this.hear = hear; }
  close(): void { this.closed = true; this.readyState = 2; }

  opens(): void { this.readyState = 1; this.onopen?.(); }
  says(told: LiveCounts): void { this.hear({ data: JSON.stringify(told) }); }
  breaks(): void { this.readyState = 0; this.onerror?.(); } // The browser comes back by itself.
  refuses(): void { this.readyState = 2; this.onerror?.(); } // It does not.
}

function listening(at?: number) {
  const world = new Made(at);
  const sources: Fake[] = [];
  const links: string[] = [];
  const live: Live = new Live(world, () => { const one = new Fake(); sources.push(one); return one; }, () => { if (links[links.length - 1] !== live.link) links.push(live.link); });
  live.wake();
  return { world, sources, links, live, last: () => sources[sources.length - 1]! };
}

test("a connection that breaks is not spoken of at once, and told since when", async () => {
  const { world, live, last, sources, links } = listening();
  assert.equal(live.link, "connecting");
  last().opens();
  last().says(counts("2026-11-27", 5));
  assert.deepEqual([live.link, live.counts?.n], ["live", 5]);
  const cut = world.at;
  last().breaks();
  assert.equal(live.link, "connecting");
  await world.pass(5000);
  assert.equal(live.link, "connecting", "a browser comes back within that");
  await world.pass(5000);
  assert.deepEqual([live.link, live.since], ["cut", cut]);
  last().opens();
  last().says(counts("2026-11-27", 9));
  assert.deepEqual([live.link, live.counts?.n, sources.length], ["live", 9, 1]);
  assert.deepEqual(links, ["live", "connecting", "cut", "live"]);
  assert.equal(world.waits(), 0);
});

test("a stream that was refused is asked for again, less and less often", async () => {
  const { world, live, last, sources } = listening();
  last().opens();
  const waits: number[] = [];
  for (let i = 0; i < 8; i++) {
    const [before, begun] = [sources.length, world.at];
    last().refuses();
    while (sources.length === before) await world.pass(500);
    waits.push(world.at - begun);
  }
  assert.equal(live.link, "cut");
  assert.deepEqual(waits, [2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000]);
  last().opens();
  assert.equal(live.link, "live");
  last().refuses();
  const before = sources.length;
  await world.pass(2500);
  assert.equal(sources.length, before + 1, "who was let in begins anew");
});

test("many pages do not come back at once", () => {
  const world = new Made();
  const of = (random: number) => patience(3, 2000, 60000, { ...world, now: () => 0, after: () => () => {}, hidden: () => false, random: () => random });
  assert.deepEqual([of(0), of(0.5), of(1)], [6000, 8000, 10000]);
});

test("a page that nobody sees rests", async () => {
  const { world, live, last, sources } = listening();
  last().opens();
  world.seen = false;
  live.wake();
  assert.ok(sources[0]!.closed);
  await world.pass(3600e3);
  assert.deepEqual([sources.length, live.link], [1, "connecting"]);
  world.seen = true;
  live.wake();
  assert.equal(sources.length, 2);
  live.wake(); // The browser is online again: it listens already.
  assert.equal(sources.length, 2);
  sources[0]!.says(counts("2026-11-27", 3)); // What a closed stream had left to say is nothing.
  assert.equal(live.counts, null);
});

test("a retry that falls due unseen waits for the page to be seen", async () => {
  const { world, live, last, sources } = listening();
  last().refuses();
  world.seen = false;
  await world.pass(10000);
  assert.equal(sources.length, 1);
  world.seen = true;
  live.wake();
  assert.equal(sources.length, 2);
});

test("what is older than what there is, is not believed for a minute", async () => {
  const { world, live, last } = listening();
  last().opens();
  last().says(counts("2026-11-27", 10));
  last().says(counts("2026-11-27", 7));
  assert.equal(live.counts?.n, 10, "a process that is behind");
  last().says(counts("2026-11-26", 400));
  assert.equal(live.counts?.n, 10, "yesterday");
  last().says(counts("2026-11-27", 10));
  last().says(counts("2026-11-27", 11));
  assert.equal(live.counts?.n, 11);
  await world.pass(61000);
  last().says(counts("2026-11-27", 2));
  assert.equal(live.counts?.n, 2, "the log began anew");
});

test("a new day begins with Rome's, also where days have 23 or 25 hours", () => {
  const f = (midnight: string, before: string, after: string) => {
    const at = Date.parse(midnight);
    assert.deepEqual([romeDay(at - 1), romeDay(at)], [before, after], midnight);
    const { world, live, last } = listening(at - 1000);
    last().opens();
    last().says(counts(before, 900));
    world.at = at + 500;
    last().says(counts(after, 0));
    assert.deepEqual([live.counts?.day, live.counts?.n, live.grown], [after, 0, 0]);
    last().says(counts(before, 901)); // A vote of yesterday that was counted by another process.
    last().says(counts(after, 1));
    assert.deepEqual([live.counts?.day, live.counts?.n, live.grown], [after, 1, world.at]);
  };
  f("2026-03-28T23:00:00Z", "2026-03-28", "2026-03-29"); // The day that has 23 hours begins,
  f("2026-03-29T22:00:00Z", "2026-03-29", "2026-03-30"); // and ends.
  f("2026-10-24T22:00:00Z", "2026-10-24", "2026-10-25"); // The day that has 25 begins,
  f("2026-10-25T23:00:00Z", "2026-10-25", "2026-10-26"); // and ends.
  f("2026-12-31T23:00:00Z", "2026-12-31", "2027-01-01");
});

test("a connection that is there and dead is found out by the ledger", async () => {
  const { world, live, last, sources } = listening();
  last().opens();
  live.ledger(100);
  last().says(counts("2026-11-27", 10));
  await world.pass(10000);
  live.ledger(100);
  await world.pass(600e3);
  live.ledger(100);
  assert.equal(sources.length, 1, "a quiet night is no dead connection");
  live.ledger(105);
  await world.pass(10000);
  live.ledger(107);
  assert.equal(sources.length, 1);
  await world.pass(10000);
  live.ledger(109);
  assert.deepEqual([sources.length, sources[0]!.closed, live.link], [2, true, "connecting"]);
  last().opens();
  last().says(counts("2026-11-27", 19));
  live.ledger(109);
  await world.pass(30000);
  live.ledger(109);
  assert.deepEqual([sources.length, live.link], [2, "live"]);
});

test("counts of some regions are their sums", () => {
  const told = { ...counts("2026-11-27", 9), regions: [{ region: "03", green: 4, yellow: 1, red: 1, n: 6 }, { region: "12", green: 2, yellow: 0, red: 1, n: 3 }] };
  assert.equal(within(told, []), told);
  assert.deepEqual(within(told, ["12"]), { green: 2, yellow: 0, red: 1, n: 3 });
  assert.deepEqual(within(told, ["03", "12"]), { green: 6, yellow: 1, red: 2, n: 9 });
  assert.deepEqual(within(told, ["20"]), { green: 0, yellow: 0, red: 0, n: 0 });
  assert.deepEqual(within({ ...told, disclosure: "lots", regions: [{ region: "12", n: 10 }] }, ["12"]), { n: 10 });
});
