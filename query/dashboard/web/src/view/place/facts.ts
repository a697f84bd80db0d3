// What else there is to say of a place: from where its votes come, how many of those who
// were served voted, what became of its code, and where its figures are shown otherwise.

import { write, type State } from "../../address.ts";
import type { Ask } from "../../ask.ts";
import type { Comune, Page } from "../../answers.ts";
import { now, romeDay } from "../../clock.ts";
import { h, type Child } from "../../elements.ts";
import { asked } from "../../filters.ts";
import { later, monthOf } from "../../month.ts";
import { panel } from "../../panel.ts";
import { counted, date, hourRange, number, percent, say } from "../../words.ts";
import { levelOf, type Level } from "./level.ts";

export function coverage(page: Page, level: Level, ask: Ask): HTMLElement {
  const { coverage: of, participation } = page;
  const facts: [string, Child][] = [
    [say("coverage_last"), of.last_vote ? `${date(Date.parse(of.last_vote))}, ${hourRange(Date.parse(of.last_vote))}` : say("absent_none")],
    [say("coverage_services"), number(of.services)], [say("coverage_channels"), number(of.channels)],
  ];
  if (level === "comune") facts.push([say("coverage_offices"), typeof of.offices === "number" ? number(of.offices) : say("coverage_not_told")]);
  else if (of.comuni !== undefined) facts.push([say("coverage_comuni"), level !== "province" && of.comuni_of !== undefined ? say("coverage_of", { n: number(of.comuni), all: number(of.comuni_of) }) : number(of.comuni)]);
  const { votes, served, participation: rate, coverage: part } = participation;
  if (rate === null || served === null) facts.push([say("participation"), say("participation_unknown")]);
  else facts.push([say("participation"), say("participation_known", { rate: percent(rate), votes: counted("votes_n", votes ?? 0), served: number(served), part: part === null ? "–" : percent(part, 0) })]);
  return panel({ id: "coverage", title: say("place_coverage"), ask, meta: page.meta },
    h("dl", { class: "facts" }, ...facts.map(([term, says]) => h("div", {}, h("dt", {}, term), h("dd", {}, says)))));
}

// history says what became of a code: a comune that is no more, or is called otherwise.
export function history(state: State, { name, code, valid_to, valid_from, current_code, merged_into, merged_from }: Comune): HTMLElement | null {
  const here = (to: string) => write("place", { ...asked(state), comune: to });
  const day = (text: string | undefined) => (text ? date(Date.parse(`${text}T12:00:00Z`)) : "");
  if (merged_into) return h("p", { class: "notice" }, say("history_merged", { name, day: day(valid_to) }), " ", h("a", { href: here(merged_into.code) }, merged_into.name));
  if (current_code) return h("p", { class: "notice" }, say("history_recoded", { code, day: day(valid_to) }), " ", h("a", { href: here(current_code) }, `${name} (${current_code})`));
  if (valid_from && merged_from?.length) return h("p", { class: "quiet" }, say("history_from", { day: day(valid_from) }), " ", ...merged_from.flatMap((from, i) => [i > 0 ? ", " : "", h("a", { href: here(from) }, from)]));
  return null;
}

// elsewhere links to the same votes in other views.
export function elsewhere(state: State): HTMLElement {
  const same = asked(state);
  const place = Object.fromEntries(["region", "province", "comune", "lang"].filter((name) => state.parameters[name]).map((name) => [name, state.parameters[name]!]));
  const level = levelOf(state);
  const links = [
    h("a", { href: write("bulletin", { month: later(monthOf(romeDay(now())), -1), ...place }) }, say("elsewhere_bulletin")),
    h("a", { href: write("trend", same) }, say("elsewhere_trend")), h("a", { href: write("heatmap", same) }, say("elsewhere_heatmap")),
    h("a", { href: write("map", level === "comune" ? { ...same, comune: null, province: state.parameters.comune!.slice(0, 3) } : same) }, say("elsewhere_map")),
    h("a", { href: write("quality", same) }, say("elsewhere_quality")),
  ];
  return h("section", { class: "card", "aria-labelledby": "elsewhere" }, h("h2", { id: "elsewhere" }, say("place_elsewhere")), h("ul", { class: "links" }, ...links.map((link) => h("li", {}, link))));
}
