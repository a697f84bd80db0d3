// A body's terminals: how each does, and how one is taken out of service.

import { apiCall, save } from "../menu.ts";
import { address } from "../address.ts";
import { request } from "../ask.ts";
import { h, type Child } from "../elements.ts";
import { rows as tableOf } from "../table.ts";
import type { Shown } from "../view.ts";
import { label, number } from "../words.ts";
import { change, path, read } from "./desk.ts";
import { option, sure } from "./form.ts";
import { at, Comuni, office, services, to } from "./names.ts";
import { Part } from "./part.ts";
import { STATES, type Body, type Sign, type State, type Terminal } from "./shapes.ts";
import { tell, wrong } from "./words.ts";

const SHOWN = 200; // Rows on the screen; the file has all.
const LIMIT = 10000; // Terminals that are asked for.

// A Known is a terminal with what its heartbeats say.
export interface Known extends Terminal { readonly sign: Sign | undefined }

// FLAWS are what needs somebody to look, beside the state: mute is who is not heard now, in
// opening hours.
export const FLAWS = ["copied", "lost", "mute"] as const;
type Flaw = (typeof FLAWS)[number];
export type Wanted = State | Flaw | "";

// flawsOf are the flaws of a terminal.
export function flawsOf({ sign, state }: Known): Flaw[] {
  if (!sign || state === "closed" || state === "revoked") return [];
  const has: Record<Flaw, boolean> = { copied: sign.copied_at !== null || sign.state === "copied", lost: sign.lost === true, mute: sign.state === "silent" && state !== "silent" };
  return FLAWS.filter((flaw) => has[flaw]);
}

// chosen are those in a state, or with a flaw.
export const chosen = (all: readonly Known[], wanted: Wanted): Known[] =>
  all.filter((one) => wanted === "" || one.state === wanted || flawsOf(one).some((flaw) => flaw === wanted));

// inOrder puts first what needs somebody: copied, storage lost, not heard of; then by place.
export function inOrder(all: readonly Known[]): Known[] {
  const grave = (one: Known): number => {
    const flaws = flawsOf(one);
    if (flaws.some((flaw) => flaw !== "mute")) return 0;
    return flaws.length > 0 || one.state === "silent" ? 1 : one.state === "closed" || one.state === "revoked" ? 3 : 2;
  };
  return [...all].sort((a, b) => grave(a) - grave(b) || a.comune.localeCompare(b.comune) || a.office.localeCompare(b.office) || a.terminal.localeCompare(b.terminal));
}

export function terminals(shown: Shown, body: Body): Part {
  const { state, signal, go } = shown;
  const wanted = ([...STATES, ...FLAWS] as const).find((one) => one === state.parameters.state) ?? "";
  return new Part("terminals", tell("terminals"), signal, async (part) => {
    const { terminals: listed } = await read<{ terminals: readonly Terminal[] }>(`${path(body.ipa, "terminals")}?limit=${LIMIT}`, signal);
    const signs = await signsOf(listed, signal);
    const all = inOrder(listed.map((one) => ({ ...one, sign: signs?.get(one.terminal) })));
    const few = chosen(all, wanted);
    const names = await new Comuni().learn(few.slice(0, SHOWN).map(({ comune }) => comune), body.members);
    const select: HTMLSelectElement = h("select", { id: "state", onchange: () => go(to(state, { part: "terminals", state: select.value || null })) },
      option("", `${tell("state_any")} (${number(all.length)})`, wanted === ""),
      ...[...STATES, ...FLAWS].map((one) => ({ one, n: chosen(all, one).length })).filter(({ one, n }) => n > 0 || one === wanted)
        .map(({ one, n }) => option(one, `${tell(`state_${one}`)} (${number(n)})`, one === wanted)));
    return [
      all.length === 0 ? h("p", {}, tell("terminals_none"), " ", h("a", { href: to(state, { part: "claims" }) }, tell("terminals_first"))) : null,
      all.length > 0 ? h("div", { class: "above" }, h("div", { class: "field" }, h("label", { for: "state" }, tell("state_filter")), select), file(body)) : null,
      signs === null ? h("p", { class: "quiet" }, tell("terminals_no_signs")) : null,
      few.length > 0 ? h("div", { class: "scroll wide-table", tabindex: "0", role: "group", "aria-label": tell("terminals") }, table(few.slice(0, SHOWN), names, { part, body })) : all.length > 0 ? h("p", { class: "absent" }, tell("terminals_no_such")) : null,
      few.length > SHOWN ? h("p", { class: "quiet" }, tell("cut", { shown: number(SHOWN), all: number(few.length) })) : null,
      h("details", { class: "quiet" }, h("summary", {}, tell("states_mean")), h("dl", {}, ...[...STATES, ...FLAWS].flatMap((one) => [h("dt", {}, tell(`state_${one}`)), h("dd", {}, tell(`state_why_${one}`))]))),
    ];
  });
}

const ASKED_AT_ONCE = 500; // Comuni whose signs are asked for in one address.

// signsOf are the signs of life of terminals; null where they cannot be told.
async function signsOf(all: readonly Terminal[], signal: AbortSignal): Promise<Map<string, Sign> | null> {
  const comuni = [...new Set(all.map(({ comune }) => comune))];
  if (comuni.length === 0) return new Map();
  try {
    const found = new Map<string, Sign>();
    for (let i = 0; i < comuni.length; i += ASKED_AT_ONCE) {
      const { terminals: some } = await read<{ terminals: readonly Sign[] }>(`v1/fleet?comune=${comuni.slice(i, i + ASKED_AT_ONCE).join(",")}`, signal);
      for (const one of some) found.set(one.terminal, one);
    }
    return found;
  } catch (error) {
    if (signal.aborted) throw error;
    return null;
  }
}

// file has all terminals, as they are told of over the API.
function file(body: Body): HTMLElement {
  const said = h("span", { role: "status", class: "done" });
  const at = `${path(body.ipa, "terminals")}?format=csv&limit=${LIMIT}`;
  const take = async () => {
    try {
      save(await (await request(at, { signal: new AbortController().signal, cache: "no-store" })).blob(), `mlf-${body.ipa}-terminals.csv`);
    } catch (error) {
      said.textContent = wrong(error);
    }
  };
  return h("div", { class: "tools" }, h("button", { type: "button", class: "btn btn-outline-primary btn-sm", id: "terminals-csv", onclick: take }, "CSV"),
    h("details", { class: "menu" }, h("summary", {}, "API"), h("div", { class: "menu-body" }, apiCall(address(path(body.ipa, "terminals"))))), said);
}

interface Around { part: Part; body: Body }

function table(all: readonly Known[], names: Comuni, around: Around): HTMLElement {
  const head = [tell("terminal"), tell("terminal_state"), tell("terminal_where"), tell("terminal_seen"), tell("terminal_vote"), tell("terminal_waiting"), tell("terminal_acts")];
  return tableOf(tell("terminals"), head, [false, false, false, false, false, true, false], all.map((one): Child[] => [
    h("code", {}, one.terminal),
    h("span", { class: "states" }, h("span", { class: `state s-${one.state}` }, tell(`state_${one.state}`)), ...flawsOf(one).map((flaw) => h("span", { class: `state s-${flaw}` }, tell(`state_${flaw}`))), one.test ? h("span", { class: "state s-test" }, tell("terminal_test")) : null),
    h("span", {}, h("span", { class: "kind" }, [names.of(one.comune), office(one.office)].join(", ")), h("span", { class: "why" }, `${label("channels", one.channel)}: ${services(one.services)}`)),
    at(one.last_seen), at(one.last_vote), one.sign && one.sign.waiting !== null ? number(one.sign.waiting) : "–", acts(one, names, around),
  ]));
}

// acts are what can be done with a terminal.
function acts(one: Known, names: Comuni, { part, body }: Around): HTMLElement | string {
  if (one.state === "revoked") return "–";
  const where = [names.of(one.comune), office(one.office)].join(", ");
  const act = (what: "close" | "revoke") => h("button", {
    type: "button", id: `${what}-${one.terminal}`, class: "btn btn-outline-primary btn-sm", "aria-label": `${tell(`terminal_${what}`)}: ${one.terminal}, ${where}`,
    onclick: () => sure({ title: tell(`${what}_title`, { terminal: one.terminal }), about: [where, tell(`${what}_about`), tell(`${what}_votes`)], act: tell(`${what}_act`), grave: true },
      async () => void (await change("POST", path(body.ipa, "terminals", one.terminal, what), {})),
      () => void part.show(tell(`${what}_done`, { terminal: one.terminal }))),
  }, tell(`terminal_${what}`));
  return h("span", { class: "acts" }, one.state === "closed" ? null : act("close"), act("revoke"));
}
