// What the API answers, as the views read it: put together of the schemas of its
// description. Votes are on the scale of three faces: other scales have no faces.

import type { components } from "./api.d.ts";
import type { Face } from "./figures.ts";

type Schemas = components["schemas"];

export type Figures = Schemas["FaceFigures"];
export type Keys = Schemas["GroupColumns"];
export type Meta = Schemas["AnswerMeta"];
export type Disclosure = Schemas["Disclosure"];
export type Status = Schemas["ObservationStatus"];

export interface Stats { meta: Schemas["StatsMeta"]; rows: (Schemas["FaceRow"])[] }
export interface Series { key: Keys; total: Figures; points: Figures[]; compare_total?: Figures; compare?: (Figures & { n_change: number | null })[] }
export interface Trend { meta: Meta; grid: Schemas["TrendStep"][]; compare_grid?: Schemas["TrendStep"][]; series: Series[] }
export type HeatCell = Figures & { weekday: number; hour_of_day: number; hours: number };
export interface Heatmap { meta: Meta; total: Figures; cells: HeatCell[] }
export type Change = Schemas["RankingChange"];
export type RankedRow = Figures & Keys & Change & Extract<Schemas["RankedRow"], { place: number }>;
export type Standard = Figures & Keys & Change; // What those who are ranked are held against.
export interface Ranking { meta: Meta; ranked: number; small_count: number; compared?: number; shared?: boolean; reference: Standard[]; rows: RankedRow[]; small: (Figures & Keys)[] }
export type Measure = NonNullable<Meta["measure"]>;

export type Selection = Figures & Extract<Schemas["Comparison"]["selections"][number], { selection: string }>;
export type Comparison = Omit<Schemas["Comparison"], "selections"> & { selections: Selection[] };
export type Motive = Schemas["Motive"];
export type Reasons = Schemas["Reasons"];
export type Turnouts = Schemas["Turnouts"];
export type Explanation = Schemas["Explanation"];
export type Ledger = Schemas["Ledger"];
export type Annotations = Schemas["Annotations"];
export type LiveCounts = Schemas["LiveCounts"];
export type Comune = Schemas["Comune"];
type Compared = Figures & Extract<Schemas["PageComparison"]["of"], { standardised: unknown }>;
export type PageComparison = Omit<Schemas["PageComparison"], "of" | "with"> & { of: Compared; with: Compared };
export type ServiceRow = Figures & Extract<Schemas["Page"]["services"][number], { service: string }>;
export type Page = Omit<Schemas["Page"], "headline" | "comparison" | "services" | "places"> & {
  headline: Figures; comparison: PageComparison; services: ServiceRow[]; places?: (Figures & Keys)[];
};
export type Bulletin = Schemas["Bulletin"];

// Why there is no figure: withheld, since too few votes would tell who cast them;
// missing, since nobody could vote; none, since nobody did.
export type Absence = "withheld" | "missing" | "none";

export function absence({ n, status }: { n: number | null; status?: Status }): Absence | null {
  if (n === null) return status?.includes("M") ? "missing" : "withheld";
  return n === 0 ? "none" : null;
}

// few tells whether a figure is of too few votes to say much: see status L.
export const few = (status: Status | undefined): boolean => status?.includes("L") ?? false;

// counts are the votes of each face; null where they are not shown.
export function counts(row: Pick<Figures, Face>): [number, number, number] | null {
  const { green, yellow, red } = row;
  return green === null || yellow === null || red === null ? null : [green, yellow, red];
}

// valueOf is a measure of a row, with its interval.
export function valueOf(row: Figures, measure: Measure): { value: number | null; low: number | null; high: number | null } {
  if (measure === "red_share") return { value: row.red_share, low: row.red_low, high: row.red_high };
  if (measure === "net") return { value: row.net, low: row.net_low, high: row.net_high };
  if (measure === "n") return { value: row.n, low: row.n, high: row.n };
  return { value: row.green_share, low: row.green_low, high: row.green_high };
}
