// Where a place stands among its like: a comune among those of its class of population,
// a province or a region among all.

import { PLACE, type State } from "../../address.ts";
import { together, type Ask } from "../../ask.ts";
import { absence, few, type Comune, type Ranking, type RankedRow } from "../../answers.ts";
import { histogram } from "../../chart/histogram.ts";
import { h } from "../../elements.ts";
import { failure } from "../../notice.ts";
import { panel } from "../../panel.ts";
import { chance } from "../../verdict.ts";
import type { Shown } from "../../view.ts";
import { counted, label, listed, number, percent, points, range, say, shortPercent } from "../../words.ts";
import { levelOf } from "./level.ts";

// benchmarkAsk asks for the place alone, against its like: a row and a reference.
export function benchmarkAsk(state: State, parameters: Record<string, string>): Ask | null {
  const level = levelOf(state);
  if (level === "nation" || state.parameters.office) return null;
  return { id: "benchmark", path: "/v1/ranking", parameters: { ...parameters, by: level, reference: level === "comune" ? "class" : "nation", min_n: "1" } };
}

// classOf is the class of so many residents: the codes have the limits, and what one and the next
// have in common is the lower one's.
export function classOf(population: number, classes: readonly string[]): string | undefined {
  return classes.find((code) => {
    const [from, to] = code.startsWith("under-") ? [0, Number(code.slice(6)) - 1] : code.startsWith("from-") ? [Number(code.slice(5)), Infinity] : code.split("-").map(Number) as [number, number];
    return population >= from && population <= to;
  });
}

export function benchmark(shown: Shown, ranking: Ranking | null, comune: Comune | undefined, ask: Ask | null): HTMLElement | null {
  const { state } = shown;
  const own = ranking?.rows[0];
  if (!ranking || !ask || !own || absence(own) || own.green_share === null) return null;
  const level = levelOf(state);
  const like = comune && classOf(comune.population, listed("population_classes"));
  if (level === "comune" && !like) return null;
  const reference = like ? ranking.reference.find((row) => row.population_class === like) : ranking.reference[0];
  if (!reference || reference.green_share === null) return null;
  const whom = like ? say("benchmark_class", { class: label("population_classes", like) }) : say("place_all");
  const place = h("div", {}, h("p", { class: "quiet", role: "status" }, say("loading")));
  const standing = standingAsk(state, ask, like);
  const of = { id: "benchmark", title: like ? say("benchmark_title_class") : say(`benchmark_title_${level as "region" | "province"}`), ask, files: standing, meta: ranking.meta, note: say("benchmark_note") };
  void together([standing], shown.signal).then(
    (answers) => place.replaceChildren(...stands(shown, answers.of<Ranking>("standing"), { own, reference: { value: reference.green_share!, name: whom } })),
    (error: unknown) => { if (!shown.signal.aborted) place.replaceChildren(failure(error)); });
  return panel(of, h("p", {}, against(own, reference.green_share, whom)), few(own.status) && h("p", { class: "notice" }, say("few_votes", { n: number(own.n ?? 0) })), place);
}

// against says how a place differs from its like.
function against(own: RankedRow, reference: number, whom: string): string {
  const { green_share: value, green_low: low, green_high: high, q } = own;
  if (value === null || low === null || high === null) return "";
  return say("benchmark_against", {
    value: percent(value), range: range(low, high), n: counted("votes_n", own.n ?? 0), whom, reference: percent(reference), difference: points(value - reference),
    chance: chance({ difference: value - reference, difference_low: low - reference, difference_high: high - reference, q }),
  });
}

// standingAsk asks for all of its like. For a comune that is a class, which only the
// registry knows: so it is a question of its own.
function standingAsk(state: State, { parameters = {} }: Ask, like: string | undefined): Ask {
  const rest = Object.fromEntries(Object.entries(parameters).filter(([name]) => name !== "min_n" && !(PLACE as readonly string[]).includes(name)));
  return { id: "standing", path: "/v1/ranking", parameters: { ...rest, ...(like && { population_class: like }), by: levelOf(state) } };
}

interface Against { own: RankedRow; reference: { value: number; name: string } }

function stands(shown: Shown, all: Ranking, { own, reference }: Against): HTMLElement[] {
  const level = levelOf(shown.state);
  if (level === "nation") return [];
  const code = own[level];
  const values = all.rows.map((row) => row.value).filter((value) => value !== null).sort((a, b) => a - b);
  const median = values.length === 0 ? null : (values[(values.length - 1) >> 1]! + values[values.length >> 1]!) / 2;
  const row = all.rows.find((one) => one[level] === code);
  const frame = shown.frame(histogram, {
    title: say("benchmark_all"), head: say("measure_green_share"), what: say(`benchmark_what_${level}`), values, write: (value: number) => percent(value), tick: shortPercent,
    own: { value: own.green_share!, name: say("benchmark_here") },
    lines: [{ ...reference, kind: "reference" as const }, ...(median === null ? [] : [{ value: median, name: say("benchmark_median"), kind: "median" as const }])],
  });
  const said = row
    ? say("benchmark_place", { n: number(row.place), all: number(all.ranked), best: number(row.place_best), worst: number(row.place_worst) })
    : say("benchmark_unplaced");
  const small = all.small_count > 0 ? ` ${say("benchmark_small", { n: number(all.small_count) })}` : "";
  return [h("p", {}, said + small, median === null ? "" : ` ${say("benchmark_half", { n: percent(median) })}`), frame.element];
}
