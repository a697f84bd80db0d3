// What goes on without the reader needs of the browser: time, chance, whether anybody
// looks. Tests have a world of their own.

import { now } from "./clock.ts";

export interface World {
  now(): number; // By the server's clock.
  after(milliseconds: number, then: () => void): () => void; // Returns what takes it back.
  random(): number;
  hidden(): boolean;
}

export const browser: World = {
  now,
  after(milliseconds, then) {
    const timer = setTimeout(then, milliseconds);
    return () => clearTimeout(timer);
  },
  random: Math.random,
  hidden: () => document.hidden,
};

// patience is how long to wait after so many failures in a row: twice as long after
// each, up to most. Many pages lose their server at the same moment: each adds a part
// of its own, so that they do not come back as one.
export const patience = (failures: number, first: number, most: number, { random }: World): number =>
  Math.min(most, first * 2 ** Math.min(failures - 1, 20)) * (0.75 + 0.5 * random());
