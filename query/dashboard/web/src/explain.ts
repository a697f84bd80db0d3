// A number explains itself: what it is of, its formula, what it leaves out, up to
// which position of the log, and the request that gives it.

import { address, FILTERS, only, queryOf, TIME, type Parameters } from "./address.ts";
import { callOf, get, type Ask } from "./ask.ts";
import type { Explanation, Figures, Meta } from "./answers.ts";
import { absence, counts } from "./answers.ts";
import { FACES, shares, type Face } from "./figures.ts";
import { h, opened, put, type Child } from "./elements.ts";
import { apiCall } from "./menu.ts";
import { failure } from "./notice.ts";
import { placeOf } from "./picker.ts";
import * as words from "./words.ts";
import { label, number, percent, range, say } from "./words.ts";

// A Subject is a figure that is asked about: which request has it, and of what row.
export interface Subject {
  readonly title: string;
  readonly ask: Ask;
  readonly of?: Parameters; // What the row is of, within what was asked for.
  readonly row?: Figures;
  readonly each?: readonly { readonly says: string; readonly of: Parameters }[]; // Of several, what each is of.
}

const SCOPE = [...TIME, ...FILTERS, "scale", "class"];

// explain opens a dialog on a subject.
export function explain(subject: Subject): void {
  const body = h("div", { class: "explained" }, h("p", { role: "status" }, say("loading")));
  const asking = new AbortController();
  told(subject.title, body).addEventListener("close", () => asking.abort());
  void tell(body, subject, asking.signal);
}

// told opens a dialog that only says something.
export function told(title: string, ...content: Child[]): HTMLDialogElement {
  const dialog = h("dialog", { "aria-labelledby": "explain-title" },
    h("form", { method: "dialog", class: "close" }, h("button", { class: "btn btn-outline-primary btn-sm" }, say("close"))),
    h("h2", { id: "explain-title" }, title), ...content);
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  return opened(dialog);
}

// IN_PATH are the parameters that paths have the values of.
const IN_PATH: Record<string, string> = { comuni: "comune", regions: "region", bulletin: "period" };

// pathScope is the place or the month that a path names.
function pathScope(path: string): Parameters {
  const [, list = "", value] = /^\/v1\/(\w+)\/([\w-]+)$/.exec(path) ?? [];
  const name = IN_PATH[list];
  return name && value ? { [name]: value } : {};
}

async function tell(body: HTMLElement, subject: Subject, signal: AbortSignal): Promise<void> {
  const scope = { ...subject.ask.parameters, ...pathScope(subject.ask.path), ...subject.of };
  const one = async ({ says, of }: { says: string; of: Parameters }): Promise<HTMLElement[]> => {
    const answer = await get<Explanation>(`v1/explain?${queryOf(only({ ...scope, ...of }, ...SCOPE))}`, signal);
    return [...(says ? [h("h2", {}, says)] : []), ...said(subject, answer, await namesOf(answer.meta, signal))];
  };
  try {
    body.replaceChildren(...(await Promise.all((subject.each ?? [{ says: "", of: {} }]).map(one))).flat());
  } catch (error) {
    if (!signal.aborted) body.replaceChildren(failure(error));
  }
}

const NAMED = 8; // Places, at most: the codes of more say as much.

// namesOf are the names of the places that a figure is of, by their codes.
async function namesOf({ filters }: Meta, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
  const codes = Object.entries(filters ?? {}).filter(([level]) => level === "region" || level === "province" || level === "comune")
    .flatMap(([level, list]) => (list as string[]).map((code) => ({ level, code }))).slice(0, NAMED);
  const named = await Promise.all(codes.map(async ({ level, code }) => {
    const place = await placeOf({ view: "place", parameters: { [level]: code } }, signal).catch(() => null);
    return [`${level}/${code}`, place ? place.name : code] as const;
  }));
  return new Map(named);
}

function said(subject: Subject, { meta, sql }: Explanation, names: ReadonlyMap<string, string>): HTMLElement[] {
  const parts: HTMLElement[] = [];
  if (subject.row) parts.push(h("div", { class: "figure-row" }, ...faces(subject.row)));
  parts.push(h("h3", {}, say("explain_of")), h("ul", {}, ...scopeOf(meta, names).map((line) => h("li", {}, line))));
  parts.push(h("h3", {}, say("explain_left_out")), leftOut(meta) ?? h("p", {}, say("left_none")));
  parts.push(h("h3", {}, say("explain_formula")), h("dl", {}, ...meta.formulas.flatMap(({ name, text }) => [h("dt", {}, name), h("dd", {}, h("code", {}, text))])));
  parts.push(h("h3", {}, say("explain_position")), h("p", {}, h("code", {}, meta.position)));
  parts.push(h("h3", {}, say("explain_call")), apiCall(address(callOf(subject.ask))));
  if (sql) parts.push(h("details", {}, h("summary", {}, "SQL"), h("pre", { tabindex: "0" }, sql)));
  return parts;
}

// LISTS are where the labels of a filter's codes are.
const LISTS: Record<string, string> = { service: "services", category: "categories", channel: "channels", population_class: "population_classes", macro_area: "macro_areas", class: "classes", scale: "scales" };
const TITLES: Record<string, words.Message> = { region: "region", province: "province", comune: "comune", service: "service", channel: "channel", population_class: "population_class", class: "filter_class", scale: "filter_scale" };

// scopeOf says in words what time and which votes a figure is of.
function scopeOf(meta: Meta, names: ReadonlyMap<string, string>): string[] {
  const time = meta.from && meta.to ? [`${say("time")}: ${words.span(Date.parse(meta.from), Date.parse(meta.to))}`] : [];
  const filters = Object.entries(meta.filters ?? {}).map(([name, codes]) => {
    const title = TITLES[name];
    return `${title ? say(title) : name}: ${(codes as string[]).map((code) => names.get(`${name}/${code}`) ?? label(LISTS[name] ?? name, code)).join(", ")}`;
  });
  return [...time, ...filters];
}

function faces(row: Figures): HTMLElement[] {
  const all = counts(row);
  const why = absence(row);
  if (!all || why) return [h("p", {}, say(`absent_${why ?? "withheld"}`))];
  const rounded = shares(all);
  const interval: Record<Face, string> = { green: intervalOf(row.green_low, row.green_high), yellow: "", red: intervalOf(row.red_low, row.red_high) };
  return [h("p", {}, words.counted("votes_n", row.n ?? 0)), h("ul", {}, ...FACES.map((face, i) =>
    h("li", {}, `${label("faces", face)}: ${number(all[i]!)} (${percent(rounded[i]! / 1000)}${interval[face]})`)))];
}

const intervalOf = (low: number | null, high: number | null): string => (low === null || high === null ? "" : `, ${range(low, high)}`);

// outOf parts what a question leaves out by class from what is in no figure at all.
function outOf({ excluded }: Pick<Meta, "excluded">): { quarantined: number; conflicts: number; classes: Record<string, number> } {
  const { quarantined = 0, conflicts = 0, ...classes } = excluded ?? { quarantined: 0, conflicts: 0 };
  return { quarantined, conflicts, classes };
}

// leftOut says which votes a figure does not have in it: those of other classes, of
// the same question, and what is in no figure at all. Null: none.
export function leftOut(meta: Pick<Meta, "excluded">): HTMLElement | null {
  const { quarantined, conflicts, classes } = outOf(meta);
  const lines = Object.entries(classes).filter(([, n]) => n > 0).map(([code, n]) => `${label("classes", code)}: ${number(n)}`);
  const always = [quarantined > 0 && say("left_quarantined", { n: number(quarantined) }), conflicts > 0 && say("left_conflicts", { n: number(conflicts) })].filter((line) => line !== false);
  if (lines.length + always.length === 0) return null;
  return h("div", { class: "left-out" }, h("ul", {}, ...lines.map((line) => h("li", {}, line))),
    always.length > 0 && h("p", {}, say("left_always"), " ", always.join("; "), "."), h("p", {}, say("left_scales")));
}

// leftOutTitle says how many votes of the same question those are.
export function leftOutTitle(meta: Pick<Meta, "excluded">): string {
  const n = Object.values(outOf(meta).classes).reduce((sum, one) => sum + one, 0);
  return n > 0 ? say("left_out_n", { n: number(n) }) : say("left_out_title");
}

// share is a share on the screen: with its votes and interval, and a button that explains it.
export function share(row: Figures, face: "green" | "red", subject: Subject): HTMLElement {
  const why = absence(row);
  const value = face === "green" ? row.green_share : row.red_share;
  const [low, high] = face === "green" ? [row.green_low, row.green_high] : [row.red_low, row.red_high];
  const figure = h("button", { type: "button", class: `figure ${why ?? ""}`, onclick: () => explain({ ...subject, row }) });
  if (why || value === null || low === null || high === null) put(figure, say(`absent_${why ?? "none"}`));
  else put(figure, h("span", { class: "value" }, percent(value)), " ", h("span", { class: "interval" }, range(low, high)), " ", h("span", { class: "of" }, words.counted("votes_n", row.n ?? 0)));
  figure.append(h("span", { class: "visually-hidden" }, `. ${say("explain")}`));
  return figure;
}
