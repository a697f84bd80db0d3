// What the desk calls places, services and times.

import { write, type State } from "../address.ts";
import { comuneOf, nameOf } from "../picker.ts";
import { format, now } from "../clock.ts";
import { label, language } from "../words.ts";
import { tell } from "./words.ts";
import type { Body, Member, Scope } from "./shapes.ts";

const ASKED = 200; // Names of comuni that are asked for one by one; beyond, codes say as much.

// Comuni names a body's comuni.
export class Comuni {
  private readonly names = new Map<string, string>();

  // learn asks for the names that are not known.
  async learn(codes: Iterable<string>, members: readonly Member[] = []): Promise<this> {
    for (const { comune, name } of members) if (name) this.names.set(comune, name);
    const unknown = [...new Set(codes)].filter((code) => !this.names.has(code)).slice(0, ASKED);
    await Promise.all(unknown.map(async (code) => {
      const found = await comuneOf(code).catch(() => undefined);
      if (found) this.names.set(code, nameOf(found));
    }));
    return this;
  }

  of(code: string): string {
    return this.names.get(code) ?? code;
  }
}

// membersOn are the comuni that belong to a body on a day, by code.
export const membersOn = ({ members }: Pick<Body, "members">, day: string): string[] =>
  [...new Set(members.filter(({ from, to }) => (!from || from <= day) && (!to || day < to)).map(({ comune }) => comune))].sort();

export const services = (codes: readonly string[]): string => codes.map((code) => label("services", code)).join(", ");
export const office = (code: string | undefined): string => (code ? code : tell("no_office"));

// scopeOf says which votes or terminals a rule is about.
export function scopeOf({ comuni = [], offices = [], services: of = [], channels = [] }: Scope, names: Comuni): string {
  const parts = [comuni.map((code) => names.of(code)), offices, of.map((code) => label("services", code)), channels.map((code) => label("channels", code))].filter((list) => list.length > 0);
  return parts.length === 0 ? tell("scope_all") : parts.map((list) => list.join(", ")).join(" · ");
}

// at is a time in few words; a dash for none.
export const at = (instant: string | null | undefined): string =>
  instant ? format(language(), Date.parse(instant), { dateStyle: Date.parse(instant) > now() - 300 * 86400e3 ? "short" : "medium", timeStyle: "short" }) : "–";

export const day = (date: string | null | undefined): string => (date ? format(language(), Date.parse(`${date.slice(0, 10)}T12:00:00Z`), { dateStyle: "medium" }) : "–");

export const PARTS = ["terminals", "claims", "orders", "alerts", "settings"] as const;
export type PartName = (typeof PARTS)[number];
// partOf is the part that an address means: messages name an alert alone.
export const partOf = ({ parameters }: State): PartName => PARTS.find((one) => one === parameters.part) ?? (parameters.alert ? "alerts" : "terminals");

// to is the address of a part of a body's desk.
export const to = (state: State, change: Record<string, string | null>): string =>
  write("body", { ipa: state.parameters.ipa ?? null, lang: state.parameters.lang ?? null, ...change });

// cents writes an amount of euros.
export const cents = (amount: number): string => new Intl.NumberFormat(language(), { style: "currency", currency: "EUR" }).format(amount / 100);
