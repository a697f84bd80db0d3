// Why votes were cast, as charts and sentences.

import type { Motive } from "./answers.ts";
import type { Across, Whole } from "./chart/across.ts";
import type { Bars } from "./chart/bars.ts";
import { FACES, type Face } from "./figures.ts";
import type { Words } from "./words.ts";

// askedOf is how many were asked for a reason.
export const askedOf = ({ answered, skipped, timeout }: Motive): number => answered + skipped + timeout;

// reasonsOf is what those who voted a face answered.
export function reasonsOf(motive: Motive | undefined, face: Face, words: Words): Bars {
  const { say, label, percent, number } = words;
  return {
    title: say("reasons_of", { face: label("faces", face) }), head: say("reason"), measure: say("reasons_share"), write: (value) => percent(value),
    rows: (motive?.reasons ?? []).map(({ reason, n, share, low, high }) => ({
      name: label("reasons", reason), value: share, low, high, class: `segment ${face}`, of: say("answers_of", { n: number(n), all: number(motive!.answered) }),
    })),
  };
}

export const ANSWERING = ["answered", "skipped", "timeout", "not_offered"] as const;

// answering is how many of each row answered, and what became of the others.
export function answering(title: string, head: string, rows: readonly { name: string; motive: Motive | undefined }[], words: Words): Across {
  const { say } = words;
  return {
    title, head, pieces: ANSWERING.map((piece, i) => ({ class: `piece p${i === 3 ? 5 : i + 1}`, says: say(`reasons_${piece}`) })),
    rows: rows.map(({ name, motive }): Whole => ({
      name, parts: motive ? ANSWERING.map((piece) => motive[piece]) : null,
      n: motive ? words.counted("votes_n", motive.n) : say("absent_none"),
    })),
  };
}

// sentence says how much of the votes the reasons are of, which nobody should forget.
export function sentence(motive: Motive | undefined, { say, number, percent }: Words): string {
  if (!motive || motive.n === 0) return say("reasons_nobody");
  const asked = askedOf(motive);
  const { n, answered, not_offered, unanswered_share } = motive;
  if (asked === 0) return say("reasons_not_asked", { n: number(n) });
  return say("reasons_sentence", { n: number(n), asked: number(asked), not_offered: number(not_offered), answered: number(answered), share: percent(unanswered_share ?? 0) });
}

// motiveOf finds the row of a face.
export const motiveOf = (rows: readonly Motive[], face: Face): Motive | undefined => rows.find((row) => row.face === face);

export const isFace = (text: string | undefined): text is Face => FACES.some((face) => face === text);
