import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "../src/address.ts";
import { setClock } from "../src/clock.ts";
import { asks } from "../src/view/bulletin.ts";

const f = (query: string, want: [path: string, parameters: Record<string, string>][]) =>
  assert.deepEqual(asks(parse(`https://x/bulletin?${query}`)).map(({ path, parameters }) => [path, parameters]), want, query);

test("without a month the last is wanted, or else the one before", () => {
  setClock("2026-12-02T10:00:00Z");
  f("", [["/v1/bulletin/2026-11", {}], ["/v1/bulletin/2026-10", {}]]);
  f("region=12&vintage=2", [["/v1/bulletin/2026-11", { region: "12" }], ["/v1/bulletin/2026-10", { region: "12" }]]);
  setClock("2026-12-31T23:30:00Z"); // In Rome it is January.
  f("", [["/v1/bulletin/2026-12", {}], ["/v1/bulletin/2026-11", {}]]);
});

test("a bulletin is of the narrowest place, and of a vintage where one is named", () => {
  f("month=2026-10&region=12&province=058&comune=058091&vintage=3&service=anagrafe", [["/v1/bulletin/2026-10", { comune: "058091", vintage: "3" }]]);
  f("month=2026-10", [["/v1/bulletin/2026-10", {}]]);
});

test("what is no month is not asked for", () => {
  setClock("2026-12-02T10:00:00Z");
  f("month=october", [["/v1/bulletin/2026-11", {}], ["/v1/bulletin/2026-10", {}]]);
});
