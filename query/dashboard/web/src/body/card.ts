// Codes on cards: shown once, with a QR code that leads a device to its page, and printed.

import { correction, generate } from "lean-qr/nano";
import { h, opened, svg } from "../elements.ts";
import { mark, type Mark } from "../chart/marks.ts";
import { tell } from "./words.ts";

const QUIET = 4; // Modules of light around a QR code, which readers need.

// A Card is a code, what it is for, and until when.
export interface Card {
  readonly code: string;
  readonly url: string; // "" where the address of the page is not known.
  readonly title: string;
  readonly lines: readonly string[];
  readonly expires: string;
}

// squares are the dark modules of the QR code of a text, a path of one unit each, and how
// many there are along a side, with the light around. Level M: a code that is bent or a
// little dirty is read.
export function squares(content: string): { d: string; size: number } {
  const code = generate(content, { minCorrectionLevel: correction.M });
  let d = "";
  for (let y = 0; y < code.size; y++) {
    for (let x = 0; x < code.size; x++) {
      let n = 0;
      while (code.get(x + n, y)) n++;
      if (n > 0) d += `M${x + QUIET} ${y + QUIET}h${n}v1h-${n}z`;
      x += n;
    }
  }
  return { d, size: code.size + 2 * QUIET };
}

// qr is the mark of a QR code: dark on light in the dark, too, as readers want it.
export function qr(content: string): Mark {
  const { d, size } = squares(content);
  return mark("svg", { viewBox: `0 0 ${size} ${size}`, class: "qr", role: "img", "aria-label": tell("qr"), "shape-rendering": "crispEdges" },
    mark("path", { fill: "#fff", d: `M0 0h${size}v${size}H0z` }), mark("path", { fill: "#000", d }));
}

const drawn = ({ name, at, inside }: Mark): SVGElement => svg(name, at as Record<string, string | number>, ...inside.map((one) => (typeof one === "string" ? one : drawn(one))));

function cardOf(card: Card): HTMLElement {
  return h("section", { class: "claim-card" },
    card.url ? h("div", {}, drawn(qr(card.url))) : null,
    h("div", {}, h("h3", {}, card.title), ...card.lines.map((line) => h("p", {}, line)), h("p", { class: "code" }, card.code),
      card.url ? h("p", { class: "quiet address" }, card.url.replace(/#.*$/, "")) : null, h("p", { class: "quiet" }, tell("card_once", { time: card.expires }))));
}

// showCards shows codes, this once. It is left by who says that they are noted.
export function showCards(cards: readonly Card[]): Promise<void> {
  return new Promise((done) => {
    const ask = h("div", { class: "notice", hidden: true, role: "alert" });
    const dialog: HTMLDialogElement = h("dialog", { class: "cards", "aria-labelledby": "cards-title" },
      h("h2", { id: "cards-title", tabindex: "-1" }, tell("cards_title")), h("p", { class: "about" }, tell("cards_about")),
      h("div", { class: "claim-cards" }, ...cards.map(cardOf)), ask,
      h("div", { class: "acts" },
        h("button", { type: "button", class: "btn btn-primary", id: "cards-print", onclick: () => print(dialog) }, tell("cards_print")),
        h("button", { type: "button", class: "btn btn-outline-primary", id: "cards-close", onclick: () => leave() }, tell("cards_close"))));
    const leave = () => {
      ask.hidden = false;
      ask.replaceChildren(h("p", {}, tell("cards_sure")), h("div", { class: "acts" },
        h("button", { type: "button", class: "btn btn-primary btn-sm", id: "cards-gone", onclick: () => dialog.close() }, tell("cards_gone")),
        h("button", { type: "button", class: "btn btn-outline-primary btn-sm", onclick: () => { ask.hidden = true; document.getElementById("cards-close")?.focus(); } }, tell("cards_stay"))));
      document.getElementById("cards-gone")?.focus();
    };
    dialog.addEventListener("cancel", (event) => { event.preventDefault(); leave(); });
    opened(dialog).addEventListener("close", () => done());
    document.getElementById("cards-title")?.focus();
  });
}

// print prints the cards alone.
function print(dialog: HTMLDialogElement): void {
  const root = document.documentElement;
  root.dataset.print = "cards";
  addEventListener("afterprint", () => delete root.dataset.print, { once: true });
  dialog.scrollTop = 0;
  window.print();
}
