// Whether a place's figures changed: as they were counted, and with the same mix of
// channels and services, and in words whether chance does such a thing.

import { absence, type Absence, type Page, type PageComparison } from "../../answers.ts";
import { h } from "../../elements.ts";
import { panel, type PanelOf } from "../../panel.ts";
import { rows } from "../../table.ts";
import { chance } from "../../verdict.ts";
import { change, counted, label, percent, points, pointsRange, range, say, span } from "../../words.ts";

const MEASURES = ["green_share", "red_share", "net"] as const;
type Measured = (typeof MEASURES)[number];

// The part of a difference that is compared; only what was counted is tested.
interface Difference { difference: number | null; difference_low: number | null; difference_high: number | null; q?: number | null }

const chanceOf = (of: Difference): string => (of.difference === null ? "–" : chance({ ...of, q: of.q ?? null }));

// within writes a difference with its interval.
function within({ difference, difference_low: low, difference_high: high }: Difference): string {
  if (difference === null || low === null || high === null) return "–";
  return `${points(difference)} (${pointsRange(low, high)})`;
}

const title = (measure: Measured) => say(`measure_${measure}`);

export function changed(page: Page, calls: Pick<PanelOf, "ask" | "files">): HTMLElement {
  const { comparison } = page;
  const when = span(Date.parse(comparison.with.from), Date.parse(comparison.with.to));
  const of = { id: "change", title: say("place_change"), ...calls, meta: { ...page.meta, from: comparison.of.from, to: comparison.of.to } };
  const [why, before] = [absence(comparison.of), absence(comparison.with)];
  if (why || before) {
    return panel(of, h("p", {}, before === "none" && !why ? say("nothing_before", { when }) : say("place_change_cannot", { when, now: inWords(why), before: inWords(before) })));
  }
  return panel(of,
    h("p", {}, say("place_change_when", { when, votes: counted("votes_n", comparison.with.n ?? 0), change: comparison.n_change === null ? "–" : change(comparison.n_change) })),
    h("ul", { class: "sentences" }, ...MEASURES.map((measure) => h("li", {}, h("strong", {}, title(measure)), ": ", sentence(measure, comparison)))),
    h("details", {}, h("summary", {}, say("place_change_table")),
      h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": say("place_change") }, table(comparison)),
      h("p", { class: "quiet" }, say("place_mix_note", { covered: percent(comparison.with.standardised.green_share?.covered ?? 0, 0) })),
      h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": say("place_mix") }, mixOf(comparison))));
}

const inWords = (why: Absence | null): string => (why ? say(`absent_${why}`) : say("place_change_shown"));

function sentence(measure: Measured, { crude, standardised }: PageComparison): string {
  const [as, mixed] = [crude[measure], standardised[measure]];
  if (!as || as.difference === null) return "–";
  const same = mixed && mixed.difference !== null ? ` ${say("place_same_mix", { what: within(mixed), chance: chanceOf(mixed) })}` : "";
  return `${within(as)}; ${chanceOf(as)}.${same}`;
}

function table({ of, with: before, crude, standardised }: PageComparison): HTMLElement {
  const estimate = (value: number | null | undefined, low: number | null | undefined, high: number | null | undefined, measure: Measured) => {
    const write = (n: number) => (measure === "net" ? points(n) : percent(n));
    return typeof value !== "number" || typeof low !== "number" || typeof high !== "number" ? "–" : `${write(value)} (${measure === "net" ? pointsRange(low, high) : range(low, high)})`;
  };
  const ends = { green_share: ["green_low", "green_high"], red_share: ["red_low", "red_high"], net: ["net_low", "net_high"] } as const;
  const body = MEASURES.flatMap((measure) => {
    const [low, high] = ends[measure];
    const mixed = (side: typeof of) => side.standardised[measure];
    return [
      [`${title(measure)}, ${say("place_crude")}`, estimate(before[measure], before[low], before[high], measure), estimate(of[measure], of[low], of[high], measure), within(crude[measure] ?? NONE), chanceOf(crude[measure] ?? NONE)],
      [`${title(measure)}, ${say("place_mixed")}`, estimate(mixed(before)?.value, mixed(before)?.low, mixed(before)?.high, measure), estimate(mixed(of)?.value, mixed(of)?.low, mixed(of)?.high, measure), within(standardised[measure] ?? NONE), chanceOf(standardised[measure] ?? NONE)],
    ];
  });
  return rows(say("place_change"), [say("measure"), say("place_before"), say("place_now"), say("place_difference"), say("place_chance")], [false, true, true, true, false], body);
}

const NONE: Difference = { difference: null, difference_low: null, difference_high: null };

// mixOf are the strata by whose part both times are weighed, the heaviest first.
function mixOf({ mix }: PageComparison): HTMLElement {
  const sorted = [...mix].sort((a, b) => (b.weight ?? 0) - (a.weight ?? 0));
  return rows(say("place_mix"), [say("channel"), say("category"), say("place_weight"), say("place_now"), say("place_before")], [false, false, true, true, true],
    sorted.map(({ channel, category, weight, n }) => [label("channels", channel), category === "" ? say("category_none") : label("categories", category), weight === null ? "–" : percent(weight), counted("votes_n", n.of), counted("votes_n", n.with)]));
}
