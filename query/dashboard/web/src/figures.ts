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
