// Codes by which devices become a body's terminals: made, shown once, listed, withdrawn.

import { h, type Child } from "../elements.ts";
import { rows as tableOf } from "../table.ts";
import type { Shown } from "../view.ts";
import { label, listed, number } from "../words.ts";
import { now, romeDay } from "../clock.ts";
import { showCards, type Card } from "./card.ts";
import { change, newID, path, read } from "./desk.ts";
import { choices, field, form, option, sure } from "./form.ts";
import { at, Comuni, membersOn, office, services } from "./names.ts";
import { Part } from "./part.ts";
import type { Body, Claim, MadeClaim, MadeCode, WantedClaim } from "./shapes.ts";
import { tell } from "./words.ts";

const SELECTED = 300; // Comuni that a list has; of more, the code is asked for.
const COUNT = 60; // Codes at once: as many as a body may make in an hour.
const LIMIT = 300; // Codes that are listed.

// officeFault tells what is wrong with the code of an office; "" for nothing.
export const officeFault = (code: string): string => (/^[A-Za-z0-9._-]{0,32}$/.test(code) ? "" : tell("claim_office_fault"));

// countFault tells what is wrong with a number of codes.
export const countFault = (n: string): string => (/^\d+$/.test(n) && Number(n) >= 1 && Number(n) <= COUNT ? "" : tell("claim_count_fault", { most: number(COUNT) }));

// kioskFault tells what is wrong with the address of the page on which citizens vote.
export function kioskFault(text: string): string {
  if (text === "") return "";
  try {
    const url = new URL(text);
    return (url.protocol === "https:" || url.protocol === "http:") && url.hash === "" ? "" : tell("claim_kiosk_fault");
  } catch {
    return tell("claim_kiosk_fault");
  }
}

let kiosk = ""; // As it was given last: the same for all codes, more often than not.

export function claims(shown: Shown, body: Body): readonly Part[] {
  const { signal } = shown;
  const open = new Part("claims", tell("claims_open"), signal, async (part) => {
    const { claims: all } = await read<{ claims: readonly Claim[] }>(`${path(body.ipa, "claims")}?limit=${LIMIT}`, signal);
    const names = await new Comuni().learn(all.flatMap(({ terminals }) => terminals.map(({ comune }) => comune)), body.members);
    if (all.length === 0) return [h("p", {}, tell("claims_none"))];
    return [h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": tell("claims_open") }, tableOf(tell("claims_open"),
      [tell("claim_hash"), tell("terminal_state"), tell("terminal_where"), tell("claim_created"), tell("claim_expires"), tell("terminal_acts")], [], all.map((one): Child[] => row(one, names, { part, body }))))];
  });
  const made = new Part("new-claim", tell("claim_new"), signal, async () => [h("p", {}, tell("claim_about")), await newForm(body, open)]);
  return [made, open];
}

function row(one: Claim, names: Comuni, { part, body }: { part: Part; body: Body }): Child[] {
  const short = one.hash.slice(0, 12);
  const [first] = one.terminals;
  const where = [[...new Set(one.terminals.map(({ comune }) => names.of(comune)))].join(", "), office(first?.office)].join(", ");
  const { state } = one;
  const known = (["open", "used", "withdrawn", "expired"] as const).find((known) => known === state);
  return [
    h("code", {}, short), h("span", { class: `state c-${state}` }, known ? tell(`claim_${known}`) : state, one.attempts > 1 ? `, ${tell("claim_attempts", { n: number(one.attempts) })}` : ""),
    h("span", {}, h("span", { class: "kind" }, where), first ? h("span", { class: "why" }, `${label("channels", first.channel)}: ${services(first.services)}`) : null),
    at(one.created), at(one.expires),
    state !== "open" ? "–" : h("button", {
      type: "button", class: "btn btn-outline-primary btn-sm", id: `withdraw-${short}`, "aria-label": `${tell("claim_withdraw")}: ${short}, ${where}`,
      onclick: () => sure({ title: tell("withdraw_title"), about: [`${short}, ${where}`, tell("withdraw_about")], act: tell("claim_withdraw") },
        async () => void (await change("DELETE", path(body.ipa, "claims", one.hash))), () => void part.show(tell("withdraw_done"))),
    }, tell("claim_withdraw")),
  ];
}

async function newForm(body: Body, open: Part): Promise<HTMLElement> {
  const members = membersOn(body, romeDay(now()));
  const names = await new Comuni().learn(members.length > SELECTED ? [] : members, body.members);
  const byName = [...members].sort((a, b) => names.of(a).localeCompare(names.of(b)));
  const comune = members.length > 0 && members.length <= SELECTED
    ? field("comune", tell("claim_comune"), h("select", { id: "claim-comune" }, ...(members.length > 1 ? [option("", tell("claim_choose"))] : []), ...byName.map((code) => option(code, names.of(code)))), (code) => (code ? "" : tell("claim_comune_fault")))
    : field("comune", tell("claim_comune_code"), h("input", { id: "claim-comune", inputmode: "numeric", autocomplete: "off", maxlength: 6 }), (code) => (/^\d{6}$/.test(code) ? "" : tell("claim_comune_code_fault")));
  const place = field("office", tell("claim_office"), h("input", { id: "claim-office", autocomplete: "off", spellcheck: "false", maxlength: 32 }), officeFault, tell("claim_office_hint"));
  const channel = field("channel", tell("claim_channel"), h("select", { id: "claim-channel" }, ...listed("channels").map((code) => option(code, label("channels", code), code === "totem"))));
  const offered = listed("services").map((code) => [code, label("services", code)] as const).sort(([, a], [, b]) => a.localeCompare(b));
  const which = choices("claim-services", "services", tell("claim_services"), offered, [], tell("claim_services_fault"));
  const count = field("count", tell("claim_count"), h("input", { id: "claim-count", type: "number", min: 1, max: COUNT, value: 1, inputmode: "numeric" }), countFault, tell("claim_count_hint"));
  const page = field("kiosk", tell("claim_kiosk"), h("input", { id: "claim-kiosk", type: "url", value: kiosk, autocomplete: "off", spellcheck: "false", placeholder: "https://totem.example.it/k/" }), kioskFault, tell("claim_kiosk_hint"));
  const fields = [comune, place, channel, which, count, page];
  let id = newID(); // Of this request, until it is answered: sent again it makes no others.
  return form({
    id: "claim-form", fields, act: tell("claim_make"),
    content: [h("div", { class: "fields" }, comune.element, place.element, channel.element, count.element, page.element), which.element],
    submit: async () => {
      kiosk = page.control.value.trim();
      const wanted = {
        id, comune: comune.control.value.trim(), office: place.control.value.trim(), channel: channel.control.value as WantedClaim["channel"],
        services: which.values(), count: Number(count.control.value), ...(kiosk && { kiosk }),
      };
      const answer = await change<MadeClaim>("POST", path(body.ipa, "claims"), wanted satisfies Partial<WantedClaim>);
      id = newID();
      const codes = answer ? [answer, ...(answer.more ?? [])] : [];
      await names.learn([wanted.comune]);
      await showCards(codes.map((one) => cardOf(one, wanted, body, names)));
      await open.show(tell("claims_made", { n: number(codes.length) }));
    },
  });
}

function cardOf(one: MadeCode, wanted: { comune: string; office: string; channel: string; services: readonly string[] }, body: Body, names: Comuni): Card {
  return {
    code: one.code, url: one.url, title: body.name, expires: at(one.expires),
    lines: [[names.of(wanted.comune), wanted.office].filter(Boolean).join(", "), `${label("channels", wanted.channel)}: ${services(wanted.services)}`],
  };
}
