// Shapes of points: what a point says is in its shape, and not in its colour alone.

import { mark, round, type Mark } from "./marks.ts";

// How something stands to what it is held against: above or below it, hardly by chance,
// or so that it may be chance.
export type Verdict = "above" | "below" | "alike";

export const VERDICTS = ["above", "below", "alike"] as const;

// outline is the path of a shape of a radius around a point. A diamond is what was
// computed from others.
export function outline(shape: Verdict | "diamond", x: number, y: number, r: number): string {
  const corners = (...at: (readonly [number, number])[]) => `M${at.map(([dx, dy]) => `${round(x + dx * r)} ${round(y + dy * r)}`).join("L")}Z`;
  if (shape === "above") return corners([0, -1.15], [1.1, 0.85], [-1.1, 0.85]);
  if (shape === "below") return corners([0, 1.15], [1.1, -0.85], [-1.1, -0.85]);
  if (shape === "diamond") return corners([0, -1.1], [1.1, 0], [0, 1.1], [-1.1, 0]);
  const [left, right, across] = [round(x - r), round(x + r), round(y)];
  return `M${left} ${across}A${round(r)} ${round(r)} 0 1 1 ${right} ${across}A${round(r)} ${round(r)} 0 1 1 ${left} ${across}Z`;
}

export const point = (shape: Verdict | "diamond", x: number, y: number, r: number): Mark =>
  mark("path", { class: `sign ${shape}`, d: outline(shape, x, y, r) });

// swatch is the shape as a legend has it.
export const swatch = (shape: Verdict | "diamond"): string => outline(shape, 8, 6, 5);

// cut shortens a text to a width.
export function cut(text: string, width: number, measure: (content: string) => number): string {
  if (measure(text) <= width) return text;
  let letters = [...text];
  while (letters.length > 1 && measure(`${letters.join("")}…`) > width) letters = letters.slice(0, -1);
  return `${letters.join("").trimEnd()}…`;
}
