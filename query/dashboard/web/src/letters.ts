// Readers may have larger letters, and letters and words further apart, at any time: what
// was measured for others is to be measured again then.

import { h } from "./elements.ts";

const listeners = new Set<() => void>();
let probe: HTMLElement | null = null; // As wide as its words are.

// onLetters calls listener when letters have changed, until what it returns is called.
export function onLetters(listener: () => void): () => void {
  if (!probe) {
    document.body.append((probe = h("span", { class: "probe", "aria-hidden": "true" }, "faccine e parole")));
    new ResizeObserver(() => requestAnimationFrame(() => listeners.forEach((one) => one()))).observe(probe);
  }
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

// lettersOf tells how large letters are in an element, and how far apart.
export function lettersOf(element: Element): string {
  const { fontSize, letterSpacing, wordSpacing } = getComputedStyle(element);
  return [fontSize, letterSpacing, wordSpacing].join(" ");
}
