// What a body is told of, who is told, and when not.

import { Refused } from "../ask.ts";
import { h, type Child } from "../elements.ts";
import type { Shown } from "../view.ts";
import { decimal, label, listed, number } from "../words.ts";
import { apiCall } from "../menu.ts";
import { now, romeDay } from "../clock.ts";
import { change, path, read } from "./desk.ts";
import { field, form, option, tick, type Field } from "./form.ts";
import { at, Comuni, membersOn } from "./names.ts";
import { Part } from "./part.ts";
import { KINDS, type Body, type Kind, type Rule, type Scope, type Settings, type Webhook } from "./shapes.ts";
import { tell } from "./words.ts";

// LIMITS of thresholds, as they are typed: points of a hundred, hours of opening.
const LIMITS: Record<Kind, readonly [least: number, most: number, usual: number, of: number]> = { red: [1, 50, 5, 100], fall: [1, 50, 5, 100], silence: [1, 100, 2, 1], misuse: [5, 100, 20, 100] };
const RULES = 20;
const WEBHOOKS = 5;
const EMAILS = 20;

// thresholdFault tells what is wrong with a threshold; "" for nothing.
export function thresholdFault(kind: Kind, text: string): string {
  const [least, most] = LIMITS[kind];
  const n = Number(text.replace(",", "."));
  return text !== "" && n >= least && n <= most ? "" : tell("threshold_fault", { least: number(least), most: number(most) });
}

// emailsOf are the addresses of a text, one a line; fault says what is wrong with them.
export function emailsOf(text: string): { all: string[]; fault: string } {
  const all = [...new Set(text.split(/[\s,;]+/).filter(Boolean))];
  const bad = all.find((one) => !/^[^\s@<>"\\()[\]:]+@[^\s@<>"\\()[\]:]+\.[^\s@.]+$/.test(one) || one.length > 254);
  return { all, fault: bad !== undefined ? tell("email_fault", { email: bad.slice(0, 60) }) : all.length > EMAILS ? tell("emails_fault", { most: number(EMAILS) }) : "" };
}

// hookFault tells what is wrong with the address of a webhook; "" for nothing.
export function hookFault(text: string): string {
  try {
    const url = new URL(text);
    return url.protocol === "https:" && url.username === "" && text.length <= 500 ? "" : tell("hook_fault");
  } catch {
    return tell("hook_fault");
  }
}

// nextName is a name for a webhook that none has.
export function nextName(of: readonly Pick<Webhook, "id">[]): string {
  for (let i = 1; ; i++) if (!of.some(({ id }) => id === `w${i}`)) return `w${i}`;
}

export function settings(shown: Shown, body: Body): Part {
  const { signal } = shown;
  const fresh = new Map<string, string>(); // Secrets that were told just now, by address.
  return new Part("settings", tell("settings"), signal, async (part) => {
    const now_ = await read<Settings>(path(body.ipa, "alert-settings"), signal);
    const names = await new Comuni().learn([...now_.rules.flatMap(({ scope }) => scope.comuni ?? []), ...membersOn(body, romeDay(now())).slice(0, 100)], body.members);
    return [
      now_.version > 0 && now_.by ? h("p", { class: "quiet" }, tell("settings_by", { by: now_.by, time: at(now_.at) })) : h("p", { class: "quiet" }, tell("settings_usual")),
      secrets(fresh), await editor(now_, names, { part, body, fresh }), test(now_, part, body),
    ];
  });
}

// secrets are shown once: whoever has one can tell our messages from others'.
function secrets(fresh: Map<string, string>): HTMLElement | null {
  if (fresh.size === 0) return null;
  const told = h("div", { class: "notice secrets", id: "secrets" }, h("p", {}, tell("secret_once")), ...[...fresh].map(([url, secret]) => h("div", {}, h("p", {}, h("strong", {}, url)), apiCall(secret))));
  fresh.clear();
  return told;
}

interface Around { part: Part; body: Body; fresh: Map<string, string> }
interface Row { element: HTMLElement; fields: Field[]; rule(): Rule | null }

async function editor(now_: Settings, names: Comuni, { part, body, fresh }: Around): Promise<HTMLElement> {
  const language = field("language", tell("settings_language"), h("select", { id: "settings-language" }, ...(["it", "en", "de"] as const).map((one) => option(one, { it: "Italiano", en: "English", de: "Deutsch" }[one], one === now_.language))));
  const rules = new Rows("rules", now_.rules.map((rule, i) => ruleRow(rule, i, body, names)), RULES);
  const addRule = h("button", { type: "button", class: "btn btn-outline-primary btn-sm", id: "rule-add", onclick: () => rules.add((i) => ruleRow({ kind: "red", enabled: true, scope: {}, threshold: 0.05 }, i, body, names)) }, tell("rule_add"));
  const emails = field("emails", tell("emails"), h("textarea", { id: "settings-emails", rows: 3, spellcheck: "false", autocomplete: "off" }), (text) => emailsOf(text).fault, tell("emails_hint"));
  emails.control.value = now_.emails.join("\n");
  const hooks = field("webhooks", tell("hooks"), h("textarea", { id: "settings-hooks", rows: 3, spellcheck: "false", autocomplete: "off" }), (text) => hooksOf(text, now_.webhooks).fault, tell("hooks_hint"));
  hooks.control.value = now_.webhooks.map(({ url }) => url).join("\n");
  const time = (id: string, title: string, value: string) => field("quiet_hours", title, h("input", { id, type: "time", value }), (text) => ((text === "") === (other(id).value === "") ? "" : tell("quiet_fault")));
  const from = time("quiet-from", tell("quiet_from"), now_.quiet_hours?.from ?? "");
  const until = time("quiet-to", tell("quiet_to"), now_.quiet_hours?.to ?? "");
  const other = (id: string): HTMLInputElement => (id === "quiet-from" ? until : from).control;
  const fields = () => [language, ...rules.fields(), emails, hooks, from, until];
  return form({
    id: "settings-form", fields, act: tell("settings_save"),
    content: [
      h("h3", {}, tell("rules")), h("p", { class: "quiet" }, tell("rules_about")), rules.element, h("p", {}, addRule),
      h("h3", {}, tell("who_is_told")), h("div", { class: "fields" }, emails.element, hooks.element, language.element),
      h("h3", {}, tell("quiet")), h("p", { class: "quiet" }, tell("quiet_about")), h("div", { class: "fields" }, from.element, until.element),
    ],
    refused: (error) => (error instanceof Refused && error.problem.type === "urn:mlf:problem:changed" ? [h("div", { class: "notice" }, h("p", {}, tell("settings_changed")),
      h("button", { type: "button", class: "btn btn-outline-primary btn-sm", id: "settings-reload", onclick: () => void part.show(tell("settings_reloaded")) }, tell("settings_reload")))] : null),
    submit: async () => {
      const answer = await change<Settings>("PUT", path(body.ipa, "alert-settings"), {
        version: now_.version, language: language.control.value, rules: rules.rows().map((row) => row.rule()).filter((rule) => rule !== null),
        webhooks: hooksOf(hooks.control.value, now_.webhooks).all, emails: emailsOf(emails.control.value).all,
        quiet_hours: from.control.value ? { from: from.control.value, to: until.control.value } : null,
      });
      for (const { id, url } of answer?.webhooks ?? []) if (answer?.secrets?.[id]) fresh.set(url, answer.secrets[id]);
      await part.show(tell("settings_saved"));
    },
  });
}

// hooksOf are the webhooks of a text, one address a line; those that were there keep their names.
export function hooksOf(text: string, known: readonly Webhook[]): { all: { id: string; url: string }[]; fault: string } {
  const all: { id: string; url: string }[] = [];
  const urls = [...new Set(text.split(/\s+/).filter(Boolean))];
  for (const url of urls) {
    const held = known.find((one) => one.url === url);
    all.push({ url, id: held?.id ?? nextName([...known, ...all]) });
  }
  return { all, fault: urls.map(hookFault).find(Boolean) ?? (urls.length > WEBHOOKS ? tell("hooks_fault", { most: number(WEBHOOKS) }) : "") };
}

// Rows are rules that can be added and taken away.
class Rows {
  readonly element = h("div", { class: "rules" });
  private made: Row[];
  private next: number;
  private readonly most: number;

  constructor(readonly id: string, rows: Row[], most: number) {
    this.made = rows;
    this.next = rows.length;
    this.most = most;
    for (const row of rows) this.put(row);
  }

  rows(): readonly Row[] {
    return this.made;
  }

  fields(): Field[] {
    return this.made.flatMap(({ fields }) => fields);
  }

  add(make: (i: number) => Row): void {
    if (this.made.length >= this.most) return;
    const row = make(this.next++);
    this.made.push(row);
    this.put(row);
    row.element.querySelector<HTMLElement>("select, input")?.focus();
  }

  private put(row: Row): void {
    row.element.append(h("button", { type: "button", class: "btn btn-link btn-sm", onclick: () => {
      this.made = this.made.filter((one) => one !== row);
      row.element.remove();
      document.getElementById("rule-add")?.focus();
    } }, tell("rule_remove")));
    this.element.append(row.element);
  }
}

function ruleRow(rule: Rule, i: number, body: Body, names: Comuni): Row {
  const id = `rule-${i}`;
  const kind = field("kind", tell("rule_kind"), h("select", { id: `${id}-kind`, onchange: () => fit(true) }, ...KINDS.map((one) => option(one, tell(`kind_${one}`), one === rule.kind))));
  const kindNow = () => kind.control.value as Kind;
  const enabled = tick(`${id}-on`, tell("rule_on"), rule.enabled);
  const unit = (threshold: number) => decimal(Math.round((threshold || LIMITS[rule.kind][2] / LIMITS[rule.kind][3]) * LIMITS[rule.kind][3] * 100) / 100);
  const threshold = field("threshold", tell("threshold"), h("input", { id: `${id}-threshold`, inputmode: "decimal", autocomplete: "off", size: 5, value: unit(rule.threshold) }), (text) => thresholdFault(kindNow(), text), " ");
  const hint = threshold.element.querySelector(".quiet")!;
  const fit = (changed: boolean) => {
    hint.textContent = tell(`threshold_${kindNow()}`);
    if (changed) threshold.control.value = String(LIMITS[kindNow()][2]);
  };
  fit(false);
  const scope = scopeFields(id, rule.scope, body, names);
  return {
    fields: [kind, threshold, ...scope.fields],
    element: h("fieldset", { class: "rule" }, h("legend", {}, tell("rule_n", { n: number(i + 1) })), enabled.element, h("div", { class: "fields" }, kind.element, threshold.element), scope.element),
    rule: () => ({ kind: kindNow(), enabled: enabled.box.checked, scope: scope.value(), threshold: Number(threshold.control.value.trim().replace(",", ".")) / LIMITS[kindNow()][3] }),
  };
}

// scopeFields choose which votes or terminals a rule is about; nothing chosen: all.
function scopeFields(id: string, scope: Scope, body: Body, names: Comuni): { element: HTMLElement; fields: Field[]; value(): Scope } {
  const many = (name: string, title: string, of: readonly (readonly [string, string])[], chosen: readonly string[]) => {
    const select = h("select", { id: `${id}-${name}`, multiple: true, size: Math.min(6, Math.max(2, of.length)) }, ...of.map(([value, says]) => option(value, says, chosen.includes(value))));
    return field(name, title, select);
  };
  const members = membersOn(body, romeDay(now()));
  const comuni = many("comuni", tell("scope_comuni"), (members.length > 0 ? members : scope.comuni ?? []).map((code) => [code, names.of(code)] as const), scope.comuni ?? []);
  const services = many("services", tell("scope_services"), listed("services").map((code) => [code, label("services", code)] as const), scope.services ?? []);
  const channels = many("channels", tell("scope_channels"), listed("channels").map((code) => [code, label("channels", code)] as const), scope.channels ?? []);
  const offices = field("offices", tell("scope_offices"), h("input", { id: `${id}-offices`, autocomplete: "off", spellcheck: "false", value: (scope.offices ?? []).join(", ") }), (text) => (split(text).every((one) => /^[A-Za-z0-9._-]{1,32}$/.test(one)) ? "" : tell("claim_office_fault")), tell("scope_offices_hint"));
  const chosen = ({ control }: { control: HTMLSelectElement }) => [...control.selectedOptions].map(({ value }) => value);
  const all: Child[] = [...(members.length > 1 ? [comuni.element] : []), offices.element, services.element, channels.element];
  const some = Object.values(scope).some((named) => named.length > 0);
  return {
    fields: [offices],
    element: h("details", { open: some }, h("summary", {}, tell("scope")), h("p", { class: "quiet" }, tell("scope_about")), h("div", { class: "fields" }, ...all)),
    value: () => filled({ comuni: members.length > 1 ? chosen(comuni) : [...(scope.comuni ?? [])], offices: split(offices.control.value), services: chosen(services), channels: chosen(channels) }),
  };
}

const split = (text: string): string[] => [...new Set(text.split(/[\s,;]+/).filter(Boolean))];
const filled = (scope: Record<string, string[]>): Scope => Object.fromEntries(Object.entries(scope).filter(([, list]) => list.length > 0));

// test asks for a message to all who are told, and says what became of the last.
function test({ test: last, webhooks, emails, version }: Settings, part: Part, body: Body): HTMLElement {
  const nobody = version === 0 || webhooks.length + emails.length === 0;
  const results = last?.results ?? [];
  const named = (target: string) => webhooks.find(({ id }) => target === `webhook:${id}`)?.url ?? target.replace(/^email:/, "");
  return h("section", { class: "test", "aria-labelledby": "test-title" }, h("h3", { id: "test-title" }, tell("test")),
    nobody ? h("p", {}, tell("test_nobody")) : form({ id: "test-form", fields: [], content: [h("p", {}, tell("test_about"))], act: tell("test_send"), submit: async () => {
      await change("POST", path(body.ipa, "alert-settings", "test"), {});
      await part.show(tell("test_asked"));
    }, beside: [last && results.length === 0 ? h("button", { type: "button", class: "btn btn-outline-primary", id: "test-look", onclick: () => void part.show(tell("test_looked")) }, tell("test_look")) : null] }),
    last ? h("p", {}, results.length > 0 ? tell("test_last", { time: at(last.asked) }) : tell("test_waits", { time: at(last.asked) })) : null,
    results.length > 0 ? h("ul", { class: "results" }, ...results.map(({ target, delivered, detail, at: when }) => h("li", {}, h("strong", {}, named(target)), `: ${tell(delivered ? "test_arrived" : "test_failed")}, ${at(when)}`, detail ? ` (${detail})` : ""))) : null);
}
