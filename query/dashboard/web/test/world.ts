// A world without browser: time passes when a test says so.

import type { World } from "../src/world.ts";

export class Made implements World {
  at: number;
  seen = true;
  private due: { at: number; then: () => void }[] = [];

  constructor(at = Date.parse("2026-11-27T10:00:00Z")) {
    this.at = at;
  }

  now(): number {
    return this.at;
  }

  after(milliseconds: number, then: () => void): () => void {
    const one = { at: this.at + milliseconds, then };
    this.due.push(one);
    return () => void (this.due = this.due.filter((other) => other !== one));
  }

  random(): number {
    return 0.5;
  }

  hidden(): boolean {
    return !this.seen;
  }

  waits(): number {
    return this.due.length;
  }

  // pass lets time pass, and what was to be done in it be done at its moment.
  async pass(milliseconds: number): Promise<void> {
    const end = this.at + milliseconds;
    for (;;) {
      await new Promise((done) => setImmediate(done)); // What was answered is heard of.
      const [first] = this.due.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (!first) break;
      this.due = this.due.filter((other) => other !== first);
      this.at = first.at;
      first.then();
    }
    this.at = end;
  }
}
