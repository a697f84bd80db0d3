// How it went: the faces of each step, and a measure with its interval, beside that
// of the time before or of the last year.

import { filtersOf, type State } from "../address.ts";
import type { Ask } from "../ask.ts";
import { absence, counts, valueOf, type Annotations, type Figures, type Measure, type Trend } from "../answers.ts";
import { lines, type Point } from "../chart/line.ts";
import { stacked, type Bar } from "../chart/stacked.ts";
import type { Choice } from "../filters.ts";
import { panel } from "../panel.ts";
import { headline } from "../headline.ts";
import type { View } from "../view.ts";
import { language, number, percent, say, span, step } from "../words.ts";

const PERIOD = "last-365-days";

const STEP: Choice = { name: "step", title: "step", values: () => [["", say("step_auto")], ["hour", say("step_hour")], ["day", say("step_day")], ["week", say("step_week")], ["month", say("step_month")], ["quarter", say("step_quarter")]] };
const COMPARE: Choice = { name: "compare", title: "compare_with", values: () => [["", say("compare_previous")], ["year", say("compare_year")], ["year-weekday", say("compare_year_weekday")], ["none", say("compare_none")]] };
export const MEASURE: Choice = { name: "measure", title: "measure", values: () => [["", say("measure_green_share")], ["red_share", say("measure_red_share")], ["net", say("measure_net")]] };

const measureOf = (state: State): Measure => (["red_share", "net"] as const).find((one) => one === state.parameters.measure) ?? "green_share";

function asks(state: State): Ask[] {
  const { step, compare = "previous" } = state.parameters;
  const parameters = { ...filtersOf(state, PERIOD), ...(step && { step }), ...(compare !== "none" && { compare }) };
  return [{ id: "trend", path: "/v1/trend", parameters }, { id: "annotations", path: "/v1/annotations" }];
}

export const view: View = {
  period: PERIOD,
  controls: ["period", "place", "service", "channel", "population_class", STEP, COMPARE, MEASURE],
  asks,
  show(shown) {
    const { state, answers } = shown;
    const ask = asks(state)[0]!;
    const trend = answers.of<Trend>("trend");
    const series = trend.series[0]!;
    const marked = breaks(trend, series.points, answers.maybe<Annotations>("annotations"));
    const measure = measureOf(state);
    const write = measure === "net" ? (value: number) => number(100 * value) : (value: number) => percent(value);
    const title = say(`measure_${measure as "green_share" | "red_share" | "net"}`);
    const point = (row: Figures, i: number, grid: Trend["grid"]): Point => ({
      name: step(grid[i]!.step), short: [step(grid[i]!.step, "short")], ...valueOf(row, measure), n: row.n,
      why: whyNot(row), running: grid[i]!.partial, marked: grid === trend.grid ? marked[i] : undefined,
    });
    const run = { name: nameOf(trend.meta), points: series.points.map((row, i) => point(row, i, trend.grid)) };
    const { compare, compare_grid: before } = { ...series, compare_grid: trend.compare_grid };
    const beside = compare && before ? { name: nameOf(trend.meta.compare ?? {}), points: compare.map((row, i) => point(row, i, before)) } : undefined;
    const line = shown.frame(lines, { title, run, write, bounds: measure === "net" ? [-1, 1] : [0, 1], ...(beside && { beside }) });
    const bars = series.points.map((row, i): Bar => ({
      name: step(trend.grid[i]!.step), short: [step(trend.grid[i]!.step, "short")], counts: counts(row), n: row.n,
      absent: absenceOf(row), running: trend.grid[i]!.partial, marked: marked[i],
    }));
    const parts = shown.frame(stacked, { title: say("trend_faces"), bars, parts: true });
    const votes = shown.frame(stacked, { title: say("trend_votes"), bars, parts: false, height: 10 });
    return [
      headline(series.total, series.compare_total, { title: say("measure_green_share"), ask }, trend.meta),
      panel({ id: "line", title, ask, meta: trend.meta, frame: line, note: say("line_note") }),
      panel({ id: "parts", title: say("trend_faces"), ask, meta: trend.meta, frame: parts }),
      panel({ id: "votes", title: say("trend_votes"), ask, meta: trend.meta, frame: votes, note: say("self_selected") }),
    ];
  },
};

const nameOf = ({ from, to }: { from?: string; to?: string }): string => (from && to ? span(Date.parse(from), Date.parse(to)) : "");

const whyNot = (row: Figures): string | undefined => {
  const why = absence(row);
  return why ? say(`absent_${why}`) : undefined;
};

const absenceOf = (row: Figures): "withheld" | "missing" | undefined => {
  const why = absence(row);
  return why === "none" || why === null ? undefined : why;
};

// breaks are the annotations of each step: breaks that may be about these votes, as the
// answer marks them, and what happened to all.
function breaks({ grid }: Trend, points: readonly Figures[], annotations: Annotations | null): (string | undefined)[] {
  return grid.map(({ from, to }, i) => {
    const broken = points[i]!.status.includes("B");
    const found = (annotations?.rows ?? []).filter((one) =>
      one.from < to.slice(0, 10) && one.to >= from.slice(0, 10) && (one.kind === "break" ? broken : Object.keys(one.scope).length === 0));
    return found.length > 0 ? found.map((one) => one.text[language()]).join("; ") : undefined;
  });
}
