// Shares and intervals. Knows numbers only.

export const FACES = ["green", "yellow", "red"];

// shares are the parts of counts in their sum, in thousandths, rounded so that
// they add up to 1000: whole thousandths first, then one more for each of the
// largest remainders. All 0 where nothing was counted.
export function shares(counts) {
  const n = counts.reduce((sum, count) => sum + count, 0);
  if (n === 0) return counts.map(() => 0);
  const whole = counts.map((count) => Math.floor((count * 1000) / n));
  const left = 1000 - whole.reduce((sum, share) => sum + share, 0);
  const rest = (i) => counts[i] * 1000 - whole[i] * n;
  const order = counts.map((_, i) => i).sort((a, b) => rest(b) - rest(a) || counts[b] - counts[a] || a - b);
  for (const i of order.slice(0, left)) whole[i]++;
  return whole;
}

// wilson is the 95 % score interval that the API gives for green, for the other
// two faces.
export function wilson(k, n) {
  const z = 1.959963984540054, zz = z * z;
  const centre = (k + zz / 2) / (n + zz);
  const half = (z / (n + zz)) * Math.sqrt((k * (n - k)) / n + zz / 4);
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}

// scale returns about four round steps that reach max.
export function scale(max) {
  const rough = Math.max(1, max) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough));
  return { step, top: Math.ceil(Math.max(1, max) / step) * step };
}
