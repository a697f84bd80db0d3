// The page's language: messages, labels, numbers and times as people read them.

import type it from "../messages/it.ts";
import { changes, format, HOUR, romeDay, romeHour, zone } from "./clock.ts";
import { get } from "./ask.ts";

export const LANGUAGES = ["it", "en", "de"] as const;
export type Language = (typeof LANGUAGES)[number];
export type Message = keyof typeof it;

// Each language is a file of its own.
const FILES: Record<Language, () => Promise<{ default: Record<Message, string> }>> = {
  it: () => import("../messages/it.ts"),
  en: () => import("../messages/en.ts"),
  de: () => import("../messages/de.ts"),
};

let words: Record<Message, string> | null = null;
let lang: Language = "it";

// speak takes the messages of a language.
export async function speak(wanted: Language): Promise<void> {
  const { default: said } = await FILES[wanted]();
  words = said;
  lang = wanted;
}

export const language = (): Language => lang;

// say is a message with its values in it.
export function say(key: Message, values: Record<string, string> = {}): string {
  if (!words) throw new Error("no language is spoken yet");
  return words[key].replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? `{${name}}`);
}

// counted is a message of so many, under key_one or key.
export const counted = (key: "votes_n" | "hours_n" | "days_n", n: number): string =>
  say(plural().select(n) === "one" ? `${key}_one` : key, { n: number(n) });

// Making a format takes a hundred times as long as writing a number with it.
const formats = new Map<string, Intl.NumberFormat>();
const plurals = new Map<string, Intl.PluralRules>();

function written(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `${lang} ${JSON.stringify(options)}`;
  const format = formats.get(key) ?? new Intl.NumberFormat(lang, options);
  formats.set(key, format);
  return format;
}

function plural(): Intl.PluralRules {
  const rules = plurals.get(lang) ?? new Intl.PluralRules(lang);
  plurals.set(lang, rules);
  return rules;
}

export const number = (n: number): string => written({ useGrouping: true, maximumFractionDigits: 1 }).format(n);
export const percent = (share: number, digits = 1): string =>
  written({ style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits }).format(share);

// shortPercent is a share for an axis, with no more digits than it has.
export const shortPercent = (share: number): string => written({ style: "percent", maximumFractionDigits: 1 }).format(share);

// points is a difference of shares, in percentage points, with its sign.
export const points = (difference: number): string => say("points", { n: signed(difference) });
export const signed = (difference: number): string =>
  written({ minimumFractionDigits: 1, maximumFractionDigits: 1, signDisplay: "exceptZero" }).format(100 * difference);
// pointsRange is an interval of such a difference.
export const pointsRange = (low: number, high: number): string => say("range", { low: signed(low), high: points(high) });
// change is by what part something changed, with its sign.
export const change = (part: number): string =>
  written({ style: "percent", maximumFractionDigits: 1, signDisplay: "exceptZero" }).format(part);
export const decimal = (n: number, digits = 2): string => written({ maximumFractionDigits: digits }).format(n);

// range is an interval of shares.
export const range = (low: number, high: number): string => say("range", { low: percent(low), high: percent(high) });

export const longDate = (at: number): string => format(lang, at, { dateStyle: "full" });
export const date = (at: number): string => format(lang, at, { dateStyle: "long" });
export const shortDate = (at: number): string => format(lang, at, { day: "numeric", month: "short" });

// span is a half-open time in words: dates where both ends are midnights.
export function span(from: number, to: number): string {
  const whole = romeHour(from) === "00" && romeHour(to) === "00";
  const last = whole ? to - HOUR : to;
  const write = (at: number) => (whole ? date(at) : format(lang, at, { dateStyle: "long", timeStyle: "short" }));
  return write(from) === write(last) ? write(from) : say("from_to", { from: write(from), to: write(last) });
}

// moment is the time of day, with the date where it is not today's.
export function moment(at: number, now: number): string {
  const text = format(lang, at, romeDay(at) === romeDay(now) ? { timeStyle: "medium" } : { dateStyle: "medium", timeStyle: "medium" });
  return [text, ...zoneNote(at)].join(" ");
}

// zoneNote names the zone where the clock is moved: the hour alone does not tell.
export const zoneNote = (at: number): string[] => (changes(at) ? [say(zone(at) === "summer" ? "summer_time" : "winter_time")] : []);
const hourName = (at: number) => [romeHour(at), ...zoneNote(at)].join(" ");
export const hourRange = (at: number): string => `${hourName(at)}–${hourName(at + HOUR)}`;

export function since(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  const units = [[86400, "day"], [3600, "hour"], [60, "minute"], [1, "second"]] as const;
  const [n, unit] = units.find(([size]) => seconds >= size) ?? units[3];
  return new Intl.RelativeTimeFormat(lang, { style: "short" }).format(-Math.floor(seconds / n), unit);
}

// weekday is the name of a day, 1 Monday to 7 Sunday.
export function weekday(day: number, style: "long" | "short" | "narrow" = "long"): string {
  const key = `${lang} ${style} ${day}`;
  const name = weekdays.get(key) ?? new Intl.DateTimeFormat(lang, { weekday: style, timeZone: "UTC" }).format(Date.UTC(2024, 0, day)); // 1 January 2024 was a Monday.
  weekdays.set(key, name);
  return name;
}
const weekdays = new Map<string, string>();

// An hour of the clock, whatever its day: as it begins, whole, and of a day of the week.
export const hour = (of: number): string => String(of).padStart(2, "0");
export const hours = (of: number): string => `${hour(of)}–${hour(of + 1)}`;
export const hourOfWeek = (day: number, of: number): string => say("hour_of_week", { day: weekday(day), hour: hours(of) });

// step is the name of a step of time, whose code the API gives.
export function step(code: string, style: "long" | "short" = "long"): string {
  if (code.includes("T")) return style === "short" ? hourName(Date.parse(code)) : `${hourRange(Date.parse(code))}, ${shortDate(Date.parse(code))}`;
  const [year = code, rest] = code.split(/-(.*)/);
  if (!rest) return year;
  const [first] = rest;
  if (first === "Q") return say("quarter_n", { n: rest.slice(1), year });
  if (first === "W" && style === "short") return say("week_short", { n: String(Number(rest.slice(1))) });
  if (first === "W") return say("week_n", { n: String(Number(rest.slice(1))), year });
  const noon = Date.parse(`${code.length === 7 ? `${code}-01` : code}T12:00:00Z`);
  if (code.length === 7) return format(lang, noon, style === "long" ? { month: "long", year: "numeric" } : { month: "short" });
  return format(lang, noon, style === "long" ? { weekday: "short", day: "numeric", month: "long", year: "numeric" } : { day: "numeric", month: "short" });
}

// Labels are data: what administrations call faces, services and reasons.

type Label = Record<Language, string>;
type Lists = Record<string, { code: string; label: Label }[]>;
const labels = new Map<string, Label>();

// learn reads the registry's lists, once.
export async function learn(signal: AbortSignal): Promise<void> {
  if (labels.size > 0) return;
  const [lists, { services }] = await Promise.all([
    get<Lists>("v1/registry/labels", signal),
    get<{ services: { code: string; label: Label }[] }>("v1/registry/services", signal),
  ]);
  for (const [list, entries] of Object.entries({ ...lists, services })) {
    if (!Array.isArray(entries)) continue;
    for (const entry of entries) labels.set(`${list}/${entry.code}`, entry.label);
  }
}

// label is what people read for a code of a list; the code where it is of none.
export const label = (list: string, code: string): string => labels.get(`${list}/${code}`)?.[lang] ?? code;

// listed are the codes of a list, in its order.
export const listed = (list: string): string[] =>
  [...labels.keys()].filter((key) => key.startsWith(`${list}/`)).map((key) => key.slice(list.length + 1));

export type Words = typeof import("./words.ts");
