// Which colour a figure has: one of seven steps with round limits. Shares have steps
// of equal width, so that equally different figures are equally different on the
// map; with as many places in each step, the noise between alike places would be
// coloured as if it were much. Counts differ by powers, and so do their limits.

export const STEPS = 7;

// How wide a step may be, in points. The narrowest is taken with which four of five
// places are within the limits; the first and last step have no end. A difference of
// less than a point is none that a map should show.
const WIDTHS = [1, 2, 3, 5, 10, 20];

export interface Steps {
  readonly kind: "around" | "equal" | "powers";
  readonly reference: number; // What the limits are counted from.
  readonly limits: readonly number[]; // Between the steps, ascending, in units from the reference.
  readonly unit: number; // What one is of a limit: a point of a share is 0.01.
  readonly of: (value: number) => number; // 1 for the lowest step to 7.
}

// around has the reference in its middle step, which reaches as far to each side as
// the other steps are wide: within it a place is like the reference.
export function around(values: readonly number[], reference: number, unit: number): Steps {
  const far = quantile(values.map((value) => tidy(Math.abs(value - reference) / unit)), 0.8);
  const width = WIDTHS.find((wide) => 3 * wide >= far) ?? 25;
  const of = (value: number) => {
    const off = tidy((value - reference) / unit);
    return 4 + Math.sign(off) * Math.min(3, Math.floor(Math.abs(off) / width));
  };
  return { kind: "around", reference, unit, limits: [-3, -2, -1, 1, 2, 3].map((n) => n * width), of };
}

// equal has steps of the same width over all values.
export function equal(values: readonly number[], unit: number): Steps {
  const scaled = values.map((value) => tidy(value / unit));
  const [low, high] = [quantile(scaled, 0.05), quantile(scaled, 0.95)];
  const width = WIDTHS.find((wide) => high < (Math.floor(low / wide) + STEPS) * wide) ?? 25;
  const first = (Math.floor(low / width) + 1) * width;
  return ofLimits("equal", Array.from({ length: STEPS - 1 }, (_, i) => first + i * width), unit);
}

// powers are for counts: six limits below the largest count, of the series that
// reaches down to the small ones, or as far down as one does.
export function powers(counts: readonly number[]): Steps {
  const most = Math.max(1, ...counts);
  const least = Math.max(1, quantile(counts, 0.1));
  let limits: number[] = [];
  for (const series of [[1, 2, 5], [1, 3], [1]]) {
    const all = Array.from({ length: 12 }, (_, power) => series.map((n) => n * 10 ** power)).flat();
    const below = all.filter((limit) => limit <= most).length;
    if (limits.length > 0 && below < STEPS - 1) break;
    limits = all.slice(0, Math.max(STEPS - 1, below)).slice(1 - STEPS);
    if (limits[0]! <= 2 * least) break;
  }
  return ofLimits("powers", limits, 1);
}

function ofLimits(kind: Steps["kind"], limits: readonly number[], unit: number): Steps {
  const of = (value: number) => 1 + limits.filter((limit) => tidy(value / unit) >= limit).length;
  return { kind, reference: 0, limits, unit, of };
}

// tidy takes away what binary fractions add: 0.83 - 0.73 is ten points.
const tidy = (n: number) => Math.round(n * 1e6) / 1e6;

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}
