// The notices that Italian law wants each site to link to, as far as the page itself
// knows; whoever runs the service names its own (--accessibility-url, --privacy-url).

import { h } from "../elements.ts";
import type { View } from "../view.ts";
import { say } from "../words.ts";

export const view: View = {
  period: "",
  controls: [],
  asks: () => [],
  show({ state }) {
    const keys = state.view === "accessibility"
      ? (["accessibility_aim", "accessibility_charts", "accessibility_none"] as const)
      : (["privacy_page", "privacy_votes", "privacy_none"] as const);
    return [h("section", { class: "card notice-text" }, ...keys.map((key) => h("p", {}, say(key))))];
  },
};
