// The tables of a bulletin, each with its drawing: by area, place, class of population,
// channel, category and service; why; how many of those served voted; from where.

import type { components } from "../../api.d.ts";
import type { Ask } from "../../ask.ts";
import { few, type Bulletin } from "../../answers.ts";
import { intervals, type Entry } from "../../chart/intervals.ts";
import { FACES } from "../../figures.ts";
import { h } from "../../elements.ts";
import { panel } from "../../panel.ts";
import { rows } from "../../table.ts";
import { write } from "../../address.ts";
import type { Shown } from "../../view.ts";
import { label, number, percent, range, say, shortPercent, type Message } from "../../words.ts";
import { officeName } from "../place/way.ts";
import { answeredOf } from "../place/motives.ts";

type Row = components["schemas"]["BulletinRow"];
export type Names = (level: "region" | "province" | "comune", code: string) => string;

const DRAWN = 20; // Rows; the table has all.

interface Table { name: string; title: Message; head: Message; rows: readonly Row[]; says: (row: Row) => string; open?: (row: Row) => string }

export function tables(shown: Shown, found: Bulletin, ask: Ask, names: Names): (HTMLElement | null)[] {
  const { meta } = found;
  const inside = found.places[0]?.level;
  const to = (row: Row) => write("bulletin", { month: meta.month, ...(shown.state.parameters.lang && { lang: shown.state.parameters.lang }), [row.level!]: row.code! });
  const of = (name: string, title: Message, head: Message, list: readonly Row[], says: (row: Row) => string): Table => ({ name, title, head, rows: list, says });
  const category = (row: Row) => (row.category === "" ? say("category_none") : label("categories", row.category!));
  const all: Table[] = [
    of("macro_areas", "bulletin_macro_areas", "bulletin_macro_area", found.macro_areas, (row) => label("macro_areas", row.macro_area!)),
    ...(inside ? [{ ...of("places", `bulletin_places_${inside}`, `bulletin_place_${inside}`, found.places, (row: Row) => (row.level === "office" ? officeName(row.code!) : names(row.level!, row.code!))), ...(inside !== "office" && { open: to }) }] : []),
    of("population_classes", "bulletin_classes", "population_class", found.population_classes, (row) => label("population_classes", row.population_class!)),
    of("channels", "bulletin_channels", "channel", found.channels, (row) => label("channels", row.channel!)),
    of("categories", "bulletin_categories", "category", found.categories, category),
    of("services", "bulletin_services", "service", found.services, (row) => label("services", row.service!)),
  ];
  return [...all.map((table) => sheet(shown, found, ask, table)), reasons(shown, found, ask), participation(found, ask, names), coverage(found, ask)];
}

export const method = () => { // There is all that is to be said of how a bulletin is made.
  const heading = document.getElementById("bulletin-method");
  heading?.scrollIntoView();
  heading?.focus();
};

const panelOf = (name: string, title: string, ask: Ask) => ({ id: `bulletin-${name}`, title, ask: { ...ask, parameters: { ...ask.parameters, table: name } }, explained: method });

function sheet(shown: Shown, { headline }: Bulletin, ask: Ask, table: Table): HTMLElement | null {
  const alone = table.rows.length === 1 && (table.name === "macro_areas" || table.name === "population_classes"); // Then the masthead says it.
  if (table.rows.length === 0 || alone) return null;
  const byVotes = table.name === "services" || table.name === "categories" || table.name === "channels";
  const entries = [...table.rows].sort((a, b) => (byVotes ? b.n - a.n : (b.green_share ?? -1) - (a.green_share ?? -1))).map((row) => ({ row, entry: entryOf(row, table) }));
  const hrefs = new Map(entries.map(({ row, entry }) => [entry.code, table.open?.(row)]));
  const frame = shown.frame(intervals, {
    title: say(table.title), head: say(table.head), measure: label("faces", "green"), entries: entries.map(({ entry }) => entry),
    write: (value: number) => percent(value), tick: shortPercent, bounds: [0, 1], drawn: DRAWN, ends: !byVotes, columns: [label("faces", "red")],
    ...(headline.green_share !== null && { reference: { value: headline.green_share, name: say("bulletin_all") } }),
  }, table.open && ((code) => { const href = hrefs.get(code); if (href) shown.go(href); }));
  opened(frame.element);
  return runs(entries.length > 12, panel({ ...panelOf(table.name, say(table.title), ask), frame },
    entries.length > DRAWN && h("p", { class: "quiet" }, say(byVotes ? "bulletin_drawn_votes" : "drawn_of", { n: number(DRAWN), all: number(entries.length) })),
    table.rows.some(({ status }) => status.includes("Q")) && h("p", { class: "quiet" }, say("bulletin_partial"))));
}

// runs lets a panel that is longer than a page, or nearly, go on over pages.
function runs(long: boolean, made: HTMLElement): HTMLElement {
  made.classList.toggle("runs", long);
  return made;
}

// opened shows a chart's table with it: a bulletin is its tables.
function opened(element: HTMLElement): void {
  const twin = element.querySelector<HTMLDetailsElement>("details.twin");
  if (twin) twin.open = true;
}

function entryOf(row: Row, { says }: Table): Entry {
  const code = [row.level, row.code, row.service, row.category, row.channel, row.macro_area, row.population_class].filter((one) => one !== undefined).join("/");
  return {
    name: says(row), value: row.green_share, low: row.green_low, high: row.green_high, n: row.n, few: few(row.status), code,
    cells: [row.red_share === null || row.red_low === null || row.red_high === null ? "–" : `${percent(row.red_share)} (${range(row.red_low, row.red_high)})`],
  };
}

const UNANSWERED = ["skipped", "timeout", "not_offered"] as const;

function reasons(shown: Shown, { reasons: all, headline }: Bulletin, ask: Ask): HTMLElement {
  const parts = [...FACES].reverse().flatMap((face) => {
    const of = all.filter((one) => one.face === face);
    const given = of.filter(({ reason }) => !(UNANSWERED as readonly string[]).includes(reason)).sort((a, b) => b.n - a.n);
    if (given.length === 0) return [];
    const n = (reason: string) => of.find((one) => one.reason === reason)?.n ?? 0;
    const answered = given.reduce((sum, one) => sum + one.n, 0);
    const frame = shown.frame(intervals, {
      title: `${say("place_reasons")}: ${label("faces", face)}`, head: say("reason"), measure: say("place_reason_share"), write: (value: number) => percent(value), tick: shortPercent, bounds: [0, 1], zero: true,
      entries: given.map(({ reason, n, share, low, high, status }) => ({ name: label("reasons", reason), value: share, low, high, n, few: few(status) })),
    });
    opened(frame.element);
    return [h("div", { class: "motive" }, h("h3", {}, label("faces", face)), h("p", { class: "quiet" }, answeredOf({ n: headline[face], answered, skipped: n("skipped"), timeout: n("timeout"), not_offered: n("not_offered") })), frame.element)];
  });
  return runs(true, panel({ ...panelOf("reasons", say("place_reasons"), ask), note: say("place_reasons_note") }, ...(parts.length > 0 ? parts : [h("p", {}, say("place_reasons_none"))])));
}

const GROUPS: Record<string, Message> = { all: "bulletin_all", macro_area: "bulletin_macro_area", region: "region", province: "province", comune: "comune", channel: "channel", category: "category" };
const LISTS: Record<string, string> = { macro_area: "macro_areas", channel: "channels", category: "categories" };

function participation({ participation: all, meta }: Bulletin, ask: Ask, names: Names): HTMLElement {
  const of = panelOf("participation", say("bulletin_participation"), ask);
  const name = (by: string, code: string) => {
    if (by === "all") return say("bulletin_all");
    if (by === "region" || by === "province" || by === "comune") return by === "comune" && code === meta.place.code ? meta.place.name ?? code : names(by, code);
    return code === "" ? say("category_none") : label(LISTS[by]!, code);
  };
  const known = all.filter(({ served }) => served !== null && served !== undefined);
  if (known.length === 0) return panel(of, h("p", {}, say("participation_unknown")));
  const cell = (n: number | null | undefined) => (n === null || n === undefined ? say("bulletin_unknown") : number(n));
  return panel({ ...of, note: say("bulletin_participation_note") }, h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": of.title }, rows(of.title,
    [say("bulletin_group"), say("votes"), say("bulletin_countable"), say("bulletin_served"), say("participation"), say("bulletin_covered")], [false, true, true, true, true, true],
    all.map(({ by, code, n, votes, served, participation: rate, coverage: part }) => [`${say(GROUPS[by]!)}${by === "all" ? "" : `: ${name(by, code)}`}`, number(n), cell(votes), cell(served), rate === null ? say("bulletin_unknown") : percent(rate), part === null ? "–" : percent(part, 0)]))));
}

function coverage({ coverage: of }: Bulletin, ask: Ask): HTMLElement {
  const facts = [
    [say("coverage_comuni"), say("coverage_of", { n: number(of.comuni), all: number(of.comuni_of) })], [say("coverage_offices"), number(of.offices)],
    [say("coverage_services"), number(of.services)], [say("coverage_channels"), number(of.channels)],
  ] as const;
  return panel(panelOf("coverage", say("place_coverage"), ask), h("dl", { class: "facts" }, ...facts.map(([term, says]) => h("div", {}, h("dt", {}, term), h("dd", {}, says)))));
}
