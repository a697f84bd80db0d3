// What went wrong, in words, and whose it is.

import { Refused, Silent } from "./ask.ts";
import { h } from "./elements.ts";
import { number, say } from "./words.ts";

// failure says why there is no figure: the server is silent, it refuses, or the page
// itself is wrong.
export function failure(error: unknown): HTMLElement {
  if (!(error instanceof Refused || error instanceof Silent)) console.error(error);
  return h("p", { class: "notice", role: "alert" }, reason(error));
}

export function reason(error: unknown): string {
  if (error instanceof Silent) return say("silent");
  if (!(error instanceof Refused)) return say("own");
  const { status, detail, title, type } = error.problem;
  if (status === 429) return say("too_often", { n: number(Math.max(1, Math.round(error.wait / 1000))) });
  if (type === "urn:mlf:problem:not-published") return say("not_published");
  if (status === 401 || status === 403) return say("not_for_you");
  if (status >= 500) return type === "urn:mlf:problem:unpublished" ? say("unpublished") : say("refused");
  return say("asked_wrong", { detail: detail ?? title });
}
