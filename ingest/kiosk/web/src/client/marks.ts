// Marks: what a device remembers of itself outside of its storage, in places that rarely
// die together with it, so that a storage that is new, older or another is noticed.

import type { Stream, Terminal } from "./storage.ts";

export interface Mark {
  marker: string; // Of the storage that it was written beside.
  next: Record<string, number>; // By stream: no number below is free.
  terminals: Pick<Terminal, "key" | "token" | "since">[];
}

// A Place keeps a mark, or has lost it: null.
export interface Place {
  read(): Promise<Mark | null>;
  write(mark: Mark): Promise<void>;
}

// markOf reads a mark that something kept; null: it is none.
export function markOf(text: string | null | undefined): Mark | null {
  if (!text) return null;
  try {
    const { marker, next, terminals } = JSON.parse(text) as Partial<Mark>;
    if (typeof marker !== "string" || typeof next !== "object" || next === null || !Array.isArray(terminals)) return null;
    return { marker, next, terminals: terminals.filter((one) => typeof one?.key === "string" && typeof one?.token === "string" && typeof one?.since === "number") };
  } catch {
    return null;
  }
}

// doubted are the streams that may not go on. A mark of another storage doubts all of them;
// so does that all marks are gone, since what took them may have taken more. One that
// knows higher numbers than the storage doubts that stream.
export function doubted(marker: string, streams: readonly Stream[], marks: readonly (Mark | null)[]): Set<string> {
  const there = marks.filter((mark): mark is Mark => mark !== null);
  const all = there.length === 0 || there.some((mark) => mark.marker !== marker);
  return new Set(streams.filter(({ stream, next }) => all || there.some((mark) => (mark.next[stream] ?? 0) > next)).map(({ stream }) => stream));
}
