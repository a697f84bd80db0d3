// A Device is what stands before citizens: one or several terminals, one storage. It takes
// votes as long as it can store them, and sends them when it can.

import { Clock } from "./clock.ts";
import { doubted, type Mark, type Place } from "./marks.ts";
import * as queue from "./queue.ts";
import { Sender } from "./sender.ts";
import { votes, type Claim, type Device as Row, type Ignored, type Storage, type Terminal } from "./storage.ts";
import type { Config, Net } from "./wire.ts";
import type { World } from "./world.ts";

export interface Options {
  storage: Storage;
  places: Place[];
  net: Net;
  world: World;
  api: (path: string) => string;
  facts: () => Promise<Record<string, unknown>>;
  exclusive: <R>(work: () => Promise<R>) => Promise<R>; // One drain at a time, whoever else there is.
  changed: () => void;
  survives: () => Promise<boolean>; // A storage that is new is there when it is opened again.
  failed: (reason: unknown) => void; // Told of what went wrong on this device, for its console.
}

// A State is whether votes can be taken: not yet, not before it was set up, yes, no.
export type State = "starting" | "unset" | "ready" | "broken";

const MEND = 1000; // Milliseconds; the bound of the first wait for a storage that fails,
const MENDS = 30_000; // and of any.
const UNREAD = 20; // Times in a row that it cannot be read, over some seven minutes, before it is given up.
const HANGS = 5000; // Milliseconds after which a storage or a place is taken to be out of order.

export class Device {
  state: State = "starting";
  terminals: Terminal[] = []; // In the order of set-up, as they were last read.
  private row: Row;
  private clock: Clock;
  private senders = new Map<string, Sender>();
  private cancel = () => {};
  private turning: Promise<void> | null = null;
  private again = false;
  private breaks = 0;
  private unread = 0; // Times in a row that it could not be opened, or not be read.
  private mending: Promise<boolean> | null = null;
  private healing = false;
  private began = false;
  private next: Record<string, number> = {};
  private ended = false;

  constructor(private readonly with_: Options) {
    this.row = this.fresh();
    this.clock = new Clock(with_.world, 0);
  }

  // start opens the storage, or goes on trying; it returns when votes can be taken or the
  // device is to be set up.
  async start(): Promise<void> {
    while (!await this.mend()) await this.pause();
    this.kick();
  }

  end(): void {
    this.ended = true;
    this.cancel();
    this.with_.storage.close();
  }

  // press stores a vote of a terminal. It is on the disk when this returns; where it
  // throws, the citizen must be told that it is not.
  async press(key: string, cast: queue.Cast): Promise<queue.Ticket> {
    return this.guarded(async () => {
      const ticket = await queue.press(this.with_.storage, key, this.senders.get(key)?.goesOn ?? "", cast, this.clock.now());
      if (ticket.queue in this.next) {
        this.next[ticket.queue] = Math.max(this.next[ticket.queue]!, ticket.seq + 1);
        void this.mark();
      }
      if (!cast.open) this.kick();
      return ticket;
    });
  }

  // seal closes a vote that was open for a reason.
  async seal(ticket: queue.Ticket, reason: string): Promise<void> {
    await this.guarded(() => queue.seal(this.with_.storage, ticket, reason));
    this.kick();
  }

  // ignored counts a press that was none: misuse is told, not stored as votes.
  ignored(kind: keyof Ignored): void {
    this.row.ignored[kind]++;
  }

  // add sets up terminals by their tokens; config is theirs, where it is known already.
  async add(tokens: readonly string[], config: Config | null = null): Promise<void> {
    const { storage, world } = this.with_;
    const since = world.wall();
    await storage.write(async (tables) => {
      const known = (await tables.all("terminals")).map(({ token }) => token);
      for (const [i, token] of tokens.filter((one) => !known.includes(one)).entries()) await tables.put("terminals", { ...terminal(world.id(), token, since + i), config });
      this.row.claim = null;
      await tables.put("device", this.row);
    });
    await this.load();
    await this.mark();
    this.to(this.terminals.length > 0 ? "ready" : "unset");
    this.kick();
  }

  // claim is one that was begun; so that it can be sent again, it is stored before.
  get claim(): Claim | null { return this.row.claim; }
  async keep(claim: Claim | null): Promise<void> { await this.note({ claim }); }

  // exchange gives a terminal another token: its votes and its stream stay.
  async exchange(key: string, token: string): Promise<void> {
    await this.with_.storage.write(async (tables) => {
      const before = await tables.get("terminals", key);
      if (before) await tables.put("terminals", { ...before, token });
    });
    await this.load();
    await this.mark();
    const sender = this.senders.get(key);
    if (sender) sender.notBefore = 0;
    this.kick();
  }

  // voting are the terminals that take votes.
  get voting(): Terminal[] { return this.terminals.filter(votes); }

  troubles(): Sender[] { return [...this.senders.values()].filter(({ trouble }) => trouble !== ""); }
  waiting(key: string): Promise<queue.Waiting> { return queue.waiting(this.with_.storage, key); }

  // kick has what is there sent now, unless a server said when not.
  kick(): void {
    if (this.ended) return;
    this.again = true;
    this.cancel();
    this.turning ??= this.turns().finally(() => {
      this.turning = null;
      if (this.again) this.kick(); // It was asked for after the last look.
    });
  }

  // settled returns when nothing is being sent.
  async settled(): Promise<void> { while (this.turning) await this.turning; }

  private async turns(): Promise<void> {
    let wait = Infinity;
    while (this.again && !this.ended) {
      this.again = false;
      wait = Infinity;
      if (this.state !== "ready") return;
      for (const sender of this.senders.values()) {
        try {
          wait = Math.min(wait, await this.with_.exclusive(() => sender.turn()));
        } catch (reason) { // The storage: a press would fail as well.
          if (this.ended) return;
          this.with_.failed(reason);
          void this.mended(); // It has what is left sent when it is done.
          return;
        }
      }
      await this.count().then(() => this.mark(), () => {});
    }
    if (wait < Infinity && !this.ended) this.cancel = this.with_.world.after(wait, () => this.kick());
  }

  private async guarded<R>(work: () => Promise<R>): Promise<R> {
    if (this.state !== "ready") throw new Error(`votes cannot be taken: ${this.state}`);
    try {
      return await work();
    } catch (reason) {
      this.with_.failed(reason);
      if (!(reason instanceof queue.Revoked)) void this.mended();
      throw reason;
    }
  }

  // mended mends the storage, however long it takes.
  private async mended(): Promise<void> {
    if (this.healing) return;
    this.healing = true;
    while (!this.ended && !await this.mend()) await this.pause();
    this.healing = false;
    this.cancel();
    this.cancel = this.with_.world.after(MEND, () => this.kick());
  }

  private patience(): number {
    return Math.min(MENDS, MEND * 2 ** Math.min(this.breaks, 10)) * (0.5 + 0.5 * this.with_.world.random());
  }

  private pause(): Promise<void> {
    return new Promise((done) => void this.with_.world.after(this.patience(), done));
  }

  // mend opens the storage anew and looks what it is: as it was, or another. False: it
  // cannot be used, and whoever waits shall try again.
  private mend(): Promise<boolean> {
    this.mending ??= this.reopen().then(
      () => { this.breaks = 0; return true; },
      (reason: unknown) => { this.with_.failed(reason); this.breaks++; this.to("broken"); return false; },
    ).finally(() => { this.mending = null; });
    return this.mending;
  }

  private async reopen(): Promise<void> {
    const { storage, places, world } = this.with_;
    if (++this.unread > UNREAD) await this.giveUp();
    await this.within(storage.open());
    const marks = await Promise.all(places.map((place) => this.within(place.read()).catch(() => null)));
    const [row, terminals, streams] = await storage.read(async (tables) => [await tables.get("device", "device"), await tables.all("terminals"), await tables.all("streams")] as const);
    this.unread = 0;
    if (row) this.row = row;
    const lost = terminals.length === 0 ? this.remembered(marks) : [];
    if (lost.length > 0) await this.restore(lost);
    else if (row) await this.check(doubted(row.marker, streams.filter(({ old }) => !old), marks));
    if (!this.began) this.clock = new Clock(world, this.row.skew);
    this.began = true;
    await this.load();
    for (const { key } of this.terminals) await queue.sealLeft(storage, key); // Nobody stands before what was out of order.
    await this.put(); // It can be written, too.
    await this.count();
    await this.mark();
    this.to(this.terminals.length > 0 ? "ready" : "unset");
  }

  // giveUp leaves a storage that nobody can read any more. Where another can be kept it is
  // not the disk, and waiting mends nothing: what is in it is lost, and the marks tell who
  // this device was. Chromium cannot even delete it.
  private async giveUp(): Promise<void> {
    if (!await this.within(this.with_.survives()).catch(() => false)) return;
    this.with_.storage.leave();
    this.unread = 0;
  }

  // remembered are the terminals that this device was, by what it has in memory or marks.
  private remembered(marks: readonly (Mark | null)[]): Mark["terminals"] {
    if (this.terminals.length > 0) return this.terminals; // The storage went from under it.
    return marks.find((mark) => mark !== null && mark.terminals.length > 0)?.terminals ?? [];
  }

  // restore sets up what the device was in a storage that is new: with streams of its own.
  private async restore(terminals: Mark["terminals"]): Promise<void> {
    this.row = { ...this.row, marker: this.with_.world.id(), lost: true };
    this.next = {};
    await this.with_.storage.write(async (tables) => {
      for (const { key, token, since } of terminals) {
        const before = this.terminals.find((one) => one.key === key);
        await tables.put("terminals", { ...terminal(key, token, since), config: before?.config ?? null, etag: before?.etag ?? "" });
      }
      await tables.put("device", this.row);
    });
    for (const sender of this.senders.values()) sender.goesOn = "";
  }

  // check ends the streams that may not go on.
  private async check(streams: Set<string>): Promise<void> {
    if (streams.size === 0) return;
    this.row = { ...this.row, marker: this.with_.world.id(), lost: true };
    this.next = {};
    await this.with_.storage.write(async (tables) => {
      for (const name of streams) {
        const stream = (await tables.get("streams", name))!;
        await tables.put("streams", { ...stream, old: true });
        const of = await tables.get("terminals", stream.terminal);
        if (of?.stream === name) await tables.put("terminals", { ...of, stream: "" });
        const sender = this.senders.get(stream.terminal);
        if (sender) sender.goesOn = "";
      }
      await tables.put("device", this.row);
    });
  }

  private async load(): Promise<void> {
    const { storage, world, net, api, facts } = this.with_;
    this.terminals = (await storage.read((tables) => tables.all("terminals"))).sort((a, b) => a.since - b.since);
    const around = {
      storage, net, world, api, device: () => this.row, note: (change: Partial<Row>) => this.note(change),
      facts: async () => { const found = await facts(); return { ...found, storage: { ...found["storage"] as object, lost: this.row.lost } }; },
      clock: this.clock, changed: () => void this.reload(),
    };
    for (const { key } of this.terminals) if (!this.senders.has(key)) this.senders.set(key, new Sender(key, around));
  }

  private async reload(): Promise<void> {
    try {
      this.terminals = (await this.with_.storage.read((tables) => tables.all("terminals"))).sort((a, b) => a.since - b.since);
    } catch { /* It is mended by whoever writes. */ }
    this.with_.changed();
  }

  private fresh(): Row {
    return { key: "device", marker: this.with_.world.id(), lost: false, skew: 0, ignored: { double: 0, multi: 0, repeat: 0 }, claim: null };
  }

  private async note(change: Partial<Row>): Promise<void> {
    Object.assign(this.row, change);
    await this.put();
  }

  private put(): Promise<void> { return this.with_.storage.write((tables) => tables.put("device", this.row)); }

  // count reads how far the streams are that take votes.
  private async count(): Promise<void> {
    const streams = await this.with_.storage.read((tables) => tables.all("streams"));
    this.next = Object.fromEntries(streams.filter(({ old }) => !old).map(({ stream, next }) => [stream, Math.max(next, this.next[stream] ?? 0)]));
  }

  // mark writes down outside what the storage must know.
  private async mark(): Promise<void> {
    const mark: Mark = { marker: this.row.marker, next: this.next, terminals: this.terminals.map(({ key, token, since }) => ({ key, token, since })) };
    await Promise.all(this.with_.places.map((place) => this.within(place.write(mark)).catch(() => {})));
  }

  // within is what a promise comes to, if it comes to something in time: on a disk that was
  // full, some never do.
  private within<R>(what: Promise<R>): Promise<R> {
    return new Promise((done, fail) => {
      const cancel = this.with_.world.after(HANGS, () => fail(new Error(`there is no answer within ${HANGS} ms`)));
      what.then(done, fail).finally(cancel);
    });
  }

  private to(state: State): void {
    if (this.state === state) return;
    this.state = state;
    this.with_.changed();
  }
}

const terminal = (key: string, token: string, since: number): Terminal =>
  ({ key, token, since, stream: "", loose: 1, install: "", candidate: "", config: null, etag: "" });
