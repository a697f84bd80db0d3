// The map: areas coloured by the step that their figure falls in. Areas whose figure
// is not shown have a pattern of their own, and so have those with too few votes to
// say much; where the interval is wide the colour is pale. Who does not see the
// colours has the tips, the table and the summary, in the ranking's order.

import { neighbors } from "topojson-client";
import type { Words } from "../words.ts";
import { mark, round, type Drawing, type Mark, type Size, type Stop } from "./marks.ts";
import { arrows } from "./map/arrows.ts";
import { areasOf, boundsOf, clip, fit, holds, linesOf, middle, pathOf, polygonsOf, thin, toPlane, toScreen, type Area, type Bounds, type Point, type Ring, type Shapes, type View } from "./map/plane.ts";
import { kindOf, legend, ranked, scant, summary, tableOf, tip, unitOf, wide, type Place, type Told } from "./map/sayings.ts";
import { around, equal, powers, STEPS, type Steps } from "./map/steps.ts";

export type { Place } from "./map/sayings.ts";
export type { Shapes } from "./map/plane.ts";

export interface MapData extends Told {
  readonly shapes: Shapes;
  readonly places: ReadonlyMap<string, Place>; // By code. What has none is land around the map.
  readonly land?: Shapes; // More land around it: its regions.
  readonly palette: "diverging" | "programme";
}

// A MapStop knows its area's outline: a pointer means what it is above.
export interface MapStop extends Stop {
  readonly holds: (x: number, y: number) => boolean;
}

export interface MapDrawing extends Drawing {
  readonly stops: readonly MapStop[];
}

// LINES of text are as tall as a map may be, to be seen as one.
const LINES = 36;
const MARGIN = 4;

interface Shown extends Place {
  readonly code: string;
  readonly area: Area;
  readonly polygons: Ring[][];
  readonly bounds: Bounds;
}

// map draws the choropleth.
export function map(data: MapData, words: Words, size: Size): MapDrawing {
  const shown = ranked(shownOf(data), data);
  const all = ranked([...shown, ...notDrawn(data, shown)], data);
  const told = { table: tableOf(all, data, words), summary: summary(all, data, words) };
  if (shown.length === 0) return { marks: [], height: 0, stops: [], legend: [], ...told };
  const steps = stepsOf(shown, data);
  const { view, height } = fit(extent(shown), size.width, LINES * size.line, MARGIN);
  const shapes = thin(data.shapes, view);
  const paths = shown.map(({ area }) => pathOf(polygonsOf(shapes, area).flat(), view, true));
  const classes = shown.map((place) => classOf(place, steps, data));
  const marks = [
    ...land(data, { ...view, width: size.width, height }),
    ...shown.map(({ code }, i) => mark("path", { class: classes[i]!, d: paths[i]!, "data-code": code })),
    ...shown.flatMap((place, i) => (scant(place, data.measure) ? [mark("path", { class: "area few", d: paths[i]! })] : [])),
    ...borders({ ...data, shapes }, shown, view),
  ];
  return {
    marks, height, stops: stopsOf(shown, paths, view, { data, words }), ...told,
    legend: legend(shown, steps, (step) => stepClass(step, data, steps), data, words),
  };
}

// noteKey is the message that says how the steps were chosen.
export const noteKey = ({ measure, reference }: Pick<MapData, "measure" | "reference">) =>
  measure === "n" ? "map_steps_powers" as const : reference === null ? "map_steps_equal" as const : "map_steps_around" as const;

function shownOf({ shapes, layer, places }: MapData): Shown[] {
  return areasOf(shapes, layer).flatMap((area) => {
    const code = String(area.id);
    const place = places.get(code);
    if (!place) return [];
    const polygons = polygonsOf(shapes, area);
    return [{ ...place, code, area, polygons, bounds: boundsOf(polygons.map(([outline]) => outline!)) }];
  });
}

// notDrawn are places without a shape: the table has them.
function notDrawn({ places }: MapData, shown: readonly Shown[]): Place[] {
  const drawn = new Set(shown.map(({ code }) => code));
  return [...places].filter(([code]) => !drawn.has(code)).map(([, place]) => ({ ...place, drawn: false }));
}

const extent = (shown: readonly Shown[]): Bounds =>
  boundsOf(shown.map(({ bounds: { left, top, right, bottom } }) => [[left, top], [right, bottom]]));

// stepsOf chooses the limits by the figures that are firm, if any are.
function stepsOf(shown: readonly Shown[], { measure, reference }: MapData): Steps {
  const all = shown.filter((place) => !kindOf(place));
  const firm = all.filter((place) => !scant(place, measure));
  const values = (firm.length > 0 ? firm : all).map(({ value }) => value!);
  if (measure === "n") return powers(all.map(({ value }) => value!));
  return reference === null ? equal(values, unitOf(measure)) : around(values, reference, unitOf(measure));
}

// stepClass is the class of a step. Steps around a reference are coloured from worse
// to better, whatever is measured.
function stepClass(step: number, { measure, palette }: MapData, { kind }: Steps): string {
  if (kind !== "around") return `area sequential step-${step}`;
  return `area ${palette} step-${measure === "red_share" ? STEPS + 1 - step : step}`;
}

function classOf(place: Place, steps: Steps, data: MapData): string {
  const kind = kindOf(place);
  if (kind || place.value === null) return `area ${kind ?? "none"}`;
  return `${stepClass(steps.of(place.value), data, steps)}${wide(place, data.measure) ? " pale" : ""}`;
}

// land is what lies around the areas, as far as it is in the picture, and the ground
// below them, where the land would shine through what is pale.
function land({ shapes, layer, places, land: more }: MapData, { width, height, ...view }: View & { width: number; height: number }): Mark[] {
  const [[left, top], [right, bottom]] = [toPlane(view, [0, 0]), toPlane(view, [width, height])];
  const others = areasOf(shapes, layer).filter(({ id }) => !places.has(String(id))).flatMap((area) => polygonsOf(shapes, area));
  const rings = [...others, ...(more ? areasOf(more, "regions").flatMap((area) => polygonsOf(more, area)) : [])]
    .map(([outline]) => clip(outline!, { left, top, right, bottom })).filter((ring) => ring !== null);
  if (rings.length === 0) return [];
  const ground = more ? areasOf(shapes, "province").flatMap((area) => polygonsOf(shapes, area)).flat() : [];
  return [mark("path", { class: "elsewhere", d: pathOf(rings, view, true) }), mark("path", { class: "area none", d: pathOf(ground, view, true) })];
}

// borders are lines between areas, thicker around all of them and between regions.
function borders({ shapes, layer }: MapData, shown: readonly Shown[], view: View): Mark[] {
  const areas = shown.map(({ area }) => area);
  const whole = areas.length === areasOf(shapes, layer).length;
  const line = (look: string, of: Area[], which: "between" | "around") =>
    mark("path", { class: look, d: pathOf(linesOf(shapes, of, which), view, false) });
  const nation = layer !== "comuni" && whole;
  const lines = [line("edge", areas, "between"), line(nation ? "edge" : "edge thick", layer === "comuni" && whole ? areasOf(shapes, "province") : areas, "around")];
  if (nation && layer === "provinces") lines.push(line("edge thick", areasOf(shapes, "regions"), "between"));
  return lines;
}

function stopsOf(shown: readonly Shown[], paths: readonly string[], view: View, { data, words }: { data: MapData; words: Words }): MapStop[] {
  const points: Point[] = shown.map(({ polygons }) => toScreen(view, middle(polygons)));
  const next = arrows(points, neighbors(shown.map(({ area }) => area)));
  return shown.map((place, i) => {
    const { left, top, right, bottom } = place.bounds;
    const [[x, y], [far, low]] = [toScreen(view, [left, top]), toScreen(view, [right, bottom])];
    return {
      x: round(points[i]![0]), y: round(points[i]![1]), code: place.code, next: next[i]!,
      says: tip(place, data, words), outline: mark("path", { class: "chosen-area", d: paths[i]! }),
      near: { x: round(x), y: round(y), width: round(far - x), height: round(low - y) },
      holds: (px, py) => holds(place.polygons, toPlane(view, [px, py])),
    };
  });
}
