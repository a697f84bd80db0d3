// The map: regions, all provinces or those of a region, the comuni of a province, by any
// measure. Beside it stands the list of the same, in the ranking's order: what is pointed
// at in one is marked in the other.

import { changed, filtersOf, write, type State } from "../address.ts";
import { get, type Ask } from "../ask.ts";
import { valueOf, type Comune, type Figures, type Keys, type Ranking } from "../answers.ts";
import { map, noteKey, type MapData, type Place, type Shapes } from "../chart/map.ts";
import { areasOf, holds, middle, polygonsOf } from "../chart/map/plane.ts";
import { crumbs, type Crumb } from "../crumbs.ts";
import { h } from "../elements.ts";
import { asked, type Choice } from "../filters.ts";
import { panel } from "../panel.ts";
import { nameOf, places, type Place as Known } from "../picker.ts";
import type { View } from "../view.ts";
import { language, number, percent, points, say } from "../words.ts";
import { beside } from "./map/list.ts";

const PERIOD = "last-30-days";
const BY = { regions: "region", provinces: "province", comuni: "comune" } as const;
type Layer = keyof typeof BY;

const LEVEL: Choice = { name: "level", title: "map_level", values: () => [["", say("map_level_region")], ["province", say("map_level_province")]] };
const MEASURES: Choice = { name: "measure", title: "measure", values: () => [["", say("measure_green_share")], ["red_share", say("measure_red_share")], ["net", say("measure_net")], ["n", say("measure_n")]] };
const PALETTE: Choice = { name: "palette", title: "map_palette", values: () => [["", say("map_palette_diverging")], ["programme", say("map_palette_programme")]] };

const measureOf = (state: State): "green_share" | "red_share" | "net" | "n" => (["red_share", "net", "n"] as const).find((one) => one === state.parameters.measure) ?? "green_share";

// provinceOf is the province whose comuni are shown, if any are.
export const provinceOf = ({ parameters: { comune, province } }: State): string | undefined =>
  comune && !comune.includes(",") ? comune.slice(0, 3) : province && !province.includes(",") ? province : undefined;

// layerOf is what the map is of.
export function layerOf(state: State): Layer {
  if (provinceOf(state)) return "comuni";
  return state.parameters.region || state.parameters.level === "province" ? "provinces" : "regions";
}

function asks(state: State): Ask[] {
  const { comune: _, region, province: __, ...rest } = filtersOf(state, PERIOD);
  const province = provinceOf(state);
  const within: Record<string, string> = province ? { province } : region ? { region } : {};
  return [{ id: "map", path: "/v1/ranking", parameters: { ...rest, ...within, by: BY[layerOf(state)], measure: measureOf(state), names: language() } }];
}

// SHAPES are files of their own: the country, and each province when it is opened.
const country = async (): Promise<Shapes> => ((await import("../../shapes/italy.json")) as unknown as { default: Shapes }).default;
const within = async (province: string): Promise<Shapes> => ((await import(`../../shapes/comuni/${province}.json`)) as { default: Shapes }).default;

let opened = false; // From the map, by key or click: there the reader goes on.

export const view: View = {
  period: PERIOD,
  controls: (state) => ["period", "place", ...(provinceOf(state) || state.parameters.region ? [] : [LEVEL]), "service", "channel", MEASURES, ...(measureOf(state) === "n" ? [] : [PALETTE])],
  asks,
  async show(shown) {
    const { state, answers } = shown;
    const ranking = answers.of<Ranking>("map");
    const layer = layerOf(state);
    const province = provinceOf(state);
    const [known, land, shapes, comuni] = await Promise.all([places(), country(), province ? within(province) : null, province ? comuniOf(province, shown.signal) : []]);
    const names = new Map(layer === "comuni" ? comuni.map((one) => [one.code, nameOf(one)]) : known.filter((one) => one.level === BY[layer]).map((one) => [one.code, one.name]));
    const data = dataOf(state, ranking, names, { shapes: shapes ?? land, ...(shapes && { land }) });
    const ask = asks(state)[0]!;
    const open = (code: string) => {
      opened = layer !== "comuni";
      shown.go(href(state, layer, code));
    };
    const frame = shown.frame(map, data, open);
    frame.element.classList.add("map");
    if (opened) requestAnimationFrame(() => requestAnimationFrame(() => frame.picture.focus()));
    opened = false;
    return [
      crumbs("map", way(state, known, comuni)),
      h("div", { class: "map-and-list" }, panel({ id: "map", title: data.title, ask, files: { ...ask, parameters: { ...ask.parameters, min_n: "1" } }, meta: ranking.meta, frame },
        h("p", {}, referenceOf(ranking, data), " ", say(noteKey(data)), " ", say(layer === "comuni" ? "map_keys_comuni" : "map_keys")),
        layer === "comuni" && h("p", { class: "quiet" }, say("map_none_note")),
        h("p", { class: "quiet" }, say("map_source"))),
      beside(frame, data, (code) => href(state, layer, code), state.parameters.comune)),
    ];
  },
};

// href is the address of what opens with an area: a region's provinces, a province's
// comuni, a comune's page.
function href(state: State, layer: Layer, code: string): string {
  if (layer === "comuni") return write("place", { ...asked(state), region: null, province: null, comune: code });
  return write("map", { ...changed(state, { level: null, region: null, comune: null, province: null }), [BY[layer]]: code });
}

// comuniOf names all comuni of a province. Where the registry does not say, those that
// have votes are named by the answer.
const comuniOf = (province: string, signal: AbortSignal): Promise<Comune[]> =>
  get<{ comuni: Comune[] }>(`v1/registry/comuni?province=${encodeURIComponent(province)}`, signal).then(({ comuni }) => comuni, () => []);

// codesOn are the codes that are on the map of a layer, with votes or without.
export function codesOn(shapes: Shapes, layer: Layer, region?: string): string[] {
  const areas = areasOf(shapes, layer);
  const around = layer === "provinces" && region ? areasOf(shapes, "regions").find(({ id }) => id === region) : undefined;
  const outline = around && polygonsOf(shapes, around); // A province lies where a point of it does.
  return areas.filter((area) => !outline || holds(outline, middle(polygonsOf(shapes, area)))).map(({ id }) => String(id));
}

// dataOf puts the answer on the map. Who is not in it has no votes: an answer names only
// those that have.
export function dataOf(state: State, ranking: Ranking, names: ReadonlyMap<string, string>, shapes: Pick<MapData, "shapes" | "land">): MapData {
  const measure = measureOf(state);
  const layer = layerOf(state);
  const by = BY[layer];
  const found = new Map<string, Place>();
  const none = { value: null, low: null, high: null, n: 0, status: [] };
  for (const code of codesOn(shapes.shapes, layer, state.parameters.region)) found.set(code, { name: names.get(code) ?? code, ...none });
  for (const row of [...ranking.rows, ...ranking.small] as (Figures & Keys)[]) {
    const code = row[by];
    if (code) found.set(code, { name: names.get(code) ?? row[`${by}_name`] ?? code, ...valueOf(row, measure), n: row.n, status: row.status });
  }
  const reference = ranking.reference[0];
  return {
    ...shapes, layer, measure, places: found, title: say(`measure_${measure}`), order: measure === "red_share" ? "worst" : "best", // The highest first, as a ranking has it.
    reference: measure === "n" || !reference ? null : valueOf(reference, measure).value,
    palette: state.parameters.palette === "programme" ? "programme" : "diverging",
  };
}

// referenceOf says what the areas are held against.
function referenceOf(ranking: Ranking, { measure, reference }: MapData): string {
  if (reference === null) return "";
  return say("map_reference_nation", { value: measure === "net" ? points(reference) : percent(reference), n: number(ranking.reference[0]?.n ?? 0) });
}

function way(state: State, known: readonly Known[], comuni: readonly Comune[]): Crumb[] {
  const { region, level } = state.parameters;
  const province = provinceOf(state);
  const up = changed(state, { level: null, region: null, province: null, comune: null });
  const name = (of: "region" | "province", code: string) => known.find((one) => one.level === of && one.code === code)?.name ?? code;
  const steps: Crumb[] = [{ says: say("nation"), to: up }];
  const around = comuni[0]?.region.code ?? region;
  if (around) steps.push({ says: name("region", around), to: { ...up, region: around } });
  if (province) steps.push({ says: name("province", province), to: { ...up, province } });
  else if (level === "province" && !region) steps.push({ says: say("map_level_province") });
  return steps;
}
