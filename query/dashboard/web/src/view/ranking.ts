// Who stands where, how sure that is, and who rose or fell: by places, services or
// channels.

import { changed, filtersOf, write as href, type State } from "../address.ts";
import { callOf, get, type Ask } from "../ask.ts";
import { absence, type Measure, type RankedRow, type Ranking } from "../answers.ts";
import { dots } from "../chart/dots.ts";
import { funnel, type Spot } from "../chart/funnel.ts";
import { h, type Child } from "../elements.ts";
import { explain } from "../explain.ts";
import type { Choice, Control } from "../filters.ts";
import { failure } from "../notice.ts";
import { panel } from "../panel.ts";
import { rows as table } from "../table.ts";
import type { Shown, View } from "../view.ts";
import { language, number, say, type Message } from "../words.ts";
import { byValue, byDifference, nameOf, opens, scaleOf, type Scale } from "./ranking-rows.ts";
import { sentences } from "./ranking-words.ts";

const PERIOD = "last-quarter";
const STEP = 50; // Rows at first, and with each "more".
const MANY = ["comune", "office"]; // By which there are thousands: not all are asked for.

const BYS = ["region", "province", "comune", "service", "category", "channel", "population_class", "macro_area"] as const;
type By = (typeof BYS)[number] | "office";

const byOf = ({ parameters: { by } }: State): By => (by === "office" ? by : BYS.find((one) => one === by) ?? "region");
const measureOf = ({ parameters: { measure } }: State): Measure => (["red_share", "net", "n"] as const).find((one) => one === measure) ?? "green_share";
const compareOf = ({ parameters: { compare } }: State): string => compare ?? "previous";

// referencesOf are what those of a kind can be held against.
const referencesOf = (by: By): readonly ("nation" | "region" | "class")[] =>
  by === "comune" || by === "office" ? ["nation", "region", "class"] : by === "province" ? ["nation", "region"] : ["nation"];

const sorts = (state: State): boolean => measureOf(state) !== "n" && compareOf(state) !== "none";

function controls(state: State): Control[] {
  const by = byOf(state);
  const office = state.parameters.comune || by === "office" ? ["office" as const] : [];
  const choices: Choice[] = [
    { name: "by", title: "ranking_by", values: () => [...BYS, ...office].map((one) => [one === "region" ? "" : one, say(`ranking_by_${one}`)] as const) },
    { name: "measure", title: "measure", values: () => [["", say("measure_green_share")], ["red_share", say("measure_red_share")], ["net", say("measure_net")], ["n", say("measure_n")]] },
    { name: "compare", title: "compare_with", values: () => [["", say("compare_previous")], ["year", say("compare_year")], ["year-weekday", say("compare_year_weekday")], ["none", say("compare_none")]] },
  ];
  if (sorts(state)) choices.push({ name: "sort", title: "ranking_sort", values: () => [["", say("ranking_sort_value")], ["-difference", say("ranking_sort_fell")], ["difference", say("ranking_sort_rose")]] });
  if (referencesOf(by).length > 1) choices.push({ name: "reference", title: "ranking_reference", values: () => referencesOf(by).map((one) => [one === "nation" ? "" : one, say(`ranking_reference_${one}`)] as const) });
  choices.push({ name: "min_n", title: "ranking_min_n", values: () => [["", "30"], ["100", "100"], ["1000", number(1000)], ["10000", number(10000)]] });
  return [choices[0]!, "period", "place", "service", "channel", "population_class", ...choices.slice(1)];
}

// rowsOf is how many rows are shown.
const rowsOf = ({ parameters: { rows } }: State): number => Math.min(10000, Math.max(STEP, Math.floor(Number(rows)) || STEP));

// wholeOf asks for everybody.
function wholeOf(state: State): Ask {
  const { sort, min_n, reference } = state.parameters;
  const by = byOf(state);
  const measure = measureOf(state);
  const compare = compareOf(state);
  const parameters: Record<string, string> = { ...filtersOf(state, PERIOD), by, names: language() };
  if (measure !== "green_share") parameters.measure = measure;
  if (compare !== "none") parameters.compare = compare;
  if (sort && sorts(state)) parameters.sort = sort;
  if (reference && (referencesOf(by) as readonly string[]).includes(reference)) parameters.reference = reference;
  if (min_n) parameters.min_n = min_n;
  return { id: "ranking", path: "/v1/ranking", parameters };
}

const shownOf = (state: State): Ask => {
  const whole = wholeOf(state);
  return MANY.includes(byOf(state)) ? { ...whole, parameters: { ...whole.parameters, top: String(rowsOf(state)) } } : whole;
};

// asks asks besides for who fell and who rose most: they may be in no row that is shown.
function asks(state: State): Ask[] {
  const { parameters } = wholeOf(state);
  const first = (id: string, sort: string): Ask => ({ id, path: "/v1/ranking", parameters: { ...parameters, sort, top: "1" } });
  return [shownOf(state), ...(sorts(state) ? [first("fell", "-difference"), first("rose", "difference")] : [])];
}

export const view: View = {
  period: PERIOD,
  controls,
  asks,
  show(shown) {
    const { state, answers } = shown;
    const ask = shownOf(state);
    const ranking = answers.of<Ranking>("ranking");
    const scale = scaleOf(measureOf(state));
    const differs = (ranking.meta.sort ?? "value") !== "value";
    const data = differs ? byDifference(ranking, scale, rowsOf(state)) : byValue(ranking, scale, rowsOf(state));
    const by = byOf(state);
    const chart = shown.frame(dots, data, opens(state, by, shown.go));
    const moved = sorts(state) ? { fell: answers.maybe<Ranking>("fell"), rose: answers.maybe<Ranking>("rose") } : { fell: null, rose: null };
    const lines = sentences(ranking, moved, scale, by);
    return [
      lines.length === 0 ? null : h("section", { class: "card says", "aria-labelledby": "ranking-says" }, h("h2", { id: "ranking-says" }, say("headline")),
        h("ul", {}, ...lines.map((line) => h("li", {}, ...line.map((part) => partOf(part, ask)))))),
      panel({ id: "standings", title: data.title, ask, meta: ranking.meta, frame: chart, note: say(differs ? "ranking_differences_note" : scale.measure === "n" ? "ranking_votes_note" : "ranking_note") },
        more(state, ranking, data.rows.length), small(shown, ranking)),
      scale.measure === "n" ? null : funnelPanel(shown, ranking, scale),
    ];
  },
};

// partOf is a part of a sentence: words, or a figure that explains itself.
function partOf(part: string | { says: string; row: RankedRow; of: Record<string, string> }, ask: Ask): Child {
  if (typeof part === "string") return part;
  return h("button", { type: "button", class: "figure", onclick: () => explain({ title: nameOf(part.row, byFrom(ask)), ask, of: part.of, row: part.row }) },
    part.says, h("span", { class: "visually-hidden" }, `. ${say("explain")}`));
}

const byFrom = (ask: Ask): string => ask.parameters?.by ?? "region";

// more says how many of how many are shown, and shows more of them.
function more(state: State, { ranked }: Ranking, shown: number): HTMLElement | null {
  if (ranked === 0) return h("p", { class: "absent" }, say("ranking_nobody"));
  const parts: Child[] = [h("span", {}, say("ranking_shown", { n: number(shown), of: number(ranked) }))];
  if (shown < ranked && shown < 10000) parts.push(" ", h("a", { class: "btn btn-outline-primary btn-sm", href: href(state.view, changed(state, { rows: String(shown + STEP) })) }, say("ranking_more", { n: number(Math.min(STEP, ranked - shown)) })));
  return h("p", { class: "show-more" }, ...parts);
}

// small lists who has too few votes for a place: when it is wanted, where not all were asked for.
function small(shown: Shown, ranking: Ranking): HTMLElement | null {
  const { small_count: n, small: given } = ranking;
  if (n === 0) return null;
  const { state } = shown;
  const inside = h("div", { role: "status" }, say("loading"));
  const fill = (all: Ranking["small"]) => inside.replaceChildren(h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": say("ranking_small") },
    table(say("ranking_small"), [say(`ranking_by_${byOf(state)}`), say("votes")], [false, true],
      all.map((row) => [nameOf(row, byOf(state)), row.n === null ? say(`absent_${absence(row) ?? "withheld"}`) : number(row.n)]))));
  return later(shown, say("ranking_small_n", { n: number(n), min: number(ranking.meta.min_n ?? 30) }), inside, given.length > 0 ? () => fill(given) : async () => fill((await whole(shown)).small));
}

// whole asks for everybody, at the position of what is shown already.
function whole({ state, answers, signal }: Shown): Promise<Ranking> {
  const ask = wholeOf(state);
  return get<Ranking>(callOf({ ...ask, parameters: { ...ask.parameters, ...(answers.position && { at_least: answers.position }) } }), signal);
}

// later is a part that is filled when it is opened first.
function later({ signal }: Shown, title: string, inside: HTMLElement, fill: () => void | Promise<void>): HTMLElement {
  let filled = false;
  const details: HTMLDetailsElement = h("details", { ontoggle: async () => {
    if (filled || !details.open) return;
    filled = true;
    try {
      await fill();
    } catch (error) {
      filled = false;
      if (!signal.aborted) inside.replaceChildren(failure(error));
    }
  } }, h("summary", {}, title), inside);
  return details;
}

// funnelPanel shows how far each is from the reference, by its votes.
function funnelPanel(shown: Shown, ranking: Ranking, scale: Scale): HTMLElement {
  const { state } = shown;
  const by = byOf(state);
  const title = say("ranking_funnel");
  const drawn = (of: Ranking) => shown.frame(funnel, {
    title, write: scale.write, bounds: scale.bounds, spots: spotsOf(of, by),
    reference: of.reference.length === 1 ? scale.of(of.reference[0]!) : null, referenceName: say(`ranking_reference_${(of.meta.reference ?? "nation")}` as Message),
  }, opens(state, by, shown.go));
  const note = [say("ranking_funnel_says"), ...(ranking.reference.length > 1 ? [say("ranking_funnel_own")] : [])].join(" ");
  const of = { id: "funnel", title, ask: wholeOf(state), note };
  if (!MANY.includes(by)) return panel({ ...of, meta: ranking.meta, frame: drawn(ranking) });
  const inside = h("div", {}, say("loading"));
  return panel(of, later(shown, say("ranking_funnel_open", { n: number(ranking.ranked) }), inside, async () => inside.replaceChildren(drawn(await whole(shown)).element)));
}

const spotsOf = ({ rows }: Ranking, by: string): Spot[] => rows.flatMap((row) => {
  const { n, value, funnel_lowest: lowest, funnel_low: low, funnel_high: high, funnel_highest: highest } = row;
  return n && value !== null && lowest !== null && low !== null && high !== null && highest !== null
    ? [{ name: nameOf(row, by), n, value, limits: [lowest, low, high, highest] as const, code: codeOf(row, by) }] : [];
});

const codeOf = (row: RankedRow, by: string): string => (by === "office" ? `${row.comune}/${row.office}` : String(row[by as "region"] ?? ""));
