// Hosts a chart in the page: draws it again whenever its room or the letters change,
// points at its stops by mouse, finger and keys, and has its table beside it.

import { h, svg, text } from "../elements.ts";
import { lettersOf, onLetters } from "../letters.ts";
import { onPaper } from "../paper.ts";
import * as words from "../words.ts";
import { draw, type Chart, type Direction, type Drawing, type Size, type Stop } from "./marks.ts";
import { tableOf } from "../table.ts";

const KEYS: Record<string, Direction> = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down" };

// A Frame is a chart in the page.
export class Frame {
  readonly element: HTMLElement;
  readonly picture: SVGSVGElement;
  drawing: Drawing | null = null;
  onpoint: ((i: number) => void) | null = null; // Told which stop is pointed at; -1 for none.
  private readonly tip = h("p", { class: "tip", role: "status", hidden: true });
  readonly legend = h("ul", { class: "legend" });
  private readonly table = h("div", { class: "scroll", tabindex: "0", role: "group" });
  private readonly place: HTMLElement;
  private readonly rendered: (size: Size) => Drawing;
  private readonly open: ((code: string) => void) | undefined;
  private readonly watch: ResizeObserver;
  private readonly unwatch: () => void;
  private outline: SVGElement | null = null;
  private chosen = -1;
  private width = 0;
  private letters = ""; // As it was drawn for.

  // open is called with the code of a stop that was chosen.
  constructor(rendered: (size: Size) => Drawing, open?: (code: string) => void) {
    this.rendered = rendered;
    this.open = open;
    this.picture = svg("svg", { tabindex: "0", class: "picture" }) as SVGSVGElement;
    this.place = h("div", { class: "chart" }, this.picture, this.tip);
    this.element = h("div", { class: "frame" }, this.legend, this.place,
      h("details", { class: "twin" }, h("summary", {}, words.say("as_table")), this.table));
    this.listen();
    this.watch = new ResizeObserver(() => requestAnimationFrame(() => this.fit()));
    this.watch.observe(this.element);
    const [unprint, unletter] = [onPaper(() => this.fit()), onLetters(() => this.fit())];
    this.unwatch = () => { unprint(); unletter(); };
  }

  // end stops watching; the element may go.
  end(): void {
    this.watch.disconnect();
    this.unwatch();
  }

  private fit(): void {
    const { width } = this.place.getBoundingClientRect();
    const letters = lettersOf(this.place);
    if (width === 0 || (width === this.width && letters === this.letters && this.drawing)) return;
    [this.width, this.letters] = [width, letters];
    this.draw();
  }

  // draw draws the chart again, with what its data are by now.
  draw(): void {
    if (this.width === 0) return;
    const probe = this.picture.appendChild(svg("text", { visibility: "hidden" })) as SVGTextElement;
    const line = 1.4 * parseFloat(getComputedStyle(probe).fontSize);
    const widths = new Map<string, number>();
    const measure = (content: string): number => {
      let known = widths.get(content);
      if (known === undefined) {
        probe.textContent = content;
        widths.set(content, (known = probe.getComputedTextLength()));
      }
      return known;
    };
    const drawing = this.rendered({ width: this.width, line, measure });
    this.drawing = drawing;
    this.picture.setAttribute("viewBox", `0 0 ${this.width} ${drawing.height}`);
    for (const [name, value] of [["role", "img"], ["aria-label", drawing.summary]] as const) this.picture.setAttribute(name, value); // Nothing yet is no picture.
    this.picture.style.height = `${drawing.height}px`;
    this.picture.replaceChildren(...drawing.marks.map(draw));
    this.outline = null;
    this.legend.hidden = drawing.legend.length === 0;
    this.legend.replaceChildren(...drawing.legend.map((entry) =>
      h("li", {}, svg("svg", { class: "swatch", viewBox: "0 0 16 12", "aria-hidden": "true" },
        entry.path ? svg("path", { class: entry.class, d: entry.path }) : entry.line ? svg("line", { class: entry.class, x1: 0, x2: 16, y1: 6, y2: 6 }) : svg("rect", { class: entry.class, width: 16, height: 12 })), entry.says)));
    this.table.setAttribute("aria-label", words.say("table_of", { title: drawing.table.caption })); // Its panel has the title alone.
    this.table.replaceChildren(tableOf(drawing.table));
    this.choose(this.chosen < drawing.stops.length ? this.chosen : -1);
  }

  // choose points at a stop.
  choose(i: number): void {
    if (i !== this.chosen) this.onpoint?.(i);
    this.chosen = i;
    this.outline?.remove();
    this.outline = null;
    const stop = this.drawing?.stops[i];
    this.tip.hidden = !stop;
    if (!stop) return;
    if (stop.outline) this.outline = this.picture.appendChild(draw(stop.outline));
    text(this.tip, stop.says.join("\n"));
    this.placeTip(stop);
  }

  private placeTip(stop: Stop): void {
    this.tip.style.left = "0"; // Else the place it has now narrows it.
    const { offsetWidth, offsetHeight } = this.tip;
    const beside = stop.x + 12 + offsetWidth <= this.width ? stop.x + 12 : stop.x - 12 - offsetWidth;
    this.tip.style.left = `${Math.max(0, Math.min(beside, this.width - offsetWidth))}px`;
    this.tip.style.top = `${Math.max(0, stop.y - offsetHeight / 2)}px`;
  }

  // at is the stop that a point of the picture means; -1 for none.
  private at(x: number, y: number): number {
    let best = -1;
    let least = Infinity;
    this.drawing?.stops.forEach((stop, i) => {
      const { near } = stop;
      if (near && (x < near.x || x >= near.x + near.width || y < near.y || y >= near.y + near.height)) return;
      if (stop.holds && !stop.holds(x, y)) return;
      const far = (stop.x - x) ** 2 + (stop.y - y) ** 2;
      if (far < least) [best, least] = [i, far];
    });
    return best;
  }

  private listen(): void {
    const pointed = (event: PointerEvent | MouseEvent) => {
      const box = this.picture.getBoundingClientRect();
      return this.at(event.clientX - box.left, event.clientY - box.top);
    };
    const { picture } = this;
    picture.addEventListener("pointermove", (event) => this.choose(pointed(event)));
    picture.addEventListener("pointerleave", () => this.choose(-1));
    picture.addEventListener("blur", () => this.choose(-1));
    picture.addEventListener("click", (event) => this.enter(pointed(event)));
    picture.addEventListener("keydown", (event) => this.key(event));
  }

  private enter(i: number): void {
    const code = this.drawing?.stops[i]?.code;
    if (code !== undefined) this.open?.(code);
  }

  private key(event: KeyboardEvent): void {
    const stops = this.drawing?.stops ?? [];
    if (event.key === "Escape") return this.choose(-1);
    if (event.key === "Enter" || event.key === " ") return this.enter(this.chosen);
    const along = (by: number) => Math.min(stops.length - 1, Math.max(0, this.chosen + by));
    const to = { Home: 0, End: stops.length - 1, PageUp: along(-1), PageDown: along(1) }[event.key] ?? this.next(stops, KEYS[event.key]);
    if (to === undefined || stops.length === 0) return;
    event.preventDefault();
    this.choose(to);
  }

  private next(stops: readonly Stop[], way: Direction | undefined): number | undefined {
    if (!way) return undefined;
    const stop = stops[this.chosen];
    if (!stop) return way === "left" || way === "up" ? stops.length - 1 : 0;
    if (stop.next) return stop.next[way] ?? this.chosen;
    return Math.min(stops.length - 1, Math.max(0, this.chosen + (way === "left" || way === "up" ? -1 : 1)));
  }
}

// frame hosts a chart of data.
export const frame = <D>(chart: Chart<D>, data: D, open?: (code: string) => void): Frame =>
  new Frame((size) => chart(data, words, size), open);
