// The way to a page: the country, the region, the province, the comune, and within it
// the service and the office.

import { asked } from "../../filters.ts";
import type { State } from "../../address.ts";
import type { Comune, Page } from "../../answers.ts";
import type { Crumb } from "../../crumbs.ts";
import { nameOf, type Place } from "../../picker.ts";
import { label, say } from "../../words.ts";
import { levelOf } from "./level.ts";

// officeName is what an office is called: a code of the body's own, or none.
export const officeName = (code: string): string => (code === "" ? say("office_none") : say("office_n", { code }));

export function way(state: State, page: Pick<Page, "places">, comune: Comune | undefined, known: readonly Place[]): Crumb[] {
  const { service, office, region, province } = state.parameters;
  const level = levelOf(state);
  const keep = { ...asked(state), region: null, province: null, comune: null, service: null, office: null };
  const name = (of: "region" | "province", code: string) => known.find((place) => place.level === of && place.code === code)?.name ?? code;
  const steps: Crumb[] = [{ says: say("nation"), to: keep }];
  const regionCode = comune?.region.code ?? (level === "province" ? page.places?.[0]?.region : region);
  const provinceCode = comune?.province.code ?? (level === "province" ? province : undefined);
  if (level !== "nation" && regionCode) steps.push({ says: name("region", regionCode), to: { ...keep, region: regionCode } });
  if (provinceCode) steps.push({ says: comune?.province.name ?? name("province", provinceCode), to: { ...keep, province: provinceCode } });
  if (comune) steps.push({ says: nameOf(comune), to: { ...keep, comune: comune.code } });
  const here = { ...asked(state), service: null, office: null };
  if (service) steps.push({ says: service.split(",").map((code) => label("services", code)).join(", "), to: { ...here, service } });
  if (office !== undefined) steps.push({ says: officeName(office), to: { ...here, ...(service && { service }), office } });
  return steps;
}
