// What a test says, in words: whether chance makes such a difference.

import { decimal, say } from "./words.ts";
import type { Verdict } from "./chart/shapes.ts";

export const SIGNIFICANT = 0.05; // Below it q says that it is hardly chance.

// A Difference is by how much something differs, with its interval and what its test says:
// q, or null where there is no test.
export interface Difference {
  readonly difference: number | null;
  readonly difference_low: number | null;
  readonly difference_high: number | null;
  readonly q: number | null;
}

// isHardlyChance tells whether chance hardly makes such a difference: by its test, where there
// is one, else by its interval.
export function isHardlyChance({ difference, difference_low: low, difference_high: high, q }: Difference): boolean {
  if (difference === null || low === null || high === null) return false;
  return q === null ? low > 0 || high < 0 : q < SIGNIFICANT;
}

export function verdictOf(of: Difference): Verdict {
  return !isHardlyChance(of) ? "alike" : (of.difference ?? 0) > 0 ? "above" : "below";
}

// chance says whether it is chance, and by what that is known.
export function chance(of: Difference): string {
  const hardly = isHardlyChance(of);
  if (of.q === null) return say(hardly ? "chance_hardly_interval" : "chance_maybe_interval");
  return say(hardly ? "chance_hardly" : "chance_maybe", { q: probability(of.q) });
}

// probability writes p or q; what is smaller than can be told apart is said so.
export const probability = (q: number): string => (q < 0.001 ? `< ${decimal(0.001, 3)}` : `= ${decimal(q, q < 0.1 ? 3 : 2)}`);
