// The desk of a body: its terminals, codes for new ones, orders, alerts. For who has
// signed in with its token, and for operators.

import type { State } from "../address.ts";
import { Refused, signedIn } from "../ask.ts";
import { now, romeDay } from "../clock.ts";
import { h } from "../elements.ts";
import { Shown, type View } from "../view.ts";
import { number, say } from "../words.ts";
import { alerts } from "../body/alerts.ts";
import { settings } from "../body/alert-settings.ts";
import { claims } from "../body/claims.ts";
import { path, read } from "../body/desk.ts";
import { field, form } from "../body/form.ts";
import { Comuni, day, membersOn, partOf, PARTS, to, type PartName } from "../body/names.ts";
import { orders } from "../body/orders.ts";
import type { Part } from "../body/part.ts";
import { STATES, type Body, type BodyName } from "../body/shapes.ts";
import { terminals } from "../body/terminals.ts";
import { speakDesk, tell, wrong } from "../body/words.ts";
import { signInTo } from "../settings.ts";

const LISTED = 50; // Bodies that are shown to choose among.
const NAMED = 12; // Members that the header has names of; the others are below it.

export const view: View = {
  period: "", controls: [], asks: () => [],
  async show(shown) {
    await speakDesk();
    const { ipa } = shown.state.parameters;
    try {
      return ipa ? await desk(shown, ipa.toLowerCase()) : await pick(shown);
    } catch (error) {
      if (!(error instanceof Refused) || error.problem.status >= 500) throw error;
      return [refusal(shown, error)];
    }
  },
};

// refusal says why nothing is shown, and what can be done about it.
function refusal({ go, state }: Shown, error: Refused): HTMLElement {
  const { status } = error.problem;
  const signIn = !signedIn() && (status === 401 || status === 403) && error.problem.type !== "urn:mlf:problem:issuer-needed";
  return h("section", { class: "card" }, h("h2", {}, tell(signIn ? "desk_for_bodies" : "desk_nothing")), h("p", {}, signIn ? tell("desk_sign_in") : wrong(error)),
    h("div", { class: "acts" }, signIn ? h("button", { type: "button", class: "btn btn-primary", id: "desk-sign-in", onclick: () => signInTo(() => go(location.href)) }, say("sign_in")) : null,
      state.parameters.ipa ? h("a", { href: to(state, { ipa: null }) }, tell("bodies_all")) : null));
}

// pick lists the bodies that the reader may see. Who may see one is shown it.
async function pick(shown: Shown): Promise<HTMLElement[]> {
  const { state, signal, go } = shown;
  const q = state.parameters.q ?? "";
  const { bodies } = await read<{ bodies: readonly BodyName[] }>(`v1/bodies?limit=${LISTED}${q ? `&q=${encodeURIComponent(q)}` : ""}`, signal);
  const [only] = bodies;
  if (bodies.length === 1 && q === "") return desk(shown, only!.ipa);
  const wanted = field("q", tell("bodies_find"), h("input", { id: "bodies-q", value: q, autocomplete: "off", spellcheck: "false", maxlength: 100 }), undefined, tell("bodies_find_hint"));
  return [h("section", { class: "card", "aria-labelledby": "bodies" }, h("h2", { id: "bodies" }, tell("bodies")),
    bodies.length === 0 && q === "" ? h("p", {}, tell("bodies_none")) : form({ id: "bodies-form", fields: [wanted], content: [wanted.element], act: tell("bodies_search"), submit: async () => go(to(state, { ipa: null, q: wanted.control.value.trim() || null })) }),
    bodies.length === 0 && q !== "" ? h("p", { role: "status" }, tell("bodies_no_such")) : null,
    h("ul", { class: "bodies" }, ...bodies.map(({ ipa, name, type }) => h("li", {}, h("a", { href: to(state, { ipa }) }, name), h("span", { class: "quiet" }, ` ${typeName(type)} · ${ipa}`)))),
    bodies.length === LISTED ? h("p", { class: "quiet" }, tell("bodies_cut", { n: number(LISTED) })) : null)];
}

const TYPES = ["comune", "unione", "comunita-montana", "provincia", "citta-metropolitana", "regione", "asl", "agency", "ente-previdenziale", "camera-commercio", "universita", "ministero", "association", "other"] as const;
const typeName = (type: string): string => {
  const known = TYPES.find((one) => one === type);
  return known ? tell(`type_${known}`) : type;
};

async function desk(shown: Shown, ipa: string): Promise<HTMLElement[]> {
  const { signal, state } = shown;
  const body = await read<Body>(path(ipa), signal);
  const of = { ...state, parameters: { ...state.parameters, ipa: body.ipa } };
  const at = new Shown(of, shown.answers, shown.go, signal);
  const chosen = partOf(state);
  const parts = partsOf(chosen, at, body);
  const [header] = await Promise.all([head(body, of), ...parts.map((part) => part.show())]);
  const { alert } = state.parameters;
  if (alert) setTimeout(() => document.getElementById(`alert-${alert}`)?.focus(), 0); // When it is in the page.
  return [header, tabs(chosen, of), ...parts.map(({ element }) => element)];
}

function partsOf(part: PartName, shown: Shown, body: Body): readonly Part[] {
  if (part === "claims") return claims(shown, body);
  if (part === "orders") return orders(shown, body);
  if (part === "alerts") return [alerts(shown, body)];
  return part === "settings" ? [settings(shown, body)] : [terminals(shown, body)];
}

// tabs leads to the parts of the desk.
const tabs = (chosen: PartName, state: State): HTMLElement => h("nav", { class: "desk-parts", "aria-label": tell("parts") }, h("ul", {}, ...PARTS.map((part) =>
  h("li", {}, h("a", { id: `part-${part}`, href: to(state, { part: part === "terminals" ? null : part }), "aria-current": part === chosen ? "page" : null }, tell(part))))));

// head says who the body is, who belongs to it, and how its terminals do.
async function head(body: Body, state: State): Promise<HTMLElement> {
  const today = romeDay(now());
  const members = membersOn(body, today);
  const names = await new Comuni().learn(members.slice(0, NAMED), body.members);
  const others = body.members.filter(({ comune }) => !members.includes(comune));
  const dated = body.members.some(({ from, to: until }) => from || until);
  const few = members.slice(0, NAMED).map((code) => names.of(code)).sort((a, b) => a.localeCompare(b)).join(", ");
  const { ordered, claimed } = body.terminals;
  const counts = STATES.filter((one) => one !== "claimed").map((one) => ({ one, n: body.terminals[one] ?? 0 })).filter(({ n }) => n > 0);
  return h("section", { class: "card body-head", "aria-labelledby": "body-name" },
    h("div", { class: "heading" }, h("div", {}, h("h2", { id: "body-name" }, body.name), h("p", { class: "when" }, [typeName(body.type), body.ipa, tell("joined_on", { day: day(body.joined) }), body.left ? tell("left_on", { day: day(body.left) }) : ""].filter(Boolean).join(" · "))),
      h("a", { href: to(state, { ipa: null }), class: "btn btn-outline-primary btn-sm" }, tell("bodies_all"))),
    h("dl", { class: "facts" },
      h("div", {}, h("dt", {}, tell("members")), h("dd", {}, members.length === 0 ? tell("members_none") : members.length > NAMED ? tell("members_more", { few, n: number(members.length - NAMED) }) : few)),
      h("div", {}, h("dt", {}, tell("terminals")), h("dd", {}, tell("terminals_count", { claimed: number(claimed), ordered: number(ordered) }), counts.length > 0 && h("ul", { class: "counts" }, ...counts.map(({ one, n }) => h("li", {}, h("a", { class: `state s-${one}`, href: to(state, { state: one }) }, `${tell(`state_${one}`)}: ${number(n)}`))))))),
    dated || others.length > 0 || members.length > NAMED ? membersList(body) : null);
}

// membersList has all members with their days, when it is opened.
function membersList({ members }: Body): HTMLElement {
  const list = h("ul", { class: "members" });
  const details: HTMLDetailsElement = h("details", { class: "quiet", ontoggle: async () => {
    if (!details.open || list.childElementCount > 0) return;
    const names = await new Comuni().learn(members.map(({ comune }) => comune), members);
    list.replaceChildren(...members.map(({ comune, from, to: until }) => h("li", {}, [names.of(comune), from ? tell("member_from", { day: day(from) }) : "", until ? tell("member_to", { day: day(until) }) : ""].filter(Boolean).join(", "))));
  } }, h("summary", {}, tell("members_all", { n: number(members.length) })), list);
  return details;
}
