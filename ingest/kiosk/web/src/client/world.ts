// What the client needs of its machine: two clocks, chance, patience. Tests have a world
// of their own.

export interface World {
  wall(): number; // Milliseconds since 1970, by a clock that may be wrong and may jump.
  mono(): number; // Milliseconds since this document began, by a clock that never jumps.
  after(milliseconds: number, then: () => void): () => void; // Returns what takes it back.
  random(): number; // From 0 up to 1.
  id(): string; // Told by nobody before.
}

export const machine: World = {
  wall: Date.now,
  mono: () => performance.now(),
  after(milliseconds, then) {
    const timer = setTimeout(then, Math.min(milliseconds, 2 ** 31 - 1));
    return () => clearTimeout(timer);
  },
  random: Math.random,
  id: () => crypto.randomUUID?.() ?? "", // There is none without https, and nothing is begun without it.
};

const FIRST = 1000; // Milliseconds; the bound of the first wait,
const MOST = 300_000; // and of any.

// patience is how long to wait after so many failures in a row: at random up to a bound
// that doubles (full jitter), and never before the server said. Who was told to wait long
// was told so together with many: they come back spread over a quarter of it.
export const patience = (failures: number, retryAfter: number, world: World): number =>
  retryAfter + world.random() * Math.max(Math.min(MOST, FIRST * 2 ** Math.min(Math.max(failures - 1, 0), 20)), retryAfter / 4);
