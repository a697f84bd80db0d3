// The controls above a view: what it is asked for. Each is a parameter of the address.

import { changed, only, PLACE, TIME, write, type State } from "./address.ts";
import { now, romeDay } from "./clock.ts";
import { $, h } from "./elements.ts";
import { placePicker } from "./picker.ts";
import { label, listed, say, step, type Message } from "./words.ts";

// A Control is a choice among values; "" is what the view does without it.
export interface Choice {
  readonly name: string; // The parameter.
  readonly title: Message;
  readonly values: () => readonly (readonly [value: string, says: string])[];
}
// A Day is a choice of a day until today.
export interface Day {
  readonly day: string; // The parameter.
  readonly title: Message;
}
export type Control = "period" | "place" | "service" | "channel" | "population_class" | Choice | Day;

export type Go = (href: string) => void;

const PERIODS = ["today", "yesterday", "last-7-days", "last-30-days", "last-365-days", "this-month", "last-month", "this-quarter", "last-quarter", "this-year", "last-year"] as const;
const key = (period: (typeof PERIODS)[number]) => `period_${period.replace(/-/g, "_")}` as Message;

// periodName is a period in words.
export function periodName(period: string): string {
  const known = PERIODS.find((one) => one === period);
  if (known) return say(key(known));
  const days = /^last-(\d+)-days$/.exec(period)?.[1];
  return days ? say("period_last_n_days", { n: days }) : step(period);
}

// showFilters makes the controls of a view. period is the one that it has without any.
export function showFilters(state: State, controls: readonly Control[], period: string, go: Go): void {
  const set = (change: Record<string, string | null>) => go(write(state.view, changed(state, change)));
  const made = controls.map((control) => {
    if (control === "period") return periodControl(state, period, set);
    if (control === "place") return placePicker(state, set);
    if (control === "service") return choice({ name: "service", title: "service", values: services }, state, set);
    if (control === "channel") return choice({ name: "channel", title: "channel", values: () => all("channels", "channel_all") }, state, set);
    if (control === "population_class") return choice({ name: "population_class", title: "population_class", values: () => all("population_classes", "class_all") }, state, set);
    return "day" in control ? dayControl(control, state, set) : choice(control, state, set);
  });
  const form = $<HTMLFormElement>("filters");
  const focused = form.contains(document.activeElement) ? (document.activeElement as HTMLElement).id : "";
  form.hidden = made.length === 0;
  form.replaceChildren(...made);
  if (focused) document.getElementById(focused)?.focus();
}

const all = (list: string, none: Message) => [["", say(none)] as const, ...listed(list).map((code) => [code, label(list, code)] as const)];
const services = () => {
  const [none, ...rest] = all("services", "service_all");
  return [none!, ...rest.sort(([, a], [, b]) => a.localeCompare(b))];
};

type Set = (change: Record<string, string | null>) => void;

function choice({ name, title, values }: Choice, state: State, set: Set): HTMLElement {
  const now = state.parameters[name] ?? "";
  const known = values();
  const listed_ = known.some(([value]) => value === now) ? known : [...known, [now, now] as const]; // From the address: a list of several, say.
  const select: HTMLSelectElement = h("select", { id: `filter-${name}`, name, onchange: () => set({ [name]: select.value || null }) },
    ...listed_.map(([value, says]) => h("option", { value, selected: value === now }, says)));
  return field(`filter-${name}`, say(title), select);
}

function dayControl({ day, title }: Day, state: State, set: Set): HTMLElement {
  const today = romeDay(now());
  const input: HTMLInputElement = h("input", { type: "date", id: `filter-${day}`, name: day, max: today, value: state.parameters[day] ?? today, onchange: () => {
    if (input.reportValidity()) set({ [day]: input.value === "" || input.value === today ? null : input.value });
  } });
  return field(`filter-${day}`, say(title), input);
}

export const field = (id: string, title: string, ...inside: Node[]): HTMLElement =>
  h("div", { class: "field" }, h("label", { for: id }, title), ...inside);

function periodControl(state: State, period: string, set: Set): HTMLElement {
  const { from, to } = state.parameters;
  const now = from ? "" : state.parameters.period ?? period;
  const names = (PERIODS as readonly string[]).includes(now) || now === "" ? PERIODS : [...PERIODS, now];
  const dates = h("span", { class: "dates", hidden: now !== "" });
  const day = (name: "from" | "to", value: string) => h("input", { type: "date", id: `filter-${name}`, name, value, required: true });
  const first = day("from", (from ?? "").slice(0, 10));
  const last = day("to", to && /^\d{4}-\d\d-\d\d$/.test(to) ? dayAfter(to, -1) : (to ?? "").slice(0, 10));
  const show = () => {
    last.min = first.value;
    if (first.reportValidity() && last.reportValidity()) set({ from: first.value, to: dayAfter(last.value, 1), period: null });
  };
  dates.append(field("filter-from", say("from"), first), field("filter-to", say("to"), last), h("button", { type: "button", class: "btn btn-primary btn-sm", onclick: show }, say("show")));
  const select: HTMLSelectElement = h("select", { id: "filter-period", name: "period", onchange: () => {
    if (select.value === "") dates.hidden = false;
    else set({ period: select.value, from: null, to: null });
  } }, ...names.map((one) => h("option", { value: one, selected: one === now }, periodName(one))), h("option", { value: "", selected: now === "" }, say("period_own")));
  return field("filter-period", say("period"), select, dates);
}

// dayAfter is a date so many days later. Readers name the last day, the API the one after it.
const dayAfter = (date: string, days: number): string => new Date(Date.parse(`${date}T00:00:00Z`) + days * 86400e3).toISOString().slice(0, 10);

// asked are the parameters by which another view shows the same votes.
export const asked = (state: State): Record<string, string> =>
  only(state.parameters, ...TIME, ...PLACE, "service", "channel", "population_class", "lang");
