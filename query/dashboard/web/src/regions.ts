// The votes of each region today, as small bars that grow.

import { absence, type Figures } from "./answers.ts";
import { h, text } from "./elements.ts";
import { share as explained, type Subject } from "./explain.ts";
import type { Counts } from "./live.ts";
import { rowOf } from "./tally.ts";
import { number, percent, range, say } from "./words.ts";

export interface Named { readonly code: string; readonly name: string }

interface Row { bar: HTMLElement; n: HTMLElement; share: HTMLElement; shown: string }

// A Regions is a table with a row for each region, in their order, which never changes.
export class Regions {
  readonly element: HTMLElement;
  private readonly rows = new Map<string, Row>();

  constructor(private readonly regions: readonly Named[], private readonly subject: Subject, chosen: readonly string[], href: (code: string) => string) {
    const body = h("tbody", { role: "rowgroup" });
    for (const { code, name } of regions) {
      const row: Row = { bar: h("i"), n: h("td", { role: "cell", class: "n" }), share: h("td", { role: "cell", class: "n of-share", "data-head": say("measure_green_share") }), shown: "" };
      this.rows.set(code, row);
      body.append(h("tr", { role: "row", class: chosen.includes(code) ? "now" : "" },
        h("th", { role: "rowheader", scope: "row" }, h("a", { href: href(code), "aria-current": chosen.includes(code) ? "true" : null }, name)),
        row.n, h("td", { "aria-hidden": "true" }, h("span", { class: "growing" }, row.bar)), row.share));
    }
    this.element = h("table", { class: "table regions", role: "table" }, h("caption", { class: "visually-hidden" }, say("today_regions")),
      h("thead", { role: "rowgroup", class: "visually-hidden" }, h("tr", { role: "row" }, h("th", { role: "columnheader", scope: "col" }, say("region_title")),
        h("th", { role: "columnheader", scope: "col", class: "n" }, say("votes")), h("td", { "aria-hidden": "true" }), h("th", { role: "columnheader", scope: "col", class: "n" }, say("measure_green_share")))), body);
  }

  // show shows counts by region; a region that is not among them has no votes.
  show(counts: ReadonlyMap<string, Counts>, lots: boolean): void {
    const most = Math.max(1, ...[...counts.values()].map(({ n }) => n));
    for (const { code, name } of this.regions) {
      const { bar, n, share, shown } = this.rows.get(code)!;
      const has: Counts = counts.get(code) ?? (lots ? { n: 0 } : { n: 0, green: 0, yellow: 0, red: 0 });
      bar.style.transform = `scaleX(${has.n / most})`;
      text(n, number(has.n));
      const row = rowOf(has);
      const says = JSON.stringify([has, most]);
      if (says === shown || share.contains(document.activeElement)) continue; // Who stands on it is not pushed off.
      this.rows.get(code)!.shown = says;
      share.replaceChildren(row ? this.satisfied(row, name, code) : "");
    }
  }

  private satisfied(row: Figures, name: string, code: string): HTMLElement {
    const subject = { ...this.subject, title: `${name}: ${say("measure_green_share")}`, of: { region: code }, row };
    if (absence(row)) return explained(row, "green", subject);
    const { green_share, green_low, green_high } = row;
    const figure = explained(row, "green", subject);
    figure.replaceChildren(h("span", { class: "value" }, percent(green_share!)), " ", h("span", { class: "interval" }, range(green_low!, green_high!)), h("span", { class: "visually-hidden" }, `. ${say("explain")}`));
    return figure;
  }
}
