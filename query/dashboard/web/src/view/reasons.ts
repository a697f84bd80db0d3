// Why people vote as they do: the reasons that they gave, of how many, and how places,
// services, channels and times differ.

import { filtersOf, type State } from "../address.ts";
import type { Answers, Ask } from "../ask.ts";
import { few, type Keys, type Motive, type Reasons } from "../answers.ts";
import { across } from "../chart/across.ts";
import { bars, type BarRow } from "../chart/bars.ts";
import { now, romeDay } from "../clock.ts";
import { byChoice, chosen, nameOf, placesBelow, type Dimension } from "../dimension.ts";
import { h, type Child } from "../elements.ts";
import { FACES, wilson, type Face } from "../figures.ts";
import type { Choice, Control } from "../filters.ts";
import { answering, isFace, motiveOf, reasonsOf, sentence } from "../motives.ts";
import { panel } from "../panel.ts";
import { rows as tableOf } from "../table.ts";
import type { Shown, View } from "../view.ts";
import * as words from "../words.ts";
import { label, language, listed, number, percent, range, say, step, weekday } from "../words.ts";

const PERIOD = "last-30-days";
const SHOWN = 40; // Rows that are compared on the screen.

// What the API does not divide reasons by is asked for piece by piece.
const PIECES = ["weekday", "hour_of_day", "month"] as const;
type Piece = (typeof PIECES)[number];
type By = Dimension | Piece;

const byOf = (state: State): By[] => ["channel", "category", "service", "population_class", ...placesBelow(state), ...PIECES];
const isPiece = (by: By | undefined): by is Piece => PIECES.some((piece) => piece === by);
const faceOf = ({ parameters }: State): Face => (isFace(parameters.face) ? parameters.face : "red");

const FACE: Choice = { name: "face", title: "reasons_face", values: () => [["", label("faces", "red")], ["yellow", label("faces", "yellow")], ["green", label("faces", "green")]] };
const REASON: Choice = { name: "reason", title: "reasons_one", values: () => [["", say("reasons_first")], ...listed("reasons").filter((code) => code !== "skipped" && code !== "timeout").map((code) => [code, label("reasons", code)] as const)] };

const controls = (state: State): Control[] => {
  const by = byOf(state);
  return ["period", "place", "service", "channel", "population_class", FACE, byChoice("reasons_by", by, "reasons_by_none"), ...(chosen(state, by) ? [REASON] : [])];
};

// codesOf are the pieces that something is divided into.
function codesOf(piece: Piece): string[] {
  if (piece === "weekday") return ["1", "2", "3", "4", "5", "6", "7"];
  if (piece === "hour_of_day") return Array.from({ length: 24 }, (_, hour) => String(hour));
  const [year = 0, month = 0] = romeDay(now()).split("-").map(Number);
  return Array.from({ length: 12 }, (_, i) => new Date(Date.UTC(year, month - 12 + i, 1)).toISOString().slice(0, 7));
}

function pieceName(piece: Piece, code: string): string {
  if (piece === "weekday") return weekday(Number(code));
  if (piece === "hour_of_day") return `${code.padStart(2, "0")}–${String((Number(code) + 1) % 24).padStart(2, "0")}`;
  return step(code);
}

function asks(state: State): Ask[] {
  const parameters = filtersOf(state, PERIOD);
  const path = "/v1/reasons";
  const by = chosen(state, byOf(state));
  const { period: _, from: __, to: ___, ...untimed } = parameters;
  const of = (piece: Piece, code: string) => (piece === "month" ? { ...untimed, period: code } : { ...parameters, [piece]: code });
  return [
    { id: "reasons", path, parameters },
    ...(isPiece(by) ? codesOf(by).map((code) => ({ id: code, path, parameters: of(by, code) })) : []),
    ...(by && !isPiece(by) ? [{ id: "by", path, parameters: { ...parameters, by, names: language() } }] : []),
  ];
}

export const view: View = {
  period: PERIOD, controls, asks,
  show(shown) {
    const { state, answers } = shown;
    const ask = asks(state)[0]!;
    const { meta, rows } = answers.of<Reasons>("reasons");
    const face = faceOf(state);
    const motive = motiveOf(rows, face);
    const data = reasonsOf(motive, face, words);
    const why = shown.frame(bars, data);
    const said = answering(say("reasons_answering"), say("reasons_face"), FACES.map((one) => ({ name: label("faces", one), motive: motiveOf(rows, one) })), words);
    why.element.hidden = data.rows.length === 0;
    return [
      panel({ id: "why", title: data.title, ask, meta, frame: why, lead: sentence(motive, words), ...(!chosen(state, byOf(state)) && { note: say("reasons_which") }) },
        motive && few(motive.status) && motive.answered > 0 && h("p", { class: "notice" }, say("reasons_few"))),
      panel({ id: "answering", title: said.title, ask, meta: { from: meta.from, to: meta.to }, frame: shown.frame(across, said) }),
      compared(shown, face, motive),
    ];
  },
};

interface Compared { name: string; motive: Motive | undefined }

// comparedOf are the rows that are compared.
function comparedOf(by: By, answers: Answers, face: Face): Compared[] {
  if (isPiece(by)) return codesOf(by).map((code) => ({ name: pieceName(by, code), motive: motiveOf(answers.maybe<Reasons>(code)?.rows ?? [], face) }));
  const rows = (answers.maybe<Reasons>("by")?.rows ?? []) as (Motive & Keys)[];
  return rows.filter((row) => row.face === face).map((row) => ({ name: nameOf(by, row), motive: row }));
}

function compared(shown: Shown, face: Face, all: Motive | undefined): HTMLElement | null {
  const { state, answers } = shown;
  const by = chosen(state, byOf(state));
  const reason = state.parameters.reason ?? all?.reasons[0]?.reason;
  if (!by || !reason) return null;
  const found = comparedOf(by, answers, face);
  const rows = isPiece(by) ? found : found.sort((a, b) => (b.motive?.n ?? 0) - (a.motive?.n ?? 0)).slice(0, SHOWN);
  const entries = rows.map((row) => ({ ...row, bar: barOf(row, reason, face) }));
  if (!isPiece(by)) entries.sort((a, b) => (b.bar.value ?? -1) - (a.bar.value ?? -1));
  const title = say("reasons_compared", { reason: label("reasons", reason) });
  const head = say(`by_${by}` as words.Message);
  const frame = shown.frame(bars, { title, head, measure: say("reasons_share"), write: (value) => percent(value), rows: entries.map(({ bar }) => bar) });
  const ask = asks(state).find(({ id }) => id === "by") ?? asks(state)[0]!;
  const notes: Child[] = [
    found.length > rows.length && h("p", { class: "quiet" }, say("cut_off", { shown: number(rows.length), all: number(found.length) })),
    isPiece(by) && h("p", { class: "quiet" }, say("reasons_pieces", { parameter: by === "month" ? "period" : by })),
  ];
  return panel({ id: "compared", title, ask, frame, note: say("reasons_which") }, ...notes, h("details", {}, h("summary", {}, say("reasons_table")), table(head, entries)));
}

function barOf({ name, motive }: Compared, reason: string, face: Face): BarRow {
  if (!motive || motive.answered === 0) return { name, value: null, why: say("reasons_no_answer") };
  const n = motive.reasons.find((one) => one.reason === reason)?.n ?? 0;
  const [low, high] = wilson(n, motive.answered);
  return { name, value: n / motive.answered, low, high, class: `segment ${face}`, of: say(n > 0 ? "answers_of" : "answers_none_of", { n: number(n), all: number(motive.answered) }) };
}

const table = (head: string, entries: readonly Compared[]): HTMLElement =>
  h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": say("reasons_table") }, tableOf(say("reasons_table"),
    [head, say("votes"), say("reasons_answers"), say("reasons_unanswered"), say("reasons_top")], [false, true, true, true, false],
    entries.map(({ name, motive }) => {
      const top = motive?.reasons[0];
      return [name, number(motive?.n ?? 0), number(motive?.answered ?? 0), motive && motive.unanswered_share !== null ? percent(motive.unanswered_share) : "–",
        top ? `${label("reasons", top.reason)}: ${top.share === null ? "–" : percent(top.share)}${top.low !== null && top.high !== null ? ` (${range(top.low, top.high)})` : ""}` : say("reasons_no_answer")];
    })));
