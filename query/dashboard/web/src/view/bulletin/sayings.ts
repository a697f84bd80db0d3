// What a bulletin says in words: how the month differs from others, how this vintage
// differs from those before, and how it was made.

import { only, write, type State } from "../../address.ts";
import type { Bulletin } from "../../answers.ts";
import { h } from "../../elements.ts";
import { rows } from "../../table.ts";
import { chance } from "../../verdict.ts";
import { change, counted, date, label, number, percent, points, pointsRange, range, say, step } from "../../words.ts";

const noon = (day: string): string => date(Date.parse(`${day}T12:00:00Z`));

// changes sets the month beside the one before, and beside that of the year before.
export function changes({ headline, meta }: Bulletin): HTMLElement {
  const lines = (["previous", "year_ago"] as const).map((name) => {
    const month = meta.compared.find((one) => one.name === name)?.month;
    const n = headline[`${name}_n`];
    const [by, low, high, votes] = [headline[`${name}_green_share_change`], headline[`${name}_green_share_change_low`], headline[`${name}_green_share_change_high`], headline[`${name}_n_change`]];
    if (!month) return null;
    if (n === null || n === undefined || by === null || low === null || high === null) return say("bulletin_compared_none", { month: step(month) });
    return say("bulletin_compared", {
      month: step(month), face: label("faces", "green"), by: points(by), range: pointsRange(low, high), chance: chance({ difference: by, difference_low: low, difference_high: high, q: null }),
      votes: counted("votes_n", n), change: votes === null ? "–" : change(votes),
    });
  }).filter((line) => line !== null);
  return h("section", { class: "card", "aria-labelledby": "bulletin-changes" }, h("h2", { id: "bulletin-changes" }, say("place_change")),
    h("ul", { class: "sentences" }, ...lines.map((line) => h("li", {}, line)), h("li", {}, say("bulletin_weekly", { n: number(headline.weekly_mean) }))));
}

// revisions are the vintages up to this one, and what each added.
export function revisions(state: State, { revisions: all, meta }: Bulletin): HTMLElement {
  const link = (vintage: number) => (vintage === meta.vintage ? String(vintage) : h("a", { href: write("bulletin", { ...only(state.parameters, "region", "province", "comune", "lang"), month: meta.month, vintage: String(vintage) }) }, String(vintage)));
  return h("section", { class: "card", "aria-labelledby": "bulletin-revisions" }, h("h2", { id: "bulletin-revisions" }, say("bulletin_revisions")),
    h("p", {}, all.length > 1 ? say("bulletin_revised", { n: number(all.length - 1) }) : say("bulletin_unrevised")),
    all.length > 1 && h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": say("bulletin_revisions") }, rows(say("bulletin_revisions"),
      [say("bulletin_vintage"), say("bulletin_published"), say("votes"), label("faces", "green"), say("bulletin_since")], [false, false, true, true, true],
      all.map((one) => [link(one.vintage), noon(one.published), number(one.n), one.green_share === null || one.green_low === null || one.green_high === null ? "–" : `${percent(one.green_share)} (${range(one.green_low, one.green_high)})`, since(one)]))));
}

type Revision = Bulletin["revisions"][number];

const since = ({ n_change: votes, green_share_change: by, green_share_change_low: low, green_share_change_high: high }: Revision): string =>
  by === null || low === null || high === null ? "–" : say("bulletin_revision", { votes: votes === null ? "–" : change(votes), by: points(by), range: pointsRange(low, high) });

// method says how a bulletin is made, once for all of its tables.
export function method({ meta }: Bulletin): HTMLElement {
  const lines = [
    say("bulletin_definition"), say("bulletin_lots", { k: number(meta.k) }), say("bulletin_waiting", { n: number(meta.published), waiting: number(meta.waiting) }),
    say("bulletin_vintages"), say("self_selected"), say("bulletin_licence"),
  ];
  return h("section", { class: "card", "aria-labelledby": "bulletin-method" }, h("h2", { id: "bulletin-method", tabindex: "-1" }, say("bulletin_method")),
    h("ul", { class: "sentences" }, ...lines.map((line) => h("li", {}, line))),
    h("h3", {}, say("explain_formula")), h("dl", { class: "formulas" }, ...meta.formulas.flatMap(({ name, text }) => [h("dt", {}, name), h("dd", {}, h("code", {}, text))])));
}
