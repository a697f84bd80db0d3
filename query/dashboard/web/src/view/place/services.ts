// How each service of a place is rated, through each channel.

import { changed, write, type State } from "../../address.ts";
import type { Ask } from "../../ask.ts";
import type { Page, RankedRow, Ranking, ServiceRow } from "../../answers.ts";
import { h, put, type Child } from "../../elements.ts";
import { share } from "../../explain.ts";
import { panel } from "../../panel.ts";
import { rows } from "../../table.ts";
import { label, listed, number, say } from "../../words.ts";

const SHOWN = 12; // Rows, until all are wanted.

export const servicesAsk = (parameters: Record<string, string>): Ask =>
  ({ id: "services", path: "/v1/ranking", parameters: { ...parameters, by: "service", min_n: "1" } });

export interface Line {
  readonly name: string;
  readonly service: string;
  readonly total: RankedRow;
  readonly channels: ReadonlyMap<string, ServiceRow>;
}

// linesOf has a line for each service that has votes.
export function linesOf(page: Pick<Page, "services">, totals: readonly RankedRow[], name: (service: string) => string): Line[] {
  const cells = new Map<string, Map<string, ServiceRow>>();
  for (const cell of page.services) {
    if (cell.n === 0) continue; // It had votes only in the time before.
    cells.set(cell.service, (cells.get(cell.service) ?? new Map<string, ServiceRow>()).set(cell.channel, cell));
  }
  return totals.map((total) => {
    const service = total.service ?? "";
    return { name: name(service), service, total, channels: cells.get(service) ?? new Map<string, ServiceRow>() };
  });
}

// sorted puts lines in the order of a parameter: n, name, green, red or a channel; the
// highest first, but names from A; "-" before it turns it round. What has no value is
// last, either way.
export function sorted(lines: readonly Line[], order: string): Line[] {
  const by = order.replace(/^-/, "");
  const turn = order.startsWith("-") ? -1 : 1;
  const value = ({ total, channels }: Line): number | null =>
    by === "green" ? total.green_share : by === "red" ? total.red_share : by === "n" ? total.n : channels.get(by)?.green_share ?? null;
  return [...lines].sort((a, b) => {
    if (by === "name") return turn * a.name.localeCompare(b.name);
    const [va, vb] = [value(a), value(b)];
    if (va === null || vb === null) return Number(va === null) - Number(vb === null) || a.name.localeCompare(b.name);
    return turn * (vb - va) || a.name.localeCompare(b.name);
  });
}

export function services(state: State, page: Page, ranking: Ranking | null, parameters: Record<string, string>): HTMLElement | null {
  if (!ranking) return null;
  const lines = linesOf(page, ranking.rows, (service) => label("services", service));
  const ask = servicesAsk(parameters);
  const of = { id: "services", title: say("place_services"), ask, meta: ranking.meta, note: say("place_services_note") };
  return lines.length === 0 ? panel(of, h("p", {}, say("absent_none_long"))) : panel(of, ...table(state, lines, ask));
}

function table(state: State, lines: readonly Line[], ask: Ask): HTMLElement[] {
  const channels = listed("channels").filter((channel) => lines.some((line) => line.channels.has(channel)));
  const all = sorted(lines, state.parameters.sort ?? "n");
  const some = state.parameters.rows === "all" ? all : all.slice(0, SHOWN);
  const columns = ["name", "n", "green", "red", ...channels];
  const says = [say("service"), say("votes"), label("faces", "green"), label("faces", "red"), ...channels.map((channel) => label("channels", channel))];
  const made = rows(say("place_services"), says, columns.map((_, i) => i > 0), some.map((line) => cellsOf(state, line, channels, ask)));
  made.classList.add("stacks");
  [...made.querySelectorAll("thead th")].forEach((head, i) => sortable(head, { state, by: columns[i]!, says: says[i]! }));
  const more = h("p", { class: "more" });
  if (all.length > SHOWN) {
    const rest = some.length < all.length;
    put(more, say("rows_of", { n: number(some.length), all: number(all.length) }), " ",
      h("a", { href: write("place", changed(state, { rows: rest ? "all" : null })) }, say(rest ? "rows_all" : "rows_fewer")));
  }
  return [h("div", { class: "wide", tabindex: "0", role: "group", "aria-label": say("place_services") }, made), more];
}

function cellsOf(state: State, { name, service, total, channels: cells }: Line, channels: readonly string[], ask: Ask): Child[] {
  const subject = { title: name, ask, of: { service } };
  return [
    h("a", { href: write("place", changed(state, { rows: null, sort: null, service })) }, name),
    total.n === null ? "–" : number(total.n), share(total, "green", subject), share(total, "red", subject),
    ...channels.map((channel) => {
      const cell = cells.get(channel);
      if (!cell) return h("span", { class: "absent" }, h("span", { "aria-hidden": "true" }, "–"), h("span", { class: "visually-hidden" }, say("absent_none")));
      return share(cell, "green", { title: `${name}, ${label("channels", channel)}`, ask, of: { service, channel } });
    }),
  ];
}

// sortable makes a column's head a link that sorts by it, and turns the order round.
function sortable(head: Element, { state, by, says }: { state: State; by: string; says: string }): void {
  const order = state.parameters.sort ?? "n";
  const turned = order.startsWith("-");
  const now = order.replace(/^-/, "") === by;
  const rises = turned !== (by === "name");
  if (now) head.setAttribute("aria-sort", rises ? "ascending" : "descending");
  const next = now && !turned ? `-${by}` : by;
  head.replaceChildren(h("a", { id: `sort-${by}`, href: write("place", changed(state, { sort: next === "n" ? null : next })) }, says),
    now ? h("span", { "aria-hidden": "true" }, rises ? " ▲" : " ▼") : "");
}
