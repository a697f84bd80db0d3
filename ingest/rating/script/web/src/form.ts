// A form for a rating, of native controls: five radio buttons, then five more for the
// answer, and a button. It has the attributes that the official checks look for.
import catalogue from "./words.json";
import { safely } from "./send.ts";

export type Words = typeof catalogue.it;

/** What the form asks. */
export interface Asked {
  title: string;
  heading: "h1" | "h2"; // The level of the title on its page.
  text?: boolean; // Whether somebody takes what the citizen writes.
  checked?: boolean; // Whether the official checks look at this form.
}

/** What the citizen has answered. */
export interface Answered {
  value: number;
  reason: string;
  text: string;
  website?: string;
}

const NEGATIVE = ["unclear", "incomplete", "unsure", "technical", "other"] as const;
const POSITIVE = ["clear", "complete", "sure", "no_trouble", "other"] as const;

/** The first of some languages that there are words in: Italian where there is none. */
export function choose(languages: readonly (string | null | undefined)[]): { language: string; words: Words } {
  for (const name of languages) {
    const language = (name || "").slice(0, 2).toLowerCase();
    if (language === "it" || language === "en" || language === "de") return { language, words: catalogue[language] };
  }
  return { language: "it", words: catalogue.it };
}

/** make makes an element of attributes and of what is in it. */
export function make<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Record<string, string>, ...inside: (Node | string)[]): HTMLElementTagNameMap[K] {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) e.setAttribute(name, value);
  e.append(...inside);
  return e;
}

/** show shows e or not, whatever the styles of the page around say of what is hidden. */
function show(e: HTMLElement, on: boolean): void {
  e.hidden = !on;
  e.style.setProperty("display", on ? "" : "none", on ? "" : "important");
}

let forms = 0;

/** build returns the form; done is called once, with what was answered. */
export function build(words: Words, asked: Asked, done: (answered: Answered) => void): HTMLFormElement {
  const id = `mlf${++forms}`;
  const mark = (name: string): Record<string, string> => (asked.checked ? { "data-element": name } : {});
  const choice = (group: string, value: string, label: Record<string, string>, ...inside: (Node | string)[]) => {
    const input = make("input", { type: "radio", name: `${id}-${group}`, id: `${id}-${group}-${value}`, value });
    return { input, label: make("label", { for: input.id, ...label }, ...inside) };
  };
  const stars = words.stars.map((name, i) => choice("value", String(i + 1), { ...mark(`feedback-rate-${i + 1}`), class: "mlf-star" },
    make("span", { "aria-hidden": "true", class: "mlf-sign" }, "★"), make("span", { class: "mlf-name" }, name)));
  const branch = (name: "positive" | "negative", codes: readonly (typeof NEGATIVE[number] | typeof POSITIVE[number])[]) => {
    const answers = codes.map((code) => choice(name, code, mark("feedback-rating-answer"), words[code]));
    const set = make("fieldset", { ...mark(`feedback-rating-${name}`), class: "mlf-answers" },
      make("legend", mark("feedback-rating-question"), words[name]), ...answers.map(({ input, label }) => make("div", { class: "mlf-answer" }, input, label)));
    return { set, answers };
  };
  const negative = branch("negative", NEGATIVE);
  const positive = branch("positive", POSITIVE);
  const text = make("input", { ...mark("feedback-input-text"), type: "text", id: `${id}-text`, maxlength: "200", autocomplete: "off", "aria-describedby": `${id}-hint` });
  const detail = make("div", { class: "mlf-detail" }, make("label", { for: text.id }, words.detail), text, make("small", { id: `${id}-hint` }, words.hint));
  const pot = make("input", { type: "text", name: "website", id: `${id}-website`, tabindex: "-1", autocomplete: "off" });
  const trap = make("div", { class: "mlf-trap", "aria-hidden": "true" }, make("label", { for: pot.id }, words.empty), pot);
  Object.assign(trap.style, { position: "absolute", left: "-9999px", width: "1px", height: "1px", overflow: "hidden" });
  const button = make("button", { type: "submit", class: "mlf-send" }, words.send);
  const form = make("form", { ...mark("feedback"), "data-mlf": "", class: "mlf", novalidate: "" },
    make("fieldset", { class: "mlf-stars" }, make("legend", {}, make(asked.heading, { ...mark("feedback-title"), class: "mlf-title" }, asked.title)), make("div", { class: "mlf-row" }, ...stars.flatMap(({ input, label }) => [input, label]))),
    negative.set, positive.set, detail, trap, button);

  const value = () => stars.findIndex(({ input }) => input.checked) + 1;
  const lay = safely(() => {
    const n = value();
    stars.forEach(({ label }, i) => label.classList.toggle("mlf-on", i < n));
    show(negative.set, n > 0 && n <= 3);
    show(positive.set, n > 3);
    show(detail, n > 0 && !!asked.text);
    show(button, n > 0);
  });
  form.addEventListener("change", lay);
  form.addEventListener("submit", safely((e: Event) => {
    e.preventDefault();
    const n = value();
    if (!n || !form.isConnected) return;
    const chosen = (n > 3 ? positive : negative).answers.find(({ input }) => input.checked);
    const thanks = make("p", { class: "mlf-thanks", role: "status", tabindex: "-1" }, words.thanks);
    const title = asked.heading === "h1" ? [make("h1", { class: "mlf-title" }, asked.title)] : []; // A page is never without.
    form.replaceWith(make("div", { class: "mlf" }, ...title, thanks));
    thanks.focus();
    done({ value: n, reason: chosen ? chosen.input.value : "skipped", text: text.value.trim(), website: pot.value || undefined });
  }));
  lay();
  return form;
}
