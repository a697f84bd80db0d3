// A place's page: how it is rated, whether that changed, by service and channel, beside
// its like, why, and from where. A comune, a province, a region or the whole country.

import { filtersOf, type State } from "../address.ts";
import type { Ask } from "../ask.ts";
import { absence, counts, type Page, type Ranking } from "../answers.ts";
import { stacked, type Bar } from "../chart/stacked.ts";
import { crumbs } from "../crumbs.ts";
import { h } from "../elements.ts";
import { headline } from "../headline.ts";
import { panel, type PanelOf } from "../panel.ts";
import { comuneOf, places } from "../picker.ts";
import type { Shown, View } from "../view.ts";
import { say, step } from "../words.ts";
import { benchmark, benchmarkAsk } from "./place/benchmark.ts";
import { changed } from "./place/change.ts";
import { embed } from "./place/embed.ts";
import { coverage, elsewhere, history } from "./place/facts.ts";
import { inside, insideAsk } from "./place/inside.ts";
import { motives } from "./place/motives.ts";
import { levelOf } from "./place/level.ts";
import { services, servicesAsk } from "./place/services.ts";
import { way } from "./place/way.ts";

const PERIOD = "last-30-days";

// pageAsk asks for the page of the narrowest place of a state; a province has no page of
// its own, but can be filtered by.
export function pageAsk(state: State): Ask {
  const { comune, region } = state.parameters;
  const parameters = filtersOf(state, PERIOD);
  const within = (...names: string[]) => Object.fromEntries(Object.entries(parameters).filter(([name]) => !names.includes(name)));
  const level = levelOf(state);
  if (level === "comune") return { id: "page", path: `/v1/comuni/${comune}`, parameters: within("macro_area", "region", "province", "comune", "population_class", "small") };
  if (level === "region") return { id: "page", path: `/v1/regions/${region}`, parameters: within("macro_area", "region") };
  return { id: "page", path: "/v1/national", parameters };
}

function asks(state: State): Ask[] {
  const parameters = filtersOf(state, PERIOD);
  return [pageAsk(state), servicesAsk(parameters), insideAsk(state, parameters), benchmarkAsk(state, parameters)].filter((ask) => ask !== null);
}

export const view: View = {
  period: PERIOD,
  controls: (state) => (levelOf(state) === "nation" ? ["period", "place", "service", "channel", "population_class"] : ["period", "place", "service", "channel"]),
  asks,
  async show(shown) {
    const { state, answers } = shown;
    const page = answers.of<Page>("page");
    const level = levelOf(state);
    const [comune, known] = await Promise.all([level === "comune" ? comuneOf(state.parameters.comune!) : undefined, places()]);
    const ask = pageAsk(state);
    const parameters = filtersOf(state, PERIOD);
    const [insideOf, alike] = [insideAsk(state, parameters), benchmarkAsk(state, parameters)];
    return [
      crumbs("place", way(state, page, comune, known)),
      comune ? history(state, comune) : null,
      headline(page.headline, undefined, { title: say("measure_green_share"), ask }, page.meta),
      changed(page, { ask, files: { id: "change", path: "/v1/stats", parameters: { ...parameters, compare: "previous" } } }),
      days(shown, page, { ask, files: { id: "days", path: "/v1/trend", parameters: { ...parameters, step: "day" } } }),
      services(state, page, answers.maybe<Ranking>("services"), parameters),
      inside(shown, insideOf && answers.maybe<Ranking>("inside"), known, insideOf),
      benchmark(shown, alike && answers.maybe<Ranking>("benchmark"), comune, alike),
      motives(shown, page, { ask, files: { id: "reasons", path: "/v1/reasons", parameters } }),
      h("div", { class: "columns" }, coverage(page, level, ask), elsewhere(state)),
      level === "comune" && page.place.code ? embed(page.place.code, page.place.name ?? page.place.code, shown) : null,
    ];
  },
};

// days are the votes of each day that has begun.
function days(shown: Shown, page: Page, calls: Pick<PanelOf, "ask" | "files">): HTMLElement {
  const bars = page.days.map((day): Bar => {
    const row = { ...day, green: day.green ?? null, yellow: day.yellow ?? null, red: day.red ?? null };
    const why = absence(row);
    return {
      name: step(day.day), short: [step(day.day, "short")], counts: counts(row), n: day.n,
      absent: why === "none" || why === null ? undefined : why, running: day.status.includes("R"),
    };
  });
  return panel({ id: "days", title: say("place_days"), ...calls, meta: page.meta, frame: shown.frame(stacked, { title: say("place_days"), bars, parts: false, height: 12 }), note: say("self_selected") });
}
