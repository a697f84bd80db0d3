import assert from "node:assert/strict";
import { test } from "node:test";
import { Again } from "../src/again.ts";
import { Refused, Silent } from "../src/ask.ts";
import { Made } from "./world.ts";

function asking(answer: () => Promise<number>) {
  const world = new Made();
  const asked: number[] = [];
  let changes = 0;
  const signals: AbortSignal[] = [];
  const again = new Again<number>(world, 10000, (signal) => { asked.push(world.at); signals.push(signal); return answer(); }, () => void changes++);
  again.wake();
  return { world, asked, again, signals, changes: () => changes };
}

const gaps = (asked: readonly number[]) => asked.slice(1).map((at, i) => at - asked[i]!);

test("a question is asked every ten seconds", async () => {
  let n = 0;
  const { world, asked, again, changes } = asking(async () => ++n);
  await world.pass(35000);
  assert.deepEqual(gaps(asked), [10000, 10000, 10000]);
  assert.deepEqual([again.data, again.trouble, changes()], [4, "", 4]);
});

test("a server that is silent is asked less and less often, and its last answer stays", async () => {
  let well = true;
  const { world, asked, again } = asking(async () => { if (well) return 7; throw new Silent("x"); });
  await world.pass(1000);
  well = false;
  await world.pass(80000);
  assert.deepEqual(gaps(asked).slice(0, 6), [10000, 2000, 4000, 8000, 15000, 15000]);
  assert.deepEqual([again.data, again.trouble], [7, "silent"]);
  well = true;
  await world.pass(16000);
  assert.equal(again.trouble, "");
});

test("who says when to come back is not asked before", async () => {
  const { world, asked, again } = asking(async () => { throw new Refused({ status: 503, title: "x" }, 40000); });
  await world.pass(1000);
  assert.equal(again.trouble, "refused");
  again.wake(); // Online again, say.
  await world.pass(38000);
  assert.equal(asked.length, 1);
  await world.pass(25000);
  assert.equal(asked.length, 2);
});

test("nothing is asked while nobody looks, and what was asked is given up", async () => {
  const never = new Promise<number>(() => {});
  const { world, asked, again, signals, changes } = asking(() => never);
  world.seen = false;
  again.wake();
  assert.ok(signals[0]!.aborted);
  await world.pass(600e3);
  assert.deepEqual([asked.length, changes()], [1, 0]);
  world.seen = true;
  again.wake();
  again.wake();
  assert.equal(asked.length, 2);
});

test("an error of the page's own is told as such", async (t) => {
  t.mock.method(console, "error", () => {});
  const { world, again } = asking(async () => { throw new TypeError("x"); });
  await world.pass(100);
  assert.equal(again.trouble, "own");
});
