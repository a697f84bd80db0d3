// What the page shows of the answers, section by section.

import { FACES, shares, wilson } from "./figures.js";
import { $, fill, span, svg, text } from "./elements.js";
import { label, language, longDate, number, percent, say, votes } from "./words.js";

// showToday shows {row, excluded, now}: the counts of Rome's day, and what they leave out.
export function showToday({ row, excluded, now }) {
  text($("today-date"), longDate(now));
  text($("today-total"), votes(row.n));
  const rounded = shares(FACES.map((face) => row[face]));
  let x = 0;
  FACES.forEach((face, i) => {
    const [low, high] = face === "green" ? [row.green_low, row.green_high] : wilson(row[face], row.n);
    text($(`count-${face}`), number(row[face]));
    text($(`share-${face}`), row.n > 0 ? percent(rounded[i] / 1000) : "–");
    text($(`range-${face}`), row.n > 0 ? say("range", { low: percent(low), high: percent(high) }) : "");
    const width = row.n > 0 ? (1000 * row[face]) / row.n : 0;
    place($("strip").querySelector(`.${face}`), { x, width });
    x += width;
  });
  showLeftOut(excluded ?? {});
}

// place moves a rectangle by style, so that it glides where motion is welcome.
function place(rect, at) {
  for (const [name, value] of Object.entries(at)) rect.style[name] = `${value}px`;
}

// showLeftOut says which votes the figures of today do not have in them: votes of
// other classes, of the same time, and what is in no figure at all. An API that
// does not tell yet says nothing here.
function showLeftOut({ quarantined = 0, conflicts = 0, ...classes }) {
  const named = Object.entries(classes).filter(([, n]) => n > 0)
    .map(([code, n]) => `${label("classes", code) ?? code}: ${number(n)}`);
  const lines = [
    named.length > 0 && say("left_out", { list: named.join("; ") }),
    quarantined > 0 && say("left_quarantined", { n: number(quarantined) }),
    conflicts > 0 && say("left_conflicts", { n: number(conflicts) }),
  ].filter(Boolean);
  text($("left-out"), lines.join(" "));
  $("left-out").hidden = lines.length === 0;
}

// showComuni shows the rows of the busiest comuni, by their codes as long as the
// names are not known.
export function showComuni(rows, names) {
  $("comuni-none").hidden = rows.length > 0;
  $("comuni-table").hidden = rows.length === 0;
  fill($("comuni-table"), rows.map((row) => {
    const comune = names.get(row.comune);
    const name = span("", comune ? nameOf(comune) : row.comune, " ", span("sigla", comune?.province.sigla ?? ""));
    return [name, number(row.n), satisfied(row)];
  }));
}

// nameOf prefers the name in the reader's language where a comune has two.
const nameOf = (comune) => (language() === "de" && comune.name_alt ? comune.name_alt : comune.name_it);

function satisfied(row) {
  const [low, share, high] = [row.green_low, row.green_share, row.green_high];
  const measure = svg("svg", { class: "measure", "aria-hidden": "true" });
  const at = (part) => `${part * 100}%`;
  measure.append(
    svg("line", { class: "rail", x1: 0, x2: "100%", y1: 6, y2: 6 }),
    svg("line", { class: "spread", x1: at(low), x2: at(high), y1: 6, y2: 6 }),
    svg("line", { class: "point", x1: at(share), x2: at(share), y1: 0, y2: 12 }),
  );
  const [green] = shares(FACES.map((face) => row[face]));
  const figures = span("figures", percent(green / 1000), " ", span("", `(${percent(low)} – ${percent(high)})`));
  return span("", measure, figures);
}

const lag = (account) => (account.log_end === null ? null : Math.max(0, account.log_end - account.next_offset));

export function showLedger({ totals, partitions }) {
  const parts = ["counted", "duplicates", "conflicts", "voided", "quarantined"];
  for (const key of ["votes_in", ...parts]) text($(key), number(totals[key]));
  const balanced = parts.reduce((sum, key) => sum + totals[key], 0) === totals.votes_in;
  verdict($("balance"), balanced ? "good" : "bad", say(balanced ? "balance_good" : "balance_bad"));
  showLag(lag(totals), totals.quarantined);
  const marks = { ok: ["good", "ok"], recovering: ["busy", "recovering_word"], stuck: ["bad", "stuck_word"], halted: ["bad", "halted_word"] };
  fill($("partitions-table"), partitions.map((p) => {
    const [mark, word] = marks[p.state];
    const state = span("state", say(word), p.reason ? `: ${p.reason}` : "");
    state.dataset.verdict = mark;
    return [number(p.partition), state, number(p.counted), lag(p) === null ? "?" : number(lag(p))];
  }));
}

// showLag never says that everything is counted where votes are kept out of it.
function showLag(behind, quarantined) {
  if (behind === null) verdict($("lag"), "busy", say("lag_unknown"));
  else if (behind > 0) verdict($("lag"), "busy", say("lag_some", { n: number(behind) }));
  else if (quarantined > 0) verdict($("lag"), "busy", say("lag_quarantined", { n: number(quarantined) }));
  else verdict($("lag"), "good", say("lag_none"));
}

function verdict(element, mark, message) {
  element.dataset.verdict = mark;
  text(element, message);
}
