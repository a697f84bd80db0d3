// Sending the votes of one terminal: in batches, oldest first, until the watermark has
// them. Whatever was not said clearly is unknown, and is sent again.

import type { Clock } from "./clock.ts";
import { iso } from "./clock.ts";
import * as queue from "./queue.ts";
import type { Device, Storage, Terminal, Vote } from "./storage.ts";
import { configOf, ours, plain, problem, rejected, taken, watermarkOf, type Answer, type Config, type Net, type Request, type Watermark } from "./wire.ts";
import { patience, type World } from "./world.ts";

// Around is what all terminals of a device share.
export interface Around {
  storage: Storage;
  net: Net;
  world: World;
  clock: Clock;
  api: (path: string) => string; // The address of a path of the service.
  device: () => Device;
  note: (change: Partial<Device>) => Promise<void>; // Changes the device's row.
  facts: () => Promise<Record<string, unknown>>; // What the heartbeat tells of the machine.
  changed: () => void;
}

// Trouble is why a terminal does not send, for whoever looks after it.
export type Trouble = "" | "offline" | "token" | "revoked" | "refused";

const BATCH = 500; // Votes; the service takes 1,000.
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const MARKED = 10_000; // Between two looks at the watermark while votes are kept,
const IDLE = 2 * MINUTE; // and while none are: another may vote in our stream.
const CONFIGURED = 15 * MINUTE;

// A Pause ends a turn: nothing more can be done for so long.
class Pause {
  constructor(readonly milliseconds: number, readonly trouble: Trouble) {}
}

export class Sender {
  trouble: Trouble = "";
  goesOn = ""; // The stream that may take new votes: it was asked for in this run, or its watermark was read.
  failures = 0;
  notBefore = 0; // By the clock that never jumps.
  private size = BATCH;
  private marked = new Map<string, number>(); // When a stream's watermark was read.
  private configuredAt = -Infinity;
  private beatAt = -Infinity;
  private interval = 5 * MINUTE;
  private beats = true; // The service knows heartbeats.
  private copied = false; // It was told that there is another like it.
  private named = ""; // What this run names itself next,
  private unheard = ""; // and what the run before may have.
  private absent = new Map<number, number>(); // Numbers that nobody has, and since when.

  constructor(readonly key: string, private readonly around: Around) {}

  // turn does what there is to do, and returns after how many milliseconds there is more.
  async turn(): Promise<number> {
    const { world, changed } = this.around;
    const early = this.notBefore - world.mono();
    if (early > 0) return early;
    const before = this.trouble;
    try {
      const wait = await this.work();
      this.failures = 0;
      this.trouble = "";
      return wait;
    } catch (reason) {
      if (!(reason instanceof Pause)) throw reason;
      this.trouble = reason.trouble;
      this.notBefore = world.mono() + reason.milliseconds;
      return reason.milliseconds;
    } finally {
      if (before !== this.trouble) changed();
    }
  }

  private async work(): Promise<number> {
    const { storage, world } = this.around;
    const { revoked } = await this.terminal();
    if (world.mono() - this.configuredAt > CONFIGURED) await this.configure();
    if (revoked) await this.put({ revoked: false }); // It was answered.
    if (world.mono() - this.beatAt > this.interval) await this.beat();
    if (this.goesOn === "") await this.admit();
    while (await queue.adopt(storage, this.key, this.goesOn) > 0) { /* Until none is loose. */ }
    const names = (await storage.read((tables) => queue.queues(tables, this.key))).slice(0, -1);
    for (const name of names) await this.drain(name);
    let kept = 0;
    for (const name of names) kept += await this.mark(name);
    return kept > 0 ? MARKED : IDLE;
  }

  private async terminal(): Promise<Terminal> {
    const found = await this.around.storage.read((tables) => tables.get("terminals", this.key));
    if (!found) throw new queue.Gone(`there is no terminal ${this.key} in the storage`);
    return found;
  }

  private async put(change: Partial<Terminal>): Promise<void> {
    await this.around.storage.write(async (tables) => {
      const terminal = await tables.get("terminals", this.key);
      if (terminal) await tables.put("terminals", { ...terminal, ...change });
    });
  }

  // ask sends a request, and believes the clock of an answer that is the service's. What
  // ends a turn whatever was asked ends it here.
  private async ask(request: Request): Promise<Answer> {
    let answer: Answer;
    const asked = this.around.world.mono();
    try {
      answer = await this.around.net(request);
    } catch {
      throw this.later(0);
    }
    if (ours(answer)) {
      this.around.clock.heard(answer.date, this.around.world.mono() - asked);
      const { skew } = this.around.clock;
      if (skew !== this.around.device().skew) await this.around.note({ skew });
    }
    const code = problem(answer);
    const stale = answer.status === 401 && request.token !== (await this.terminal()).token;
    if (stale) throw new Pause(0, ""); // It was given another meanwhile.
    if (answer.status === 401 && code) throw new Pause((5 + 5 * this.around.world.random()) * MINUTE, "token");
    if (answer.status === 403 && code === "closed-terminal") { // It may send what it holds.
      await this.put({ closed: true });
      return answer;
    }
    if (answer.status === 403 && code === "revoked-terminal") await this.put({ revoked: true });
    if (answer.status === 403 && code && code !== "foreign-stream") throw new Pause((1 + this.around.world.random()) * HOUR, "revoked");
    return answer;
  }

  // later is a pause after an outcome that nobody knows.
  private later(retryAfter: number, trouble: Trouble = "offline"): Pause {
    this.failures++;
    return new Pause(patience(this.failures, retryAfter, this.around.world), trouble);
  }

  private async configure(): Promise<void> {
    const { token, etag, config } = await this.terminal();
    const answer = await this.ask({ method: "GET", url: this.around.api("v1/terminals/self/config"), token, ...(etag && { etag }) });
    const found = answer.status === 200 && answer.type === "application/json" ? configOf(answer.body) : null;
    if (found) await this.put({ config: found, etag: answer.etag });
    else if (answer.status === 404 && problem(answer)) { if (!config) await this.put({ config: plain() }); }
    else if (!(answer.status === 304 && config)) throw this.later(answer.retryAfter);
    this.configuredAt = this.around.world.mono();
    this.around.changed();
  }

  // beat tells the service how the device is. Each time it names itself anew and says what
  // it was called before: of a device and its copy, one says what nobody was called last.
  private async beat(): Promise<void> {
    if (!this.beats) return;
    const { storage, world, api, device, note, clock } = this.around;
    const { token, install, candidate, stream } = await this.terminal();
    if (this.named === "") { // Of this run: a copy of the device has another.
      this.named = world.id();
      this.unheard = candidate;
      await this.put({ candidate: this.named });
    }
    const next = this.named;
    const [row, sum] = [stream ? await storage.read((tables) => tables.get("streams", stream)) : undefined, await queue.waiting(storage, this.key)];
    const told = { ...device().ignored };
    const lost = device().lost;
    const now = clock.now();
    const answer = await this.ask({ method: "POST", url: api("v1/heartbeats"), token, body: {
      install: next, previous: install, seq: row ? row.next - 1 : 0, waiting: sum.votes, oldest_ms: sum.oldest ? Math.max(0, Math.round(now.at - sum.oldest)) : 0,
      clock: iso(world.wall()), pressed_ignored: told, ...await this.around.facts(),
    } });
    if (answer.status === 404 && problem(answer)) { // It knows none: the watermark tells of copies, later.
      await this.put({ candidate: "" });
      this.beats = false;
      return;
    }
    if (answer.status === 409 && problem(answer)) {
      if (this.unheard !== "") { // The run before went down between the answer and its note of it.
        await this.put({ install: this.unheard });
        this.unheard = "";
        return this.beat();
      }
      await this.put({ install: next });
      if (!this.copied) await this.begin(); // Whoever was copied before this run has a stream of its own now.
      this.copied = true;
      this.beatAt = world.mono();
      return;
    }
    if (answer.status !== 200 && answer.status !== 202) { // Nothing waits for a heartbeat.
      this.beatAt = world.mono();
      if (answer.retryAfter > 0 || this.goesOn === "" && answer.status >= 500) throw this.later(answer.retryAfter); // Who is full for this is full for votes.
      return;
    }
    await this.put({ install: next, candidate: "" });
    this.named = this.unheard = "";
    const { ignored } = device();
    await note({ lost: device().lost && !lost, ignored: { double: ignored.double - told.double, multi: ignored.multi - told.multi, repeat: ignored.repeat - told.repeat } });
    const body = (answer.body ?? {}) as { interval_s?: unknown; config?: unknown };
    const seconds = Number(body.interval_s);
    this.interval = (seconds >= 10 && seconds <= 86_400 ? seconds * 1000 : 5 * MINUTE) * (0.8 + 0.4 * world.random());
    this.beatAt = world.mono();
    if (typeof body.config === "string" && body.config !== "" && body.config !== (await this.terminal()).etag) this.configuredAt = -Infinity;
  }

  // admit finds the stream for new votes: the terminal's, if its watermark knows nothing of
  // it that the terminal does not, else another.
  private async admit(): Promise<void> {
    const { stream, closed } = await this.terminal();
    if (closed) return;
    if (stream === "") return this.begin();
    await this.mark(stream, true);
    if (this.goesOn === "") this.goesOn = (await this.terminal()).stream;
  }

  // begin asks for a new stream. The votes of the one before are sent to their end.
  private async begin(): Promise<void> {
    const { storage, api, changed } = this.around;
    const { token } = await this.terminal();
    const answer = await this.ask({ method: "POST", url: api("v1/streams"), token, body: {} });
    const { stream, first_seq: first } = (answer.body ?? {}) as { stream?: unknown; first_seq?: unknown };
    if (answer.status === 403 && problem(answer) === "closed-terminal") return;
    if (answer.status !== 201 || typeof stream !== "string" || stream === "" || stream.length > 64 || !Number.isSafeInteger(first) || (first as number) < 1) throw this.later(answer.retryAfter);
    await queue.renew(storage, this.key, stream, first as number);
    this.goesOn = stream;
    this.absent.clear();
    changed();
  }

  // drain sends all sealed votes of a stream.
  private async drain(stream: string): Promise<void> {
    const row = await this.around.storage.read((tables) => tables.get("streams", stream));
    if (!row || row.refused) return;
    for (;;) {
      const votes = await queue.batch(this.around.storage, stream, this.size);
      if (votes.length === 0) return;
      if (!await this.send(stream, votes)) return;
    }
  }

  // send sends votes, in halves where they are refused together; false: the stream is
  // not this terminal's any more.
  private async send(stream: string, votes: Vote[]): Promise<boolean> {
    const { storage, api, clock, world, changed } = this.around;
    const { token } = await this.terminal();
    const now = clock.now();
    const told = votes.map((vote) => wire(vote, clock, now));
    const dated = now.sure || told.some(({ at }) => at !== undefined); // Ages need no clock, and one that jumped makes them doubtful.
    const answer = await this.ask({ method: "POST", url: api("v1/votes"), token, body: { stream, ...(dated && { sent_at: iso(now.at) }), votes: told } });
    if (taken(answer, votes.length)) {
      this.failures = 0;
      this.size = Math.min(BATCH, this.size * 2);
      await queue.answered(storage, votes, world.wall());
      if (rejected(answer).includes("closed")) await this.put({ closed: true });
      changed();
      return true;
    }
    const code = problem(answer);
    if (answer.status === 403 && code === "foreign-stream") {
      await this.leave(stream);
      return false;
    }
    if (!code || answer.status !== 400 && answer.status !== 413) throw this.later(answer.retryAfter, [404, 405, 411, 415, 431].includes(answer.status) ? "refused" : "offline");
    if (votes.length > 1) {
      const half = Math.ceil(votes.length / 2);
      if (answer.status === 413) this.size = half;
      return await this.send(stream, votes.slice(0, half)) && this.send(stream, votes.slice(half));
    }
    const [vote] = votes as [Vote];
    // Of one that was set aside, the number alone is too much: others must not wait for it.
    await (vote.refused ? queue.answered(storage, votes, world.wall()) : queue.refuse(storage, vote));
    return true;
  }

  // leave keeps a stream that the service takes for another's, and goes on in a new one.
  private async leave(stream: string): Promise<void> {
    const { storage } = this.around;
    await storage.write(async (tables) => {
      const row = await tables.get("streams", stream);
      if (row) await tables.put("streams", { ...row, refused: true, old: true });
    });
    if (stream !== (await this.terminal()).stream) return;
    this.goesOn = "";
    await queue.abandon(storage, this.key, { refused: true });
    await this.begin();
  }

  // mark reads the watermark of a stream, and forgets what it has. It returns how many
  // votes are left to ask for.
  private async mark(stream: string, always = false): Promise<number> {
    const { storage, world } = this.around;
    const row = await storage.read((tables) => tables.get("streams", stream));
    if (!row || row.refused) return 0;
    if (!always && world.mono() - (this.marked.get(stream) ?? -Infinity) < MARKED * 0.9) return 1;
    const { token, config } = await this.terminal();
    const url = new URL(config?.watermark || this.around.api("v1/terminals/self/watermark"), this.around.api(""));
    url.searchParams.set("stream", stream);
    const answer = await this.ask({ method: "GET", url: url.href, token });
    if (answer.status === 403 && problem(answer)) {
      await this.leave(stream);
      return 0;
    }
    const mark = watermarkOf(answer, stream);
    if (!mark) throw this.later(answer.retryAfter);
    this.marked.set(stream, world.mono());
    const left = await queue.forget(storage, stream, mark, world.wall());
    const now = await storage.read((tables) => tables.get("streams", stream));
    if (now && !now.old && mark.highest >= now.next) { // Somebody else votes in it: this device was restored, or copied.
      this.goesOn = "";
      await this.around.note({ lost: true });
      await this.begin();
    } else if (!row.old) {
      await this.fill(stream, mark);
    }
    this.around.changed();
    return left;
  }

  // fill closes numbers that the watermark misses and that nobody has: their votes are
  // gone. It takes its time, since a service that has just begun may know less for a while.
  private async fill(stream: string, mark: Watermark): Promise<void> {
    const { storage, world, clock } = this.around;
    const seqs = mark.missing.flatMap(([first, last]) => Array.from({ length: Math.min(last - first + 1, 100) }, (_, i) => first + i)).slice(0, 1000);
    const gone = await storage.read(async (tables) => {
      const found: number[] = [];
      for (const seq of seqs) if (!await tables.get("votes", [stream, seq])) found.push(seq);
      return found;
    });
    const since = new Map(gone.map((seq) => [seq, this.absent.get(seq) ?? world.mono()]));
    this.absent = since;
    const due = gone.filter((seq) => world.mono() - since.get(seq)! > 10 * MINUTE);
    if (due.length > 0) await queue.close(storage, stream, due, clock.now());
  }
}

// wire is a vote as it is sent: one that was set aside is its number alone.
function wire(vote: Vote, clock: Clock, now: Parameters<Clock["told"]>[1]): Record<string, unknown> {
  const { seq, face, value, service, reason, refused } = vote;
  if (refused) return { seq };
  return { seq, ...clock.told(vote, now), face, value, service, reason }; // What is undefined is not written.
}

export type { Config };
