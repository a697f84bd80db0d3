// What a page is of: the narrowest place that its address names.

import type { State } from "../../address.ts";

export type Level = "nation" | "region" | "province" | "comune";

export function levelOf({ parameters: { comune, province, region } }: State): Level {
  const one = (codes: string | undefined) => codes !== undefined && !codes.includes(",");
  if (one(comune)) return "comune";
  if (one(province)) return "province";
  return one(region) ? "region" : "nation";
}
