// The line at the top: whether the figures are of now, and if not, why.

import { $, text } from "./elements.js";
import { moment, number, say, since } from "./words.js";

const LATE = 10000; // Milliseconds after which a request under way is spoken of.
const SETTLES = 3000; // How long after a first trouble the other answers are waited for.

let troubled = 0; // Since when something is in trouble, by performance.now(); 0 for never.
let ownError = false;

// blame remembers an error of the page's own.
export function blame(error) {
  if (!ownError) console.error(error);
  ownError = true;
}

// showState says how the questions fare. sections are [{question, title}] of what
// can be seen, first the ledger; now is the server's time.
export function showState(sections, ledger, now) {
  const bad = sections.filter(({ question }) => question.trouble !== "" || late(question));
  troubled = bad.length === 0 ? 0 : troubled || performance.now();
  if (ownError || sections.some(({ question }) => question.trouble === "own")) return tell("own", say("own"));
  if (bad.length > 0 && bad.length < sections.length && settling(sections)) return;
  if (bad.length === sections.length) return tell("cut", away(sections, now));
  if (bad.length > 0) return tell("trouble", say("partly", { what: bad.map((one) => `${one.title} (${dated(one.question, now)})`).join(", ") }));
  if (sections.every(({ question }) => question.data === null)) return tell("connecting", "");
  const partitions = ledger.data?.partitions ?? [];
  const broken = ["halted", "stuck", "recovering"].find((state) => partitions.some((p) => p.state === state));
  const n = partitions.filter((p) => p.state === broken).length;
  tell(broken ? "trouble" : "live", broken ? say(broken, { n: number(n), all: number(partitions.length) }) : "");
}

// late is a request that takes long, and much longer than the one before it: where
// all answers are slow nobody is told each time.
const late = (question) => question.began > 0 && performance.now() - question.began > Math.max(LATE, 2 * question.took);
const settling = (sections) =>
  performance.now() - troubled < SETTLES && sections.some(({ question }) => question.began > 0);

// asOf is when a question was answered last, by the server's clock; 0 for never.
const asOf = (question, now) => (question.data === null ? 0 : now - (performance.now() - question.at));
const dated = (question, now) => (question.data === null ? "–" : moment(asOf(question, now), now));
const newest = (sections, now) => Math.max(...sections.map(({ question }) => asOf(question, now)));

// away says what came of the last request that failed, and of when the figures are.
function away(sections, now) {
  const [failed] = sections.map(({ question }) => question).sort((a, b) => b.failedAt - a.failedAt);
  const why = failed.trouble === "refused" ? "refused" : "cut";
  const last = newest(sections, now);
  if (last > 0) return say(why, { time: moment(last, now) });
  return say(why === "refused" ? "refused_never" : "cut_never");
}

function tell(name, message) {
  document.body.dataset.state = $("live").dataset.state = name;
  text($("state"), say(`state_${name}`));
  text($("notice"), message);
  $("notice").hidden = message === "";
}

// showFreshness says how old the newest vote is, or, where the figures are no
// longer of now, how old they are. It changes each second and is read to nobody.
export function showFreshness(sections, ledger, now) {
  const { state } = document.body.dataset;
  const last = newest(sections, now);
  if (state === "cut" || ledger.trouble !== "") text($("freshness"), last > 0 ? say("age", { when: since(now - last) }) : "");
  else if (ledger.data) {
    const counted = ledger.data.totals.newest;
    text($("freshness"), counted ? say("fresh", { when: since(now - Date.parse(counted)) }) : say("fresh_none"));
  }
}
