// What a device keeps, and the little that the client asks of whatever keeps it.

import type { Config } from "./wire.ts";

// A Vote is as a citizen cast it. One with neither face nor value only closes its number.
export interface Vote {
  queue: string; // The stream; before it has a number there, loose(terminal).
  seq: number;
  face?: string;
  value?: number;
  service?: string;
  reason?: string;
  open: boolean; // Until the citizen has answered, or has not. Only what is sealed is sent.
  answered: number; // When 202 came, by the wall; 0 for never.
  refused?: boolean; // It cannot be sent: what is sent is its number alone.

  // When it was cast: by the server's clock as far as it was known, and what was known.
  at: number;
  skew: number; // The server's clock less the wall, as it was believed,
  sure: boolean; // because the server had been heard since the clocks last disagreed.
  mono: number; // By the clock that never jumps,
  boot: string; // of this run.
}

export interface Stream {
  stream: string;
  terminal: string; // Key of it.
  next: number; // The next number that is free.
  old: boolean; // Another has taken its place: it is sent to its end, and takes no more.
  refused: boolean; // The server does not take it for this terminal's: kept, not sent.
}

// A Terminal is one of those that a device is: a union's totem is several.
export interface Terminal {
  key: string; // Ours; the server has an id of its own.
  token: string;
  stream: string; // "" until it has one, or when it needs another.
  loose: number; // The next number of votes that are in no stream yet.
  install: string; // What the server knows this installation by,
  candidate: string; // and what it is told next: a copy of this device would tell another.
  config: Config | null;
  etag: string;
  since: number; // When it was set up: the order of choice.
  revoked?: boolean; // The server has said so: what it would take now is never counted.
  closed?: boolean; // The same, for good; what it took before is still sent.
}

export interface Ignored { double: number; multi: number; repeat: number }

export interface Claim { code: string; claim: string; tokens: string[] }

export interface Device {
  key: "device";
  marker: string; // Of this database: kept elsewhere, too, so that another one is noticed.
  lost: boolean; // Something was lost, and the server has not been told.
  skew: number;
  ignored: Ignored;
  claim: Claim | null; // Begun, and not known to be done.
}

export interface Rows { terminals: Terminal; streams: Stream; votes: Vote; device: Device }
export type Table = keyof Rows;
export type Key = string | [string, number];
export const TABLES: readonly Table[] = ["terminals", "streams", "votes", "device"];

// Rows are at hand while a transaction lasts: work awaits them and nothing else.
export interface Tables {
  get<T extends Table>(table: T, key: Key): Promise<Rows[T] | undefined>;
  put<T extends Table>(table: T, row: Rows[T]): Promise<void>;
  remove(table: Table, key: Key): Promise<void>;
  all<T extends Table>(table: T): Promise<Rows[T][]>;
  votes(queue: string, from: number, most: number): Promise<Vote[]>; // In order, from a number on.
}

// A Storage keeps rows. What write has returned is on the disk, all of it; what it has
// thrown may be there or not.
export interface Storage {
  open(): Promise<void>; // Again after a failure: anew.
  close(): void;
  leave(): void; // From now on it is another, which is new; what is in this one stays there.
  read<R>(work: (tables: Tables) => Promise<R>): Promise<R>;
  write<R>(work: (tables: Tables) => Promise<R>): Promise<R>;
}

// votes tells whether a terminal's votes would count.
export const votes = ({ revoked, closed }: Terminal): boolean => !revoked && !closed;

// loose is the queue of a terminal's votes that have no number of a stream yet.
export const loose = (terminal: string): string => `?${terminal}`;
