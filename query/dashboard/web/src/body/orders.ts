// What a body ordered, and by which programme it is paid for.

import { Refused } from "../ask.ts";
import { now, romeDay } from "../clock.ts";
import { h, type Child } from "../elements.ts";
import { rows as tableOf } from "../table.ts";
import type { Shown } from "../view.ts";
import { number } from "../words.ts";
import { change, newID, path, read } from "./desk.ts";
import { field, form, option, tick, type Field } from "./form.ts";
import { cents, day } from "./names.ts";
import { Part } from "./part.ts";
import type { Body, Finding, Order, WantedOrder } from "./shapes.ts";
import { tell, type Told } from "./words.ts";

const PROGRAMMES = ["2009-2012"] as const;
const PRODUCTS = ["terminal", "kit", "other"] as const;

// centsOf reads an amount of euros as people write it, 400 or 400,50; null where it is none.
export function centsOf(text: string): number | null {
  const [, whole, part = ""] = /^(\d{1,7})(?:[.,](\d{1,2}))?$/.exec(text.replace(/[\s€]/g, "")) ?? [];
  return whole === undefined ? null : Number(whole) * 100 + Number(part.padEnd(2, "0"));
}

const terminalsOf = ({ lines }: Order): number => lines.filter(({ product }) => product !== "other").reduce((sum, { quantity }) => sum + quantity, 0);

// findingsOf are the rules that an order breaks, in words.
export const findingsOf = (findings: readonly Finding[]): HTMLElement =>
  h("ul", { class: "findings" }, ...findings.map((one) => h("li", {}, h("strong", {}, tell(`rule_${one.rule}`)), h("span", { class: "why" }, why(one)))));

// why is what the rule says, and what the order is.
export function why({ rule, facts }: Finding): string {
  const most = cents(facts.cents_max ?? 0), asked = cents(facts.cents ?? 0), on = day(facts.ordered_on);
  const below = number(facts.residents_below ?? 0), members = number(facts.members ?? 0);
  switch (rule) {
    case "term":
      return tell("found_term", { from: day(facts.from), until: day(facts.until), day: on });
    case "body":
      return facts.ordered_on ? tell("found_body", { day: on, members }) : tell("found_body_unknown");
    case "size":
      if (!facts.members) return tell("found_size", { below, residents: number(facts.residents ?? 0), day: on });
      return tell("found_size_union", { percent: number(facts.members_percent ?? 0), below, small: number(facts.members_below ?? 0), members, day: on });
    case "orders":
      return tell("found_orders", { orders: number(facts.orders ?? 0), number: number(facts.number ?? 0) });
    case "bonus":
      return tell(facts.signature_and_pec ? "found_bonus_signed" : "found_bonus", { most, cents: asked });
    case "fund":
      return tell("found_fund", { most, cents: asked });
  }
}

export function orders(shown: Shown, body: Body): readonly Part[] {
  const { signal } = shown;
  const all = new Part("orders", tell("orders"), signal, async () => {
    const { orders: listed } = await read<{ orders: readonly Order[] }>(path(body.ipa, "orders"), signal);
    if (listed.length === 0) return [h("p", {}, tell("orders_none"))];
    return [h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": tell("orders") }, tableOf(tell("orders"),
      [tell("order"), tell("order_on"), tell("order_programme"), tell("order_terminals"), tell("order_gross"), tell("order_bonus"), tell("order_state")],
      [false, false, false, true, true, true, false], listed.map((one): Child[] => [
        one.id, day(one.ordered_on), one.programme ? programmeName(one.programme) : "–", number(terminalsOf(one)), cents(one.gross_cents), cents(one.bonus_cents), stateOf(one)])))];
  });
  const made = new Part("new-order", tell("order_new"), signal, async () => [h("p", {}, tell("order_about")), newForm(body, all)]);
  return [all, made];
}

const programmeName = (code: string): string => (PROGRAMMES.some((one) => one === code) ? tell(`programme_${code}` as Told) : code);

function stateOf({ delivered_on, installed_on, cancelled_on }: Order): string {
  if (cancelled_on) return tell("order_cancelled", { day: day(cancelled_on) });
  if (installed_on) return tell("order_installed", { day: day(installed_on) });
  return delivered_on ? tell("order_delivered", { day: day(delivered_on) }) : tell("order_waiting");
}

const text = (id: string, attributes: Record<string, string | number> = {}) => h("input", { id, autocomplete: "off", spellcheck: "false", maxlength: 200, ...attributes });
const needed = (value: string) => (value ? "" : tell("needed"));

function newForm(body: Body, all: Part): HTMLElement {
  const id = field("id", tell("order_id"), text("order-id", { maxlength: 64 }), (value) => (/^[A-Za-z0-9._-]{0,64}$/.test(value) ? "" : tell("order_id_fault")), tell("order_id_hint"));
  const on = field("ordered_on", tell("order_on"), h("input", { id: "order-on", type: "date", value: romeDay(now()), max: romeDay(now()) }), needed);
  const programme = field("programme", tell("order_programme"), h("select", { id: "order-programme" }, option("", tell("programme_none")), ...PROGRAMMES.map((one) => option(one, programmeName(one)))));
  const mepa = field("number", tell("order_number"), text("order-number"));
  const supplier = field("supplier", tell("order_supplier"), text("order-supplier"));
  const product = field("product", tell("order_product"), h("select", { id: "order-product" }, ...PRODUCTS.map((one) => option(one, tell(`product_${one}`), one === "kit"))));
  const quantity = field("lines", tell("order_quantity"), h("input", { id: "order-quantity", type: "number", min: 1, max: 200000, value: 1, inputmode: "numeric" }), (value) => (/^\d{1,6}$/.test(value) && Number(value) >= 1 && Number(value) <= 200000 ? "" : tell("order_quantity_fault")));
  const amount = (value: string) => (centsOf(value) === null ? tell("amount_fault") : "");
  const gross = field("gross_cents", tell("order_gross_full"), text("order-gross", { inputmode: "decimal", maxlength: 14 }), amount, tell("amount_hint"));
  const bonus = field("bonus_cents", tell("order_bonus_full"), text("order-bonus", { inputmode: "decimal", maxlength: 14, value: "0" }), (value) => amount(value) || ((centsOf(value) ?? 0) > (centsOf(gross.control.value.trim()) ?? Infinity) ? tell("bonus_fault") : ""));
  const signature = tick("order-signature", tell("order_signature"));
  const pec = tick("order-pec", tell("order_pec"));
  const anyway = tick("order-anyway", tell("order_anyway"));
  const fields: Field[] = [id, on, programme, mepa, supplier, product, quantity, gross, bonus];
  anyway.element.hidden = true;
  let unnamed = newID(); // The name of an order that is given none: sent again it is the same.
  const made: HTMLFormElement = form({
    id: "order-form", fields, act: tell("order_make"),
    content: [h("div", { class: "fields" }, ...fields.map(({ element }) => element)), h("div", { class: "ticks" }, signature.element, pec.element), anyway.element],
    refused: (error) => {
      const findings = error instanceof Refused ? (error.problem as { findings?: readonly Finding[] }).findings : undefined;
      if (!findings) return null;
      anyway.element.hidden = false;
      return [h("div", { class: "notice" }, h("p", {}, tell("order_broken")), findingsOf(findings))];
    },
    submit: async () => {
      const lines: WantedOrder["lines"] = [{ product: product.control.value as "terminal" | "kit" | "other", quantity: Number(quantity.control.value) }];
      const optional = (name: string, value: string) => (value ? { [name]: value } : {});
      const name = id.control.value.trim() || `${body.ipa}-${on.control.value}-${unnamed.slice(0, 8)}`;
      await change("POST", path(body.ipa, "orders"), {
        id: name, ordered_on: on.control.value, lines, gross_cents: centsOf(gross.control.value.trim()), bonus_cents: centsOf(bonus.control.value.trim()),
        ...optional("programme", programme.control.value), ...optional("number", mepa.control.value.trim()), ...optional("supplier", supplier.control.value.trim()),
        ...(signature.box.checked && { signature: true }), ...(pec.box.checked && { pec: true }), ...(anyway.box.checked && !anyway.element.hidden && { anyway: true }),
      });
      unnamed = newID();
      made.reset();
      anyway.element.hidden = true;
      await all.show(tell("order_made", { id: name }));
    },
  });
  return made;
}
