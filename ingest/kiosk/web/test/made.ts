// What tests have instead of a machine, a disk and a service.

import type { Key, Rows, Storage, Table, Tables, Vote } from "../src/client/storage.ts";
import type { Answer, Net, Request } from "../src/client/wire.ts";
import type { Mark, Place } from "../src/client/marks.ts";
import type { World } from "../src/client/world.ts";

// A Made world has time that passes when a test says so.
export class Made implements World {
  at = Date.parse("2026-11-27T10:00:00Z"); // The server's clock, which is right.
  off = 0; // The wall less the server's clock.
  slept = 0; // How long the clock that never jumps stood still.
  chance = 0.5;
  private ids = 0;
  private due: { at: number; then: () => void }[] = [];

  constructor(private readonly name = "a") {}

  wall(): number { return this.at + this.off; }
  mono(): number { return this.at - Date.parse("2026-11-27T09:00:00Z") - this.slept; }
  random(): number { return this.chance; }
  id(): string { return `${this.name}${++this.ids}`; }
  after(milliseconds: number, then: () => void): () => void {
    const one = { at: this.at + milliseconds, then };
    this.due.push(one);
    return () => void (this.due = this.due.filter((other) => other !== one));
  }

  // pass lets time pass, and what was to be done in it be done at its moment.
  async pass(milliseconds: number): Promise<void> {
    const end = this.at + milliseconds;
    for (;;) {
      await settle();
      const [first] = this.due.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (!first) break;
      this.due = this.due.filter((other) => other !== first);
      this.at = Math.max(this.at, first.at);
      first.then();
    }
    this.at = end;
  }
}

export async function settle(): Promise<void> {
  for (let i = 0; i < 30; i++) await new Promise((done) => setImmediate(done));
}

type Kept = { [T in Table]: Map<string, Rows[T]> };
const nothing = (): Kept => ({ terminals: new Map(), streams: new Map(), votes: new Map(), device: new Map() });
const named = (key: Key): string => typeof key === "string" ? key : `${key[0]} ${String(key[1]).padStart(16, "0")}`;
const keyOf = (table: Table, row: Rows[Table]): string =>
  table === "votes" ? named([(row as Vote).queue, (row as Vote).seq]) : table === "streams" ? (row as Rows["streams"]).stream : (row as { key: string }).key;

// A Disk keeps rows over runs, may be copied, and fails as it is told.
export class Disk implements Storage {
  kept = nothing();
  full = false; // Nothing can be written.
  broken = false; // It cannot be opened.
  other = true; // Another on the same disk would be there when it is opened again.
  private isOpen = false;
  private turn: Promise<unknown> = Promise.resolve();

  copy(): Disk {
    const other = new Disk();
    other.kept = structuredClone(this.kept);
    return other;
  }
  wipe(): void { this.kept = nothing(); this.isOpen = false; }

  async open(): Promise<void> {
    if (this.broken) throw new Error("Internal error opening backing store");
    this.isOpen = true;
  }
  close(): void { this.isOpen = false; }
  leave(): void { this.wipe(); this.broken = false; }
  read<R>(work: (tables: Tables) => Promise<R>): Promise<R> { return this.run(work, false); }
  write<R>(work: (tables: Tables) => Promise<R>): Promise<R> { return this.run(work, true); }

  private run<R>(work: (tables: Tables) => Promise<R>, writes: boolean): Promise<R> {
    const mine = this.turn.then(async () => {
      if (!this.isOpen) throw new Error("InvalidStateError");
      const copy = writes ? structuredClone(this.kept) : this.kept;
      const result = await work(new Over(copy));
      if (writes && this.full) throw new Error("QuotaExceededError");
      if (writes) this.kept = copy;
      return result;
    });
    this.turn = mine.catch(() => {});
    return mine;
  }

  votes(): Vote[] { return [...this.kept.votes.entries()].sort(([a], [b]) => a < b ? -1 : 1).map(([, vote]) => vote); }
}

class Over implements Tables {
  constructor(private readonly kept: Kept) {}
  async get<T extends Table>(table: T, key: Key): Promise<Rows[T] | undefined> { return structuredClone((this.kept[table] as Map<string, Rows[T]>).get(named(key))); }
  async put<T extends Table>(table: T, row: Rows[T]): Promise<void> { (this.kept[table] as Map<string, Rows[T]>).set(keyOf(table, row), structuredClone(row)); }
  async remove(table: Table, key: Key): Promise<void> { this.kept[table].delete(named(key)); }
  async all<T extends Table>(table: T): Promise<Rows[T][]> { return structuredClone([...(this.kept[table] as Map<string, Rows[T]>).values()]); }
  async votes(queue: string, from: number, most: number): Promise<Vote[]> {
    return structuredClone([...this.kept.votes.values()].filter((vote) => vote.queue === queue && vote.seq >= from).sort((a, b) => a.seq - b.seq).slice(0, most));
  }
}

export class Note implements Place {
  mark: Mark | null = null;
  async read(): Promise<Mark | null> { return structuredClone(this.mark); }
  async write(mark: Mark): Promise<void> { this.mark = structuredClone(mark); }
}

interface Sent { seq: number; face?: string; reason?: string; age_ms?: number; at?: string }

// A Service is as much of mlf as a terminal sees. The first content of a number counts.
export class Service {
  streams = new Map<string, Map<number, Sent>>(); // What counts, by stream and number.
  asked: Request[] = [];
  conflicts = 0;
  duplicates = 0;
  interfere: (request: Request) => Partial<Answer> | "cut" | "lost" | undefined = () => undefined; // "lost": done, and the answer cut.
  heartbeats: "none" | "kept" = "none";
  lastInstall = "";
  config: unknown = null;

  constructor(private readonly world: Made) {}

  net: Net = async (request) => {
    this.asked.push(structuredClone(request));
    const how = this.interfere(request);
    if (how === "cut") throw new Error("cut");
    const answer = how && how !== "lost" ? { status: 500, type: "text/html", body: undefined, ...how } : this.answer(request);
    if (how === "lost") throw new Error("cut after it was done");
    return { date: Math.floor(this.world.at / 1000) * 1000, retryAfter: 0, etag: "", ...answer } as Answer;
  };

  private answer({ url, method, body }: Request): Partial<Answer> {
    const { pathname, searchParams } = new URL(url);
    const json = (status: number, value: unknown): Partial<Answer> => ({ status, type: "application/json", body: value });
    if (pathname === "/v1/streams") {
      const stream = `s${this.streams.size + 1}`;
      this.streams.set(stream, new Map());
      return json(201, { stream, first_seq: 1 });
    }
    if (pathname === "/v1/votes") {
      const { stream, votes } = body as { stream: string; votes: Sent[] };
      const counted = this.streams.get(stream);
      if (!counted) return problemOf(403, "foreign-stream");
      for (const vote of votes) {
        const first = counted.get(vote.seq);
        if (!first) counted.set(vote.seq, vote);
        else if (first.face === vote.face) this.duplicates++;
        else this.conflicts++;
      }
      return json(202, { accepted: votes.length, rejected: [], warnings: [] });
    }
    if (pathname.endsWith("/watermark")) {
      const stream = searchParams.get("stream")!;
      const counted = this.streams.get(stream);
      if (!counted) return problemOf(403, "foreign-stream");
      const highest = Math.max(0, ...counted.keys());
      const missing: [number, number][] = [];
      for (let seq = 1; seq <= highest; seq++) if (!counted.has(seq)) missing.push([seq, seq]);
      return json(200, { stream, highest, missing, as_of: "" });
    }
    if (pathname === "/v1/heartbeats" && this.heartbeats === "kept") {
      const { install, previous } = body as { install: string; previous: string };
      if (this.lastInstall !== "" && previous !== this.lastInstall && install !== this.lastInstall) return problemOf(409, "copied");
      this.lastInstall = install;
      return json(200, { interval_s: 300, config: "" });
    }
    if (pathname.endsWith("/config") && this.config) return json(200, this.config);
    return problemOf(404, method === "GET" || method === "POST" ? "not-found" : "method-not-allowed");
  }

  counted(): number { return [...this.streams.values()].reduce((n, counted) => n + [...counted.values()].filter(({ face }) => face).length, 0); }
  votesAsked(): Request[] { return this.asked.filter(({ url }) => url.endsWith("/v1/votes")); }
}

export const problemOf = (status: number, code: string): Partial<Answer> =>
  ({ status, type: "application/problem+json", body: { type: `urn:mlf:problem:${code}`, status } });
