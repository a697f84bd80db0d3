// Takes the ratings of a page that has a form of its own: one tag, whatever the page is
// made with. The form announces the end by the event feedback-submit, or has the
// attributes that the official checks look for. Stars alone are no rating: the checks
// click all of them.
import { deliver, endpoint, here, safely, start, type Rating } from "./send.ts";

const element = (within: ParentNode, name: string) => within.querySelector<HTMLElement>(`[data-element="${name}"]`);
const visible = (e: Element | null) => !!e && e.getClientRects().length > 0 && getComputedStyle(e).visibility !== "hidden";
const words = (text: string | null | undefined) => (text || "").replace(/\s+/g, " ").trim().slice(0, 200);

/** The form; none where it is our own, which sends by itself. */
function root(): HTMLElement | null {
  const found = element(document, "feedback") || document.querySelector<HTMLElement>(".cmp-rating");
  return found && found.hasAttribute("data-mlf") ? null : found;
}

let clicked = 0; // The star that was clicked last, where no input says.

/** star is the number of the star that e is in; 0 for none. */
function star(e: Element): number {
  const of = e.closest('[data-element^="feedback-rate-"]');
  return of ? Number(of.getAttribute("data-element")!.slice(14)) || 0 : 0;
}

function inputOf(e: HTMLElement): HTMLInputElement | null {
  return (e instanceof HTMLInputElement ? e : e instanceof HTMLLabelElement ? e.control as HTMLInputElement | null : null) || e.querySelector("input");
}

function value(form: HTMLElement): number {
  let known = false;
  for (let n = 1; n <= 5; n++) {
    const of = element(form, `feedback-rate-${n}`);
    const input = of && inputOf(of);
    if (input && input.checked) return n;
    known = known || !!input;
  }
  const old = document.querySelector<HTMLInputElement>('input[name="ratingA"]:checked');
  const n = old ? Number(old.value) : known ? 0 : clicked;
  return n >= 1 && n <= 5 ? n : 0;
}

/** answer is the label that was chosen, null where none was, undefined where nothing was asked. */
function answer(form: HTMLElement, stars: number): string | null | undefined {
  const branch = element(form, stars > 3 ? "feedback-rating-positive" : "feedback-rating-negative");
  const name = stars > 3 ? "rating1" : "rating2";
  const inputs = Array.from(branch ? branch.querySelectorAll<HTMLInputElement>("input[type=radio], input[type=checkbox]") : document.querySelectorAll<HTMLInputElement>(`input[name="${name}"]`));
  if (!inputs.length) return undefined;
  const chosen = inputs.find((input) => input.checked);
  if (!chosen) return null;
  const label = (chosen.labels && chosen.labels[0]) || (chosen.parentElement && chosen.parentElement.querySelector("label"));
  return words(label && label.textContent) || chosen.value;
}

/** question tells which of the two that share five stars this is. */
function question(form: HTMLElement): string | undefined {
  const title = element(form, "feedback-title") || element(document, "feedback-title");
  const text = words(title && title.textContent).toLowerCase();
  const clarity = /chiar|clear|klar|verständlich/.test(text);
  const ease = /facil|easy|einfach|leicht/.test(text);
  return clarity === ease ? undefined : clarity ? "clarity" : "ease";
}

/** trapped is what stands in a field that the form has and does not show. */
function trapped(form: HTMLElement): string | undefined {
  const text = element(form, "feedback-input-text");
  for (const input of Array.from(form.querySelectorAll<HTMLInputElement>('input[type=text], input[type=email], input[type=url], input:not([type])'))) {
    const isText = input === text || (text && text.contains(input)) || input.id === "formGroupExampleInputWithHelp";
    if (!isText && input.value.trim() && !visible(input)) return input.value.slice(0, 100);
  }
  return undefined;
}

const script = document.currentScript as HTMLScriptElement | null;
const site = script && script.dataset.site;

function read(): Rating | null {
  const form = root();
  const stars = form ? value(form) : 0;
  if (!form || !stars) return null;
  return { value: stars, answer: answer(form, stars), question: question(form), service: script!.dataset.service, page: here(), website: trapped(form) };
}

let open = true; // Nothing was sent since a star was chosen.
let pending: Rating | null = null; // Looks finished; the page will tell.
let submitted = false;

function finish(rating: Rating | null): void {
  if (!open || !rating) return;
  open = false; // Not again for a second event, or a press more.
  pending = null;
  deliver(endpoint(script!, site!), rating);
}

/** gone tells what the page shows after the last button: undefined while it is still the last step. */
function gone(stars: number): boolean | undefined {
  const form = root();
  if (!form) return true;
  if (visible(element(form, "feedback-rating-positive")) || visible(element(form, "feedback-rating-negative"))) return false; // A step back.
  if (visible(element(form, "feedback-input-text"))) return undefined;
  return !visible(element(form, "feedback-rate-1") || form.querySelector('input[name="ratingA"]')) || value(form) === stars; // Else two steps back: the star is taken back.
}

/** watch waits for the page to go on from the last step. */
function watch(rating: Rating): void {
  pending = rating;
  submitted = false;
  const pauses = [0, 150, 500, 1500, 4000, 10000];
  const look = safely((i: number) => {
    if (pending !== rating) return;
    const over = rating.page === here() && gone(rating.value); // Elsewhere the form is gone, and nothing is finished.
    if (over) finish(rating);
    else if (over === false || i === pauses.length) pending = null;
    else setTimeout(look, pauses[i], i + 1);
  });
  setTimeout(look, 0, 0);
}

function pressed(e: Event): void {
  const form = root();
  const target = e.target as Element | null;
  if (!form || !target || !target.closest || !form.contains(target)) return;
  clicked = star(target) || clicked;
  if (!open || !target.closest("button, [type=submit], [role=button]") || !visible(element(form, "feedback-input-text"))) return;
  const rating = read(); // Now: what is done with the press may take the form away.
  if (rating) watch(rating);
}

/** changed opens the form for another rating, where a page is exchanged without being loaded. */
function changed(e: Event): void {
  const form = root();
  const target = e.target;
  if (!form || !(target instanceof HTMLInputElement) || !form.contains(target)) return;
  const isStar = target.name === "ratingA" || [1, 2, 3, 4, 5].some((n) => { const of = element(form, `feedback-rate-${n}`); return of && inputOf(of) === target; });
  if (isStar) open = true;
}

safely(() => {
  if (!site) return;
  document.addEventListener("feedback-submit", safely(() => finish(read())));
  document.addEventListener("click", safely(pressed), true);
  document.addEventListener("change", safely(changed), true);
  document.addEventListener("submit", () => { submitted = true; }, true);
  addEventListener("pagehide", safely(() => { if (pending && submitted) finish(pending); })); // A form of before scripts.
  start(endpoint(script!, site));
})();
