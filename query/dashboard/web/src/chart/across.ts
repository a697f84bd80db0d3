// Parts of a whole, side by side in one bar; of several wholes, one below the other.

import { shares } from "../figures.ts";
import type { Words } from "../words.ts";
import { mark, round, write as letters, type Drawing, type Mark, type Size, type Stop } from "./marks.ts";
import { wrap } from "./wrap.ts";

// A Piece is what a part is, in every row.
export interface Piece {
  readonly class: string;
  readonly says: string;
}

export interface Whole {
  readonly name: string;
  readonly parts: readonly number[] | null; // As many as there are pieces; null: not shown.
  readonly n: string; // How many all are, in words; why they are not shown.
  readonly absent?: "withheld" | "missing" | undefined;
  readonly code?: string;
}

export interface Across {
  readonly title: string;
  readonly head: string; // What rows are.
  readonly pieces: readonly Piece[];
  readonly rows: readonly Whole[];
  readonly unknown?: string; // What rows are that are not shown, where that has a name of its own.
}

const THIN = 1.5; // Pixels that a part has at least which is there at all.

interface Placed { row: Whole; names: string[]; said: string[]; top: number; height: number }

// across draws them. What each part is, is written below its bar: no colour need be told
// from another, and nothing is only there for who points at it.
export function across(data: Across, words: Words, size: Size): Drawing {
  const { title, head, pieces, rows } = data;
  const placed: Placed[] = [];
  let top = 0;
  for (const row of rows) {
    const names = wrap([row.name, row.n].filter(Boolean).join(": "), size.width, size.measure);
    const said = row.parts && !row.absent ? wrap(spoken(row.parts, pieces, words), size.width, size.measure) : [];
    const height = (names.length + said.length + 1.2 + 0.9) * size.line;
    placed.push({ row, names, said, top, height });
    top += height;
  }
  return {
    height: round(top), marks: placed.flatMap((one) => rowMarks(one, pieces, size)),
    stops: placed.map(({ row, names, top: at, height }): Stop => ({
      x: size.width / 2, y: at + (names.length + 0.6) * size.line,
      says: [[row.name, row.n].filter(Boolean).join(": "), ...(row.parts && !row.absent ? pieces.map((piece, i) => `${piece.says}: ${portion(row.parts!, i, words)} (${words.number(row.parts![i]!)})`) : [])],
      near: { x: 0, y: at, width: size.width, height },
      outline: mark("rect", { class: "chosen", x: 0, y: round(at), width: round(size.width), height: round(height - 0.6 * size.line) }),
      ...(row.code !== undefined && { code: row.code }),
    })),
    table: {
      caption: title, head: [head, ...pieces.map((piece) => piece.says), words.say("across_all")],
      numeric: [false, ...pieces.map(() => true), true],
      rows: rows.map((row) => [row.name, ...pieces.map((_, i) => (row.parts && !row.absent ? `${words.number(row.parts[i]!)} (${portion(row.parts, i, words)})` : "–")), row.n]),
    },
    summary: `${title}. ${rows.map((row) => `${row.name}: ${row.parts && !row.absent ? spoken(row.parts, pieces, words) : row.n}`).join(". ")}. ${words.say("see_table")}`,
    legend: [
      ...pieces.map((piece) => ({ class: piece.class, says: piece.says })),
      ...(["withheld", "missing"] as const).filter((one) => rows.some(({ absent }) => absent === one)).map((one) => ({ class: one, says: data.unknown ?? words.say(`absent_${one}`) })),
    ],
  };
}

// portion is a part in percent; a part that is there is never 0.
export function portion(parts: readonly number[], i: number, words: Words): string {
  const rounded = shares(parts)[i]!;
  return parts[i]! > 0 && rounded === 0 ? `< ${words.percent(0.001)}` : words.percent(rounded / 1000);
}

const spoken = (parts: readonly number[], pieces: readonly Piece[], words: Words): string =>
  pieces.map((piece, i) => `${piece.says} ${portion(parts, i, words)}`).join(" · ");

function rowMarks({ row, names, said, top }: Placed, pieces: readonly Piece[], size: Size): Mark[] {
  const bar = top + (names.length + 0.25) * size.line;
  const height = 1.1 * size.line;
  const marks: Mark[] = names.map((line, i) => letters(line, 0, top + (i + 0.85) * size.line, { class: "name" }));
  said.forEach((line, i) => marks.push(letters(line, 0, bar + height + (i + 0.9) * size.line, {})));
  const full = { x: 0, y: round(bar), width: round(size.width), height: round(height) };
  if (row.absent) return [...marks, mark("rect", { class: row.absent, ...full })];
  const n = row.parts?.reduce((sum, part) => sum + part, 0) ?? 0;
  if (!row.parts || n === 0) return [...marks, mark("rect", { class: "hollow", ...full })];
  const there = row.parts.filter((part) => part > 0).length;
  const room = size.width - there * THIN;
  let x = 0;
  row.parts.forEach((part, i) => {
    if (part === 0) return;
    const width = THIN + (room * part) / n;
    const gap = Math.min(1, width / 4); // Neighbours stay apart without colour.
    marks.push(mark("rect", { ...full, class: pieces[i]!.class, x: round(x + gap / 2), width: round(width - gap) }));
    x += width;
  });
  return marks;
}
