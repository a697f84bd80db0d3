// The faces of today, changed in place as votes come: nothing jumps, nothing is read
// out but a sentence now and then.

import type { Figures } from "./answers.ts";
import { face, h, svg, text } from "./elements.ts";
import { explain, type Subject } from "./explain.ts";
import { FACES, shares, wilson, type Face } from "./figures.ts";
import type { Counts } from "./live.ts";
import * as words from "./words.ts";
import { label, percent, range, say } from "./words.ts";

const SPOKEN = 60000; // Milliseconds between two sentences that are read out.

// facesOf are the votes of each face; null where they are not known.
export function facesOf({ green, yellow, red }: Counts): [number, number, number] | null {
  return green === undefined || yellow === undefined || red === undefined ? null : [green, yellow, red];
}

// rowOf is what the API would answer of counts, as the dialog that explains them wants it.
export function rowOf(counts: Counts): Figures | undefined {
  const all = facesOf(counts);
  if (!all) return undefined;
  const { n } = counts;
  const [green, yellow, red] = all;
  const of = (k: number): [number | null, number | null, number | null] => (n === 0 ? [null, null, null] : [k / n, ...wilson(k, n)]);
  const [green_share, green_low, green_high] = of(green);
  const [red_share, red_low, red_high] = of(red);
  return { green, yellow, red, n, green_share, green_low, green_high, red_share, red_low, red_high, net: null, net_low: null, net_high: null, status: ["R"] };
}

interface Tile { share: HTMLElement; count: HTMLElement; range: HTMLElement }

// A Tally shows counts. Null counts are not shown to this reader.
export class Tally {
  readonly element: HTMLElement;
  private readonly total = h("strong");
  private readonly sofar = h("span");
  private readonly why = h("p", { class: "absent", hidden: true });
  private readonly faces = h("ul", { class: "faces" });
  private readonly tiles: Record<Face, Tile>;
  private readonly segments: Record<Face, SVGElement>;
  private readonly strip: SVGElement;
  private readonly spoken = h("p", { class: "visually-hidden", role: "status" });
  private spokenAt = -Infinity;
  private counts: Counts | null = null;

  constructor(subject: Subject) {
    const tile = (name: Face): Tile => {
      const share = h("span");
      const made = { share, count: h("p", { class: "count" }), range: h("p", { class: "range" }) };
      const open = () => explain({ ...subject, title: label("faces", name), ...(this.counts && { row: rowOf(this.counts) }) } as Subject);
      this.faces.append(h("li", { class: `tile ${name}` }, face(name), h("div", { class: "said" },
        h("p", { class: "word" }, label("faces", name)),
        h("p", { class: "share" }, h("button", { type: "button", class: "figure", onclick: open }, share, h("span", { class: "visually-hidden" }, `. ${say("explain")}`))),
        made.count, made.range)));
      return made;
    };
    this.tiles = { green: tile("green"), yellow: tile("yellow"), red: tile("red") };
    const segment = (name: Face) => svg("rect", { class: `segment ${name}`, width: 1000, height: 14 });
    this.segments = { green: segment("green"), yellow: segment("yellow"), red: segment("red") };
    // Each begins at the left, and the one before lies on it: so they only slide.
    this.strip = svg("svg", { class: "strip sliding", viewBox: "0 0 1000 14", preserveAspectRatio: "none", "aria-hidden": "true" },
      this.segments.red, this.segments.yellow, this.segments.green);
    this.element = h("section", { class: "headline", "aria-label": say("headline") },
      h("p", { class: "total" }, this.total, this.sofar), this.why, this.faces, this.strip, this.spoken);
  }

  // show shows counts; lots tells that faces come later, with what is published.
  show(counts: Counts | null, lots: boolean, now: number): void {
    this.counts = counts;
    const all = counts && facesOf(counts);
    this.faces.toggleAttribute("hidden", !all);
    this.strip.toggleAttribute("hidden", !all || counts.n === 0);
    text(this.total, counts ? (lots ? say("today_at_least", { n: words.counted("votes_n", counts.n) }) : words.counted("votes_n", counts.n)) : "");
    text(this.sofar, counts ? ` ${say("so_far")}` : "");
    this.why.hidden = Boolean(all);
    if (!all) text(this.why, say(!lots ? "absent_withheld_long" : counts ? "today_lots" : "today_lots_here"));
    if (counts && all) this.fill(counts, all);
    this.speak(now);
  }

  private fill({ n }: Counts, all: readonly number[]): void {
    const rounded = shares(all);
    let before = 0;
    FACES.forEach((name, i) => {
      const { share, count, range: between } = this.tiles[name];
      text(share, n > 0 ? percent(rounded[i]! / 1000) : "–");
      text(count, words.counted("votes_n", all[i]!));
      text(between, n > 0 ? range(...wilson(all[i]!, n)) : "");
      before += all[i]!;
      this.segments[name].style.transform = `translateX(${n > 0 ? (1000 * before) / n - 1000 : -1000}px)`;
    });
  }

  // speak says how it stands, to who cannot see it change.
  private speak(now: number): void {
    if (!this.counts || now - this.spokenAt < SPOKEN) return;
    this.spokenAt = now;
    const all = facesOf(this.counts);
    const rounded = all && this.counts.n > 0 ? shares(all) : null;
    text(this.spoken, [`${this.total.textContent} ${say("so_far")}`, ...(rounded ? FACES.map((name, i) => `${label("faces", name)} ${percent(rounded[i]! / 1000)}`) : [])].join(", "));
  }
}
