// The chart of the last 24 hours: drawn by its own size and that of its text, so
// that nothing is lost where people have set larger letters.

import { FACES, scale } from "./figures.js";
import { romeHour, changes } from "./clock.js";
import { faceName, hourRange, number, say, votes, zoneNote } from "./words.js";
import { $, svg, text } from "./elements.js";

let hours = null; // The last answer: 24 of {at, green, yellow, red, n}.
let chosen = -1; // The hour that is pointed at.

// drawHours draws new hours, or the old ones again.
export function drawHours(fresh = hours) {
  hours = fresh;
  if (hours) draw();
}

// ruler measures text as the chart shows it.
function ruler(chart) {
  const probe = chart.appendChild(svg("text", { visibility: "hidden" }));
  return (content) => {
    probe.textContent = content;
    return probe.getComputedTextLength();
  };
}

function draw() {
  const chart = $("bars");
  const { width, height } = $("chart").getBoundingClientRect();
  if (width === 0) return;
  const measure = ruler(chart);
  const line = 1.35 * parseFloat(getComputedStyle(chart).fontSize);
  const { step, top } = scale(Math.max(...hours.map((hour) => hour.n)));
  const lines = hours.some((hour) => changes(hour.at)) ? 2 : 1;
  const left = measure(number(top)) + line;
  const box = { left, top: line, right: width - line / 4, bottom: height - line * (lines + 0.5) };
  box.wide = (box.right - box.left) / hours.length;
  box.y = (n) => box.bottom - (n / top) * (box.bottom - box.top);
  const parts = [
    svg("rect", { class: "chosen", x: box.left + chosen * box.wide, y: box.top, width: chosen < 0 ? 0 : box.wide, height: box.bottom - box.top }),
    ...levels(box, step, top, line), ...hours.flatMap((hour, i) => bar(box, hour, i)), ...names(box, width, line, measure),
  ];
  chart.setAttribute("viewBox", `0 0 ${width} ${height}`);
  chart.setAttribute("aria-label", say("chart_label", { n: number(hours.reduce((sum, hour) => sum + hour.n, 0)) }));
  chart.replaceChildren(...parts);
  showTip(box.left + (chosen + 0.5) * box.wide, width);
}

// levels are the lines of round numbers; a number has its place above the one below.
function levels(box, step, top, line) {
  const every = step * Math.ceil((line * top) / step / (box.bottom - box.top));
  const parts = [];
  for (let n = 0; n <= top; n += step) {
    parts.push(svg("line", { class: n === 0 ? "axis" : "grid", x1: box.left, x2: box.right, y1: box.y(n), y2: box.y(n) }));
    if (n % every === 0) parts.push(svg("text", { x: box.left - line / 2, y: box.y(n) + line / 4, "text-anchor": "end" }, number(n)));
  }
  return parts;
}

function bar(box, hour, i) {
  const parts = [];
  let below = 0;
  for (const face of FACES) {
    const tall = box.y(below) - box.y(below + hour[face]);
    if (tall > 0) {
      const gap = Math.min(1, tall / 4); // The stacked faces stay apart without colour.
      const at = { x: box.left + (i + 0.14) * box.wide, y: box.y(below + hour[face]) + gap / 2, width: box.wide * 0.72, height: tall - gap };
      parts.push(svg("rect", { class: `segment ${face}`, ...at }));
    }
    below += hour[face];
  }
  return parts;
}

// names are the hours below the bars: the last one, and before it as many as have
// room. Where the clock is moved, the zone stands below the hour, and both hours
// have their name first: they would look the same without.
function names(box, width, line, measure) {
  const parts = [];
  const taken = [];
  const name = (i) => {
    const { at } = hours[i];
    const rows = [romeHour(at), ...zoneNote(at)];
    const half = Math.max(...rows.map(measure)) / 2;
    const x = Math.min(Math.max(half, box.left + (i + 0.5) * box.wide), width - half);
    if (taken.some(([from, to]) => x - half < to + line / 2 && x + half > from - line / 2)) return;
    taken.push([x - half, x + half]);
    rows.forEach((row, k) => parts.push(svg("text", { x, y: box.bottom + line * (k + 1), "text-anchor": "middle" }, row)));
  };
  hours.forEach((hour, i) => changes(hour.at) && name(i));
  const room = measure("00") + line;
  const every = [1, 2, 3, 4, 6, 8, 12].find((step) => step * box.wide >= room) ?? 24;
  for (let i = hours.length - 1; i >= 0; i -= every) name(i);
  return parts;
}

function showTip(x, width) {
  const tip = $("tip");
  tip.hidden = chosen < 0;
  if (tip.hidden) return;
  const hour = hours[chosen];
  const lines = FACES.map((face) => `${faceName(face)}: ${number(hour[face])}`);
  text(tip, [`${hourRange(hour.at)} · ${votes(hour.n)}`, ...lines].join("\n"));
  tip.style.left = "0"; // Else the place it has now narrows it.
  tip.style.left = `${Math.min(Math.max(0, x - tip.offsetWidth / 2), width - tip.offsetWidth)}px`;
}

// Pointing at the chart, by mouse, finger or arrow keys.

function choose(i) {
  if (!hours || i === chosen) return;
  chosen = i;
  draw();
}

// pointAt listens to mouse, finger and keys, and draws again when the size changes,
// or the letters: they change the legend's width.
export function pointAt(chart) {
  chart.addEventListener("pointermove", (event) => {
    const axis = chart.querySelector(".axis")?.getBoundingClientRect();
    const i = axis ? Math.floor(((event.clientX - axis.left) / axis.width) * 24) : -1;
    choose(i >= 0 && i < 24 ? i : -1);
  });
  chart.addEventListener("pointerleave", () => choose(-1));
  chart.addEventListener("blur", () => choose(-1));
  chart.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === "Escape") choose(-1);
    if (!move) return;
    event.preventDefault();
    choose(chosen < 0 ? 23 : Math.min(23, Math.max(0, chosen + move)));
  });
  const size = new ResizeObserver(() => requestAnimationFrame(() => drawHours()));
  size.observe($("chart"));
  size.observe(document.querySelector(".legend li"));
}
