// By what figures are compared: the dimensions of the API, and what a row of one is called.

import type { State } from "./address.ts";
import type { Keys } from "./answers.ts";
import type { Choice } from "./filters.ts";
import { label, say, type Message } from "./words.ts";

export type Dimension = "macro_area" | "region" | "province" | "comune" | "office" | "population_class" | "service" | "category" | "channel";

const LISTS: Partial<Record<Dimension, string>> = { macro_area: "macro_areas", population_class: "population_classes", service: "services", category: "categories", channel: "channels" };

// nameOf is what people call the row of a dimension; names must have been asked for.
export function nameOf(by: Dimension, row: Keys): string {
  const code = row[by] ?? "";
  if (by === "office") return code === "" ? say("no_office") : code;
  const list = LISTS[by];
  if (list) return label(list, code);
  return (row as Record<string, string | null | undefined>)[`${by}_name`] ?? code;
}

// placesBelow are the dimensions of place that divide the place of a state.
export function placesBelow({ parameters }: State): Dimension[] {
  if (parameters.comune) return ["office"];
  if (parameters.province) return ["comune"];
  if (parameters.region) return ["province", "comune"];
  return ["region", "macro_area", "province", "comune"];
}

// chosen is the dimension that a state compares by, of those that there are.
export const chosen = <T extends string>({ parameters }: State, among: readonly T[]): T | undefined => among.find((one) => one === parameters.by);

// byChoice is the control that chooses one. Without none it is the first where none is chosen.
export const byChoice = (title: Message, among: readonly string[], none?: Message): Choice => ({
  name: "by", title, values: () => [
    ...(none ? [["", say(none)] as const] : []),
    ...among.map((one, i) => [i === 0 && !none ? "" : one, say(`by_${one}` as Message)] as const),
  ],
});
