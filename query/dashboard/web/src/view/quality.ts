// What the figures are worth: how many votes they leave out and why, what became of
// every vote that came in, whether all is counted, and where votes come from.

import { address, filtersOf, PLACE, only, type State } from "../address.ts";
import { callOf, get, type Answers, type Ask } from "../ask.ts";
import type { Keys, Ledger, Ranking, Stats as Answered, Trend } from "../answers.ts";
import { across, portion } from "../chart/across.ts";
import { lines } from "../chart/line.ts";
import { h, text, type Child } from "../elements.ts";
import { explain } from "../explain.ts";
import { apiCall } from "../menu.ts";
import { reason } from "../notice.ts";
import { panel } from "../panel.ts";
import { trouble, waiting } from "../pulse.ts";
import { account, accounted, lateOf, outOf, PARTS_OUT } from "../quality.ts";
import { rows as tableOf } from "../table.ts";
import type { Shown, View } from "../view.ts";
import * as words from "../words.ts";
import { moment, number, percent, say, step } from "../words.ts";
import { now } from "../clock.ts";

const PERIOD = "last-30-days";
const SCALES = "mlf3,smiley4,stars5";

type Row = Keys & { n: number | null };
type Stats = Omit<Answered, "rows"> & { rows: Row[] };
interface Whole { coverage: { comuni_of: number } }

function asks(state: State): Ask[] {
  const parameters = filtersOf(state, PERIOD);
  return [
    { id: "all", path: "/v1/stats", parameters: { ...parameters, class: "all", scale: SCALES, group: "scale,class" } },
    { id: "figures", path: "/v1/stats", parameters },
    { id: "trend", path: "/v1/trend", parameters: { ...parameters, by: "class", class: "all" } },
    { id: "faces", path: "/v1/reasons", parameters }, // For the formulas that everybody is told.
    ...(parameters.comune ? [] : [{ id: "comuni", path: "/v1/ranking", parameters: { ...parameters, by: "comune", measure: "n", min_n: "1", top: "1" } }]),
  ];
}

export const view: View = {
  period: PERIOD, controls: ["period", "place", "service", "channel", "population_class"], asks,
  async show(shown) {
    const ledger = await get<Ledger>("v1/ledger", shown.signal).catch((error: unknown) => error as Error);
    const told = ledger instanceof Error ? [h("section", { class: "card" }, h("h2", {}, say("quality_ledger")), h("p", { class: "notice" }, reason(ledger)))] : ledgerParts(shown, ledger);
    const [warning, ...rest] = told;
    return [...(ledger instanceof Error ? [] : [warning!]), leftOut(shown), late(shown), ...(ledger instanceof Error ? told : rest), coverage(shown), checking(shown)];
  },
};

// leftOut says how many votes the figures of this time and place leave out, and why.
function leftOut(shown: Shown): HTMLElement {
  const { answers, state } = shown;
  const [ask, figures] = asks(state) as [Ask, Ask];
  const { meta } = answers.of<Stats>("figures");
  const { excluded } = meta;
  const title = say("quality_figures");
  if (meta.disclosure === "lots") return panel({ id: "out", title, ask: figures, meta: { from: meta.from, to: meta.to } }, h("p", {}, say("quality_lots")));
  const parts = outOf(answers.of<Stats>("all").rows);
  const n = parts.reduce((sum, part) => sum + part, 0);
  const left = n - parts[0]!;
  const says = n === 0 ? say("absent_none_long") : left === 0 ? say("quality_sentence_none", { n: number(n) })
    : say("quality_sentence", { n: number(n), left: number(left), share: portion([n - left, left], 1, words) });
  const pieces = PARTS_OUT.map((part, i) => ({ class: `piece p${i + 1}`, says: say(`quality_${part}`) }));
  const chart = shown.frame(across, { title, head: say("time"), pieces, rows: [{ name: say("quality_all"), parts, n: words.counted("votes_n", n) }] });
  return panel({ id: "out", title, ask, meta: { from: meta.from, to: meta.to }, frame: chart, lead: says, explained: () => explain({ title, ask: figures }) },
    tableOf(title, [say("quality_means"), say("votes"), say("quality_share")], [false, true, true], PARTS_OUT.map((part, i) => [
      h("span", {}, h("span", { class: "kind" }, say(`quality_${part}`)), h("span", { class: "why" }, say(`quality_why_${part}`))), number(parts[i]!), n > 0 ? portion(parts, i, words) : "–"])),
    h("p", { class: "quiet" }, say("quality_since", { quarantined: number(excluded.quarantined), conflicts: number(excluded.conflicts) })));
}

// late is the share of votes whose time could not be trusted, over time.
function late(shown: Shown): HTMLElement | null {
  const { answers, state } = shown;
  const trend = answers.maybe<Trend>("trend");
  if (!trend) return null; // The public is not told, where it is shown lots.
  const points = lateOf(trend).map((point, i) => ({
    ...point, name: step(trend.grid[i]!.step), short: [step(trend.grid[i]!.step, "short")], running: trend.grid[i]!.partial,
  }));
  const title = say("quality_trend");
  const chart = shown.frame(lines, { title, run: { name: say("quality_trend_run"), points }, write: (value: number) => percent(value), bounds: [0, 1], height: 12 });
  return panel({ id: "late", title, ask: asks(state)[2]!, meta: { from: trend.meta.from, to: trend.meta.to }, frame: chart, note: say("quality_trend_note") });
}

// ledgerParts are a warning, where there is one to give, the account, and its partitions.
function ledgerParts(shown: Shown, ledger: Ledger): HTMLElement[] {
  const at = now();
  const { good, says, pieces, parts } = account(ledger, words);
  const title = say("quality_ledger");
  const chart = shown.frame(across, { title, head: say("ledger_in"), pieces, rows: [{ name: say("ledger_in"), parts, n: number(ledger.totals.votes_in) }] });
  const stopped = trouble(ledger, words);
  return [
    h("div", { class: "now" }, stopped !== "" && h("p", { class: "notice", role: "alert" }, stopped), h("p", { class: "reckoning", "data-good": String(good && stopped === "") }, says)),
    h("section", { class: "card", "aria-labelledby": "ledger" },
      h("div", { class: "heading" }, h("div", {}, h("h2", { id: "ledger" }, title), h("p", { class: "when" }, say("quality_ledger_when", { time: moment(Date.parse(ledger.as_of), at) })))),
      h("p", { class: "lead equation" }, accounted(ledger, words)), chart.element,
      h("p", {}, ledger.totals.quarantined > 0 ? say("quality_quarantine_some", { n: number(ledger.totals.quarantined) }) : say("quality_quarantine_none")),
      ledger.totals.events.in > 0 && h("p", { class: "events" }, events(ledger)),
      h("h3", {}, say("quality_partitions")), partitions(ledger, at),
      h("h3", {}, say("explain_call")), apiCall(address("v1/ledger"))),
  ];
}

// events says what became of what sources without state have sent.
function events(ledger: Ledger): string {
  const of = ledger.totals.events;
  return say("quality_events", {
    n: number(of.in), used: number(of.used), repeated: number(of.repeated), stale: number(of.stale), conflicts: number(of.conflicts), quarantined: number(of.quarantined),
  });
}

function partitions(ledger: Ledger, at: number): HTMLElement {
  if (ledger.partitions.length === 0) return h("p", { class: "quiet" }, say("quality_partitions_none"));
  const time = (instant: string | null | undefined) => (instant ? moment(Date.parse(instant), at) : "–");
  const head = [say("partition"), say("partition_state"), say("partition_since"), say("partition_counted"), say("partition_waiting"), say("partition_newest")];
  return tableOf(say("quality_partitions"), head, [false, false, false, true, true, false], ledger.partitions.map((one): Child[] => {
    const behind = waiting(one);
    return [number(one.partition), h("span", { class: "state-of", "data-state": one.state }, say(`state_${one.state}`), one.reason ? `: ${one.reason}` : ""),
      time(one.since), number(one.counted), behind === null ? say("quality_waiting_unknown") : number(behind), time(one.newest)];
  }));
}

// coverage says from how many comuni votes come.
function coverage({ answers, state, signal }: Shown): HTMLElement | null {
  const ranking = state.parameters.comune ? null : answers.maybe<Ranking>("comuni");
  if (!ranking) return null;
  const { ranked, meta } = ranking;
  const says = h("p", { class: "lead" }, say("quality_comuni", { n: number(ranked) }));
  const place = only(state.parameters, ...PLACE, "population_class");
  const path = Object.keys(place).length === 0 ? "v1/national" : Object.keys(place).length === 1 && /^\d\d$/.test(place.region ?? "") ? `v1/regions/${place.region}` : "";
  // How many there are is told by the page of the whole; it comes when it comes.
  if (path) {
    void get<Whole>(`${path}?period=today`, signal).then(({ coverage: { comuni_of } }) =>
      text(says, say("quality_comuni_of", { n: number(ranked), all: number(comuni_of), share: percent(ranked / comuni_of) })), () => {});
  }
  return panel({ id: "coverage", title: say("quality_coverage"), ask: asks(state).find(({ id }) => id === "comuni")!, meta: { from: meta.from, to: meta.to } }, says);
}

// checking compares what was answered with the database, when it is asked to.
function checking(shown: Shown): HTMLElement {
  const { answers, state, signal } = shown;
  const figures = asks(state)[1]!;
  const lots = answers.of<Stats>("figures").meta.disclosure === "lots";
  const ask = { ...figures, parameters: { ...figures.parameters, check: "store" } };
  const came = h("p", { role: "status" });
  const button = h("button", { type: "button", class: "btn btn-primary", onclick: async () => {
    button.disabled = true;
    text(came, say("loading"));
    text(came, await verdict(ask, signal));
    button.disabled = false;
  } }, say("quality_check_now"));
  return h("section", { class: "card", "aria-labelledby": "check" },
    h("h2", { id: "check" }, say("quality_check")), h("p", {}, say("quality_check_about")),
    ...(lots ? [h("p", { class: "absent" }, say("quality_check_lots"))] : [h("p", {}, button), came, h("h3", {}, say("explain_call")), apiCall(address(callOf(ask)))]),
    h("h3", {}, say("quality_position")), h("p", {}, h("code", {}, answers.position)), ...formulas(answers));
}

async function verdict(ask: Ask, signal: AbortSignal): Promise<string> {
  try {
    const { check } = (await get<Stats>(callOf(ask), signal)).meta;
    if (check?.store === "agrees") return say("quality_check_agrees", { n: number(check.rows) });
    if (check?.store === "differs") return say("quality_check_differs", { n: number(check.differs ?? 0) });
    return say("quality_check_unknown", { reason: check?.reason ?? "–" });
  } catch (error) {
    return reason(error);
  }
}

function formulas(answers: Answers): HTMLElement[] {
  const made = answers.maybe<Trend>("trend") ?? answers.maybe<Trend>("faces");
  if (!made) return [];
  return [h("h3", {}, say("quality_formulas")), h("dl", {}, ...made.meta.formulas.flatMap(({ name, text }) => [h("dt", {}, name), h("dd", {}, h("code", {}, text))]))];
}
