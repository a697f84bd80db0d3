// A body's alerts: what is open, how large it is and how sure, who has seen to it.

import { intervals, type Entry } from "../chart/intervals.ts";
import { h, type Child } from "../elements.ts";
import type { Shown } from "../view.ts";
import { counted, number, percent, points, pointsRange, range, shortPercent, span } from "../words.ts";
import { change, path, read } from "./desk.ts";
import { field, form, option } from "./form.ts";
import { at, Comuni, day, scopeOf, to } from "./names.ts";
import { Part } from "./part.ts";
import type { Alert, AlertFigures, Body, Note } from "./shapes.ts";
import { tell } from "./words.ts";

const LIMIT = 100; // Alerts that are asked for at once.
const NOTE = 1000; // Letters.

export function alerts(shown: Shown, body: Body): Part {
  const { state, signal, go } = shown;
  const all = state.parameters.state === "all" || state.parameters.alert !== undefined; // The one that is meant may be closed.
  return new Part("alerts", tell("alerts"), signal, async (part) => {
    const { alerts: listed } = await read<{ alerts: readonly Alert[] }>(`${path(body.ipa, "alerts")}?state=${all ? "all" : "open"}&limit=${LIMIT}`, signal);
    const names = await new Comuni().learn(listed.flatMap(({ scope }) => scope.comuni ?? []), body.members);
    const select: HTMLSelectElement = h("select", { id: "alerts-state", onchange: () => go(to(state, { part: "alerts", state: select.value || null })) },
      option("", tell("alerts_open"), !all), option("all", tell("alerts_all"), all));
    return [
      h("div", { class: "above" }, h("div", { class: "field" }, h("label", { for: "alerts-state" }, tell("alerts_which")), select), h("a", { href: to(state, { part: "settings" }) }, tell("settings"))),
      listed.length === 0 ? h("p", {}, tell(all ? "alerts_none_ever" : "alerts_none")) : null,
      ...inOrder(listed).map((one) => card(one, names, { shown, part, body })),
      listed.length === LIMIT ? h("p", { class: "quiet" }, tell("alerts_cut", { n: number(LIMIT) })) : null,
      h("details", { class: "quiet" }, h("summary", {}, tell("alerts_mean")), h("p", {}, tell("alerts_mean_red")), h("p", {}, tell("alerts_mean_not")), h("p", {}, tell("alerts_mean_silence")), h("p", {}, tell("alerts_mean_misuse"))),
    ];
  });
}

// inOrder puts first what is open and not acknowledged, then what is open, then the newest.
export function inOrder(all: readonly Alert[]): Alert[] {
  const waits = ({ state, acknowledged }: Alert) => (state === "closed" ? 2 : acknowledged ? 1 : 0);
  return [...all].sort((a, b) => waits(a) - waits(b) || b.opened.localeCompare(a.opened));
}

interface Around { shown: Shown; part: Part; body: Body }

function card(one: Alert, names: Comuni, around: Around): HTMLElement {
  const title = `${tell(`kind_${one.kind}`)}: ${scopeOf(one.scope, names)}`;
  const id = `alert-${one.id}`;
  const is = one.state === "closed" ? "closed" : one.acknowledged ? "acknowledged" : "open";
  return h("article", { class: `alert a-${is}`, "aria-labelledby": id },
    h("div", { class: "heading" }, h("h3", { id, tabindex: "-1" }, title), h("span", { class: `state a-${is}` }, tell(`alert_${is}`))),
    h("p", { class: "when" }, times(one)),
    ...(one.figures ? figures(one, one.figures, around.shown) : []), silent(one, around.shown),
    ...handled(one), messages(one), one.state === "open" ? answer(one, around) : null);
}

function times({ opened, closed, reopened, updated, state }: Alert): string {
  return [tell("alert_opened", { time: at(opened) }), state === "closed" ? tell("alert_ended", { time: at(closed) }) : tell("alert_updated", { time: at(updated) }),
    reopened > 0 ? tell("alert_reopened", { n: number(reopened) }) : ""].filter(Boolean).join(" · ");
}

// sentence says how large the share is, and how it was before, with how sure that is.
export function sentence({ kind, scope }: Pick<Alert, "kind" | "scope">, of: AlertFigures): string {
  const { baseline } = of;
  const share = (one: { share: number; low: number; high: number }) => `${percent(one.share)} (${range(one.low, one.high)})`;
  return tell(kind === "misuse" ? "alert_sentence_misuse" : scope.scale === "stars5" ? "alert_sentence_stars" : scope.scale === "smiley4" ? "alert_sentence_four" : "alert_sentence", {
    share: share(of), votes: counted("votes_n", of.n), before: share(baseline), before_votes: counted("votes_n", baseline.n),
    difference: points(of.difference), range: pointsRange(of.difference_low, of.difference_high),
  });
}

function figures(one: Alert, of: AlertFigures, shown: Shown): Child[] {
  const entry = (name: string, { share: value, low, high, n }: { share: number; low: number; high: number; n: number }): Entry => ({ name, value, low, high, n, few: n < 30 });
  const title = tell(`kind_${one.kind}`);
  const chart = shown.frame(intervals, {
    title, head: tell("alert_when"), measure: tell(one.kind === "misuse" ? "alert_share_misuse" : "alert_share"),
    entries: [entry(tell("alert_now"), of), entry(tell("alert_before"), of.baseline)],
    write: (value) => percent(value), tick: shortPercent, bounds: [0, 1], zero: true, reference: { value: of.baseline.share, name: tell("alert_baseline") },
  });
  return [
    h("p", {}, sentence(one, of)), chart.element,
    h("p", { class: "quiet" }, tell("alert_times", { now: span(Date.parse(of.from), Date.parse(of.to)), before: span(Date.parse(of.baseline_from), Date.parse(of.baseline_to)) }),
      of.left_out.length > 0 ? ` ${tell("alert_left_out", { days: of.left_out.slice(0, 10).map(day).join(", ") })}` : ""),
  ];
}

function silent({ kind, terminals = [], terminals_count: count = terminals.length }: Alert, { state }: Shown): HTMLElement | null {
  if (terminals.length === 0) return null;
  const more = count - terminals.length;
  return h("div", {}, h("p", {}, tell(kind === "silence" ? "alert_silent" : "alert_copied", { n: number(count) })),
    h("ul", { class: "codes" }, ...terminals.map((one) => h("li", {}, h("code", {}, one)))), more > 0 && h("p", { class: "quiet" }, tell("alert_more", { n: number(more) })),
    h("p", {}, h("a", { href: to(state, { state: kind === "silence" ? "mute" : "copied" }) }, tell("alert_look"))));
}

// handled are who acknowledged it, and what was noted.
function handled({ acknowledged, notes = [] }: Alert): HTMLElement[] {
  const all: (Note & { did: string })[] = notes.map((note) => ({ ...note, did: "" }));
  if (acknowledged) {
    const { by, at: when, note = "" } = acknowledged;
    const i = all.findIndex((one) => one.at === when && one.by === by);
    if (i >= 0) all[i] = { ...all[i]!, did: tell("alert_took") };
    else all.push({ by, at: when, text: note, did: tell("alert_took") });
  }
  if (all.length === 0) return [];
  return [h("h4", {}, tell("notes")), h("ul", { class: "notes" }, ...all.sort((a, b) => a.at.localeCompare(b.at)).map((note) =>
    h("li", {}, h("span", { class: "quiet" }, [note.by, at(note.at), note.did].filter(Boolean).join(" · ")), note.text ? h("p", {}, note.text) : null)))];
}

// messages are what was told of it, and whether it arrived.
function messages({ deliveries = [] }: Alert): HTMLElement | null {
  if (deliveries.length === 0) return null;
  return h("details", { class: "quiet" }, h("summary", {}, tell("messages", { n: number(deliveries.length) })), h("ul", { class: "results" }, ...deliveries.map(({ event, target, at: when, delivered, detail }) => {
    const known = (["opened", "updated", "closed"] as const).find((one) => one === event);
    return h("li", {}, [known ? tell(`event_${known}`) : event, target.replace(/^\w+:/, ""), at(when), tell(delivered ? "test_arrived" : "test_failed"), detail].filter(Boolean).join(", "));
  })));
}

// answer is what somebody says to an alert, and whether they see to it.
function answer(one: Alert, { part, body }: Around): HTMLElement {
  const taken = one.acknowledged !== null;
  const note = field(taken ? "text" : "note", tell(taken ? "note_more" : "note"), h("textarea", { id: `note-${one.id}`, rows: 2, maxlength: NOTE }),
    (text) => (text === "" && taken ? tell("needed") : ""), tell(taken ? "note_more_hint" : "note_hint"));
  return form({
    id: `answer-${one.id}`, fields: [note], content: [note.element], act: tell(taken ? "note_add" : "alert_acknowledge"),
    submit: async () => {
      const text = note.control.value.trim();
      await change("POST", path(body.ipa, "alerts", one.id, taken ? "notes" : "acknowledgement"), taken ? { text } : { note: text });
      await part.show(tell(taken ? "note_done" : "alert_acknowledged_done"));
    },
  });
}

