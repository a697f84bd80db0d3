// A question that is asked again and again while the page is seen.

import { Refused, Silent } from "./ask.ts";
import { patience, type World } from "./world.ts";

const QUIET = 15000; // The longest wait, in milliseconds, for a server that does not answer at all,
const REFUSED = 60000; // and for one that says no,
const TOLD = 300000; // and the longest that a Retry-After may tell.

export type Trouble = "" | "silent" | "refused" | "own";

export const troubleOf = (error: unknown): Trouble =>
  error instanceof Refused ? "refused" : error instanceof Silent ? "silent" : "own";

// An Again asks. Wake it to begin; what read has answered is the last until the next.
export class Again<T> {
  data: T | null = null;
  at = 0; // When it was answered.
  trouble: Trouble = ""; // Of the last time.
  private failures = 0; // In a row.
  private notBefore = 0; // The server asked to be left alone until then.
  private under: AbortController | null = null;
  private cancel = () => {};

  constructor(private readonly world: World, private readonly every: number, private readonly read: (signal: AbortSignal) => Promise<T>, private readonly changed: () => void) {}

  // wake asks now, unless a question is under way or the server wants none yet.
  wake(): void {
    if (this.world.hidden()) return this.rest();
    if (this.under) return;
    this.cancel();
    const early = this.notBefore - this.world.now();
    if (early > 0) this.cancel = this.world.after(early, () => this.wake());
    else void this.turn();
  }

  // rest stops asking until the next wake.
  rest(): void {
    this.cancel();
    this.under?.abort();
    this.under = null;
  }

  private async turn(): Promise<void> {
    const mine = new AbortController();
    this.under = mine;
    let told = 0;
    try {
      const data = await this.read(mine.signal);
      if (mine.signal.aborted) return;
      Object.assign(this, { data, at: this.world.now(), trouble: "", failures: 0, notBefore: 0 });
    } catch (error) {
      if (mine.signal.aborted) return;
      this.failures++;
      this.trouble = troubleOf(error);
      if (this.trouble === "own") console.error(error);
      told = error instanceof Refused ? Math.min(TOLD, error.wait) : 0;
      this.notBefore = this.world.now() + told;
    }
    this.under = null;
    this.cancel = this.world.after(this.pause(told), () => this.wake());
    this.changed();
  }

  private pause(told: number): number {
    if (this.failures === 0) return this.every * (0.9 + 0.2 * this.world.random());
    const wait = patience(this.failures, this.every / 5, this.trouble === "silent" ? QUIET : REFUSED, this.world);
    return Math.max(wait, told * (1 + 0.5 * this.world.random()));
  }
}
