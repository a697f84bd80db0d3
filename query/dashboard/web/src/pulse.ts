// Whether the figures on the screen are of now, and if not, why: in one line.

import type { Ledger } from "./answers.ts";
import type { Trouble } from "./again.ts";
import type { Link } from "./live.ts";
import type { Message, Words } from "./words.ts";

// Signs are what is known of how the page is doing.
export interface Signs {
  readonly link: Link | "asks"; // Asks: figures are asked for, none come by themselves.
  readonly grown: number; // When the last votes came by themselves; 0 for never.
  readonly since: number; // When votes stopped coming, where the link is cut.
  readonly ledger: { readonly data: Ledger | null; readonly at: number; readonly trouble: Trouble };
  readonly figures: { readonly at: number; readonly trouble: Trouble };
  readonly lots: boolean; // The ledger is that of what is published.
}

export interface Pulse {
  readonly state: "connecting" | "live" | "asks" | "trouble" | "cut" | "own";
  readonly notice: string; // "": there is nothing to tell.
}

// pulse says how the page is doing at a time.
export function pulse(signs: Signs, now: number, words: Words): Pulse {
  const { link, since, ledger, figures } = signs;
  const { say, moment } = words;
  if (ledger.trouble === "own" || figures.trouble === "own") return { state: "own", notice: say("own") };
  if (ledger.trouble !== "" && link !== "live") {
    const last = Math.max(ledger.at, figures.at, link === "asks" ? 0 : since);
    return { state: "cut", notice: say(ledger.trouble === "refused" ? "live_refused" : "live_cut_since", { time: moment(last, now) }) };
  }
  if (link === "cut") return { state: "trouble", notice: say("live_no_stream", { time: moment(since, now) }) };
  if (ledger.trouble !== "") return { state: "trouble", notice: say("live_no_ledger", { time: moment(ledger.at || now, now) }) };
  if (figures.trouble !== "") return { state: "trouble", notice: say("live_no_figures", { time: moment(figures.at, now) }) };
  const stopped = ledger.data ? trouble(ledger.data, words) : "";
  if (stopped !== "") return { state: "trouble", notice: stopped };
  if (link === "connecting" || ledger.data === null) return { state: "connecting", notice: "" };
  return { state: link, notice: "" };
}

const STATES = ["halted", "stuck", "recovering"] as const;

// trouble says in words what keeps votes from being counted; "" for nothing.
export function trouble({ partitions }: Ledger, { say, number }: Words): string {
  const worst = STATES.find((state) => partitions.some((partition) => partition.state === state));
  if (!worst) return "";
  const n = partitions.filter((partition) => partition.state === worst).length;
  return say(`ledger_${worst}` satisfies Message, { n: number(n), all: number(partitions.length) });
}

export const PARTS = ["counted", "duplicates", "conflicts", "quarantined", "voided"] as const;

// balanced tells whether every vote that came in is accounted for.
export const balanced = ({ totals }: Ledger): boolean => PARTS.reduce((sum, part) => sum + totals[part], 0) === totals.votes_in;

// waiting is how many records are on the log and not counted yet; null where nobody knows.
export const waiting = ({ log_end, next_offset }: Pick<Ledger["totals"], "log_end" | "next_offset">): number | null =>
  log_end === null ? null : Math.max(0, log_end - next_offset);

// reckoning says whether all is counted. It never says so where votes are kept out.
export function reckoning(ledger: Ledger, { say, number }: Words): { good: boolean; says: string } {
  const { totals, partitions } = ledger;
  if (!balanced(ledger)) return { good: false, says: say("balance_bad") };
  const behind = waiting(totals);
  if (partitions.length === 0) return { good: true, says: say("balance_published") };
  if (behind === null) return { good: false, says: say("lag_unknown") };
  if (behind > 0) return { good: true, says: say("lag_some", { n: number(behind) }) };
  if (totals.quarantined > 0) return { good: false, says: say("lag_quarantined", { n: number(totals.quarantined) }) };
  return { good: true, says: say("lag_none") };
}

// freshness says how old the newest vote is that is counted.
export function freshness({ ledger, lots, grown }: Pick<Signs, "ledger" | "lots" | "grown">, now: number, { say, since, date }: Words): string {
  const newest = ledger.data?.totals.newest;
  if (!ledger.data || ledger.trouble !== "") return "";
  if (!newest) return say(lots ? "fresh_unpublished" : "fresh_none");
  const at = Date.parse(newest);
  return lots ? say("fresh_published", { date: date(at - 1) }) : say("fresh", { when: since(now - Math.max(at, grown)) });
}
