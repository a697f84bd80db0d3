// A panel of a view: a title, a chart or what else there is, what can be done with it,
// and what its figures leave out.

import type { Ask } from "./ask.ts";
import type { Meta } from "./answers.ts";
import type { Frame } from "./chart/frame.ts";
import { h, type Child } from "./elements.ts";
import { explain, leftOut, leftOutTitle } from "./explain.ts";
import { menu } from "./menu.ts";
import { say, span } from "./words.ts";

export interface PanelOf {
  readonly id: string; // Of the heading.
  readonly title: string;
  readonly ask: Ask;
  readonly files?: Ask; // Where the rows of ask are of something else.
  readonly meta?: Pick<Meta, "from" | "to" | "excluded" | "compare">;
  readonly when?: HTMLElement; // In place of the time of meta, where it changes.
  readonly lead?: Child; // Above the chart: what it says, in a sentence.
  readonly note?: Child;
  readonly frame?: Frame;
  readonly explained?: () => void; // Instead of the dialog, where there is more to it.
}

// panel puts content, or a chart, into a card.
export function panel(of: PanelOf, ...content: Child[]): HTMLElement {
  const { id, title, ask, meta, frame } = of;
  const when = meta?.from && meta.to ? span(Date.parse(meta.from), Date.parse(meta.to)) : "";
  const picture = frame && (() => ({ drawn: frame.picture, above: [title, of.when?.textContent ?? when].filter(Boolean), legend: frame.legend, below: [say("source")] }));
  const rest = meta && leftOut(meta);
  return h("section", { class: "card", "aria-labelledby": id },
    h("div", { class: "heading" },
      h("div", {}, h("h2", { id }, title), of.when ?? (when && h("p", { class: "when" }, when))),
      h("div", { class: "tools" },
        h("button", { type: "button", class: "btn btn-outline-primary btn-sm explain", onclick: of.explained ?? (() => explain({ title, ask })) }, say("explain")),
        menu(title, of, picture))),
    of.lead && h("p", { class: "lead" }, of.lead), frame?.element, ...content,
    of.note && h("p", { class: "quiet" }, of.note),
    rest && h("details", { class: "quiet" }, h("summary", {}, leftOutTitle(meta)), rest));
}
