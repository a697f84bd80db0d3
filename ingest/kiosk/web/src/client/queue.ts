// The queue of votes: what is stored in one transaction, and what may be forgotten.

import type { Moment } from "./clock.ts";
import { loose, votes, type Storage, type Stream, type Tables, type Terminal, type Vote } from "./storage.ts";
import { closed, type Watermark } from "./wire.ts";

export type Cast = Pick<Vote, "face" | "value" | "service"> & { open: boolean };

// A Ticket says which vote is still open.
export interface Ticket { queue: string; seq: number }

const PAGE = 1000; // Votes that are looked at together.

// Gone is thrown where a row that must be there is not: the storage is another one.
export class Gone extends Error {}

// Revoked is thrown where a vote is for a terminal whose votes count no more.
export class Revoked extends Error {}

const terminalOf = async (tables: Tables, key: string): Promise<Terminal> => {
  const found = await tables.get("terminals", key);
  if (!found) throw new Gone(`there is no terminal ${key} in the storage`);
  return found;
};

// press stores a vote and raises the counter, in one transaction. In a stream it is only
// where that stream may go on; else it is loose, and gets its number when it may.
export function press(storage: Storage, key: string, goesOn: string, cast: Cast, when: Moment): Promise<Ticket> {
  return storage.write(async (tables) => {
    const terminal = await terminalOf(tables, key);
    if (!votes(terminal)) throw new Revoked(`terminal ${key} was revoked or closed`);
    const stream = goesOn !== "" && terminal.stream === goesOn ? await tables.get("streams", goesOn) : undefined;
    const ticket = stream ? { queue: stream.stream, seq: stream.next } : { queue: loose(key), seq: terminal.loose };
    await tables.put("votes", { ...cast, ...when, ...ticket, answered: 0 });
    await (stream ? tables.put("streams", { ...stream, next: stream.next + 1 }) : tables.put("terminals", { ...terminal, loose: terminal.loose + 1 }));
    return ticket;
  });
}

// seal closes a vote with the citizen's reason. It never changes again.
export function seal(storage: Storage, { queue, seq }: Ticket, reason: string): Promise<void> {
  return storage.write(async (tables) => {
    const vote = await tables.get("votes", [queue, seq]);
    if (!vote) throw new Gone(`vote ${seq} is not in the storage`);
    if (vote.open) await tables.put("votes", { ...vote, open: false, reason });
  });
}

// each walks through the votes of a queue, page by page.
async function each(tables: Tables, queue: string, look: (vote: Vote) => Promise<boolean>): Promise<void> {
  for (let from = 0; ;) {
    const page = await tables.votes(queue, from, PAGE);
    for (const vote of page) if (!await look(vote)) return;
    if (page.length < PAGE) return;
    from = page[page.length - 1]!.seq + 1;
  }
}

// queues are those of a terminal: old streams first, in no stream last.
export async function queues(tables: Tables, key: string): Promise<string[]> {
  const streams = (await tables.all("streams")).filter(({ terminal }) => terminal === key);
  const names = (old: boolean): string[] => streams.filter((one) => one.old === old).map(({ stream }) => stream);
  return [...names(true), ...names(false), loose(key)];
}

// sealLeft closes what was open when the device went down: nobody stands there any more.
export function sealLeft(storage: Storage, key: string): Promise<void> {
  return storage.write(async (tables) => {
    for (const queue of await queues(tables, key)) {
      await each(tables, queue, async (vote) => {
        if (vote.open) await tables.put("votes", { ...vote, open: false, reason: "timeout" });
        return true;
      });
    }
  });
}

// renew puts a stream in the place of a terminal's, which takes no more votes.
export function renew(storage: Storage, key: string, stream: string, first: number): Promise<void> {
  return storage.write(async (tables) => {
    const terminal = await terminalOf(tables, key);
    const before = await tables.get("streams", terminal.stream);
    if (before) await tables.put("streams", { ...before, old: true });
    await tables.put("streams", { stream, terminal: key, next: first, old: false, refused: false });
    await tables.put("terminals", { ...terminal, stream });
  });
}

// abandon leaves a terminal without a stream: the one that it had is not to go on.
export function abandon(storage: Storage, key: string, change: Partial<Stream> = {}): Promise<void> {
  return storage.write(async (tables) => {
    const terminal = await terminalOf(tables, key);
    const before = await tables.get("streams", terminal.stream);
    if (before) await tables.put("streams", { ...before, ...change, old: true });
    await tables.put("terminals", { ...terminal, stream: "" });
  });
}

// adopt gives loose votes their numbers in a stream that may go on, in the order in which
// they were cast. None of them was ever sent.
export function adopt(storage: Storage, key: string, goesOn: string): Promise<number> {
  return storage.write(async (tables) => {
    const stream = await tables.get("streams", goesOn);
    if (!stream || stream.old) return 0;
    let next = stream.next;
    for (const vote of await tables.votes(loose(key), 0, PAGE)) {
      if (vote.open) continue; // The citizen's ticket says where it is.
      await tables.remove("votes", [vote.queue, vote.seq]);
      await tables.put("votes", { ...vote, queue: goesOn, seq: next++ });
    }
    if (next > stream.next) await tables.put("streams", { ...stream, next });
    return next - stream.next;
  });
}

// batch are the oldest sealed votes of a stream that were never answered 202.
export function batch(storage: Storage, stream: string, most: number): Promise<Vote[]> {
  return storage.read(async (tables) => {
    const found: Vote[] = [];
    await each(tables, stream, async (vote) => {
      if (!vote.open && vote.answered === 0) found.push(vote);
      return found.length < most;
    });
    return found;
  });
}

async function change(storage: Storage, votes: readonly Ticket[], how: Partial<Vote>): Promise<void> {
  await storage.write(async (tables) => {
    for (const { queue, seq } of votes) {
      const vote = await tables.get("votes", [queue, seq]);
      if (vote) await tables.put("votes", { ...vote, ...how });
    }
  });
}

// answered notes that votes are on the log. They stay until the watermark has them.
export const answered = (storage: Storage, votes: readonly Ticket[], at: number): Promise<void> => change(storage, votes, { answered: at });

// refuse sets a vote aside that cannot be sent: its number is closed in its place.
export const refuse = (storage: Storage, vote: Ticket): Promise<void> => change(storage, [vote], { refused: true });

const AGAIN = 600_000; // Milliseconds after which what was answered and is missing is sent again.

// forget removes what the watermark has, and has what was answered long ago and is not in
// it sent again. It returns how many votes of the stream are left.
export function forget(storage: Storage, stream: string, mark: Watermark, now: number): Promise<number> {
  return storage.write(async (tables) => {
    let left = 0;
    await each(tables, stream, async (vote) => {
      if (vote.open) { left++; return true; }
      if (closed(mark, vote.seq)) {
        await tables.remove("votes", [stream, vote.seq]);
        return true;
      }
      left++;
      if (vote.answered !== 0 && Math.abs(now - vote.answered) > AGAIN) await tables.put("votes", { ...vote, answered: 0 });
      return true;
    });
    const row = await tables.get("streams", stream);
    if (row?.old && left === 0) await tables.remove("streams", stream);
    return left;
  });
}

// close stores that a number's vote exists no longer, so that it is sent as nothing.
export function close(storage: Storage, stream: string, seqs: readonly number[], when: Moment): Promise<void> {
  return storage.write(async (tables) => {
    const row = await tables.get("streams", stream);
    for (const seq of seqs) {
      if (row && seq < row.next && !await tables.get("votes", [stream, seq])) {
        await tables.put("votes", { ...when, queue: stream, seq, open: false, answered: 0, refused: true });
      }
    }
  });
}

export interface Waiting { votes: number; unsent: number; oldest: number } // oldest: when it was cast; 0 for none.

// waiting tells what a terminal still keeps.
export function waiting(storage: Storage, key: string): Promise<Waiting> {
  return storage.read(async (tables) => {
    const sum: Waiting = { votes: 0, unsent: 0, oldest: 0 };
    for (const queue of await queues(tables, key)) {
      await each(tables, queue, async ({ answered, at }) => {
        sum.votes++;
        if (answered === 0) sum.unsent++;
        if (sum.oldest === 0 || at < sum.oldest) sum.oldest = at;
        return true;
      });
    }
    return sum;
  });
}
