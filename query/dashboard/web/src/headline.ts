// The three faces of a question: votes, shares and intervals, and how they changed.

import { absence, counts, few, type Figures, type Meta } from "./answers.ts";
import { face, h, svg, type Child } from "./elements.ts";
import { explain, type Subject } from "./explain.ts";
import { FACES, shares } from "./figures.ts";
import * as words from "./words.ts";
import { change, label, number, percent, points, range, say, span } from "./words.ts";

// headline shows a row, beside the one of the time that is compared with.
export function headline(row: Figures, before: Figures | undefined, subject: Subject, meta: Pick<Meta, "compare" | "running">): HTMLElement {
  const all = counts(row);
  const why = absence(row);
  const parts: Child[] = [];
  if (!all || why) parts.push(h("p", { class: `absent ${why ?? "withheld"}` }, say(`absent_${why ?? "withheld"}_long`)));
  else {
    const rounded = shares(all);
    parts.push(h("ul", { class: "faces" }, ...FACES.map((name, i) => h("li", { class: `tile ${name}` }, face(name), h("div", { class: "said" },
      h("p", { class: "word" }, label("faces", name)),
      h("p", { class: "share" }, h("button", { type: "button", class: "figure", onclick: () => explain({ ...subject, title: label("faces", name), row }) }, percent(rounded[i]! / 1000), h("span", { class: "visually-hidden" }, `. ${say("explain")}`))),
      h("p", { class: "count" }, words.counted("votes_n", all[i]!)),
      interval(name, row))))), strip(all));
  }
  if (few(row.status)) parts.push(h("p", { class: "notice" }, say("few_votes", { n: number(row.n ?? 0) })));
  const changed = before && since(row, before, meta);
  return h("section", { class: "headline", "aria-label": say("headline") },
    row.n !== null && h("p", { class: "total" }, h("strong", {}, words.counted("votes_n", row.n)), meta.running ? ` ${say("so_far")}` : ""),
    ...parts, changed);
}

function interval(name: "green" | "yellow" | "red", row: Figures): Child {
  if (name === "yellow") return null;
  const [low, high] = name === "green" ? [row.green_low, row.green_high] : [row.red_low, row.red_high];
  return low === null || high === null ? null : h("p", { class: "range" }, range(low, high));
}

// strip is the faces as one bar.
export function strip(all: readonly number[]): SVGElement {
  const n = all.reduce((sum, count) => sum + count, 0) || 1;
  let x = 0;
  const segments = FACES.map((name, i) => {
    const width = (1000 * all[i]!) / n;
    const segment = svg("rect", { class: `segment ${name}`, x, width, height: 14 });
    x += width;
    return segment;
  });
  return svg("svg", { class: "strip", viewBox: "0 0 1000 14", preserveAspectRatio: "none", "aria-hidden": "true" }, ...segments);
}

// since says how much a row changed from another.
function since(row: Figures, before: Figures, { compare }: Pick<Meta, "compare">): HTMLElement | null {
  if (!compare) return null;
  const when = span(Date.parse(compare.from), Date.parse(compare.to));
  if (absence(before)) return h("p", { class: "quiet" }, say("nothing_before", { when }));
  const parts: string[] = [];
  if (row.green_share !== null && before.green_share !== null) parts.push(`${label("faces", "green")} ${points(row.green_share - before.green_share)}`);
  if (row.red_share !== null && before.red_share !== null) parts.push(`${label("faces", "red")} ${points(row.red_share - before.red_share)}`);
  if (row.n !== null && before.n) parts.push(row.n > 10 * before.n ? say("votes_before", { n: number(before.n) }) : `${say("votes")} ${change(row.n / before.n - 1)}`);
  return h("p", { class: "quiet" }, say("since_before", { when, what: parts.join("; ") }));
}

