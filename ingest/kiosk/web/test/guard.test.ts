import assert from "node:assert/strict";
import { test } from "node:test";
import { Guard } from "../src/page/guard.ts";

function guarded() {
  const world = { at: 10_000 };
  const ignored: string[] = [];
  return { world, ignored, guard: new Guard(() => world.at, (kind) => ignored.push(kind)) };
}

test("a second press within half a second is none", () => {
  const { world, ignored, guard } = guarded();
  const f = (after: number, count: number, want: boolean) => {
    world.at += after;
    assert.equal(guard.click(count), want, `${after} ms after, as click ${count} in a row`);
  };
  f(0, 1, true);
  f(499, 1, false);
  f(499, 1, false); // Who goes on hitting is one who hits.
  f(501, 1, true);
  f(501, 2, false);
  f(501, 1, true);
  assert.deepEqual(ignored, ["double", "double", "double"]);
});

test("nothing is taken while the device rests", () => {
  const { world, ignored, guard } = guarded();
  guard.rest(2000);
  world.at += 1999;
  assert.equal(guard.click(1), false);
  world.at += 1;
  assert.equal(guard.click(1), true);
  assert.deepEqual(ignored, ["double"]);
});

test("several fingers press nothing, whichever goes up first", () => {
  const { world, ignored, guard } = guarded();
  guard.down(1);
  guard.down(2);
  guard.up(1);
  assert.equal(guard.click(1), false);
  guard.up(2);
  assert.equal(guard.click(1), false);
  world.at += 600;
  guard.down(3);
  guard.up(3);
  assert.equal(guard.click(1), true);
  assert.deepEqual(ignored, ["multi", "multi"]);
});

test("a key that is held presses once, whether it says that it repeats or not", () => {
  const { ignored, guard } = guarded();
  assert.deepEqual([guard.key("Enter", false), guard.key("Enter", true), guard.key("Enter", false)], [true, false, false]);
  guard.keyUp("Enter");
  assert.equal(guard.key("Enter", false), true);
  guard.away(); // What goes up while another window is in front is not heard of.
  assert.equal(guard.key("Enter", false), true);
  assert.deepEqual(ignored, ["repeat", "repeat"]);
});
