// The page's script: asks the public API every two seconds and shows what it
// says. It keeps no state but the last answers and the language.

import { address, ask, Question } from "./ask.js";
import { HOUR, hourBegin, instant, romeDay, romeNextDay } from "./clock.js";
import { drawHours, pointAt } from "./chart.js";
import { $, fill, keepFitting } from "./elements.js";
import { FACES } from "./figures.js";
import { blame, showFreshness, showState } from "./state.js";
import { showComuni, showLedger, showToday } from "./views.js";
import { hourRange, LANGUAGES, learn, number, say, speak, spoken } from "./words.js";

const TOP = 8; // Comuni shown.
const names = new Map(); // Comuni by code, as they are learnt.

// The server's clock counts, the reader's may be wrong: it is a first guess.
let ahead = Date.now() - performance.now();
const now = () => ahead + performance.now();
function setClock(text) {
  const at = Date.parse(text);
  if (at > 0) ahead = at - performance.now();
}

// rows asks for what path(now) names, and again where the server's clock turns
// out to show another hour than was thought.
async function rows(path, signal) {
  for (let again = true; ; again = false) {
    const at = now();
    const answer = await ask(path(at), signal);
    setClock(answer.meta.generated_at);
    if (!again || hourBegin(now()) === hourBegin(at)) return { ...answer, now: at };
  }
}

const today = (at) => `v1/stats?from=${romeDay(at)}&to=${romeNextDay(at)}`;
const lastDay = (at) => `v1/stats?from=${instant(hourBegin(at) - 23 * HOUR)}&to=${instant(hourBegin(at) + HOUR)}`;

// The questions, each at its own pace: none waits for another.

const ledger = new Question({
  async read(signal) {
    const answer = await ask("v1/ledger", signal);
    setClock(answer.as_of);
    return answer;
  },
  changed: () => {
    paint(() => ledger.data && showLedger(ledger.data));
    if (ledger.trouble !== "" || stamp() !== seen) for (const question of Object.values(figures)) question.wake();
    seen = stamp();
  },
});

// stamp is what the figures depend on: how far the count has come, and the hour.
// Where it is the same there is nothing to ask: on a quiet night a page left open
// costs next to nothing. Null where nobody knows.
const stamp = () => (ledger.trouble === "" && ledger.data ? `${ledger.data.totals.next_offset} ${hourBegin(now())}` : null);
let seen = null;

// figure is a question that is asked again when the stamp has changed.
function figure(read, show) {
  let answered = null;
  const question = new Question({
    due: () => question.trouble !== "" || answered === null || answered !== stamp(),
    async read(signal) {
      const asked = stamp();
      const data = await read(signal);
      answered = asked;
      return data;
    },
    changed: () => paint(show),
  });
  return question;
}

const figures = {
  today: figure(async (signal) => {
    const answer = await rows(today, signal);
    return { row: answer.rows[0], excluded: answer.meta.excluded, now: answer.now };
  }, () => figures.today.data && paintToday(figures.today.data)),

  hours: figure(async (signal) => {
    const answer = await rows((at) => `${lastDay(at)}&group=hour`, signal);
    const byHour = new Map(answer.rows.map((row) => [Date.parse(row.hour), row]));
    const nothing = { green: 0, yellow: 0, red: 0, n: 0 };
    return Array.from({ length: 24 }, (_, i) => {
      const at = hourBegin(answer.now) - (23 - i) * HOUR;
      return { ...(byHour.get(at) ?? nothing), at };
    });
  }, () => figures.hours.data && paintHours(figures.hours.data)),

  comuni: figure(async (signal) => {
    const { rows: found } = await rows((at) => `${lastDay(at)}&group=comune&top=${TOP}`, signal);
    void nameComuni(found, signal);
    return found;
  }, () => figures.comuni.data && showComuni(figures.comuni.data, names)),
};

// nameComuni asks for names that are not known. The rows do not wait for it, and
// show codes where it fails; it is asked again with the next rows.
async function nameComuni(found, signal) {
  const unknown = found.map((row) => row.comune).filter((code) => !names.has(code));
  if (unknown.length === 0) return;
  try {
    const answer = await ask(`v1/registry/comuni?code=${unknown.join(",")}`, signal);
    for (const comune of answer.comuni) names.set(comune.code, comune);
    figures.comuni.changed();
  } catch (error) {
    if (!signal.aborted) console.warn(error);
  }
}

let named = false;
const labels = new Question({
  due: () => !named,
  async read(signal) {
    learn(await ask("v1/registry/labels", signal));
    named = true;
  },
  changed: () => named && repaint(),
});

// Showing.

const sections = () => [
  { question: ledger, title: say("ledger") }, { question: figures.today, title: say("today") },
  { question: figures.hours, title: say("hours") }, { question: figures.comuni, title: say("comuni") },
];

// paint shows something, and the state with it. An error there is the page's own:
// it is told as such, and keeps nothing else from being shown.
function paint(show) {
  if (!spoken()) return;
  for (const part of [show, () => showState(sections(), ledger, now()), () => showFreshness(sections(), ledger, now())]) {
    try {
      part();
    } catch (error) {
      blame(error);
    }
  }
}

function repaint() {
  ledger.changed();
  for (const question of Object.values(figures)) question.changed();
}

function paintToday(data) {
  showToday(data);
  const path = `${today(data.now)}&group=comune,service,hour`;
  for (const format of ["csv", "excel"]) $(format).href = address(`${path}&format=${format}`);
}

function paintHours(hours) {
  drawHours(hours);
  fill($("hours-table"), [...hours].reverse().map((hour) =>
    [hourRange(hour.at), ...FACES.map((face) => number(hour[face])), number(hour.n)]));
}

// Starting.

const questions = () => [ledger, labels, ...Object.values(figures)];

let wanted = ""; // The language that the reader asked for last.

// change speaks another language, as soon as its words can be had.
async function change(language, wait = 1000) {
  wanted = language;
  try {
    if (await speak(language)) repaint();
  } catch (error) {
    console.warn(error);
    const again = () => wanted === language && change(language, Math.min(30000, 2 * wait));
    setTimeout(again, wait * (1 + Math.random()));
  }
}

function start() {
  for (const link of document.querySelectorAll("[data-lang]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      history.replaceState(null, "", `?lang=${link.dataset.lang}`);
      void change(link.dataset.lang);
    });
  }
  const wakeAll = () => questions().forEach((question) => (document.hidden ? question.rest() : question.wake()));
  document.addEventListener("visibilitychange", wakeAll);
  window.addEventListener("online", wakeAll);
  pointAt($("bars"));
  keepFitting(document.querySelectorAll("table"));
  setInterval(() => paint(() => {}), 1000);
  const asked = new URLSearchParams(location.search).get("lang");
  const preferred = navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => LANGUAGES.includes(tag));
  void change(asked ?? preferred);
  wakeAll();
  document.documentElement.dataset.started = ""; // Else floor.js says that nothing did.
}

if (!("old" in document.documentElement.dataset)) start();
