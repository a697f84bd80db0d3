// The list beside the map: the same places in the ranking's order. One of them is pointed
// at, by the map or by the list; arrow keys go through it.

import type { Frame } from "../../chart/frame.ts";
import type { MapData, Place } from "../../chart/map.ts";
import { figure, kindOf, ranked, scant, standings } from "../../chart/map/sayings.ts";
import { h } from "../../elements.ts";
import * as words from "../../words.ts";
import { number, say } from "../../words.ts";

// beside makes the list of the places that the frame's map shows. href is what a code
// opens; the one of the address is pointed at.
export function beside(frame: Frame, data: MapData, href: (code: string) => string, here?: string): HTMLElement {
  const codes = new Map([...data.places].map(([code, place]) => [place, code]));
  const all = ranked([...data.places.values()], data);
  const ranks = standings(all, data);
  const links = all.map((place, i) => {
    const value = kindOf(place) || place.value === null ? say(`absent_${kindOf(place) ?? "none"}`) : figure(place.value, data.measure, words);
    return h("a", { href: href(codes.get(place)!), tabindex: "-1", "data-code": codes.get(place)! },
      h("span", { class: "rank" }, ranks[i] ? number(ranks[i]) : "–"), h("span", { class: "who" }, place.name),
      h("span", { class: `value${kindOf(place) ? " absent" : ""}` }, value, scant(place, data.measure) ? ` (${say("map_few")})` : ""),
      data.measure !== "n" && place.n ? h("span", { class: "of" }, [intervalOf(place, data), words.counted("votes_n", place.n)].filter(Boolean).join(", ")) : "");
  });
  const at = (i: number) => frame.drawing?.stops.findIndex(({ code }) => code === links[i]?.dataset.code) ?? -1;
  let marked: HTMLElement | undefined;
  const note = (link: HTMLElement | undefined) => {
    marked?.classList.remove("pointed");
    marked?.setAttribute("tabindex", "-1");
    marked = link;
    (link ?? links[0])?.setAttribute("tabindex", "0");
    link?.classList.add("pointed");
  };
  const box = h("ol", { class: "places", onkeydown: (event: KeyboardEvent) => {
    const now = links.indexOf(document.activeElement as HTMLAnchorElement);
    const to = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: links.length - 1 }[event.key];
    if (to === undefined || now < 0) return;
    event.preventDefault();
    links[Math.max(0, Math.min(links.length - 1, to))]?.focus();
  } }, ...links.map((link) => h("li", {}, link)));
  links.forEach((link, i) => {
    const point = () => { note(link); frame.choose(at(i)); };
    link.addEventListener("focus", point);
    link.addEventListener("pointerenter", point);
  });
  box.addEventListener("pointerleave", () => frame.choose(-1));
  frame.onpoint = (i) => {
    const link = links.find(({ dataset }) => dataset.code === frame.drawing?.stops[i]?.code);
    note(link);
    if (link && !box.contains(document.activeElement) && !box.matches(":hover")) box.scrollTop = link.offsetTop - box.clientHeight / 2;
  };
  const first = codeAt(links, here);
  note(links[first]);
  if (first >= 0) requestAnimationFrame(() => requestAnimationFrame(() => { // Once both are drawn.
    box.scrollTop = links[first]!.offsetTop - box.clientHeight / 2;
    frame.choose(at(first));
  }));
  return h("section", { class: "card", "aria-labelledby": "map-list" }, h("h2", { id: "map-list" }, say("map_list")), h("p", { class: "quiet" }, say("map_list_keys")), box);
}

const intervalOf = ({ low, high }: Place, { measure }: MapData): string =>
  low === null || high === null ? "" : say("range", { low: figure(low, measure, words), high: figure(high, measure, words) });

const codeAt = (links: readonly HTMLElement[], code: string | undefined): number => links.findIndex(({ dataset }) => dataset.code === code);
