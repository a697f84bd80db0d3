// The dashboard's script: asks the public API every two seconds, shows what it
// says. It keeps no state but the last answers and the language.

const EVERY = 2000; // Milliseconds between two questions.
const PATIENCE = 10000; // After which an answer is given up.
const TOP = 8; // Comuni shown.
const ZONE = "Europe/Rome";
const FACES = ["green", "yellow", "red"];
const LANGUAGES = ["it", "en", "de"];

const $ = (id) => document.getElementById(id);
const names = new Map(); // Comuni by code, as they are learnt.
let words = {}; // The messages of the language.
let lang = "it";
let labels = {}; // Faces' labels by code, in all languages.
let shown = null; // The last answers: {ledger, today, hours, comuni, at}.
let pending = null; // What aborts the questions under way.
let timer = 0;
let chosen = -1; // The hour of the chart that is pointed at.

// Words and numbers.

const say = (key, values = {}) => words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
const number = (n) => new Intl.NumberFormat(lang, { useGrouping: "always" }).format(n);
const votes = (n) => say(new Intl.PluralRules(lang).select(n) === "one" ? "total_one" : "total", { n: number(n) });
const percent = (share) =>
  new Intl.NumberFormat(lang, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(share);
const clock = (date, options) => new Intl.DateTimeFormat(lang, { timeZone: ZONE, ...options });
const time = (date) => clock(date, { timeStyle: "medium" }).format(date);
const hourOf = (date) =>
  clock(date, { hour: "2-digit", hourCycle: "h23" }).formatToParts(date).find((part) => part.type === "hour").value;
const dayOf = (date) => new Intl.DateTimeFormat("en-CA", { timeZone: ZONE, dateStyle: "short" }).format(date);

function since(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const [n, unit] = [[86400, "day"], [3600, "hour"], [60, "minute"], [1, "second"]].find(([size]) => seconds >= size) ?? [1, "second"];
  return new Intl.RelativeTimeFormat(lang, { style: "short" }).format(-Math.floor(seconds / n), unit);
}

// wilson is the 95 % score interval that the API gives for green, for the
// other two faces.
function wilson(k, n) {
  const z = 1.959963984540054, zz = z * z;
  const centre = (k + zz / 2) / (n + zz);
  const half = (z / (n + zz)) * Math.sqrt((k * (n - k)) / n + zz / 4);
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}

async function speak(wanted) {
  lang = LANGUAGES.includes(wanted) ? wanted : "it";
  words = await (await fetch(`/messages/${lang}.json`)).json();
  document.documentElement.lang = lang;
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = say(element.dataset.t);
  for (const element of document.querySelectorAll("[data-t-label]")) element.setAttribute("aria-label", say(element.dataset.tLabel));
  for (const link of document.querySelectorAll("[data-lang]")) {
    if (link.dataset.lang === lang) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  nameFaces();
  if (shown) show();
}

function nameFaces() {
  for (const element of document.querySelectorAll("[data-face]")) {
    element.textContent = labels[element.dataset.face]?.[lang] ?? element.textContent;
  }
}

// Asking.

async function ask(path, signal) {
  const answer = await fetch(path, { signal, cache: "no-store" });
  if (!answer.ok) throw Object.assign(new Error(`${path}: ${answer.status}`), { refused: true });
  return answer.json();
}

async function refresh() {
  clearTimeout(timer);
  pending?.abort();
  const mine = new AbortController();
  pending = mine;
  try {
    const before = shown?.hours;
    await askAll(AbortSignal.any([mine.signal, AbortSignal.timeout(PATIENCE)]));
    show(before !== shown.hours);
  } catch (error) {
    if (mine.signal.aborted) return; // Hidden, or overtaken by a newer question.
    lost(error.refused === true);
  }
  if (!document.hidden) timer = setTimeout(refresh, EVERY);
}

// askAll asks for the ledger, and for the rows when it has moved or the hour has
// changed: on a quiet night a page left open costs next to nothing.
async function askAll(signal) {
  if (!labels.green) {
    const lists = await ask("/v1/registry/labels", signal);
    for (const face of lists.faces) labels[face.code] = face.label;
    nameFaces();
  }
  const ledger = await ask("/v1/ledger", signal);
  const now = new Date(ledger.as_of); // The server's clock: the reader's may be wrong.
  const stamp = [ledger.totals.next_offset, now.toISOString().slice(0, 13)].join(" ");
  const rows = shown?.stamp === stamp ? shown : await askRows(now, signal);
  shown = { ...rows, stamp, ledger, at: performance.now() };
}

async function askRows(now, signal) {
  const day = dayOf(now);
  const next = new Date(Date.parse(day) + 86400e3).toISOString().slice(0, 10);
  const to = Math.floor(now / 3600e3) * 3600e3 + 3600e3;
  const iso = (ms) => new Date(ms).toISOString().replace(".000", "");
  const last = `/v1/stats?from=${iso(to - 24 * 3600e3)}&to=${iso(to)}`;
  const [today, hours, comuni] = await Promise.all([
    ask(`/v1/stats?from=${day}&to=${next}`, signal),
    ask(`${last}&group=hour`, signal),
    ask(`${last}&group=comune&top=${TOP}`, signal),
  ]);
  const unknown = comuni.rows.map((row) => row.comune).filter((code) => !names.has(code));
  if (unknown.length > 0) {
    const found = await ask(`/v1/registry/comuni?code=${unknown.join(",")}`, signal);
    for (const comune of found.comuni) names.set(comune.code, comune);
  }
  $("csv").href = `/v1/stats?from=${day}&to=${next}&group=comune,service,hour&format=csv`;
  const byHour = new Map(hours.rows.map((row) => [Date.parse(row.hour), row]));
  const nothing = { green: 0, yellow: 0, red: 0, n: 0 };
  const series = Array.from({ length: 24 }, (_, i) => {
    const at = to - (24 - i) * 3600e3;
    return { ...(byHour.get(at) ?? nothing), at: new Date(at) };
  });
  return { now, today: today.rows[0], hours: series, comuni: comuni.rows };
}

// Showing.

// show shows the last answers; the rows only when they are new, so that nobody's
// selection or place in a table is lost for nothing.
function show(rows = true) {
  const partitions = shown.ledger.partitions;
  const broken = ["halted", "recovering"].find((state) => partitions.some((p) => p.state === state));
  state(broken ? "trouble" : "live");
  const n = partitions.filter((p) => p.state === broken).length;
  notice(broken ? say(broken, { n: number(n), all: number(partitions.length) }) : "");
  showFreshness();
  showLedger();
  if (!rows) return;
  showToday();
  showHours();
  showComuni();
}

// lost says that the figures are no longer of now, and of when they are.
function lost(refused) {
  state("cut");
  const at = shown ? new Date(shown.ledger.as_of) : new Date();
  notice(say(refused ? "refused" : "cut", { time: time(at) }));
  $("freshness").textContent = "";
}

function state(name) {
  document.body.dataset.state = $("live").dataset.state = name;
  text($("state"), say(`state_${name}`));
}

function notice(message) {
  text($("notice"), message);
  $("notice").hidden = message === "";
}

// text changes an element only when there is something to change, so that
// screen readers are told of changes and of nothing else.
function text(element, value) {
  if (element.textContent !== value) element.textContent = value;
}

function showFreshness() {
  if (!shown || document.body.dataset.state === "cut") return;
  const newest = shown.ledger.totals.newest;
  const age = Date.parse(shown.ledger.as_of) - Date.parse(newest) + performance.now() - shown.at;
  text($("freshness"), newest ? say("fresh", { when: since(age) }) : say("fresh_none"));
}

function showToday() {
  const { today, now } = shown;
  text($("today-date"), clock(now, { dateStyle: "full" }).format(now));
  text($("today-total"), votes(today.n));
  let x = 0;
  for (const face of FACES) {
    const share = today.n > 0 ? today[face] / today.n : 0;
    const [low, high] = face === "green" ? [today.green_low, today.green_high] : wilson(today[face], today.n);
    text($(`count-${face}`), number(today[face]));
    text($(`share-${face}`), today.n > 0 ? percent(share) : "–");
    text($(`range-${face}`), today.n > 0 ? say("range", { low: percent(low), high: percent(high) }) : "");
    const segment = $("strip").querySelector(`.${face}`);
    place(segment, { x, width: share * 1000 });
    x += share * 1000;
  }
}

// place moves a rectangle by style, so that it glides where motion is welcome.
function place(rect, at) {
  for (const [name, value] of Object.entries(at)) rect.style[name] = `${value}px`;
}

function svg(name, attributes = {}, content = "") {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (content !== "") element.textContent = content;
  return element;
}

// scale returns about four round steps that reach max.
function scale(max) {
  const rough = Math.max(1, max) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough));
  return { step, top: Math.ceil(Math.max(1, max) / step) * step };
}

function showHours() {
  const { hours } = shown;
  const chart = $("bars");
  const { width, height } = $("chart").getBoundingClientRect();
  const { step, top } = scale(Math.max(...hours.map((hour) => hour.n)));
  const box = { left: 12 + 7.5 * number(top).length, top: 10, right: width - 6, bottom: height - 24 };
  const y = (n) => box.bottom - (n / top) * (box.bottom - box.top);
  const wide = (box.right - box.left) / hours.length;
  chart.setAttribute("viewBox", `0 0 ${width} ${height}`);
  chart.setAttribute("aria-label", say("chart_label", { n: number(hours.reduce((sum, hour) => sum + hour.n, 0)) }));

  const parts = [svg("rect", { class: "chosen", x: box.left + chosen * wide, y: box.top, width: chosen < 0 ? 0 : wide, height: box.bottom - box.top })];
  for (let n = 0; n <= top; n += step) {
    parts.push(svg("line", { class: n === 0 ? "axis" : "grid", x1: box.left, x2: box.right, y1: y(n), y2: y(n) }));
    parts.push(svg("text", { x: box.left - 8, y: y(n) + 4, "text-anchor": "end" }, number(n)));
  }
  const every = width < 520 ? 6 : width < 760 ? 3 : 2;
  hours.forEach((hour, i) => {
    let below = 0;
    for (const face of FACES) {
      const tall = y(below) - y(below + hour[face]);
      if (tall > 0) {
        const gap = Math.min(1, tall / 4); // The stacked faces stay apart without colour.
        parts.push(svg("rect", { class: `segment ${face}`, x: box.left + i * wide + wide * 0.14, y: y(below + hour[face]) + gap / 2, width: wide * 0.72, height: tall - gap }));
      }
      below += hour[face];
    }
    if ((hours.length - 1 - i) % every === 0) {
      parts.push(svg("text", { x: box.left + (i + 0.5) * wide, y: height - 6, "text-anchor": "middle" }, hourOf(hour.at)));
    }
  });
  chart.replaceChildren(...parts);
  showTip(box.left + (chosen + 0.5) * wide, width);
  fill("hours-table", hours.toReversed().map((hour) => [hourRange(hour), ...FACES.map((face) => number(hour[face])), number(hour.n)]));
}

const hourRange = (hour) => `${hourOf(hour.at)}–${hourOf(new Date(+hour.at + 3600e3))}`;

function showTip(x, width) {
  const tip = $("tip");
  tip.hidden = chosen < 0;
  if (tip.hidden) return;
  const hour = shown.hours[chosen];
  const lines = FACES.map((face) => `${labels[face][lang]}: ${number(hour[face])}`);
  text(tip, [`${hourRange(hour)} · ${votes(hour.n)}`, ...lines].join("\n"));
  tip.style.left = `${Math.min(Math.max(0, x - tip.offsetWidth / 2), width - tip.offsetWidth)}px`;
}

// fill puts rows into a table: cells are texts or nodes, the first is the head.
function fill(id, rows) {
  $(id).tBodies[0].replaceChildren(...rows.map((cells) => {
    const line = document.createElement("tr");
    line.append(...cells.map((content, i) => {
      const cell = document.createElement(i === 0 ? "th" : "td");
      if (i === 0) cell.scope = "row";
      if (typeof content === "string" && i > 0) cell.className = "n";
      cell.append(content);
      return cell;
    }));
    return line;
  }));
}

function span(className, ...content) {
  const element = document.createElement("span");
  element.className = className;
  element.append(...content);
  return element;
}

function showComuni() {
  $("comuni-none").hidden = shown.comuni.length > 0;
  $("comuni-table").hidden = shown.comuni.length === 0;
  fill("comuni-table", shown.comuni.map((row) => {
    const comune = names.get(row.comune);
    const name = span("", comune ? nameOf(comune) : row.comune, " ", span("sigla", comune?.province.sigla ?? ""));
    const [low, share, high] = [row.green_low, row.green_share, row.green_high];
    const measure = svg("svg", { class: "measure", "aria-hidden": "true" });
    const at = (part) => `${part * 100}%`;
    measure.append(
      svg("line", { class: "rail", x1: 0, x2: "100%", y1: 6, y2: 6 }),
      svg("line", { class: "spread", x1: at(low), x2: at(high), y1: 6, y2: 6 }),
      svg("line", { class: "point", x1: at(share), x2: at(share), y1: 0, y2: 12 }),
    );
    const figures = span("figures", percent(share), " ", span("", `(${percent(low)} – ${percent(high)})`));
    return [name, number(row.n), span("", measure, figures)];
  }));
}

// nameOf prefers the name in the reader's language where a comune has two.
const nameOf = (comune) => (lang === "de" && comune.name_alt ? comune.name_alt : comune.name_it);

function showLedger() {
  const { totals, partitions } = shown.ledger;
  const parts = ["counted", "duplicates", "conflicts", "voided", "quarantined"];
  for (const key of ["votes_in", ...parts]) text($(key), number(totals[key]));
  const balanced = parts.reduce((sum, key) => sum + totals[key], 0) === totals.votes_in;
  verdict($("balance"), balanced ? "good" : "bad", say(balanced ? "balance_good" : "balance_bad"));
  const lag = (account) => (account.log_end === null ? null : Math.max(0, account.log_end - account.next_offset));
  const behind = lag(totals);
  if (behind === null) verdict($("lag"), "busy", say("lag_unknown"));
  else if (behind > 0) verdict($("lag"), "busy", say("lag_some", { n: number(behind) }));
  else verdict($("lag"), "good", say("lag_none"));
  const marks = { ok: ["good", "ok"], recovering: ["busy", "recovering_word"], halted: ["bad", "halted_word"] };
  fill("partitions-table", partitions.map((p) => {
    const [mark, word] = marks[p.state];
    const cell = span("state", say(word), p.reason ? `: ${p.reason}` : "");
    cell.dataset.verdict = mark;
    return [number(p.partition), cell, number(p.counted), lag(p) === null ? "?" : number(lag(p))];
  }));
}

function verdict(element, mark, message) {
  element.dataset.verdict = mark;
  text(element, message);
}

// Pointing at the chart, by mouse, finger or arrow keys.

function choose(i) {
  if (!shown || i === chosen) return;
  chosen = i;
  showHours();
}

$("bars").addEventListener("pointermove", (event) => {
  const first = $("bars").querySelector(".axis").getBoundingClientRect();
  const i = Math.floor(((event.clientX - first.left) / first.width) * 24);
  choose(i >= 0 && i < 24 ? i : -1);
});
$("bars").addEventListener("pointerleave", () => choose(-1));
$("bars").addEventListener("blur", () => choose(-1));
$("bars").addEventListener("keydown", (event) => {
  const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (event.key === "Escape") choose(-1);
  if (!move) return;
  event.preventDefault();
  choose(chosen < 0 ? 23 : Math.min(23, Math.max(0, chosen + move)));
});

for (const link of document.querySelectorAll("[data-lang]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    history.replaceState(null, "", `?lang=${link.dataset.lang}`);
    speak(link.dataset.lang);
  });
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) return void refresh();
  clearTimeout(timer);
  pending?.abort();
});
new ResizeObserver(() => shown && showHours()).observe($("chart"));
setInterval(showFreshness, 1000);

const asked = new URLSearchParams(location.search).get("lang");
const preferred = navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => LANGUAGES.includes(tag));
await speak(asked ?? preferred);
refresh();
