// What a view is: what it asks for, and what it shows of the answers.

import type { State } from "./address.ts";
import type { Answers, Ask } from "./ask.ts";
import type { Chart } from "./chart/marks.ts";
import { frame, type Frame } from "./chart/frame.ts";
import type { Control, Go } from "./filters.ts";

export interface View {
  readonly period: string; // Of which it is where the address has none; "" for views without.
  readonly controls: readonly Control[] | ((state: State) => readonly Control[]);
  readonly listed?: true; // What it asks for is of the registry's lists.
  asks(state: State): Ask[];
  show(shown: Shown): (Node | null)[] | Promise<(Node | null)[]>;
}

// Shown is one showing of a view, until the next.
export class Shown {
  readonly state: State;
  readonly answers: Answers;
  readonly go: Go;
  readonly signal: AbortSignal; // Aborted when it ends.

  constructor(state: State, answers: Answers, go: Go, signal: AbortSignal) {
    this.state = state;
    this.answers = answers;
    this.go = go;
    this.signal = signal;
  }

  // frame hosts a chart for as long.
  frame<D>(chart: Chart<D>, data: D, open?: (code: string) => void): Frame {
    const made = frame(chart, data, open);
    this.signal.addEventListener("abort", () => made.end());
    return made;
  }
}
