// What a comune puts into its own site: two lines, and what they show.

import { address } from "../../address.ts";
import { h } from "../../elements.ts";
import { apiCall } from "../../menu.ts";
import type { Shown } from "../../view.ts";
import { language, say } from "../../words.ts";

const HEIGHT = 320; // Pixels, until the frame says how tall it is.
const MOST = 4000; // No message makes it taller.

// escaped writes a text into an attribute of HTML.
const escaped = (text: string): string => text.replace(/&/g, "&amp;").replace(/"/g, "&quot;").replace(/</g, "&lt;");

// snippet is what goes into the other site.
export const snippet = (page: string, script: string, title: string): string =>
  `<iframe src="${escaped(page)}" title="${escaped(title)}" loading="lazy" width="100%" height="${HEIGHT}"></iframe>\n<script src="${escaped(script)}" async></script>`;

export function embed(code: string, name: string, { signal }: Shown): HTMLElement {
  const page = address(`embed/comune/${code}?lang=${language()}`);
  const title = say("embed_frame", { name });
  const preview = h("div", { class: "preview" });
  const details: HTMLDetailsElement = h("details", { class: "embed", ontoggle: () => {
    if (!details.open || preview.childElementCount > 0) return;
    const frame = h("iframe", { src: page, title, width: "100%", height: HEIGHT });
    addEventListener("message", (event) => {
      const said = event.data as { mlf?: unknown; height?: unknown } | null;
      if (event.source === frame.contentWindow && said?.mlf === "height" && typeof said.height === "number") frame.height = String(Math.min(MOST, Math.max(0, said.height)));
    }, { signal });
    preview.append(h("h3", {}, say("embed_preview")), frame);
  } }, h("summary", {}, say("embed_title")), h("p", {}, say("embed_about")), apiCall(snippet(page, address("embed/frame.js"), title)), preview);
  return h("section", { class: "card", "aria-label": say("embed_title") }, details);
}
