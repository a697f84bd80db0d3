// The network as numbers: what becomes of terminals, and how each region or class does.

import type { components } from "./api.d.ts";
import type { Across, Whole } from "./chart/across.ts";
import type { Bars } from "./chart/bars.ts";
import type { Words } from "./words.ts";

// Network is the answer of GET /v1/network; of its figures null is: not known for the days
// that they are of.
export type Network = components["schemas"]["Network"];
export type Counts = components["schemas"]["NetworkCounts"];
export type Row = Network["rows"][number];

export type By = "region" | "population_class";

// LIVES are what a terminal that may vote is: it votes, it only tells that it lives, or neither.
export const LIVES = ["terminals_active", "terminals_idle", "terminals_silent"] as const;
const BODIES = ["bodies_joined", "bodies_ordered", "bodies_enrolled", "bodies_active"] as const;

// COLUMNS are all figures, in the order of the files.
export const COLUMNS = [...BODIES, "comuni", "terminals_ordered", "terminals_claimed", ...LIVES, "terminals_closed", "terminals_revoked"] as const;

// A Knowledge is how much is known of what terminals do: all, only which are voted at, or
// nothing. It is the same of all rows.
export type Knowledge = "all" | "votes" | "none";
export const knowledge = ({ terminals_active: active, terminals_silent: silent }: Counts): Knowledge => (active === null ? "none" : silent === null ? "votes" : "all");

// livesOf are the terminals of a row by what they do, as far as that is known; null: it is not.
export function livesOf(row: Counts): number[] | null {
  const { terminals_active: active, terminals_idle: idle, terminals_silent: silent, terminals_claimed: all } = row;
  if (active === null) return null;
  return idle === null || silent === null ? [active, all - active] : [active, idle, silent];
}

// nameOf is what a row is of.
export const nameOf = (row: Row, by: By, { say, label }: Words): string =>
  by === "region" ? row.region_name ?? say("network_nowhere") : row.population_class ? label("population_classes", row.population_class) : say("network_classless");

// lives draws what the terminals of each row do.
export function lives(title: string, head: string, rows: readonly (Counts & { name: string })[], known: Knowledge, { say, number }: Words): Across {
  const says = known === "votes" ? [say("network_terminals_active"), say("network_terminals_unvoted")] : LIVES.map((name) => say(`network_${name}`));
  return {
    title, head, unknown: say("network_unknown"), pieces: says.map((one, i) => ({ class: `piece p${[1, 2, 5][i]}`, says: one })),
    rows: rows.map((row): Whole => {
      const parts = livesOf(row);
      const n = say("network_terminals_n", { n: number(row.terminals_claimed) });
      if (row.terminals_claimed === 0) return { name: row.name, parts: says.map(() => 0), n: say("network_terminals_none") };
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
