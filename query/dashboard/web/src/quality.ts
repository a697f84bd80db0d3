// The account of votes, and what figures leave out of it: numbers and sentences.

import type { Figures, Keys, Ledger, Series, Trend } from "./answers.ts";
import type { Piece } from "./chart/across.ts";
import type { Point } from "./chart/line.ts";
import { wilson } from "./figures.ts";
import { PARTS, reckoning } from "./pulse.ts";
import type { Words } from "./words.ts";

// PARTS_OUT are what votes of a time and place are: in the figures, or why not.
export const PARTS_OUT = ["in", "late", "burst", "test", "scales"] as const;

// outOf are how many of each there are, of rows by scale and class.
export function outOf(rows: readonly (Keys & { n: number | null })[]): [number, number, number, number, number] {
  const of = (belongs: (row: Keys) => boolean) => rows.filter(belongs).reduce((sum, { n }) => sum + (n ?? 0), 0);
  const faces = (code: string) => of((row) => row.scale === "mlf3" && row.class === code);
  return [faces("ok"), faces("late_clock"), faces("burst"), faces("test"), of((row) => row.scale !== "mlf3")];
}

type Late = Pick<Point, "value" | "low" | "high" | "n">;

// lateOf is the share of votes with an unreliable time, at each step.
export function lateOf({ grid, series }: { grid: Trend["grid"]; series: readonly { key: Series["key"]; points: readonly Pick<Figures, "n">[] }[] }): Late[] {
  return grid.map((_, i) => {
    const at = (one: (typeof series)[number]) => one.points[i]?.n ?? 0;
    const n = series.reduce((sum, one) => sum + at(one), 0);
    if (n === 0) return { value: null, low: null, high: null, n: 0 };
    const k = series.filter((one) => one.key.class === "late_clock").reduce((sum, one) => sum + at(one), 0);
    const [low, high] = wilson(k, n);
    return { value: k / n, low, high, n };
  });
}

// account is what became of all votes that came in.
export function account(ledger: Ledger, words: Words): { good: boolean; says: string; pieces: Piece[]; parts: number[] } {
  return {
    ...reckoning(ledger, words),
    pieces: PARTS.map((part, i) => ({ class: `piece p${i + 1}`, says: words.say(`ledger_${part}`) })),
    parts: PARTS.map((part) => ledger.totals[part]),
  };
}

// accounted is the account as an equation.
export function accounted({ totals }: Ledger, { say, number }: Words): string {
  const values = Object.fromEntries([...PARTS, "votes_in" as const].map((part) => [part, number(totals[part])]));
  return say("quality_equation", values);
}
