// What a reader sets for himself: language, theme, and who he is. Language and theme
// are kept in the browser, a token is not.

import { changed, write, type State } from "./address.ts";
import { signedIn, signIn } from "./ask.ts";
import { $, h, opened } from "./elements.ts";
import { field } from "./filters.ts";
import { language, LANGUAGES, say, type Language } from "./words.ts";

const THEMES = ["auto", "light", "dark"] as const;
const NAMES: Record<Language, string> = { it: "Italiano", en: "English", de: "Deutsch" };

// Browsers may forbid to keep anything; the page works without.
function kept(key: string): string | null {
  try {
    return localStorage.getItem(`mlf-${key}`);
  } catch {
    return null;
  }
}

function keep(key: string, value: string): void {
  try {
    localStorage.setItem(`mlf-${key}`, value);
  } catch {
    // Then it is forgotten with the page.
  }
}

const spoken = (tag: string | null | undefined): Language | undefined => LANGUAGES.find((language) => language === tag?.slice(0, 2).toLowerCase());

// chosenLanguage is that of the address, else the one chosen here before, else the
// first of the browser's that there is.
export const chosenLanguage = (asked: string | undefined): Language =>
  spoken(asked) ?? spoken(kept("language")) ?? navigator.languages.map(spoken).find(Boolean) ?? "it";

function theme(): string {
  return THEMES.find((one) => one === kept("theme")) ?? "auto";
}

// applyTheme turns the dark sheet on or off, or leaves it to the system: always where
// the system's colours are forced on the page.
export function applyTheme(): void {
  const system = "(prefers-color-scheme: dark)";
  const chosen = { light: `(forced-colors: active) and ${system}`, dark: `(forced-colors: none), screen and ${system}` };
  $<HTMLLinkElement>("dark").media = `screen and ${(chosen as Record<string, string>)[theme()] ?? system}`;
}

// settings shows them in the bar above the page; again shows the view again.
export function settings(state: State, again: () => void): void {
  document.documentElement.lang = language();
  $("languages").replaceChildren(...LANGUAGES.map((one) => h("li", {}, h("a", {
    href: write(state.view, changed(state, { lang: one })), lang: one, hreflang: one, "aria-current": one === language() ? "true" : null,
    onclick: () => keep("language", one),
  }, h("abbr", { title: NAMES[one] }, one.toUpperCase())))));
  const select: HTMLSelectElement = h("select", { id: "theme", "aria-label": say("theme"), onchange: () => { keep("theme", select.value); applyTheme(); again(); } },
    ...THEMES.map((one) => h("option", { value: one, selected: one === theme() }, say(`theme_${one}`))));
  const who = h("button", { type: "button", class: "btn btn-sm sign-in", onclick: () => (signedIn() ? leave(again) : signInTo(again)) }, say(signedIn() ? "sign_out" : "sign_in"));
  $("reader").replaceChildren(select, who);
}

function leave(again: () => void): void {
  signIn("");
  again();
}

// signInTo lets a body's reader show its token.
export function signInTo(again: () => void): void {
  const input = h("input", { id: "token", type: "password", autocomplete: "off", spellcheck: "false", required: true });
  const dialog: HTMLDialogElement = h("dialog", { "aria-labelledby": "token-title" },
    h("h2", { id: "token-title" }, say("sign_in")),
    h("p", {}, say("sign_in_about")),
    h("form", { method: "dialog", onsubmit: () => { signIn(input.value); again(); } },
      field("token", say("token"), input),
      h("button", { class: "btn btn-primary" }, say("sign_in")), " ",
      h("button", { type: "button", class: "btn btn-outline-primary", onclick: () => dialog.close() }, say("close"))));
  opened(dialog);
}
