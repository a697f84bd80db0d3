// By which channels people vote, what each channel says, and how many of those who were
// served vote at all, where that is known.

import { filtersOf, type State } from "../address.ts";
import type { Ask } from "../ask.ts";
import { absence, counts, type Figures, type Keys, type Stats as Answered, type Turnouts } from "../answers.ts";
import { across, type Across, type Whole } from "../chart/across.ts";
import { bars, type BarRow, type Bars } from "../chart/bars.ts";
import { byChoice, chosen, nameOf, placesBelow, type Dimension } from "../dimension.ts";
import { h } from "../elements.ts";
import { FACES } from "../figures.ts";
import type { Control } from "../filters.ts";
import { panel } from "../panel.ts";
import { rows as tableOf } from "../table.ts";
import type { View } from "../view.ts";
import * as words from "../words.ts";
import { label, language, number, percent, say, type Message, type Words } from "../words.ts";

const PERIOD = "last-30-days";
const SHOWN = 30; // Rows on the screen; the files have all.

type Turnout = Turnouts["rows"][number];
type Row = Figures & Keys;
type Stats = Omit<Answered, "rows"> & { rows: Row[] };

// byOf are the dimensions that there are; the first is taken where none is chosen.
const byOf = (state: State): Dimension[] => [...placesBelow(state), "category", "service"];
const by = (state: State): Dimension => chosen(state, byOf(state)) ?? byOf(state)[0]!;

const controls = (state: State): Control[] => ["period", "place", "service", "channel", "population_class", byChoice("part_by", byOf(state))];

function asks(state: State): Ask[] {
  const parameters = filtersOf(state, PERIOD);
  const path = "/v1/participation";
  const { weekday: _, hour_of_day: __, ...known } = parameters; // It is known of whole days.
  return [
    { id: "faces", path: "/v1/stats", parameters: { ...parameters, group: "channel" } },
    { id: "all", path, parameters: known },
    { id: "channels", path, parameters: { ...known, by: "channel" } },
    { id: "by", path, parameters: { ...known, by: by(state), names: language() } },
  ];
}

export const view: View = {
  period: PERIOD, controls, asks,
  show(shown) {
    const { state, answers } = shown;
    const [faces, all, channels, rows] = asks(state) as [Ask, Ask, Ask, Ask];
    const stats = answers.of<Stats>("faces");
    const total = answers.of<Turnouts>("all");
    const byChannel = inOrder(answers.of<Turnouts>("channels").rows, words);
    const byRow = answers.of<Turnouts>("by").rows;
    const dimension = by(state);
    const title = say("part_by_title", { by: say(`by_${dimension}` as Message) });
    const sorted = [...byRow].sort((a, b) => Number(a.served === null) - Number(b.served === null) || (b.votes ?? b.n) - (a.votes ?? a.n));
    const few = sorted.slice(0, SHOWN);
    const rate = rates(title, say(`by_${dimension}` as Message), few.map((row) => ({ row, name: nameOf(dimension, row) })), words);
    const later = total.meta.disclosure === "lots" ? h("p", { class: "quiet" }, say("part_later")) : null;
    const above = [...byChannel, ...byRow].some((row) => (row.participation ?? 0) > 1);
    return [
      panel({ id: "participation", title: say("part_rate"), ask: all, meta: total.meta, note: say("part_note") },
        ...known(total.rows[0]), later, above && h("p", { class: "notice" }, say("part_above"))),
      panel({ id: "faces", title: say("part_faces"), ask: faces, meta: stats.meta, frame: shown.frame(across, facesOf(stats.rows, words)), note: say("part_faces_note") }),
      h("div", { class: "columns" },
        panel({ id: "shares", title: say("part_shares"), ask: channels, frame: shown.frame(bars, sharesOf(byChannel, words)), note: say("part_shares_note") }),
        panel({ id: "rates", title: say("part_channels"), ask: channels, frame: shown.frame(bars, rates(say("part_channels"), say("by_channel"), byChannel.map((row) => ({ row, name: label("channels", row.channel ?? "") })), words)) })),
      panel({ id: "by", title, ask: rows, frame: shown.frame(bars, rate), note: say("part_order") },
        sorted.length > few.length && h("p", { class: "quiet" }, say("cut_off", { shown: number(few.length), all: number(sorted.length) })),
        h("details", {}, h("summary", {}, say("part_numbers")), table(title, say(`by_${dimension}` as Message), few.map((row) => ({ row, name: nameOf(dimension, row) }))))),
    ];
  },
};

const inOrder = <T extends Keys>(rows: readonly T[], { listed }: Words): T[] =>
  listed("channels").flatMap((channel) => rows.filter((row) => row.channel === channel));

// known says how many of those served voted, and of how much of the votes that is known.
function known(row: Turnout | undefined): HTMLElement[] {
  if (!row || row.served === null || row.participation === null) return [h("p", { class: "absent" }, say("part_unknown_long"))];
  const values = { rate: percent(row.participation), votes: number(row.votes ?? 0), served: number(row.served), coverage: percent(row.coverage ?? 0), n: number(row.n) };
  return [
    h("p", { class: "big" }, h("strong", {}, values.rate)),
    h("p", {}, say("part_sentence", values)), h("p", {}, say("part_coverage", values)),
  ];
}

// facesOf are the faces of each channel.
export function facesOf(rows: readonly Row[], words: Words): Across {
  const { say, label, counted } = words;
  return {
    title: say("part_faces"), head: say("channel"),
    pieces: FACES.map((face) => ({ class: `segment ${face}`, says: label("faces", face) })),
    rows: inOrder(rows, words).map((row): Whole => {
      const why = absence(row);
      return {
        name: label("channels", row.channel ?? ""), parts: counts(row), n: why ? say(`absent_${why}`) : counted("votes_n", row.n ?? 0),
        absent: why === null || why === "none" ? undefined : why,
      };
    }),
  };
}

// sharesOf says which channels votes come from.
export function sharesOf(rows: readonly Turnout[], { say, label, percent, counted }: Words): Bars {
  const all = rows.reduce((sum, { n }) => sum + n, 0);
  return {
    title: say("part_shares"), head: say("channel"), measure: say("part_share"), write: (value) => percent(value),
    rows: rows.map((row) => ({ name: label("channels", row.channel ?? ""), value: all > 0 ? row.n / all : null, of: counted("votes_n", row.n) })),
  };
}

// rates are rates of participation. What is not known has no bar, and says so.
export function rates(title: string, head: string, rows: readonly { row: Turnout; name: string }[], { say, percent, number, counted }: Words): Bars {
  return {
    title, head, measure: say("part_rate"), write: (value) => percent(value), least: 0.1, whole: say("part_whole"), unknown: say("part_unknown"),
    rows: rows.map(({ row, name }): BarRow => row.served === null || row.participation === null
      ? { name, value: null, absent: "missing", why: say("part_unknown_short"), of: counted("votes_n", row.n) }
      : { name, value: row.participation, of: say("part_votes_of", { votes: number(row.votes ?? 0), served: number(row.served), coverage: percent(row.coverage ?? 0) }) }),
  };
}

const table = (title: string, head: string, rows: readonly { row: Turnout; name: string }[]): HTMLElement =>
  h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": say("part_numbers") }, tableOf(title,
    [head, say("votes"), say("part_known"), say("part_served"), say("part_rate"), say("part_cover")], [false, true, true, true, true, true],
    rows.map(({ row, name }) => {
      const or = (value: number | null, write: (value: number) => string) => (value === null ? say("part_unknown_short") : write(value));
      return [name, number(row.n), or(row.votes, number), or(row.served, number), or(row.participation, percent), or(row.coverage, percent)];
    })));
