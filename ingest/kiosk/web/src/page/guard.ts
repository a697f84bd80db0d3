// Which presses are one citizen's one press. Hands shake, rest and hold: EN 301 549 asks
// that a second press within half a second, keys that repeat, and several fingers at once
// do nothing (5.7, 5.8, 5.9).

import type { Ignored } from "../client/storage.ts";

const STRIKE = 500; // Milliseconds.

export class Guard {
  private last = -Infinity; // When a press was taken, or one was ignored for being too soon.
  private until = -Infinity; // Nothing is taken before.
  private held = new Set<string>(); // Keys that are down.
  private fingers = new Set<number>();
  private several = false; // More than one finger since the glass was last free.

  constructor(private readonly mono: () => number, private readonly ignored: (kind: keyof Ignored) => void) {}

  // rest takes nothing for so long.
  rest(milliseconds: number): void { this.until = this.mono() + milliseconds; }

  down(pointer: number): void {
    if (this.fingers.size === 0) this.several = false;
    this.fingers.add(pointer);
    if (this.fingers.size > 1) this.several = true;
  }
  up(pointer: number): void {
    this.fingers.delete(pointer);
  }

  // key tells whether a key that goes down is a press; held ones are until they go up.
  key(code: string, repeat: boolean): boolean {
    if (repeat || this.held.has(code)) {
      this.ignored("repeat");
      return false;
    }
    this.held.add(code);
    return true;
  }
  keyUp(code: string): void { this.held.delete(code); }
  away(): void { this.held.clear(); this.fingers.clear(); this.several = false; } // Whatever goes up now is not heard of.

  // click tells whether a click is a press. count is how many came in a row, as the
  // browser counts them.
  click(count: number): boolean {
    const now = this.mono();
    const several = this.several;
    if (several) {
      this.ignored("multi");
      return false;
    }
    if (count > 1 || now - this.last < STRIKE || now < this.until) {
      this.ignored("double");
      if (count > 1 || now - this.last < STRIKE) this.last = now;
      return false;
    }
    this.last = now;
    return true;
  }
}
