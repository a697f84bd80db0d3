// Where one is: the way from the whole country down to what is shown, each step a link.

import { write, type ViewName } from "./address.ts";
import { h } from "./elements.ts";
import { say } from "./words.ts";

export interface Crumb {
  readonly says: string;
  readonly to?: Readonly<Record<string, string | null | undefined>>; // Parameters of its address; none for where one is.
}

// crumbs shows the way, of addresses of one view.
export const crumbs = (view: ViewName, way: readonly Crumb[]): HTMLElement =>
  h("nav", { class: "breadcrumb-container", "aria-label": say("crumbs") }, h("ol", { class: "breadcrumb" }, ...way.map(({ says, to }, i) => {
    const last = i === way.length - 1;
    return h("li", { class: `breadcrumb-item${last ? " active" : ""}`, "aria-current": last ? "page" : null },
      to && !last ? h("a", { href: write(view, to) }, says) : says,
      !last && h("span", { class: "separator", "aria-hidden": "true" }, "/"));
  })));
