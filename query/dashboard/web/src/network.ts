// The network as numbers: what becomes of terminals, and how each region or class does.

import type { Across, Whole } from "./chart/across.ts";
import type { Bars } from "./chart/bars.ts";
import type { Words } from "./words.ts";

// Counts are figures of GET /v1/network; null: not known for the days that they are of.
export interface Counts {
  readonly bodies_joined: number;
  readonly bodies_ordered: number;
  readonly bodies_enrolled: number;
  readonly bodies_active: number | null;
  readonly comuni: number;
  readonly terminals_ordered: number;
  readonly terminals_claimed: number;
  readonly terminals_active: number | null;
  readonly terminals_idle: number | null;
  readonly terminals_silent: number | null;
  readonly terminals_closed: number;
  readonly terminals_revoked: number;
}
export interface Row extends Counts {
  readonly region?: string | null;
  readonly region_name?: string | null;
  readonly population_class?: string | null;
}
export interface Network {
  readonly meta: { readonly known_since?: string | null; readonly warnings?: readonly unknown[] };
  readonly known_since?: string | null;
  readonly at: string;
  readonly total: Counts;
  readonly rows: readonly Row[];
}

export type By = "region" | "population_class";

// LIVES are what a terminal that may vote is: it votes, it only tells that it lives, or neither.
export const LIVES = ["terminals_active", "terminals_idle", "terminals_silent"] as const;
const BODIES = ["bodies_joined", "bodies_ordered", "bodies_enrolled", "bodies_active"] as const;

// COLUMNS are all figures, in the order of the files.
export const COLUMNS = [...BODIES, "comuni", "terminals_ordered", "terminals_claimed", ...LIVES, "terminals_closed", "terminals_revoked"] as const;

// livesOf are the terminals of a row by what they do; null where that is not known.
export function livesOf(row: Counts): [number, number, number] | null {
  const [active, idle, silent] = LIVES.map((name) => row[name]);
  return typeof active === "number" && typeof idle === "number" && typeof silent === "number" ? [active, idle, silent] : null;
}

// nameOf is what a row is of.
export const nameOf = (row: Row, by: By, { say, label }: Words): string =>
  by === "region" ? row.region_name ?? say("network_nowhere") : row.population_class ? label("population_classes", row.population_class) : say("network_classless");

// lives draws what the terminals of each row do.
export function lives(title: string, head: string, rows: readonly (Counts & { name: string })[], { say, number }: Words): Across {
  return {
    title, head, unknown: say("network_unknown"), pieces: LIVES.map((name, i) => ({ class: `piece p${[1, 2, 5][i]}`, says: say(`network_${name}`) })),
    rows: rows.map((row): Whole => {
      const parts = livesOf(row);
      const n = say("network_terminals_n", { n: number(row.terminals_claimed) });
      if (row.terminals_claimed === 0) return { name: row.name, parts: [0, 0, 0], n: say("network_terminals_none") };
      return parts ? { name: row.name, parts, n } : { name: row.name, parts: null, n: `${n}, ${say("network_unknown")}`, absent: "missing" };
    }),
  };
}

// bodies draws how far bodies have come.
export function bodies(title: string, row: Counts, { say, number, percent }: Words): Bars {
  return {
    title, head: say("network_bodies"), measure: say("network_bodies"), write: number,
    rows: BODIES.map((name) => ({
      name: say(`network_${name}`), value: row[name], ...(row[name] === null && { why: say("network_unknown") }),
      ...(name !== "bodies_joined" && row.bodies_joined > 0 && row[name] !== null && { of: say("network_of_joined", { share: percent(row[name]! / row.bodies_joined, 0) }) }),
    })),
  };
}

// knownSince is from when on it is known which terminals vote; null: always.
export const knownSince = (answer: Network): string | null => answer.known_since ?? answer.meta.known_since ?? null;
