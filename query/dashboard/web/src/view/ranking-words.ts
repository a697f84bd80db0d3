// A ranking in sentences: who stands apart, who fell and who rose most, and whether that
// is chance.

import type { RankedRow, Ranking } from "../answers.ts";
import { chance, isHardlyChance } from "../verdict.ts";
import * as words from "../words.ts";
import { change, number, say, span } from "../words.ts";
import { changeOf, filterOf, nameOf, sideOf, within, type Scale } from "./ranking-rows.ts";

// A Part is words, or a figure that explains itself.
export type Part = string | { readonly says: string; readonly row: RankedRow; readonly of: Record<string, string> };

export function sentences(ranking: Ranking, { fell, rose }: { fell: Ranking | null; rose: Ranking | null }, scale: Scale, by: string): Part[][] {
  if (scale.measure === "n") return ranking.rows[0] ? [most(ranking.rows[0], by)] : [];
  const lines: Part[][] = [];
  if ((ranking.meta.sort ?? "value") === "value") {
    const all = ranking.rows.length === ranking.ranked;
    if (ranking.rows[0]) lines.push(standing("ranking_first", ranking.rows[0], scale, by));
    if (all && ranking.rows.length > 1) lines.push(standing("ranking_last", ranking.rows[ranking.rows.length - 1]!, scale, by));
    if (all && ranking.rows.length > 1) lines.push([apart(ranking)]);
  }
  const { compare } = ranking.meta;
  if (!compare) return lines;
  const since = span(Date.parse(compare.from), Date.parse(compare.to));
  const first = fell?.rows[0];
  if (!fell?.compared || !first) return [...lines, [say("ranking_nothing_before", { when: since, min: number(ranking.meta.min_n ?? 30) })]];
  const last = rose?.rows[0];
  lines.push(moved("down", first, { since, fell, scale, by }));
  if (last && last !== first) lines.push(moved("up", last, { since, fell, scale, by }));
  if (fell.shared) lines.push([say("ranking_shared")]);
  return lines;
}

const figure = (says: string, row: RankedRow, by: string): Part => ({ says, row, of: filterOf(row, by) });

// fill puts parts into a message where it has their names.
function fill(message: words.Message, parts: Record<string, Part>): Part[] {
  const names = Object.keys(parts);
  const marked = say(message, Object.fromEntries(names.map((name) => [name, `\u0000${name}\u0000`])));
  return marked.split("\u0000").map((part, i) => (i % 2 === 1 ? parts[part] ?? part : part)).filter((part) => part !== "");
}

const valueIn = (row: RankedRow, { write }: Scale): string =>
  row.value === null || row.value_low === null || row.value_high === null ? "–" : say("ranking_value_of", { value: write(row.value), range: say("range", { low: write(row.value_low), high: write(row.value_high) }), votes: words.counted("votes_n", row.n ?? 0) });

function standing(message: "ranking_first" | "ranking_last", row: RankedRow, scale: Scale, by: string): Part[] {
  return fill(message, {
    name: nameOf(row, by), figure: figure(valueIn(row, scale), row, by),
    places: row.place_best === row.place_worst ? say("ranking_place_sure", { n: number(row.place) }) : say("ranking_place_between", { best: number(row.place_best), worst: number(row.place_worst) }),
  });
}

function most(row: RankedRow, by: string): Part[] {
  const grown = row.n_change === null || row.n_change === undefined ? "" : ` (${say("ranking_since", { change: change(row.n_change) })})`;
  return fill("ranking_most", { name: nameOf(row, by), figure: figure(`${words.counted("votes_n", row.n ?? 0)}${grown}`, row, by) });
}

// apart says how many differ from what they are held against.
function apart({ rows, ranked, meta }: Ranking): string {
  const sides = rows.map(sideOf);
  return say("ranking_apart", {
    reference: say(`ranking_reference_${meta.reference ?? "nation"}`), ranked: number(ranked),
    above: number(sides.filter((side) => side === "above").length), below: number(sides.filter((side) => side === "below").length),
  });
}

interface Around { readonly since: string; readonly fell: Ranking; readonly scale: Scale; readonly by: string }

// moved says by how much one fell, or rose, and whether it is chance. Who did neither is said
// to have: then nobody fell.
function moved(way: "down" | "up", row: RankedRow, { since, fell, scale, by }: Around): Part[] {
  const of = changeOf(row);
  const { difference, difference_low: low, difference_high: high } = of;
  if (difference === null || low === null || high === null) return [];
  if (way === "down" ? difference >= 0 : difference <= 0) return [say(way === "down" ? "ranking_nobody_fell" : "ranking_nobody_rose", { since })];
  const says = say("ranking_change_of", {
    difference: scale.differ(difference), range: within(low, high),
    then: row.compare_value === null || row.compare_value === undefined ? "–" : scale.write(row.compare_value), now: row.value === null ? "–" : scale.write(row.value),
  });
  return fill(way === "down" ? "ranking_fell_most" : "ranking_rose_most", {
    since, name: nameOf(row, by), figure: figure(says, row, by),
    chance: isHardlyChance(of) ? chance(of) : say("ranking_chance_among", { chance: chance(of), n: number(fell.compared ?? 0) }),
  });
}
