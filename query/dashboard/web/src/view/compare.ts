// Two places or services to five, side by side: how each differs from the first, whether
// that is chance, and what would be left of it if all had the same mix.

import { changed, only, parse, PLACE, queryOf, TIME, write as href, type Parameters, type State } from "../address.ts";
import { Refused, type Answers, type Ask } from "../ask.ts";
import { absence, valueOf, type Comparison, type Measure, type Selection } from "../answers.ts";
import { dots, type Dot, type Estimate } from "../chart/dots.ts";
import { h, type Child } from "../elements.ts";
import { explain, share } from "../explain.ts";
import { field, periodName, type Choice } from "../filters.ts";
import { failure } from "../notice.ts";
import { panel } from "../panel.ts";
import { placeOf, placePicker, told } from "../picker.ts";
import { rows as table } from "../table.ts";
import { chance, verdictOf, type Difference } from "../verdict.ts";
import type { Shown, View } from "../view.ts";
import * as words from "../words.ts";
import { label, listed, number, percent, say, signed, span, type Message } from "../words.ts";
import { notes, scaleOf, within, type Scale } from "./ranking-rows.ts";

const PERIOD = "last-365-days";
const LETTERS = ["a", "b", "c", "d", "e"] as const;
const ALL = "scale=mlf3"; // Everything: a selection that says nothing is none in an address.

const MEASURE: Choice = { name: "measure", title: "measure", values: () => [["", say("measure_green_share")], ["red_share", say("measure_red_share")], ["net", say("measure_net")]] };
const MIX: Choice = { name: "mix", title: "compare_mix", values: () => [["", say("compare_mix_first")], ["all", say("compare_mix_all")]] };
type Compared = "green_share" | "red_share" | "net";
const measureOf = ({ parameters: { measure } }: State): Compared => (["red_share", "net"] as const).find((one) => one === measure) ?? "green_share";

// chosen are the selections of an address; where it has none, its place and all places, or
// the parts of the country.
export function chosen({ parameters }: Pick<State, "parameters">): string[] {
  const given = LETTERS.flatMap((letter) => parameters[letter] ?? []);
  if (given.length > 0) return given;
  const place = queryOf(only(parameters, ...PLACE));
  return place ? [ALL, place] : listed("macro_areas").slice(0, LETTERS.length).map((code) => `macro_area=${code}`);
}

// lettered are selections as parameters.
export const lettered = (selections: readonly string[]): Record<string, string | null> =>
  Object.fromEntries(LETTERS.map((letter, i) => [letter, selections[i] ?? null]));

function asks(state: State): Ask[] {
  const selections = chosen(state);
  if (selections.length < 2) return [];
  const time = only(state.parameters, ...TIME);
  const { mix } = state.parameters;
  const parameters: Record<string, string> = {
    ...(Object.keys(time).length > 0 ? time : { period: PERIOD }), ...only(state.parameters, "service", "channel", "population_class", "category"), ...(mix === "all" && { mix }),
  };
  selections.forEach((selection, i) => (parameters[LETTERS[i]!] = selection));
  return [{ id: "compare", path: "/v1/compare", parameters }];
}

// answered is the comparison, or why there is none: then others can still be chosen.
function answered(answers: Answers): Comparison | Refused {
  try {
    return answers.of<Comparison>("compare");
  } catch (error) {
    if (error instanceof Refused) return error;
    throw error;
  }
}

export const view: View = {
  period: PERIOD,
  controls: ["period", "service", "channel", "population_class", MEASURE, MIX],
  listed: true,
  asks,
  async show(shown) {
    const { state, answers } = shown;
    const [ask] = asks(state);
    const selections = chosen(state);
    const names = await Promise.all(selections.map((selection) => nameOf(selection, shown.signal)));
    const picker = pick(state, selections, names, shown);
    if (!ask) return [picker, h("p", { class: "absent" }, say("compare_too_few"))];
    const comparison = answered(answers);
    if (comparison instanceof Refused) return [picker, failure(comparison)];
    const scale = scaleOf(measureOf(state));
    return [
      picker,
      sentences(comparison, names, scale, state),
      figures(comparison, names, { shown, ask, scale }),
      differences(comparison, names, { shown, ask, scale }),
    ];
  },
};

const parametersOf = (selection: string): Parameters => parse(`http://page/?${selection}`).parameters;

const LISTS: Record<string, string> = { macro_area: "macro_areas", service: "services", category: "categories", channel: "channels", population_class: "population_classes" };

// nameOf says what a selection is of.
async function nameOf(selection: string, signal: AbortSignal): Promise<string> {
  const parameters = parametersOf(selection);
  const place = await placeOf({ view: "compare", parameters }, signal).catch(() => null);
  const labelled = Object.entries(LISTS).flatMap(([name, list]) => (parameters[name] ? parameters[name].split(",").map((code) => label(list, code)).join(", ") : []));
  const { period, from, to, office } = parameters;
  const time = period ? [periodName(period)] : from && to ? [span(Date.parse(from), Date.parse(to))] : [];
  const said = [...(place ? [told(place)] : []), ...(office ? [office] : []), ...labelled, ...time];
  return said.join(" · ") || say("place_all");
}

// pick shows what is compared, takes away and adds.
function pick(state: State, selections: readonly string[], names: readonly string[], { go }: Shown): HTMLElement {
  const set = (next: readonly string[]) => go(href(state.view, changed(state, { ...lettered(next), ...Object.fromEntries(PLACE.map((name) => [name, null])) })));
  const chips = names.map((name, i) => h("li", { class: "chosen-one" }, h("span", {}, h("strong", {}, LETTERS[i]!.toUpperCase()), ` ${name}`, i === 0 && h("span", { class: "quiet" }, ` ${say("compare_first")}`)),
    i > 0 && h("button", { type: "button", class: "btn btn-link btn-sm", onclick: () => set([selections[i]!, ...selections.filter((_, k) => k !== i)]) }, say("compare_make_first"), h("span", { class: "visually-hidden" }, ` ${name}`)),
    h("button", { type: "button", class: "btn btn-link btn-sm", onclick: () => set(selections.filter((_, k) => k !== i)) }, say("compare_remove"), h("span", { class: "visually-hidden" }, ` ${name}`))));
  const full = selections.length >= LETTERS.length;
  return h("section", { class: "card", "aria-labelledby": "chosen" }, h("h2", { id: "chosen" }, say("compare_chosen")), h("ul", { class: "chosen-ones" }, ...chips),
    full ? h("p", { class: "quiet" }, say("compare_full")) : h("div", { class: "adding", role: "group", "aria-label": say("compare_add") }, ...adding((selection) => { if (!selections.includes(selection)) set([...selections, selection]); })));
}

// adding are the controls that add a place, a service or a channel.
function adding(add: (selection: string) => void): HTMLElement[] {
  const place = placePicker({ view: "compare", parameters: {} }, (change) => add(queryOf(change) || ALL));
  const select = (name: "service" | "channel", list: string, title: Message) => {
    const made: HTMLSelectElement = h("select", { id: `add-${name}`, onchange: () => made.value && add(`${name}=${made.value}`) }, h("option", { value: "" }, say("compare_choose")),
      ...listed(list).map((code) => [code, label(list, code)] as const).sort(([, a], [, b]) => a.localeCompare(b)).map(([value, says]) => h("option", { value }, says)));
    return field(`add-${name}`, say(title), made);
  };
  const all = h("button", { type: "button", class: "btn btn-outline-primary btn-sm", onclick: () => add(ALL) }, say("place_all"));
  return [place, all, select("service", "services", "compare_add_service"), select("channel", "channels", "compare_add_channel")];
}

interface Around { readonly shown: Shown; readonly ask: Ask; readonly scale: Scale }
type Pair = Comparison["differences"][number];

const estimate = ({ value, low, high }: { value: number | null; low: number | null; high: number | null }): Estimate | null => (value === null ? null : { value, low, high });
const crudeOf = (pair: Pair, measure: Measure): Difference => {
  const of = pair.crude[measure as Compared];
  return { difference: of?.difference ?? null, difference_low: of?.difference_low ?? null, difference_high: of?.difference_high ?? null, q: of?.q ?? null };
};
const range = (low: number | null, high: number | null, write: (n: number) => string) => (low === null || high === null ? "" : say("range", { low: write(low), high: write(high) }));

// sentences say of each how it differs from the first, and what the mix makes of that.
function sentences({ differences, selections }: Comparison, names: readonly string[], { measure, differ }: Scale, state: State): HTMLElement {
  const lines = differences.flatMap((pair, i) => {
    const crude = crudeOf(pair, measure);
    const name = names[i + 1]!;
    if (crude.difference === null) return [say("compare_unknown", { name })];
    const mixed = pair.standardised[measure as Compared];
    const covered = selections[i + 1]!.standardised[measure as Compared]?.covered ?? null;
    return [[
      say("compare_differs", { name, first: names[0]!, difference: differ(crude.difference), range: within(crude.difference_low, crude.difference_high), chance: chance(crude) }),
      mixed?.difference === null || mixed?.difference === undefined ? "" : say("compare_mixed", { difference: differ(mixed.difference), range: within(mixed.difference_low, mixed.difference_high), chance: chance({ ...mixed, q: null }) }),
      covered !== null && covered < 0.95 ? say("compare_covered_little", { covered: percent(covered, 0) }) : "",
      pair.shared ? say("compare_shared") : "",
    ].filter(Boolean).join(" ")];
  });
  return h("section", { class: "card says", "aria-labelledby": "compare-says" }, h("h2", { id: "compare-says" }, say("headline")),
    h("p", { class: "quiet" }, say(`measure_${measureOf(state)}`)), h("ul", {}, ...lines.map((line) => h("li", {}, line))));
}

// explainEach says of each selection what its figures are of, and what they leave out.
const explainEach = (title: string, names: readonly string[], { shown, ask }: Around): void =>
  explain({ title, ask, each: chosen(shown.state).map((selection, i) => ({ says: names[i]!, of: parametersOf(selection) })) });

// figures shows each, as it was counted and with the same mix.
function figures(comparison: Comparison, names: readonly string[], { shown, ask, scale }: Around): HTMLElement {
  const { measure, write, bounds } = scale;
  const title = say("compare_figures", { measure: scale.title });
  const dotOf = (of: Selection, i: number): Dot => {
    const why = absence(of);
    const crude = valueOf(of, measure);
    const mixed = of.standardised[measure as Compared];
    const said = why ? say(`absent_${why}`) : `${write(crude.value!)} (${range(crude.low, crude.high, write)})`;
    const mix = mixed?.value === null || !mixed ? "–" : `${write(mixed.value)} (${range(mixed.low, mixed.high, write)})`;
    const covered = mixed?.covered === null || !mixed ? "–" : percent(mixed.covered, 0);
    return {
      name: `${LETTERS[i]!.toUpperCase()} ${names[i]}`, of: estimate(crude), beside: mixed ? estimate(mixed) : null, verdict: "alike",
      cells: [crude.value === null ? "–" : write(crude.value), mixed?.value === null || !mixed ? "–" : write(mixed.value), of.n === null ? "–" : number(of.n)],
      line: [crude.value === null ? "–" : write(crude.value), mixed?.value === null || !mixed ? "" : `${say("compare_standardised_head")} ${write(mixed.value)}`, words.counted("votes_n", of.n ?? 0)].filter(Boolean).join(" · "),
      says: [`${say("compare_crude")}: ${said}`, `${say("compare_standardised")}: ${mix}`, words.counted("votes_n", of.n ?? 0), say("compare_covered", { covered }), ...notes(of)],
      row: [said, mix, covered, of.n === null ? "–" : number(of.n), notes(of).join("; ")],
    };
  };
  const chart = shown.frame(dots, {
    title, rows: comparison.selections.map(dotOf), write, bounds, verdicts: { alike: say("compare_crude") }, names: { beside: say("compare_standardised") },
    head: [say("compare_crude_head"), say("compare_standardised_head"), say("votes")],
    table: { head: [say("compare_selection"), say("compare_crude"), say("compare_standardised"), say("compare_covered_head"), say("votes"), say("note")], numeric: [false, true, true, true, true, false] },
    summary: comparison.selections.map((of, i) => `${names[i]}: ${valueOf(of, measure).value === null ? "–" : write(valueOf(of, measure).value!)}`).join("; "),
  });
  const shares = measure === "net" ? null : h("ul", { class: "shares" }, ...comparison.selections.map((of, i) =>
    h("li", {}, h("strong", {}, LETTERS[i]!.toUpperCase()), ` ${names[i]}: `, share(of, measure === "red_share" ? "red" : "green", { title: names[i]!, ask, of: { ...withoutPlace(of, ask), ...parametersOf(ask.parameters?.[LETTERS[i]!] ?? "") } }))));
  const [first] = comparison.selections;
  return panel({ id: "figures", title, ask, ...(first && { meta: { from: first.from, to: first.to, excluded: first.excluded } }), frame: chart, note: say("compare_note"), explained: () => explainEach(title, names, { shown, ask, scale }) }, shares, mixOf(comparison, names));
}

// withoutPlace is the time of a selection, of which the request's own says nothing.
const withoutPlace = ({ from, to }: Selection, ask: Ask): Record<string, string> => (ask.parameters?.period ? {} : { from, to });

// mixOf is the table of the mix: what each part weighs, and the votes of each selection in it.
function mixOf({ mix }: Comparison, names: readonly string[]): HTMLElement {
  const letters = LETTERS.slice(0, names.length);
  return h("details", {}, h("summary", {}, say("compare_mix_table")), h("p", { class: "quiet" }, say("compare_mix_note")), h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": say("compare_mix_table") },
    table(say("compare_mix_table"), [say("channel"), say("compare_category"), say("compare_weight"), ...letters.map((letter, i) => `${letter.toUpperCase()} ${names[i]}`)], [false, false, true, ...letters.map(() => true)],
      [...mix].sort((a, b) => (b.weight ?? 0) - (a.weight ?? 0)).map((part): Child[] => [label("channels", part.channel), label("categories", part.category), part.weight === null ? "–" : percent(part.weight), ...letters.map((letter) => number(part.n[letter] ?? 0))]))));
}

// differences shows how each differs from the first.
function differences(comparison: Comparison, names: readonly string[], { shown, ask, scale }: Around): HTMLElement {
  const { measure, differ } = scale;
  const title = say("compare_differences", { first: names[0]! });
  const hardly: Record<"above" | "below" | "alike", string> = { above: say("compare_above"), below: say("compare_below"), alike: say("ranking_maybe") };
  const dotOf = (pair: Pair, i: number): Dot => {
    const crude = crudeOf(pair, measure);
    const mixed = pair.standardised[measure as Compared];
    const verdict = verdictOf(crude);
    const said = crude.difference === null ? say("absent_none") : `${differ(crude.difference)} (${within(crude.difference_low, crude.difference_high)})`;
    const mix = mixed?.difference === null || !mixed ? "–" : `${differ(mixed.difference)} (${within(mixed.difference_low, mixed.difference_high)})`;
    const judged = crude.difference === null ? "" : chance(crude);
    const shared = pair.shared ? [say("compare_shared")] : [];
    return {
      name: `${LETTERS[i + 1]!.toUpperCase()} ${names[i + 1]}`, verdict,
      of: estimate({ value: crude.difference, low: crude.difference_low, high: crude.difference_high }),
      beside: mixed ? estimate({ value: mixed.difference, low: mixed.difference_low, high: mixed.difference_high }) : null,
      cells: [crude.difference === null ? "–" : differ(crude.difference), mixed?.difference === null || !mixed ? "–" : differ(mixed.difference), crude.difference === null ? "" : hardly[verdict]],
      line: crude.difference === null ? "–" : `${differ(crude.difference)} · ${hardly[verdict]}`,
      says: [`${say("compare_crude")}: ${said}`, judged, `${say("compare_standardised")}: ${mix}`, ...shared].filter(Boolean),
      row: [said, judged, mix, shared.join("; ")],
    };
  };
  const chart = shown.frame(dots, {
    title, rows: comparison.differences.map(dotOf), write: signed, around: true, verdicts: hardly, names: { beside: say("compare_standardised") },
    head: [say("compare_crude_head"), say("compare_standardised_head"), say("ranking_chance_head")],
    table: { head: [say("compare_selection"), say("compare_crude"), say("ranking_chance_head"), say("compare_standardised"), say("note")], numeric: [false, true, false, true, false] },
    summary: comparison.differences.map((pair, i) => `${names[i + 1]}: ${crudeOf(pair, measure).difference === null ? "–" : `${differ(crudeOf(pair, measure).difference!)}, ${chance(crudeOf(pair, measure))}`}`).join("; "),
  });
  return panel({ id: "differences", title, ask, frame: chart, note: say("compare_differences_note"), explained: () => explainEach(title, names, { shown, ask, scale }) });
}
