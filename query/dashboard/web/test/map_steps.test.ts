// Which step a figure falls in, and where arrows lead.

import assert from "node:assert/strict";
import test from "node:test";
import { arrows } from "../src/chart/map/arrows.ts";
import { around, equal, powers } from "../src/chart/map/steps.ts";

const POINT = 0.01;
const range = (from: number, to: number, n: number) => Array.from({ length: n }, (_, i) => from + ((to - from) * i) / (n - 1));

test("steps around a reference are equally wide, and the middle one reaches to both sides", () => {
  const steps = around(range(0.68, 0.78, 21), 0.73, POINT);
  assert.deepEqual(steps.limits, [-6, -4, -2, 2, 4, 6]);
  const f = (value: number, want: number) => assert.equal(steps.of(value), want, String(value));
  f(0.73, 4);
  f(0.749, 4);
  f(0.75, 5); // A limit belongs to the step that is farther away, on both sides.
  f(0.71, 3);
  f(0.711, 4);
  f(0.77, 6);
  f(0.79, 7);
  f(0.67, 1);
  f(1, 7);
  f(0, 1);
});

test("the width is round and fits four of five", () => {
  const f = (far: number, want: number) => assert.equal(around([0.5 - far * POINT, 0.5 + far * POINT], 0.5, POINT).limits[5], 3 * want);
  f(0, 1);
  f(3, 1);
  f(3.1, 2);
  f(5, 2);
  f(9, 3);
  f(10, 5);
  f(40, 20);
  f(90, 25);
  const outlier = around([...range(0.48, 0.52, 20), 0.99], 0.5, POINT);
  assert.deepEqual(outlier.limits, [-3, -2, -1, 1, 2, 3]);
});

test("without a reference, steps are equally wide over the values", () => {
  const steps = equal(range(0.62, 0.88, 30), POINT);
  assert.deepEqual(steps.limits, [65, 70, 75, 80, 85, 90]);
  const f = (value: number, want: number) => assert.equal(steps.of(value), want, String(value));
  f(0.649, 1);
  f(0.65, 2);
  f(0.7, 3);
  f(0.95, 7);
  assert.equal(equal([], POINT).limits.length, 6);
});

test("limits of counts grow as the counts do", () => {
  const f = (counts: number[], want: number[]) => assert.deepEqual(powers(counts).limits, want);
  f(range(10, 1000, 30), [20, 50, 100, 200, 500, 1000]);
  f([3, 30, 300, 3000], [10, 30, 100, 300, 1000, 3000]);
  f([1, 10, 100, 1e4, 1e6], [1, 10, 100, 1000, 10_000, 100_000, 1_000_000].slice(1));
  f([], [1, 2, 5, 10, 20, 50]);
  const steps = powers(range(10, 1000, 30));
  assert.equal(steps.of(19), 1);
  assert.equal(steps.of(20), 2);
  assert.equal(steps.of(1000), 7);
});

test("arrows lead to the nearest neighbour, and over the sea", () => {
  //  0   1
  //    2       3   where 0, 1, 2 touch each other.
  const next = arrows([[0, 0], [9, 0], [4, 6], [40, 8]], [[1, 2], [0, 2], [0, 1], []]);
  assert.deepEqual(next[0], { right: 1, down: 2 });
  assert.equal(next[2]!.right, 3); // No neighbour lies there: 1 is above.
  assert.equal(next[3]!.left, 2);
  assert.equal(next[1]!.left, 0);
});

test("what all others pass by has a way in", () => {
  const next = arrows([[0, 0], [10, 0], [20, 0], [10, 1]], [[1], [0, 2], [1], []]);
  assert.ok(next.some((one, i) => i !== 3 && Object.values(one).includes(3)));
});
