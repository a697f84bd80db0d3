// Counts, shares and steps of a scale. Knows numbers only.

export const FACES = ["green", "yellow", "red"] as const;
export type Face = (typeof FACES)[number];

// shares are the parts of counts in their sum, in thousandths, rounded so that
// they add up to 1000: whole thousandths first, then one more for each of the
// largest remainders. All 0 where nothing was counted.
export function shares(counts: readonly number[]): number[] {
  const n = counts.reduce((sum, count) => sum + count, 0);
  if (n === 0) return counts.map(() => 0);
  const whole = counts.map((count) => Math.floor((count * 1000) / n));
  const left = 1000 - whole.reduce((sum, share) => sum + share, 0);
  const rest = (i: number) => counts[i]! * 1000 - whole[i]! * n;
  const order = counts.map((_, i) => i).sort((a, b) => rest(b) - rest(a) || counts[b]! - counts[a]! || a - b);
  for (const i of order.slice(0, left)) whole[i]!++;
  return whole;
}

const Z = 1.959963984540054; // 95 %, as the API has it.

// wilson is the 95 % interval of a share: k of n, n above 0. The API gives those of its
// answers (share.1); votes that come as they are counted come without.
export function wilson(k: number, n: number): [low: number, high: number] {
  const p = k / n;
  const square = (Z * Z) / n;
  const middle = (p + square / 2) / (1 + square);
  const half = (Z / (1 + square)) * Math.sqrt((p * (1 - p)) / n + square / (4 * n));
  return [k === 0 ? 0 : Math.max(0, middle - half), k === n ? 1 : Math.min(1, middle + half)];
}
