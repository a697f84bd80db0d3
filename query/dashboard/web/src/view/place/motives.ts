// Why votes were cast: of the red ones, the yellow and the green, what those answered who
// were asked and did.

import type { Motive, Page } from "../../answers.ts";
import { intervals } from "../../chart/intervals.ts";
import { h } from "../../elements.ts";
import { panel, type PanelOf } from "../../panel.ts";
import { write } from "../../address.ts";
import { asked } from "../../filters.ts";
import type { Shown } from "../../view.ts";
import { counted, label, number, percent, say, shortPercent } from "../../words.ts";

export function motives(shown: Shown, page: Page, calls: Pick<PanelOf, "ask" | "files">): HTMLElement | null {
  const shownOf = page.reasons.filter((motive) => motive.face && motive.answered > 0).reverse(); // Red first.
  const parts = shownOf.map((motive) => h("div", { class: "motive" }, h("h3", {}, label("faces", motive.face!)), h("p", { class: "quiet" }, answeredOf(motive)), chartOf(shown, motive)));
  return panel({ id: "reasons", title: say("place_reasons"), ...calls, meta: page.meta, note: say("place_reasons_note") },
    ...(parts.length > 0 ? parts : [h("p", {}, say("place_reasons_none"))]),
    h("p", {}, h("a", { href: write("reasons", asked(shown.state)) }, say("view_reasons"))));
}

// answeredOf says how many answered, and what the others did.
export const answeredOf = ({ n, answered, skipped, timeout, not_offered }: Pick<Motive, "n" | "answered" | "skipped" | "timeout" | "not_offered">): string =>
  say("place_answered", { n: counted("votes_n", n), answered: number(answered), skipped: number(skipped), timeout: number(timeout), not_offered: number(not_offered) });

function chartOf(shown: Shown, motive: Motive): HTMLElement {
  const title = `${say("place_reasons")}: ${label("faces", motive.face!)}`;
  return shown.frame(intervals, {
    title, head: say("reason"), measure: say("place_reason_share"), write: (value: number) => percent(value, 0), tick: shortPercent, bounds: [0, 1], zero: true,
    entries: motive.reasons.map(({ reason, n, share, low, high }) => ({ name: label("reasons", reason), value: share, low, high, n, few: motive.answered < 30 })),
  }).element;
}
