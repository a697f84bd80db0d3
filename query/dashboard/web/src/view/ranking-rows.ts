// Rows of a ranking as a chart has them: by value, or by how it changed.

import { asked, type Go } from "../filters.ts";
import { at } from "../picker.ts";
import { write as href, type State } from "../address.ts";
import { absence, type Figures, type Keys, type Measure, type RankedRow, type Ranking } from "../answers.ts";
import type { Dot, Dots } from "../chart/dots.ts";
import type { Verdict } from "../chart/shapes.ts";
import { chance, probability, verdictOf, type Difference } from "../verdict.ts";
import * as words from "../words.ts";
import { label, number, percent, points, pointsRange, say, signed } from "../words.ts";

// A Scale is how a measure is written and drawn.
export interface Scale {
  readonly measure: Measure;
  readonly title: string;
  readonly write: (value: number) => string;
  readonly differ: (difference: number) => string;
  readonly bounds: readonly [number, number];
  readonly of: (row: Figures) => number | null;
}

export function scaleOf(measure: Measure): Scale {
  const title = say(`measure_${measure as "green_share" | "red_share" | "net" | "n"}`);
  const net = (value: number) => number(100 * value);
  if (measure === "n") return { measure, title, write: number, differ: number, bounds: [0, Infinity], of: (row) => row.n };
  if (measure === "net") return { measure, title, write: net, differ: points, bounds: [-1, 1], of: (row) => row.net };
  return { measure, title, write: (value) => percent(value), differ: points, bounds: [0, 1], of: (row) => (measure === "red_share" ? row.red_share : row.green_share) };
}

// LISTS are where labels of codes are that have no name in the answer.
const LISTS: Record<string, string> = { service: "services", category: "categories", channel: "channels", population_class: "population_classes", macro_area: "macro_areas" };

// nameOf is what a row is called.
export function nameOf(row: Keys, by: string): string {
  const read = row as Record<string, string | null | undefined>;
  const comune = read.comune_name ?? read.comune ?? "";
  if (by === "office") return read.office ? say("ranking_office", { comune, office: read.office }) : say("ranking_no_office", { comune });
  const code = read[by] ?? "";
  return (read[`${by}_name`] ?? (LISTS[by] ? label(LISTS[by], code) : code)) || say("ranking_nameless");
}

const codeOf = (row: RankedRow, by: string): string => (by === "office" ? `${row.comune}/${row.office}` : String((row as Record<string, unknown>)[by] ?? ""));

// filterOf are the parameters that say of which votes a row is.
export function filterOf(row: Keys, by: string): Record<string, string> {
  const read = row as Record<string, string | null | undefined>;
  return by === "office" ? { comune: read.comune ?? "", office: read.office ?? "" } : { [by]: read[by] ?? "" };
}

// opens goes to what a row is of: a comune's own page, or how it went.
export const opens = (state: State, by: string, go: Go) => (code: string): void => {
  const keep = asked(state);
  if (by === "comune") return go(href("place", { ...keep, ...at({ level: "comune", code, name: "" }) }));
  if (by === "region" || by === "province") return go(href("trend", { ...keep, ...at({ level: by, code, name: "" }) }));
  const [comune, office] = code.split("/");
  go(href("trend", by === "office" ? { ...keep, comune: comune ?? "", office: office ?? "" } : { ...keep, [by]: code }));
};

const interval = (low: number | null, high: number | null, write: (n: number) => string): string =>
  low === null || high === null ? "" : say("range", { low: write(low), high: write(high) });

// within is the interval of a difference.
export const within = (low: number | null, high: number | null): string => (low === null || high === null ? "" : pointsRange(low, high));

const SIDES: Record<Verdict, words.Message> = { above: "ranking_above", below: "ranking_below", alike: "ranking_alike" };
const MOVES: Record<Verdict, words.Message> = { above: "ranking_rose", below: "ranking_fell", alike: "ranking_maybe" };

const said = (of: Record<Verdict, words.Message>): Record<Verdict, string> => ({ above: say(of.above), below: say(of.below), alike: say(of.alike) });

// sideOf tells how a row differs from its reference: who does lies beyond the limits of its
// funnel.
export const sideOf = ({ differs, value, funnel_high: high }: RankedRow): Verdict =>
  !differs || value === null || high === null ? "alike" : value >= high ? "above" : "below";

// byValue are rows in their order, each beside its reference.
export function byValue(ranking: Ranking, scale: Scale, rows: number): Dots {
  const { measure, write } = scale;
  const by = ranking.meta.by?.at(-1) ?? "region";
  const counts = measure === "n";
  const referenceOf = referencesOf(ranking, scale);
  return {
    title: say("ranking_title", { measure: scale.title, by: say(`ranking_by_${by as "region"}`) }),
    rows: ranking.rows.slice(0, rows).map((row): Dot => {
      const reference = counts ? null : referenceOf(row);
      const verdict = sideOf(row);
      const places = row.place_best === row.place_worst ? number(row.place) : say("ranking_places", { best: number(row.place_best), worst: number(row.place_worst) });
      const value = row.value === null ? say(`absent_${absence(row) ?? "none"}`) : write(row.value);
      const inside = interval(row.value_low, row.value_high, write);
      const n = row.n === null ? "–" : number(row.n);
      const grown = row.n_change === null || row.n_change === undefined ? "" : words.change(row.n_change);
      const tested = row.q === null ? "" : say("ranking_tested", { verdict: say(SIDES[verdict]), q: probability(row.q) });
      return {
        name: nameOf(row, by), of: row.value === null ? null : { value: row.value, low: row.value_low, high: row.value_high }, reference, verdict, code: codeOf(row, by),
        cells: counts ? [value, grown, number(row.place)] : [value, n, places, say(SIDES[verdict])],
        line: [counts ? grown : value, words.counted("votes_n", row.n ?? 0), say("ranking_place_n", { n: counts ? number(row.place) : places }), counts ? "" : say(SIDES[verdict])].filter(Boolean).join(" · "),
        says: [[value, inside && `(${inside})`].filter(Boolean).join(" "), words.counted("votes_n", row.n ?? 0),
          counts ? [say("ranking_place_n", { n: number(row.place) }), grown && say("ranking_since", { change: grown })].filter(Boolean).join("; ") : say("ranking_place", { n: number(row.place), best: number(row.place_best), worst: number(row.place_worst) }), tested, ...notes(row)].filter(Boolean),
        row: counts ? [value, grown, number(row.place)] : [value, inside, n, number(row.place), places, tested, notes(row).join("; ")],
      };
    }),
    head: counts ? [say("votes"), say("ranking_change"), say("ranking_place_head")] : [say("ranking_value"), say("votes"), say("ranking_places_head"), say("ranking_against")],
    table: counts
      ? { head: [say(`ranking_by_${by as "region"}`), say("votes"), say("ranking_change"), say("ranking_place_head")], numeric: [false, true, true, true] }
      : { head: [say(`ranking_by_${by as "region"}`), scale.title, say("interval_95"), say("votes"), say("ranking_place_head"), say("ranking_places_head"), say("ranking_against"), say("note")], numeric: [false, true, true, true, true, true, false, false] },
    write, bounds: scale.bounds, around: counts, verdicts: counts ? {} : said(SIDES), names: { reference: say(`ranking_reference_${ranking.meta.reference ?? "nation"}`) },
    summary: ends(ranking.rows.slice(0, rows).map((row) => [nameOf(row, by), row.value === null ? "–" : write(row.value)])),
  };
}

// byDifference are rows by how much they changed.
export function byDifference(ranking: Ranking, scale: Scale, rows: number): Dots {
  const { write, differ } = scale;
  const by = ranking.meta.by?.at(-1) ?? "region";
  const [all] = ranking.reference;
  const shown = ranking.rows.slice(0, rows);
  return {
    title: say("ranking_changes", { measure: scale.title, by: say(`ranking_by_${by as "region"}`) }),
    rows: shown.map((row): Dot => {
      const change = changeOf(row);
      const verdict = verdictOf(change);
      const now = row.value === null ? "–" : write(row.value);
      const then = row.compare_value === null || row.compare_value === undefined ? "–" : write(row.compare_value);
      const { difference, difference_low: low, difference_high: high } = change;
      const of = difference === null ? null : { value: difference, low, high };
      const by_ = difference === null ? say("ranking_unknown") : differ(difference);
      const votes = say("ranking_votes_then_now", { then: row.compare_n === null || row.compare_n === undefined ? "–" : number(row.compare_n), now: row.n === null ? "–" : number(row.n) });
      return {
        name: nameOf(row, by), of, reference: all?.difference ?? null, verdict, code: codeOf(row, by),
        cells: [by_, say("ranking_then_now", { then, now }), difference === null ? "" : say(MOVES[verdict])],
        line: [by_, difference === null ? "" : say(MOVES[verdict]), say("ranking_then_now", { then, now })].filter(Boolean).join(" · "),
        says: [difference === null ? say("ranking_unknown_long") : `${by_} (${within(low, high)})`, say("ranking_then_now", { then, now }), votes, ...(difference === null ? [] : [chance(change)]), ...notes(row)],
        row: [by_, within(low, high), then, now, votes, difference === null ? "" : chance(change), notes(row).join("; ")],
      };
    }),
    head: [say("ranking_change"), say("ranking_then_now_head"), say("ranking_chance_head")],
    table: {
      head: [say(`ranking_by_${by as "region"}`), say("ranking_change"), say("interval_95"), say("ranking_then"), say("ranking_now"), say("votes"), say("ranking_chance_head"), say("note")],
      numeric: [false, true, true, true, true, true, false, false],
    },
    write: signed, around: true, verdicts: said(MOVES), names: { reference: say("ranking_all_changed") },
    summary: ends(shown.filter((row) => changeOf(row).difference !== null).map((row) => [nameOf(row, by), `${differ(changeOf(row).difference!)}, ${chance(changeOf(row))}`])),
  };
}

// changeOf is how a row changed; without compare it is not known.
export const changeOf = ({ difference = null, difference_low = null, difference_high = null, q_change: q = null }: RankedRow): Difference =>
  ({ difference, difference_low, difference_high, q });

// referencesOf tells what each row is held against.
function referencesOf({ reference, meta }: Ranking, scale: Scale): (row: RankedRow) => number | null {
  if ((meta.reference ?? "nation") === "nation") return () => (reference[0] ? scale.of(reference[0]) : null);
  return (row) => middleOf(row, scale.bounds);
}

// middleOf is what a row is held against, of the limits of its funnel: they lie as far from it
// as z says, but where they are cut, since no figure can be there.
export function middleOf({ funnel_lowest: lowest, funnel_low: low, funnel_high: high, funnel_highest: highest }: RankedRow, [least, most]: readonly [number, number]): number | null {
  const part = 1.959964 / (3.090232 - 1.959964);
  if (lowest === null || low === null || high === null || highest === null) return null;
  if (lowest > least) return low + part * (low - lowest);
  return highest < most ? high - part * (highest - high) : null;
}

// notes say what a reader must know of a row.
export function notes({ status }: Figures): string[] {
  const of: [string, words.Message][] = [["R", "status_running"], ["P", "status_provisional"], ["B", "status_break"], ["Q", "status_lacks"]];
  return of.filter(([code]) => (status as readonly string[]).includes(code)).map(([, message]) => say(message));
}

// ends says the first and the last of what is in order.
function ends(rows: readonly (readonly [string, string])[]): string {
  const [first, last] = [rows[0], rows[rows.length - 1]];
  if (!first || !last) return say("absent_none");
  return say("ranking_ends", { first: first.join(", "), last: last.join(", ") });
}
