import assert from "node:assert/strict";
import { test } from "node:test";
import { Device } from "../src/client/device.ts";
import type { Request } from "../src/client/wire.ts";
import { Disk, Made, Note, problemOf, Service, settle } from "./made.ts";

interface Parts { world: Made; service: Service; disk: Disk; places: Note[] }
const parts = (): Parts => { const world = new Made(); return { world, service: new Service(world), disk: new Disk(), places: [new Note(), new Note()] }; };

async function begin(of: Parts): Promise<Device> {
  const device = new Device({
    storage: of.disk, places: of.places, net: of.service.net, world: of.world, api: (path) => `https://kiosk.example/${path}`,
    facts: async () => ({}), exclusive: (work) => work(), survives: async () => of.disk.other, changed: () => {}, failed: () => {},
  });
  await device.start();
  await settle();
  return device;
}

async function setUp(): Promise<Parts & { device: Device; key: string }> {
  const of = parts();
  const device = await begin(of);
  assert.equal(device.state, "unset");
  await device.add(["token"]);
  await settle();
  assert.equal(device.state, "ready");
  return { ...of, device, key: device.terminals[0]!.key };
}

const press = (device: Device, key: string, face = "green") => device.press(key, { face, open: false });
const to = (path: string) => ({ url }: Request) => url.includes(path);

test("a vote is on the disk before anything is sent, and goes when the watermark has it", async () => {
  const { world, service, disk, device, key } = await setUp();
  service.interfere = (request) => to("/v1/votes")(request) ? "cut" : undefined;
  await press(device, key);
  assert.deepEqual(disk.votes().map(({ seq, face, answered }) => [seq, face, answered]), [[1, "green", 0]]);
  service.interfere = () => undefined;
  await world.pass(2000);
  assert.equal(service.counted(), 1);
  assert.equal(disk.votes().length, 1, "202 is no reason to forget");
  await world.pass(20_000);
  assert.equal(disk.votes().length, 0);
});

test("what was not said clearly is sent again", async () => {
  const f = async (what: string, how: ReturnType<Service["interfere"]>, counted = 1) => {
    const { world, service, disk, device, key } = await setUp();
    service.interfere = (request) => to("/v1/votes")(request) ? how : undefined;
    await press(device, key);
    await world.pass(3000);
    assert.equal(disk.votes().every(({ answered }) => answered === 0), true, what);
    assert.ok(service.votesAsked().length >= 2, `${what}: asked ${service.votesAsked().length} times`);
    service.interfere = () => undefined;
    await world.pass(30 * 60_000);
    assert.deepEqual([service.counted(), disk.votes().length, service.conflicts], [counted, 0, 0], what);
  };
  await f("a cut line", "cut");
  await f("a cut answer", "lost");
  await f("a portal", { status: 200, type: "text/html" });
  await f("202 of a portal", { status: 202, type: "text/html" });
  await f("202 that was cut", { status: 202, type: "application/json", body: undefined });
  await f("202 of fewer votes", { status: 202, type: "application/json", body: { accepted: 0, rejected: [] } });
  await f("202 of more votes", { status: 202, type: "application/json", body: { accepted: 2, rejected: [] } });
  await f("202 without sums", { status: 202, type: "application/json", body: {} });
  await f("511", { status: 511, type: "text/html" });
  await f("500", { status: 500, type: "application/json", body: {} });
  await f("400 of a proxy", { status: 400, type: "text/html" });
  await f("403 of a portal", { status: 403, type: "text/html" });
  await f("401 of a portal", { status: 401, type: "text/html" });
});

test("a poisoned vote is set aside, its neighbours count", async () => {
  const { world, service, disk, device, key } = await setUp();
  service.interfere = (request) => to("/v1/votes")(request) ? "cut" : undefined;
  for (let i = 0; i < 9; i++) await press(device, key, i === 4 ? "yellow" : "green");
  service.interfere = ({ url, body }) => url.endsWith("/v1/votes") && (body as { votes: { face?: string }[] }).votes.some(({ face }) => face === "yellow") ? problemOf(400, "malformed-body") : undefined;
  await world.pass(60_000);
  assert.equal(service.counted(), 8);
  assert.deepEqual(service.streams.get("s1")!.get(5), { seq: 5 });
  assert.equal(disk.votes().length, 0);
});

test("413 halves, and the next batch is as small", async () => {
  const { world, service, device, key } = await setUp();
  service.interfere = (request) => to("/v1/votes")(request) ? "cut" : undefined;
  for (let i = 0; i < 20; i++) await press(device, key);
  service.interfere = ({ url, body }) => url.endsWith("/v1/votes") && (body as { votes: unknown[] }).votes.length > 6 ? problemOf(413, "too-many-votes") : undefined;
  await world.pass(60_000);
  assert.equal(service.counted(), 20);
});

test("no request before Retry-After, and not all at once after it", async () => {
  const { world, service, device, key } = await setUp();
  let refused = 0;
  service.interfere = (request) => to("/v1/votes")(request) ? (refused++, { ...problemOf(503, "overloaded"), retryAfter: 60_000 }) : undefined;
  world.chance = 0.9;
  await press(device, key);
  await settle();
  assert.equal(refused, 1);
  for (let i = 0; i < 10; i++) { await press(device, key); await world.pass(5900); }
  assert.equal(refused, 1, "a press is no reason to ask earlier");
  await world.pass(14_000);
  assert.equal(refused, 1, "after the 60 s comes a part by chance");
  await world.pass(1000);
  assert.equal(refused, 2);
});

test("another token: votes are kept, and asked for slowly; revoked: stopped", async () => {
  for (const [code, status, trouble] of [["unknown-token", 401, "token"], ["revoked-terminal", 403, "revoked"]] as const) {
    const { world, service, disk, device, key } = await setUp();
    service.interfere = () => "cut";
    for (let i = 0; i < 50; i++) await press(device, key);
    service.interfere = () => problemOf(status, code);
    await world.pass(10 * 60_000);
    const before = service.asked.length;
    if (status === 403) await assert.rejects(press(device, key), "what is not counted is not thanked for");
    await world.pass(30 * 60_000);
    assert.ok(service.asked.length - before <= 6, `${status}: asked ${service.asked.length - before} times in 30 minutes`);
    assert.equal(device.troubles()[0]?.trouble, trouble);
    assert.equal(disk.votes().length, 50);
    service.interfere = () => undefined;
    await world.pass(3 * 3_600_000);
    assert.equal(service.counted(), 50);
    await press(device, key);
  }
});

test("of two terminals one is revoked: the other takes votes, also after a restart", async () => {
  const of = await setUp();
  await of.device.add(["other"]);
  await settle();
  const [first, second] = of.device.terminals.map(({ key }) => key) as [string, string];
  of.service.interfere = ({ token }) => token === "token" ? problemOf(403, "revoked-terminal") : undefined;
  await press(of.device, first);
  await of.world.pass(1000);
  assert.deepEqual(of.device.voting.map(({ key }) => key), [second]);
  await press(of.device, second);
  of.device.end();
  const device = await begin(of);
  assert.deepEqual(device.voting.map(({ key }) => key), [second]);
  await assert.rejects(press(device, first));
  await press(device, second);
  await of.world.pass(60_000);
  assert.deepEqual([of.service.counted(), of.disk.votes().length], [2, 1]);
});

test("a closed terminal sends what it holds, and takes no more", async () => {
  const { world, service, disk, device, key } = await setUp();
  await press(device, key);
  await world.pass(60_000);
  service.interfere = ({ url, body }) => url.endsWith("/v1/votes") ? { status: 202, type: "application/json", body: { accepted: 0, rejected: (body as { votes: { seq: number }[] }).votes.map(({ seq }) => ({ index: 0, seq, code: "closed" })), warnings: [] } } : undefined;
  await press(device, key);
  await world.pass(1000);
  assert.deepEqual(device.voting, []);
  await assert.rejects(press(device, key));

  const other = await setUp();
  other.service.interfere = () => "cut";
  for (let i = 0; i < 3; i++) await press(other.device, other.key);
  other.device.end();
  other.disk.kept.device.get("device")!.marker = "other"; // It must not go on in its stream.
  other.service.interfere = (request) => to("/v1/streams")(request) ? problemOf(403, "closed-terminal") : undefined;
  const again = await begin(other);
  await other.world.pass(60_000);
  assert.deepEqual([other.service.counted(), other.disk.votes().length, again.voting.length], [3, 0, 0]);
  assert.equal(disk.votes().length, 1);
});

test("a storage that nobody can read is given up when another can be kept, and not before", async () => {
  const of = await setUp();
  await press(of.device, of.key);
  await of.world.pass(60_000);
  const broken = async (minutes: number) => {
    of.disk.broken = true;
    of.disk.close();
    await assert.rejects(press(of.device, of.key));
    await of.world.pass(minutes * 60_000);
  };
  of.disk.other = false; // The disk: what is on it may be read again.
  await broken(120);
  assert.deepEqual([of.device.state, of.disk.broken], ["broken", true]);
  of.disk.broken = false;
  await of.world.pass(60_000);
  await press(of.device, of.key);
  await of.world.pass(60_000);
  assert.deepEqual([of.device.state, of.service.streams.size, of.service.counted()], ["ready", 1, 2]);
  of.disk.other = true;
  await broken(4);
  assert.deepEqual([of.device.state, of.disk.broken], ["broken", true], "four minutes may be anything");
  await of.world.pass(10 * 60_000);
  assert.equal(of.device.state, "ready");
  await press(of.device, of.key);
  await of.world.pass(60_000);
  assert.deepEqual([of.service.streams.size, of.service.counted(), of.service.conflicts], [2, 3, 0]);
});

test("a storage that is gone: the press is not thanked, the next is, in a new stream", async () => {
  const { world, service, disk, device, key } = await setUp();
  await press(device, key);
  await settle();
  disk.wipe();
  await assert.rejects(press(device, key));
  await world.pass(1000);
  await press(device, device.terminals[0]!.key);
  await world.pass(30_000);
  assert.deepEqual([service.streams.size, service.counted(), service.conflicts], [2, 2, 0]);
});

test("a storage that is full: nothing is thanked while it is, and it goes on by itself", async () => {
  const { world, service, disk, device, key } = await setUp();
  disk.full = true;
  await assert.rejects(press(device, key));
  await settle();
  assert.equal(device.state, "broken");
  disk.full = false;
  await world.pass(60_000);
  assert.equal(device.state, "ready");
  await press(device, key);
  await world.pass(1000);
  assert.deepEqual([service.streams.size, service.counted()], [1, 1]);
});

test("a storage that is older than its marks takes no more votes in its stream", async () => {
  const of = await setUp();
  for (let i = 0; i < 5; i++) await press(of.device, of.key);
  await settle();
  const older = of.disk.copy();
  for (let i = 0; i < 5; i++) await press(of.device, of.key);
  await of.world.pass(1000);
  of.device.end();
  const device = await begin({ ...of, disk: older });
  await press(device, of.key, "red");
  await of.world.pass(30_000);
  assert.deepEqual([of.service.streams.size, of.service.counted(), of.service.conflicts], [2, 11, 0]);
});

test("restored with all of its marks: the watermark tells", async () => {
  const of = await setUp();
  for (let i = 0; i < 3; i++) await press(of.device, of.key);
  await settle();
  const older = { ...of, disk: of.disk.copy(), places: of.places.map(({ mark }) => { const note = new Note(); note.mark = structuredClone(mark); return note; }) };
  for (let i = 0; i < 3; i++) await press(of.device, of.key);
  await of.world.pass(1000);
  of.device.end();
  of.service.interfere = () => "cut"; // It begins without a network.
  const device = await begin(older);
  await press(device, of.key, "red");
  of.service.interfere = () => undefined;
  await of.world.pass(10 * 60_000);
  assert.deepEqual([of.service.streams.size, of.service.counted(), of.service.conflicts], [2, 7, 0]);
});

test("two copies at once: the heartbeat tells before either votes", async () => {
  const of = await setUp();
  of.service.heartbeats = "kept";
  const copy = { ...of, world: new Made("b"), disk: of.disk.copy(), places: of.places.map(({ mark }) => { const note = new Note(); note.mark = structuredClone(mark); return note; }) };
  of.device.end();
  const [one, other] = [await begin(of), await begin(copy)];
  for (let i = 0; i < 5; i++) { await press(one, of.key, "green"); await press(other, of.key, "red"); await settle(); }
  await of.world.pass(60_000);
  await copy.world.pass(60_000);
  assert.deepEqual([of.service.counted(), of.service.conflicts], [10, 0]);
});

test("without a network at the start, votes get their numbers when there is one", async () => {
  const of = await setUp();
  await press(of.device, of.key);
  await settle();
  of.device.end();
  of.service.interfere = () => "cut";
  const device = await begin(of);
  for (let i = 0; i < 4; i++) await press(device, of.key);
  const open = await device.press(of.key, { face: "red", open: true });
  assert.deepEqual(of.disk.votes().filter(({ queue }) => queue.startsWith("?")).length, 5);
  of.service.interfere = () => undefined;
  await of.world.pass(10 * 60_000);
  assert.equal(of.service.counted(), 5, "the open one waits for its reason");
  await device.seal(open, "staff");
  await of.world.pass(60_000);
  assert.deepEqual([of.service.streams.size, of.service.counted(), of.service.conflicts, of.disk.votes().length], [1, 6, 0, 0]);
  assert.equal(of.service.streams.get("s1")!.get(6)?.reason, "staff");
});

test("what was open when the device went down is sealed as left", async () => {
  const of = await setUp();
  await of.device.press(of.key, { face: "red", open: true });
  await of.world.pass(60_000);
  assert.equal(of.service.counted(), 0);
  of.device.end();
  await begin(of);
  await of.world.pass(1000);
  assert.equal(of.service.streams.get("s1")!.get(1)?.reason, "timeout");
});

test("a stream that the service does not know any more: kept, not sent under another", async () => {
  const { world, service, disk, device, key } = await setUp();
  service.interfere = (request) => to("/v1/votes")(request) ? "cut" : undefined;
  for (let i = 0; i < 3; i++) await press(device, key);
  service.streams.clear();
  service.streams.set("x", new Map());
  service.interfere = () => undefined;
  await world.pass(60_000);
  await press(device, key, "red");
  await world.pass(60_000);
  assert.deepEqual([service.counted(), disk.votes().length, disk.votes()[0]!.queue], [1, 3, "s1"]);
});

test("a watermark that falls: what is still there is sent again", async () => {
  const { world, service, disk, device, key } = await setUp();
  service.interfere = (request) => to("/watermark")(request) ? "cut" : undefined;
  for (let i = 0; i < 3; i++) await press(device, key);
  await settle();
  service.streams.get("s1")!.clear();
  service.interfere = () => undefined;
  await world.pass(5 * 60_000);
  assert.equal(service.counted(), 0, "a service may be behind for a while");
  await world.pass(20 * 60_000);
  assert.deepEqual([service.counted(), disk.votes().length], [3, 0]);
});
