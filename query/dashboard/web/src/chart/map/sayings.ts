// What a map says in words: legend, tips, table and summary.

import { absence, few, type Measure, type Status } from "../../answers.ts";
import type { Words } from "../../words.ts";
import type { LegendEntry, Table } from "../marks.ts";
import { STEPS, type Steps } from "./steps.ts";

// A Place is what is known of an area.
export interface Place {
  readonly name: string;
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly n: number | null;
  readonly status?: Status;
  readonly drawn?: boolean; // False where the map has no shape for it: a comune that is no more.
}

export interface Told {
  readonly title: string; // What is measured, in words.
  readonly measure: Measure;
  readonly layer: "regions" | "provinces" | "comuni";
  readonly reference: number | null; // The figure that places are compared with.
  readonly order: "best" | "worst"; // Which of them are first.
}

export const unitOf = (measure: Measure): number => (measure === "mean" || measure === "n" ? 1 : 0.01);

// kindOf is why an area has no colour, or null where it has one.
export const kindOf = (place: Place): "withheld" | "missing" | "none" | null =>
  absence(place) ?? (place.value === null ? "none" : null);

// wide tells whether a figure could as well be one that is far from it.
export const wide = ({ low, high }: Place, measure: Measure): boolean =>
  measure !== "n" && low !== null && high !== null && (high - low) / unitOf(measure) > 20;

// scant tells whether a figure is of too few votes to be ranked. How many there are
// is known of few, too.
export const scant = (place: Place, measure: Measure): boolean => measure !== "n" && !kindOf(place) && few(place.status);

// ranked sorts places: those with votes enough, those with too few to be ranked, and
// last, by name, those without a figure.
export function ranked<P extends Place>(places: readonly P[], { measure, order }: Pick<Told, "measure" | "order">): P[] {
  const group = (place: Place) => (kindOf(place) ? 2 : scant(place, measure) ? 1 : 0);
  const sign = (order === "best") === (measure !== "red_share") ? -1 : 1;
  return [...places].sort((a, b) =>
    group(a) - group(b) || (group(a) < 2 ? sign * (a.value! - b.value!) : 0) || a.name.localeCompare(b.name));
}

// standings are the places in the ranking of what ranked has sorted, null for those that
// have none: who has the same figure shares one.
export function standings(sorted: readonly Place[], { measure }: Pick<Told, "measure">): (number | null)[] {
  let last: { value: number | null; at: number } | null = null;
  return sorted.map((place, i) => {
    if (kindOf(place) || scant(place, measure)) return null;
    last = last?.value === place.value ? last : { value: place.value, at: i + 1 };
    return last.at;
  });
}

// figure writes a value as its measure is written.
export function figure(value: number, measure: Measure, words: Words): string {
  if (measure === "n") return words.number(value);
  if (measure === "mean") return words.decimal(value, 1);
  return measure === "net" ? words.points(value) : words.percent(value);
}

function interval({ low, high }: Place, measure: Measure, words: Words): string {
  if (measure === "n" || low === null || high === null) return "";
  return words.say("range", { low: figure(low, measure, words), high: figure(high, measure, words) });
}

// notes are what a reader must know of a place's figure.
function notes(place: Place, measure: Measure, words: Words): string[] {
  const kind = kindOf(place);
  const all = place.drawn === false ? [words.say("map_not_drawn")] : [];
  if (kind) return [words.say(`absent_${kind}`), ...all];
  if (scant(place, measure)) all.push(words.say("map_few"));
  if (wide(place, measure)) all.push(words.say("map_pale"));
  return all;
}

// tip are the lines about one place.
export function tip(place: Place, told: Told, words: Words): string[] {
  const { measure, reference, title } = told;
  const lines = [place.name];
  if (!kindOf(place) && place.value !== null) {
    lines.push([`${title}: ${figure(place.value, measure, words)}`, interval(place, measure, words)].filter(Boolean).join(", "));
    if (measure !== "n" && place.n !== null) lines.push(words.counted("votes_n", place.n));
    if (reference !== null && measure !== "n") lines.push(words.say("map_difference", { n: difference(place.value - reference, measure, words), reference: figure(reference, measure, words) }));
  }
  return [...lines, ...notes(place, measure, words)];
}

const difference = (by: number, measure: Measure, words: Words): string =>
  measure === "mean" ? words.points(by / 100) : words.points(by);

// tableOf has a row for each place, in the ranking's order.
export function tableOf(places: readonly Place[], told: Told, words: Words): Table {
  const { measure, title, layer } = told;
  const at = standings(places, told);
  const rows = places.map((place, i) => {
    const shown = !kindOf(place) && place.value !== null;
    const cells = [place.name, at[i] ? words.number(at[i]) : "", shown ? figure(place.value!, measure, words) : ""];
    if (measure !== "n") cells.push(interval(place, measure, words), place.n === null ? "" : words.number(place.n));
    return [...cells, notes(place, measure, words).join("; ")];
  });
  const head = [words.say(`map_head_${layer}`), words.say("map_rank"), title];
  const numeric = [false, true, true];
  if (measure !== "n") {
    head.push(words.say("interval_95"), words.say("votes"));
    numeric.push(true, true);
  }
  return { caption: words.say(`map_of_${layer}`, { title, n: words.number(places.length) }), head: [...head, words.say("map_note")], numeric: [...numeric, false], rows };
}

// summary says the map to who does not see it: what it is about, its ends, and how
// many places have no colour, or one that is not to be trusted.
export function summary(places: readonly Place[], told: Told, words: Words): string {
  const { measure, title, layer, reference } = told;
  const sentences = [words.say(`map_of_${layer}`, { title, n: words.number(places.length) })];
  const firm = places.filter((place) => !kindOf(place) && !scant(place, measure));
  const [first, last] = [firm[0], firm[firm.length - 1]];
  const named = (place: Place) => [`${place.name}, ${figure(place.value!, measure, words)}`, interval(place, measure, words)].filter(Boolean).join(", ");
  if (first && last && first !== last) sentences.push(words.say("map_ends", { first: named(first), last: named(last) }));
  if (reference !== null && measure !== "n") sentences.push(words.say("map_reference", { n: figure(reference, measure, words) }));
  for (const kind of ["few", "withheld", "missing", "none"] as const) {
    const n = places.filter((place) => (kindOf(place) ?? (scant(place, measure) && "few")) === kind).length;
    if (n > 0) sentences.push(words.say(`map_n_${kind}`, { n: words.number(n) }));
  }
  return [...sentences, words.say("map_twin")].join(" ");
}

// legend has the steps with their limits, and what else is on the map.
export function legend(places: readonly Place[], steps: Steps, classOf: (step: number) => string, told: Told, words: Words): LegendEntry[] {
  const { measure } = told;
  const entries: LegendEntry[] = Array.from({ length: STEPS }, (_, i) => ({ class: classOf(i + 1), says: stepName(steps, i, told, words) }));
  const some = (what: (place: Place) => boolean) => places.some(what);
  if (some((place) => !kindOf(place) && wide(place, measure))) entries.push({ class: `${classOf(1)} pale`, says: words.say("map_pale") });
  if (some((place) => scant(place, measure))) entries.push({ class: "area few", says: words.say("map_few") });
  for (const kind of ["withheld", "missing", "none"] as const) {
    if (some((place) => kindOf(place) === kind)) entries.push({ class: `area ${kind}`, says: words.say(`absent_${kind}`) });
  }
  return entries;
}

// stepName is a step in words; i counts from 0.
export function stepName(steps: Steps, i: number, { measure }: Pick<Told, "measure">, words: Words): string {
  const { limits, kind, unit, reference } = steps;
  const [from, to] = [limits[i - 1], limits[i]];
  if (kind === "around") {
    const of = figure(reference, measure, words);
    if (i === 3) return words.say("map_like", { n: words.number(to!), reference: of });
    if (from === undefined) return words.say("map_far_below", { n: words.number(-to!), reference: of });
    if (to === undefined) return words.say("map_far_above", { n: words.number(from), reference: of });
    return i < 3
      ? words.say("map_below", { from: words.number(-to), to: words.number(-from) })
      : words.say("map_above", { from: words.number(from), to: words.number(to) });
  }
  const name = (limit: number) => (kind === "powers" || measure === "mean" ? words.number(limit) : measure === "net" ? words.points(limit * unit) : words.percent(limit * unit, limit % 1 ? 1 : 0));
  if (from === undefined) return words.say("map_less", { n: name(to!) });
  if (to === undefined) return words.say("map_more", { n: name(from) });
  return words.say("map_between", { from: name(from), to: name(kind === "powers" ? to - 1 : to) });
}
