// A week by its hours: when people vote, and when they are annoyed.

import { ticks } from "d3-array";
import { filtersOf, type State } from "../address.ts";
import { Refused, type Ask } from "../ask.ts";
import { absence, counts, few, valueOf, type HeatCell, type Heatmap, type Measure, type Stats } from "../answers.ts";
import { heat, limitsOf, type Cell } from "../chart/heat.ts";
import { stacked, type Bar } from "../chart/stacked.ts";
import { h } from "../elements.ts";
import { explain } from "../explain.ts";
import type { Choice } from "../filters.ts";
import { headline } from "../headline.ts";
import { reason } from "../notice.ts";
import { panel } from "../panel.ts";
import type { Shown, View } from "../view.ts";
import * as words from "../words.ts";
import { decimal, hourOfWeek, number, percent, say } from "../words.ts";

const PERIOD = "last-365-days";

const MEASURE: Choice = { name: "measure", title: "measure", values: () => [["", say("measure_red_share")], ["green_share", say("measure_green_share")], ["net", say("measure_net")], ["n", say("heatmap_per_hour")]] };
const measureOf = (state: State): Measure => (["green_share", "net", "n"] as const).find((one) => one === state.parameters.measure) ?? "red_share";

// asks asks for days, too: the public may not be shown hours.
function asks(state: State): Ask[] {
  const parameters = filtersOf(state, PERIOD);
  return [{ id: "heatmap", path: "/v1/heatmap", parameters }, { id: "days", path: "/v1/stats", parameters: { ...parameters, group: "weekday" } }];
}

export const view: View = {
  period: PERIOD,
  controls: ["period", "place", "service", "channel", "population_class", MEASURE],
  asks,
  show(shown) {
    const { state, answers } = shown;
    const ask = asks(state)[0]!;
    let map: Heatmap;
    try {
      map = answers.of<Heatmap>("heatmap");
    } catch (error) {
      if (error instanceof Refused && error.problem.status === 403) return days(shown, error);
      throw error;
    }
    const measure = measureOf(state);
    const title = say(measure === "n" ? "heatmap_per_hour" : `measure_${measure as "green_share" | "red_share" | "net"}`);
    const write = measure === "n" ? (value: number) => decimal(value, 1) : measure === "net" ? (value: number) => number(100 * value) : (value: number) => percent(value);
    const cells = map.cells.map((cell) => cellOf(cell, measure, write));
    const sure = cells.flatMap(({ value, why }) => (value !== null && why === null ? [value] : []));
    const limits = limitsOf(sure.length > 1 ? sure : cells.flatMap(({ value }) => value ?? []), (low, high, count) => ticks(low, high, count));
    const worst = worstOf(map);
    const chart = shown.frame(heat, { title, cells, limits, write, summary: worst.length > 0 ? say("heatmap_worst_is", { hour: hourOfWeek(worst[0]!.weekday, worst[0]!.hour_of_day) }) : say("heatmap_no_worst") });
    return [
      headline(map.total, undefined, { title, ask }, map.meta),
      h("section", { class: "card says", "aria-labelledby": "worst" }, h("h2", { id: "worst" }, say("heatmap_question")), ...answer(map, worst, ask)),
      panel({ id: "week", title, ask, meta: map.meta, frame: chart, note: [say("heatmap_note"), state.parameters.channel ? "" : say("heatmap_mix"), clock(map)].filter(Boolean).join(" ") }),
    ];
  },
};

// days shows the days of the week, where their hours are not shown.
function days(shown: Shown, why: Refused): HTMLElement[] {
  const ask = asks(shown.state)[1]!;
  const { meta, rows } = shown.answers.of<Stats>("days");
  const title = say("heatmap_days");
  const lacks = rows.some((row) => (row.status as readonly string[] | undefined)?.includes("Q"));
  const n = rows.reduce((sum, row) => sum + (row.n ?? 0), 0);
  const bars = [1, 2, 3, 4, 5, 6, 7].map((day): Bar => {
    const row = rows.find((one) => Number(one.weekday) === day);
    const n = row ? row.n : 0;
    const absent = row && n === null ? absence({ n, status: row.status ?? ["Q"] }) : null;
    return { name: words.weekday(day), short: [words.weekday(day, "short")], counts: row ? counts(row) : [0, 0, 0], n, absent: absent === "missing" ? "missing" : absent ? "withheld" : undefined };
  });
  return [
    h("p", { class: "notice" }, reason(why)),
    panel({ id: "days", title, ask, meta, frame: shown.frame(stacked, { title, bars, parts: true }), note: [say("heatmap_days_note"), lacks ? say("heatmap_days_lack", { votes: words.counted("votes_n", n) }) : ""].filter(Boolean).join(" ") }),
    panel({ id: "days-votes", title: say("heatmap_days_votes"), ask, meta, frame: shown.frame(stacked, { title: say("heatmap_days_votes"), bars, parts: false, height: 10 }) }),
  ];
}

function cellOf(cell: HeatCell, measure: Measure, write: (value: number) => string): Cell {
  const { weekday, hour_of_day: hour, hours, n } = cell;
  const why = absence(cell);
  const there = say("heatmap_hours", { hours: words.counted("hours_n", hours) });
  if (hours === 0 && !n) return { weekday, hour, value: null, why: "never", says: [say("heatmap_never")], short: "–" };
  if (why === "none" && measure === "n") return { weekday, hour, value: null, why: "none", says: [say("absent_none"), there], short: "0" };
  if (why) return { weekday, hour, value: null, why, says: [say(`absent_${why}`), there], short: say(`absent_${why}`) };
  const { value, low, high } = measure === "n" ? { value: (n ?? 0) / Math.max(1, hours), low: null, high: null } : valueOf(cell, measure);
  if (value === null) return { weekday, hour, value: null, why: "none", says: [say("absent_none"), there], short: "–" };
  const interval = low !== null && high !== null ? ` (${say("range", { low: write(low), high: write(high) })})` : "";
  const votes = words.counted("votes_n", n ?? 0);
  const lacks = (cell.status as readonly string[]).includes("Q");
  const thin = few(cell.status) && measure !== "n";
  return {
    weekday, hour, value, why: thin ? "few" : null, short: `${write(value)} (${number(n ?? 0)})`,
    says: [`${write(value)}${interval}`, `${votes}, ${there}`, ...(thin ? [say("heatmap_few")] : []), ...(lacks ? [say("status_lacks")] : [])],
  };
}

const SHOWN = 3; // Hours that are named.

// worstOf are the hours that annoy, as far as that is sure: by the least that the share of the
// unsatisfied may be, of hours with votes enough.
export const worstOf = ({ cells }: Pick<Heatmap, "cells">): HeatCell[] =>
  cells.filter((cell) => cell.n && !few(cell.status) && (cell.red_low ?? 0) > 0).sort((a, b) => b.red_low! - a.red_low! || b.red_share! - a.red_share!).slice(0, SHOWN);

// answer says at which hours people are annoyed, with the votes, and whether an hour stands out.
function answer({ total, cells }: Heatmap, worst: readonly HeatCell[], ask: Ask): HTMLElement[] {
  const enough = cells.filter((cell) => cell.n && !few(cell.status)).length;
  if (worst.length === 0 || total.red_share === null) return [h("p", { class: "absent" }, say("heatmap_no_worst"))];
  const named = worst.map((cell) => {
    const title = hourOfWeek(cell.weekday, cell.hour_of_day);
    const of = { weekday: String(cell.weekday), hour_of_day: String(cell.hour_of_day) };
    const share = say("heatmap_hour_is", { share: percent(cell.red_share!), range: say("range", { low: percent(cell.red_low!), high: percent(cell.red_high!) }), votes: words.counted("votes_n", cell.n!) });
    return h("li", {}, h("strong", {}, title), ": ", h("button", { type: "button", class: "figure", onclick: () => explain({ title, ask, of, row: cell }) }, share, h("span", { class: "visually-hidden" }, `. ${say("explain")}`)));
  });
  const apart = cells.filter((cell) => cell.n && !few(cell.status) && (cell.red_low ?? 0) > total.red_share!).length;
  return [
    h("p", {}, say("heatmap_worst")), h("ol", { class: "worst" }, ...named),
    h("p", { class: "quiet" }, say(apart > 0 ? "heatmap_apart" : "heatmap_none_apart", { apart: number(apart), enough: number(enough), all: percent(total.red_share), chance: decimal(enough * 0.025, 0) })),
  ];
}

// clock says where the clock was moved: an hour is there less often than others, or more.
function clock({ cells }: Heatmap): string {
  const at = (hour: number) => cells.find((cell) => cell.weekday === 7 && cell.hour_of_day === hour)?.hours ?? 0;
  const [before, moved] = [at(1), at(2)];
  return before === moved ? "" : say("heatmap_clock", { moved: words.counted("hours_n", moved), others: words.counted("hours_n", before) });
}
