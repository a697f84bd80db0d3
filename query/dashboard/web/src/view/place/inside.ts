// What a place is made of: the regions of the country, the provinces of a region, the
// comuni of a province, the offices of a comune.

import { changed, write, type State } from "../../address.ts";
import type { Ask } from "../../ask.ts";
import { absence, few, valueOf, type RankedRow, type Ranking } from "../../answers.ts";
import { intervals, type Entry } from "../../chart/intervals.ts";
import { h } from "../../elements.ts";
import { panel } from "../../panel.ts";
import { at, type Place } from "../../picker.ts";
import { asked } from "../../filters.ts";
import type { Shown } from "../../view.ts";
import { label, language, number, percent, range, say, shortPercent } from "../../words.ts";
import { levelOf, type Level } from "./level.ts";
import { officeName } from "./way.ts";

const BY = { nation: "region", region: "province", province: "comune", comune: "office" } as const;
const DRAWN = 25; // Entries; the table has all.

export function insideAsk(state: State, parameters: Record<string, string>): Ask | null {
  if (state.parameters.office) return null;
  return { id: "inside", path: "/v1/ranking", parameters: { ...parameters, by: BY[levelOf(state)], min_n: "1", names: language() } };
}

export function inside(shown: Shown, ranking: Ranking | null, known: readonly Place[], ask: Ask | null): HTMLElement | null {
  if (!ranking || !ask) return null;
  const { state } = shown;
  const level = levelOf(state);
  const title = say(`place_inside_${level}`);
  if (ranking.rows.length === 0) return null;
  const open = (code: string) => shown.go(write("place", { ...changed(state, level === "comune" ? { office: code } : at({ level: BY[level] as Place["level"], code, name: "" })), rows: null, sort: null }));
  const entries = ranking.rows.map((row) => entryOf(row, level, known));
  const frame = shown.frame(intervals, {
    title, head: say(`place_inside_one_${level}`), measure: say("measure_green_share"), entries, write: (value: number) => percent(value), tick: shortPercent, bounds: [0, 1],
    drawn: DRAWN, ends: true, columns: [label("faces", "red"), say("place_rank")],
  }, open);
  return panel({ id: "inside", title, ask, meta: ranking.meta, frame },
    entries.length > DRAWN && h("p", { class: "quiet" }, say("drawn_of", { n: number(DRAWN), all: number(entries.length) })),
    h("p", {}, say("place_inside_keys"), " ", level !== "comune" && h("a", { href: write("ranking", { ...asked(state), by: BY[level] }) }, say("place_inside_ranking"))));
}

function entryOf(row: RankedRow, level: Level, known: readonly Place[]): Entry {
  const code = row[BY[level]] ?? "";
  const name = level === "comune" ? officeName(code) : row[`${BY[level] as "region" | "province" | "comune"}_name`] ?? known.find((place) => place.level === BY[level] && place.code === code)?.name ?? code;
  const why = absence(row);
  return {
    name, ...valueOf(row, "green_share"), n: row.n, why: why ? say(`absent_${why}`) : undefined, few: few(row.status),
    cells: [row.red_share === null || row.red_low === null || row.red_high === null ? "–" : `${percent(row.red_share)} (${range(row.red_low, row.red_high)})`,
      say("place_rank_of", { n: number(row.place), best: number(row.place_best), worst: number(row.place_worst) })],
    ...(code !== "" && { code }),
  };
}
