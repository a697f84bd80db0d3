// The bulletin of a month, as it was published: for the screen and for paper. Its figures
// are frozen, those of the other views are of now.

import { only, write, type State } from "../address.ts";
import { get, Refused, type Ask } from "../ask.ts";
import type { Bulletin, Comune, Figures } from "../answers.ts";
import { now, romeDay } from "../clock.ts";
import { crumbs, type Crumb } from "../crumbs.ts";
import { h } from "../elements.ts";
import type { Choice } from "../filters.ts";
import { headline } from "../headline.ts";
import { later, isMonth, monthOf } from "../month.ts";
import { running } from "../paper.ts";
import { comuneOf, nameOf, places, type Place } from "../picker.ts";
import type { Shown, View } from "../view.ts";
import { date, label, say, step } from "../words.ts";
import { changes, method, revisions } from "./bulletin/sayings.ts";
import { tables, type Names } from "./bulletin/tables.ts";

const MONTHS = 24; // To choose among; the links go further.

const MONTH: Choice = { name: "month", title: "step_month", values: () => [["", say("bulletin_newest")], ...Array.from({ length: MONTHS }, (_, i) => later(monthOf(romeDay(now())), -1 - i)).map((month) => [month, step(month)] as const)] };

// placeIn is what a bulletin is of, as the API wants it: the narrowest place.
function placeIn({ parameters }: State): Record<string, string> {
  for (const level of ["comune", "province", "region"] as const) {
    if (parameters[level]) return { [level]: parameters[level] };
  }
  return {};
}

// asks are for the month of the address; without one for the last month, and the one
// before it, as long as there is none of the last.
export function asks(state: State): Ask[] {
  const { month, vintage } = state.parameters;
  const last = later(monthOf(romeDay(now())), -1);
  const months = isMonth(month) ? [month] : [last, later(last, -1)];
  return months.map((one) => ({ id: one, path: `/v1/bulletin/${one}`, parameters: { ...placeIn(state), ...(vintage && month && { vintage }) } }));
}

export const view: View = {
  period: "",
  controls: [MONTH, "place"],
  asks,
  async show(shown) {
    const { state, answers } = shown;
    const asked = asks(state);
    const ask = asked.find(({ id }) => answers.maybe<Bulletin>(id)) ?? asked[0]!;
    const found = answers.maybe<Bulletin>(ask.id);
    if (!found) return [missing(shown, ask)];
    const [names, steps] = await named(state, found);
    const { meta } = found;
    const title = say("bulletin_of", { month: step(meta.month), place: steps[steps.length - 1]!.says });
    const undo = running(`${say("view_bulletin")}, ${title}`, say("bulletin_foot", { n: String(meta.vintage), day: date(Date.parse(`${meta.published_on}T12:00:00Z`)) }));
    shown.signal.addEventListener("abort", undo);
    return [h("div", { class: "bulletin" },
      crumbs("bulletin", steps), months(state, meta.month),
      h("section", { class: "masthead", "aria-labelledby": "bulletin-title" }, h("h2", { id: "bulletin-title" }, title), ...edition(found)),
      headline(found.headline as Figures, undefined, { title: say("measure_green_share"), ask }, {}),
      changes(found), revisions(state, found), ...tables(shown, found, ask, names), method(found))];
  },
};

// missing says that there is no bulletin, or what else is the matter.
function missing({ state, answers }: Shown, ask: Ask): HTMLElement {
  try {
    answers.of<Bulletin>(ask.id);
  } catch (error) {
    if (!(error instanceof Refused) || error.problem.status !== 404) throw error;
  }
  const due = later(ask.id, 1);
  return h("div", { class: "bulletin" }, months(state, ask.id), h("p", { class: "notice", role: "alert" }, say(due >= monthOf(romeDay(now())) ? "bulletin_due" : "bulletin_none", { month: step(ask.id), day: date(Date.parse(`${due}-04T12:00:00Z`)) })));
}

// months leads to the bulletins before and after, and to paper.
function months(state: State, month: string): HTMLElement {
  const to = (by: number) => write("bulletin", { ...only(state.parameters, "region", "province", "comune", "lang"), month: later(month, by) });
  const link = (by: number) => h("a", { class: "btn btn-outline-primary btn-sm", href: to(by), rel: by < 0 ? "prev" : "next" }, by < 0 ? `← ${step(later(month, by))}` : `${step(later(month, by))} →`);
  return h("nav", { class: "months", "aria-label": say("bulletin_months") }, link(-1), later(month, 1) < monthOf(romeDay(now())) && link(1),
    h("button", { type: "button", class: "btn btn-primary btn-sm", onclick: () => print() }, say("bulletin_print")));
}

// edition says which vintage this is, and that it does not change any more.
function edition({ meta, macro_areas, population_classes }: Bulletin): HTMLElement[] {
  const [area, size] = [macro_areas.length === 1 && macro_areas[0]!.macro_area, population_classes.length === 1 && population_classes[0]!.population_class];
  const lines = [
    ...(area ? [[label("macro_areas", area), size && label("population_classes", size)].filter(Boolean).join(", ")] : []), // Those tables would be one row.
    say("bulletin_edition", { n: String(meta.vintage), day: date(Date.parse(`${meta.published_on}T12:00:00Z`)) }),
    say(meta.provisional ? "bulletin_provisional" : "bulletin_settled"),
  ];
  return lines.map((line) => h("p", { class: "quiet" }, line));
}

// named are the names of what a bulletin has rows of, and the way to its place.
async function named(state: State, { meta, places: rows }: Bulletin): Promise<[Names, Crumb[]]> {
  const { level, code = "", name } = meta.place;
  const comuni = rows[0]?.level === "comune" ? comuniOf(code || rows[0].code!.slice(0, 3)) : [];
  const [known, comune, inside] = await Promise.all([places(), level === "comune" ? comuneOf(code) : undefined, comuni]);
  const of = (one: "region" | "province", which: string) => known.find((place: Place) => place.level === one && place.code === which)?.name ?? which;
  const listed = new Map(inside.map((one) => [one.code, nameOf(one)]));
  const keep = { ...only(state.parameters, "month", "lang") };
  const steps: Crumb[] = [{ says: say("nation"), to: keep }];
  const region = comune?.region.code ?? (level === "region" ? code : inside[0]?.region.code);
  const province = comune?.province.code ?? (level === "province" ? code : undefined);
  if (region) steps.push({ says: of("region", region), to: { ...keep, region } });
  if (province) steps.push({ says: comune?.province.name ?? of("province", province), to: { ...keep, province } });
  if (level === "comune") steps.push({ says: comune ? nameOf(comune) : name ?? code, to: { ...keep, comune: code } });
  return [(one, which) => (one === "comune" ? listed.get(which) ?? which : of(one, which)), steps];
}

const comuniOf = (province: string): Promise<Comune[]> =>
  get<{ comuni: Comune[] }>(`v1/registry/comuni?province=${encodeURIComponent(province)}`, new AbortController().signal).then(({ comuni }) => comuni, () => []);
