// Tables: of a chart's figures, and of a view's own.

import { h, type Child } from "./elements.ts";
import { lettersOf, onLetters } from "./letters.ts";
import type { Table } from "./chart/marks.ts";

// tableOf makes the table that says what a chart shows.
export const tableOf = (table: Table): HTMLTableElement => rows(table.caption, table.head, table.numeric, table.rows);

// rows makes a table. The first cell of a row is its head. Where a table is wider
// than its place its cells are stacked, with their heads beside them: the roles are
// those that the elements have by themselves, and lose then in some browsers.
export function rows(caption: string, head: readonly string[], numeric: readonly boolean[], body: readonly (readonly Child[])[]): HTMLTableElement {
  const table = h("table", { class: "table", role: "table" },
    h("caption", { class: "visually-hidden" }, caption),
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" },
      ...head.map((title, i) => h("th", { role: "columnheader", scope: "col", class: numeric[i] ? "n" : "" }, title)))),
    h("tbody", { role: "rowgroup" }, ...body.map((cells) => h("tr", { role: "row" }, ...cells.map((content, i) =>
      i === 0
        ? h("th", { role: "rowheader", scope: "row" }, content)
        : h("td", { role: "cell", class: numeric[i] ? "n" : "", "data-head": head[i] ?? "" }, content))))));
  watch(table);
  return table;
}

// fitted is the room and the letters that a table was fitted to last.
const fitted = new WeakMap<Element, string>();
let observer: ResizeObserver | null = null;

// watch fits a table now and whenever it has other room, or letters are others.
function watch(table: Element): void {
  if (typeof ResizeObserver !== "function") return; // In tests.
  if (!observer) {
    observer = new ResizeObserver((entries) => requestAnimationFrame(() => entries.forEach(({ target }) => fit(target))));
    onLetters(() => document.querySelectorAll("#view table.table").forEach(fit));
  }
  observer.observe(table);
}

// fit stacks a table's cells where they are wider than its place, by what they need:
// no width of the window tells, since letters may be twice as large.
function fit(table: Element): void {
  const room = table.parentElement?.clientWidth ?? 0;
  const now = `${room} ${lettersOf(table)}`;
  if (room === 0 || fitted.get(table) === now) return;
  fitted.set(table, now);
  table.classList.remove("stacked");
  table.classList.toggle("stacked", table.scrollWidth > room + 1);
}
