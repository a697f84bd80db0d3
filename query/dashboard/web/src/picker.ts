// The choice of a place: regions, provinces and comuni, found by their names.

import { PLACE, type State } from "./address.ts";
import { get } from "./ask.ts";
import { h, text } from "./elements.ts";
import type { Comune } from "./answers.ts";
import { language, say } from "./words.ts";

export interface Place {
  readonly level: "region" | "province" | "comune";
  readonly code: string;
  readonly name: string;
  readonly beside?: string; // What tells it from its namesakes.
}

type Values = { dimension: { dimension: string }; values: { code: string; label: Record<string, string>; valid_to: string | null }[] };

let known: Promise<Place[]> | null = null; // Regions and provinces, once they were asked for.

// places are today's regions and provinces.
export function places(): Promise<Place[]> {
  const read = async (level: "region" | "province") =>
    (await get<Values>(`v1/dimensions/${level}`, new AbortController().signal)).values
      .filter((value) => value.valid_to === null)
      .map((value): Place => ({ level, code: value.code, name: value.label[language()] ?? value.code }));
  known ??= Promise.all([read("region"), read("province")]).then((lists) => lists.flat());
  known.catch(() => (known = null)); // It is asked for again.
  return known;
}

export const nameOf = (comune: Comune): string => (language() === "de" && comune.name_alt ? comune.name_alt : comune.name_it);

const comunePlace = (comune: Comune): Place => ({ level: "comune", code: comune.code, name: nameOf(comune), beside: comune.province.sigla });

const comuni = new Map<string, Promise<Comune | undefined>>(); // By code, once they were asked for.

// comuneOf is what the registry says of a code; undefined where there is none of it.
export function comuneOf(code: string): Promise<Comune | undefined> {
  let found = comuni.get(code);
  if (!found) {
    found = get<{ comuni: Comune[] }>(`v1/registry/comuni?code=${encodeURIComponent(code)}`, new AbortController().signal).then(({ comuni }) => comuni[0]);
    found.catch(() => comuni.delete(code)); // It is asked for again.
    comuni.set(code, found);
  }
  return found;
}

// placeOf names the place that a state is of; null for the whole country.
export async function placeOf(state: State, signal: AbortSignal): Promise<Place | null> {
  const { comune, province, region } = state.parameters;
  if (comune) {
    const found = await comuneOf(comune);
    signal.throwIfAborted();
    return found ? comunePlace(found) : { level: "comune", code: comune, name: comune };
  }
  const level = province ? "province" : "region";
  const code = province ?? region;
  if (!code) return null;
  return (await places()).find((place) => place.level === level && place.code === code) ?? { level, code, name: code };
}

const fold = (word: string) => word.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

// find returns the places that a text may mean, the best first.
async function find(wanted: string, signal: AbortSignal): Promise<Place[]> {
  const [larger, { comuni }] = await Promise.all([
    places(), get<{ comuni: Comune[] }>(`v1/registry/comuni?limit=8&q=${encodeURIComponent(wanted)}`, signal),
  ]);
  return order([...larger.filter((place) => fold(place.name).includes(fold(wanted))), ...comuni.map(comunePlace)], wanted).slice(0, 10);
}

// order puts places first that are called as wanted, then those whose names begin so; the
// smaller before the larger: who writes a name means the comune.
export function order(places: readonly Place[], wanted: string): Place[] {
  const near = ({ name }: Place) => (fold(name) === fold(wanted) ? 0 : fold(name).startsWith(fold(wanted)) ? 1 : 2);
  const size = { comune: 0, province: 1, region: 2 };
  return [...places].sort((a, b) => near(a) - near(b) || size[a.level] - size[b.level]);
}

// told is a name with what tells a comune from its namesakes.
export const told = (place: Place): string => (place.beside ? whole(place) : place.name);

// whole is a name with what tells the place from its namesakes.
export const whole = ({ name, level, beside }: Place): string => (level === "region" ? name : `${name} (${beside ?? say(level)})`);

type Set = (change: Record<string, string | null>) => void;

const nowhere = (): Record<string, string | null> => Object.fromEntries(PLACE.map((name) => [name, null]));
export const at = ({ level, code }: Place): Record<string, string | null> => ({ ...nowhere(), [level]: code });

// placePicker is a box with suggestions, as the ARIA practices want one: the focus
// stays in it while arrow keys choose.
export function placePicker(state: State, set: Set): HTMLElement {
  const list = h("ul", { id: "places", role: "listbox", "aria-label": say("place"), hidden: true });
  const input = h("input", {
    id: "filter-place", type: "text", role: "combobox", autocomplete: "off", "aria-expanded": "false", "aria-controls": "places",
    "aria-autocomplete": "list", placeholder: say("place_all"),
  });
  const found = h("span", { class: "visually-hidden", role: "status" });
  let shown: Place[] = [];
  let chosen = -1;
  let asking = new AbortController();

  const close = () => { list.hidden = true; input.setAttribute("aria-expanded", "false"); input.removeAttribute("aria-activedescendant"); };
  const take = (place: Place | undefined) => { if (place) { close(); set(at(place)); } };
  const point = (i: number) => {
    chosen = i;
    [...list.children].forEach((option, k) => option.setAttribute("aria-selected", String(k === i)));
    input.setAttribute("aria-activedescendant", i < 0 ? "" : `place-${i}`);
  };
  const open = (places: Place[]) => {
    shown = places;
    list.replaceChildren(...places.map((place, i) => h("li", { id: `place-${i}`, role: "option", "aria-selected": "false", onpointerdown: (event: Event) => { event.preventDefault(); take(place); } },
      told(place), h("span", { class: "level" }, say(place.level)))));
    list.hidden = places.length === 0;
    input.setAttribute("aria-expanded", String(places.length > 0));
    text(found, say("places_found", { n: String(places.length) }));
    point(places.length > 0 ? 0 : -1);
  };
  input.addEventListener("input", () => {
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    if (input.value.trim().length < 2) return close();
    find(input.value.trim(), signal).then(open).catch(() => { if (!signal.aborted) close(); });
  });
  input.addEventListener("keydown", (event) => {
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (move && shown.length > 0) { event.preventDefault(); point((chosen + move + shown.length) % shown.length); }
    if (event.key === "Enter") { event.preventDefault(); if (!list.hidden) take(shown[chosen]); }
    if (event.key === "Escape") close();
  });
  input.addEventListener("blur", close);
  input.addEventListener("focus", () => input.select());
  const clear = h("button", { type: "button", class: "btn btn-link btn-sm", hidden: !PLACE.some((name) => name in state.parameters), onclick: () => set(nowhere()) }, say("place_all"));
  void placeOf(state, new AbortController().signal).then((place) => { if (place && input.value === "") input.value = whole(place); }, () => {});
  return h("div", { class: "field place-field" }, h("label", { for: "filter-place" }, say("place")), h("div", { class: "combobox" }, input, list), clear, found);
}
