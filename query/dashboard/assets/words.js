// The page's language: messages, labels, numbers and times as people read them.

import { romeDay, romeHour, format, zone, changes, HOUR } from "./clock.js";
import { address } from "./ask.js";

export const LANGUAGES = ["it", "en", "de"];

let words = {}; // The messages of the language.
let lang = "it";
let wanted = ""; // The language asked for last: a slow answer must not undo it.
let labels = {}; // The registry's lists: labels by code, in all languages.

// speak takes the messages of a language. False where another one was asked for
// meanwhile.
export async function speak(language) {
  wanted = LANGUAGES.includes(language) ? language : "it";
  const mine = wanted;
  const answer = await fetch(address(`messages/${mine}.json`));
  if (!answer.ok) throw new Error(`messages: ${answer.status}`);
  const said = await answer.json();
  if (mine !== wanted) return false;
  words = said;
  lang = mine;
  translate();
  return true;
}

export const spoken = () => "skip" in words;
export const language = () => lang;

function translate() {
  document.documentElement.lang = lang;
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = say(element.dataset.t);
  for (const element of document.querySelectorAll("[data-t-label]")) element.setAttribute("aria-label", say(element.dataset.tLabel));
  for (const link of document.querySelectorAll("[data-lang]")) {
    if (link.dataset.lang === lang) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  nameFaces();
}

// learn takes the registry's lists.
export function learn(lists) {
  for (const name of ["faces", "classes"]) {
    labels[name] = Object.fromEntries((lists[name] ?? []).map((entry) => [entry.code, entry.label]));
  }
  nameFaces();
}

// label is what people read for a code of a list; undefined where there is none yet.
export const label = (list, code) => labels[list]?.[code]?.[lang];

function nameFaces() {
  for (const element of document.querySelectorAll("[data-face]")) {
    element.textContent = label("faces", element.dataset.face) ?? element.textContent;
  }
}

// faceName is on the page before the registry has answered.
export const faceName = (face) => document.querySelector(`[data-face=${face}]`).textContent;

export const say = (key, values = {}) => words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
export const number = (n) => new Intl.NumberFormat(lang, { useGrouping: true }).format(n);
export const votes = (n) => say(new Intl.PluralRules(lang).select(n) === "one" ? "total_one" : "total", { n: number(n) });
export const percent = (share) =>
  new Intl.NumberFormat(lang, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(share);

export const longDate = (at) => format(lang, at, { dateStyle: "full" });

// moment is the time of day, with the date where it is not today's.
export function moment(at, now) {
  const text = format(lang, at, romeDay(at) === romeDay(now) ? { timeStyle: "medium" } : { dateStyle: "medium", timeStyle: "medium" });
  return changes(at) ? `${text} ${zoneName(at)}` : text;
}

const zoneName = (at) => say(zone(at) === "summer" ? "summer_time" : "winter_time");

// hourName is the hour on the clock, with the zone where the clock is moved.
export const hourName = (at) => [romeHour(at), ...zoneNote(at)].join(" ");
export const zoneNote = (at) => (changes(at) ? [zoneName(at)] : []);
export const hourRange = (at) => `${hourName(at)}–${hourName(at + HOUR)}`;

export function since(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const [n, unit] = [[86400, "day"], [3600, "hour"], [60, "minute"], [1, "second"]].find(([size]) => seconds >= size) ?? [1, "second"];
  return new Intl.RelativeTimeFormat(lang, { style: "short" }).format(-Math.floor(seconds / n), unit);
}
