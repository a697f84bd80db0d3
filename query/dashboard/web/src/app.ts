// Starts the page and goes from view to view. All state is the address.

import { address, DESK, only, parse, VIEWS, write, type State, type ViewName } from "./address.ts";
import { Refused, signedIn, Silent, together } from "./ask.ts";
import type { Disclosure } from "./answers.ts";
import { $, h, text } from "./elements.ts";
import { asked, showFilters } from "./filters.ts";
import { failure } from "./notice.ts";
import { placeOf, whole } from "./picker.ts";
import { applyTheme, chosenLanguage, settings } from "./settings.ts";
import { Shown, type View } from "./view.ts";
import { learn, say, speak, type Message } from "./words.ts";

// Each view is a file of its own, which comes when it is wanted.
const FILES: Record<ViewName, () => Promise<{ view: View }>> = {
  accessibility: () => import("./view/notice.ts"),
  privacy: () => import("./view/notice.ts"),
  today: () => import("./view/today.ts"),
  reasons: () => import("./view/reasons.ts"),
  participation: () => import("./view/participation.ts"),
  quality: () => import("./view/quality.ts"),
  trend: () => import("./view/trend.ts"),
  heatmap: () => import("./view/heatmap.ts"),
  ranking: () => import("./view/ranking.ts"),
  compare: () => import("./view/compare.ts"),
  bulletin: () => import("./view/bulletin.ts"),
  map: () => import("./view/map.ts"),
  place: () => import("./view/place.ts"),
  network: () => import("./view/network.ts"),
  body: () => import("./view/body.ts"),
};

let under = new AbortController(); // Of what is shown, or is about to be.

const go = (href: string): void => {
  const to = new URL(address(href));
  if (to.href !== location.href) history.pushState(null, "", to);
  void show();
};

// show shows what the address says. What is there stays until the new is.
async function show(): Promise<void> {
  under.abort();
  under = new AbortController();
  const { signal } = under;
  const state = parse(location.href);
  const main = $("view");
  main.setAttribute("aria-busy", "true");
  const spoken = speak(chosenLanguage(state.parameters.lang));
  try {
    const [{ view }] = await Promise.all([FILES[state.view](), spoken]);
    const learned = learn(signal);
    if (view.listed) await learned;
    const coming = together(view.asks(state), signal);
    coming.catch(() => {}); // It is awaited below, unless the lists do not come.
    await learned;
    if (signal.aborted) return;
    around(state);
    showFilters(state, typeof view.controls === "function" ? view.controls(state) : view.controls, view.period, go);
    const answers = await coming;
    const parts = await view.show(new Shown(state, answers, go, signal));
    if (signal.aborted) return;
    audience(answers.disclosure);
    if (!open && answers.disclosure === "none") {
      open = true;
      menu(state);
    }
    replace(main, parts.filter((part) => part !== null));
  } catch (error) {
    await spoken; // What went wrong is said in it.
    if (signal.aborted) return;
    audience(undefined);
    const said = failure(error);
    if (main.firstElementChild?.textContent !== said.textContent) main.replaceChildren(said, h("button", { type: "button", class: "btn btn-primary", onclick: () => void show() }, say("again")));
    later(error, signal);
  } finally {
    if (!signal.aborted) {
      main.removeAttribute("aria-busy");
      document.documentElement.dataset.shown = state.view;
    }
  }
}

const LATER = 10000; // Milliseconds after which a server that failed is asked again.

// later shows a view again by itself, where it was the server that failed: a page that
// is left open in a hall comes back when the server does.
function later(error: unknown, signal: AbortSignal): void {
  if (!(error instanceof Silent || (error instanceof Refused && error.problem.status >= 500))) return;
  const again = () => (document.hidden ? document.addEventListener("visibilitychange", () => void show(), { once: true, signal }) : void show());
  const wait = Math.max(LATER, error instanceof Refused ? error.wait : 0) * (1 + 0.5 * Math.random()); // Pages that failed together do not come back as one.
  const timer = setTimeout(again, wait);
  signal.addEventListener("abort", () => clearTimeout(timer));
}

// replace puts a view in the place of another. Who was in it with the keyboard goes on
// where there is the same again, else at the title: never from the top of the page.
function replace(main: HTMLElement, parts: readonly Node[]): void {
  const left = main.contains(document.activeElement) ? document.activeElement!.id : null;
  main.replaceChildren(...parts);
  if (left === null) return;
  const again = left && document.getElementById(left);
  if (again) again.focus({ preventScroll: true });
  else $("title").focus();
}

// around shows what is around a view: its title, where one can go, the words of the shell.
function around(state: State): void {
  settings(state, () => void show());
  for (const element of document.querySelectorAll<HTMLElement>("[data-t]")) text(element, say(element.dataset.t as Message));
  for (const element of document.querySelectorAll<HTMLElement>("[data-t-label]")) element.setAttribute("aria-label", say(element.dataset.tLabel as Message));
  const title = say(`view_${state.view}`);
  text($("title"), title);
  void placeOf(state, under.signal).then((place) => {
    text($("subtitle"), place ? whole(place) : state.view === DESK ? "" : say("place_all"));
    document.title = [title, place && whole(place), "Mettiamoci la faccia"].filter(Boolean).join(" – ");
  }, () => {});
  menu(state);
}

let open = false; // Whether everybody is shown all there is, as in a trial: then the desk, too.

// menu shows where one can go: to the desk only who may.
function menu(state: State): void {
  const keep = asked(state);
  const names = signedIn() || open || state.view === DESK ? [...VIEWS, DESK] as const : VIEWS;
  $("views").replaceChildren(...names.map((name) => h("li", { class: "nav-item" },
    h("a", { class: "nav-link", href: write(name, name === DESK ? only(keep, "lang") : keep), "aria-current": name === state.view ? "page" : null }, say(`view_${name}`)))));
}

// audience says whose figures are shown, where they are not everybody's: a body sees its
// own alone, under the name of the whole.
function audience(disclosure: Disclosure | undefined): void {
  const line = $("audience");
  line.hidden = disclosure !== "own" && disclosure !== "exact";
  text(line, line.hidden ? "" : say(disclosure === "own" ? "audience_own" : "audience_exact"));
}

// A click on an address of the page goes there without leaving it.
function follow(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element).closest("a");
  if (!link || link.target || link.hasAttribute("download")) return;
  const to = new URL(link.href);
  const here = new URL(address("./"));
  const inside = to.origin === here.origin && to.pathname.startsWith(here.pathname) && !to.hash;
  const last = to.pathname.slice(here.pathname.length);
  if (!inside || (last !== "" && last !== DESK && !(VIEWS as readonly string[]).includes(last))) return;
  event.preventDefault();
  go(to.href);
  if (link.closest("#views")) $("title").focus();
}

if (!("old" in document.documentElement.dataset)) {
  document.addEventListener("click", follow);
  window.addEventListener("popstate", () => void show());
  $<HTMLFormElement>("filters").addEventListener("submit", (event) => event.preventDefault());
  applyTheme();
  document.documentElement.dataset.started = ""; // Else floor.js says that nothing did.
  void show();
}
