// What a chart is made of. A chart is a pure function of its data, the words and the
// size that it has: it returns a drawing, which can be shown, read out, walked
// through with the keyboard, and written to a file. Nothing here knows the page.

import type { Words } from "../words.ts";

// A Mark is an element of SVG that is not in a page yet.
export interface Mark {
  readonly name: string;
  readonly at: Readonly<Record<string, string | number>>;
  readonly inside: readonly (Mark | string)[];
}

export const mark = (name: string, at: Mark["at"] = {}, ...inside: Mark["inside"]): Mark => ({ name, at, inside });
export const write = (content: string, x: number, y: number, at: Mark["at"] = {}): Mark => mark("text", { x: round(x), y: round(y), ...at }, content);

// round keeps what the eye can see.
export const round = (n: number): number => Math.round(n * 100) / 100;

// A Stop is a place in the chart that can be pointed at, by mouse, finger or key.
export interface Stop {
  readonly x: number; // Where the tip points to.
  readonly y: number;
  readonly says: readonly string[]; // The tip's lines; the first says what it is.
  readonly outline?: Mark; // Drawn while it is pointed at.
  readonly near?: { readonly x: number; readonly y: number; readonly width: number; readonly height: number }; // Where the pointer means it. Default: the nearest stop's.
  readonly holds?: (x: number, y: number) => boolean; // Within near, whether a point is of it: areas have outlines.
  readonly next?: Partial<Record<Direction, number>>; // Where arrow keys go; left and right go along the stops where nothing is said.
  readonly code?: string; // What opens when it is chosen.
}
export type Direction = "left" | "right" | "up" | "down";

// A Table says the same in words and numbers. Cells that are numbers are texts here,
// written for people.
export interface Table {
  readonly caption: string;
  readonly head: readonly string[];
  readonly numeric: readonly boolean[]; // Which columns are numbers.
  readonly rows: readonly (readonly string[])[];
}

// A LegendEntry is a sign and what it stands for.
export interface LegendEntry {
  readonly class: string; // Of a swatch that is drawn as the chart's marks are.
  readonly says: string;
  readonly line?: boolean; // A line, not an area.
  readonly path?: string; // A shape, 16 wide and 12 high.
}

export interface Drawing {
  readonly marks: readonly Mark[];
  readonly height: number;
  readonly stops: readonly Stop[];
  readonly table: Table;
  readonly summary: string; // For who does not see it.
  readonly legend: readonly LegendEntry[];
}

// A Size is the room that a chart has, in CSS pixels of the reader's letters.
export interface Size {
  readonly width: number;
  readonly line: number; // The height of a line of text.
  readonly measure: (content: string) => number;
}

export type Chart<D> = (data: D, words: Words, size: Size) => Drawing;

// draw puts a mark into a page.
export function draw(m: Mark): SVGElement {
  const element = document.createElementNS("http://www.w3.org/2000/svg", m.name);
  for (const [key, value] of Object.entries(m.at)) element.setAttribute(key, String(value));
  element.append(...m.inside.map((one) => (typeof one === "string" ? one : draw(one))));
  return element;
}
