// When a vote was cast, by clocks that may be wrong, jump or stand still.

import type { Vote } from "./storage.ts";
import type { World } from "./world.ts";

// The Date of an answer is of whole seconds, and an answer takes its time: clocks that
// differ by less than this do not differ.
const SAME = 2000; // Milliseconds.

export type Moment = Pick<Vote, "at" | "skew" | "sure" | "mono" | "boot">;

// A Clock is one of a document. It follows the wall, corrected by what the server's
// answers say; what it does not know it says.
export class Clock {
  skew: number; // The server's clock less the wall, as far as it is known.
  sure = false; // The server was heard since the wall last jumped.
  private boot: string;
  private base: number; // The wall less the clock that never jumps.
  private server = NaN; // The server's clock less that one,
  private about = 0; // give or take so much: the answer that said so took its time.

  constructor(private readonly world: World, skew: number) {
    this.skew = skew;
    this.boot = world.id();
    this.base = world.wall() - world.mono();
  }

  now(): Moment {
    const [wall, mono] = [this.world.wall(), this.world.mono()];
    if (Math.abs(wall - mono - this.base) > SAME) { // One of them has jumped, or stood still.
      this.base = wall - mono;
      this.sure = false;
    }
    return { at: wall + this.skew, skew: this.skew, sure: this.sure, mono, boot: this.boot };
  }

  // heard takes the server's clock from an answer that has just come, and took so long: it
  // was written at some moment of that time.
  heard(date: number, took = 0): void {
    if (!Number.isFinite(date)) return;
    this.now();
    const told = date + 500 + took / 2; // In the middle of its second, and of the time.
    const same = SAME + took / 2 + this.about;
    const skew = told - this.world.wall();
    if (Math.abs(skew - this.skew) > same) this.skew = skew;
    const server = told - this.world.mono();
    // The clock that never jumps stood still, with the machine: ages by it are too young.
    if (Math.abs(server - this.server) > same) this.boot = this.world.id();
    if (!(Math.abs(server - this.server) <= same && took / 2 >= this.about)) [this.server, this.about] = [server, took / 2];
    this.sure = true;
  }

  // told is how a vote's time is told beside sent_at, which is now.at: its age by the
  // clock that never jumps, else the server's time that was known, else nothing, where the
  // wall has jumped in between and nobody can know.
  told(vote: Moment, now: Moment): { age_ms?: number; at?: string } {
    if (vote.boot === now.boot) return { age_ms: Math.max(0, Math.round(now.mono - vote.mono)) };
    if (vote.sure || !now.sure || Math.abs(vote.skew - now.skew) <= SAME) return { at: iso(vote.at) };
    return {};
  }
}

// iso is RFC 3339 of a moment; what is outside of its years is at its edge.
export const iso = (at: number): string => new Date(Math.min(Math.max(at, 0), 253_402_300_799_999)).toISOString();
