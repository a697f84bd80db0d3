// The form by which a caretaker sets a device up.

import { h } from "./elements.ts";
import { Wrong, type Preview, type Setup } from "./setup.ts";
import type { Key, Words } from "./words.ts";

export class SetupForm {
  wrong: Key | "" = ""; // Why it did not go on, whatever language is read.
  code = "";

  constructor(private readonly at: HTMLElement, private readonly words: Words, private readonly setup: Setup, private readonly done: () => void) {}

  draw(wrong: Key | "", code = ""): void {
    const { words } = this;
    [this.wrong, this.code] = [wrong, code];
    const codeField = h("input", { name: "code", autocomplete: "off", autocapitalize: "characters", spellcheck: "false", maxlength: 64, value: code });
    const tokenField = h("input", { name: "token", type: "password", autocomplete: "off", maxlength: 256 });
    const go = async (event: Event): Promise<void> => {
      event.preventDefault();
      const token = tokenField.value.trim();
      await this.trying(async () => {
        if (token) { await this.setup.token(token); this.done(); }
        else if (codeField.value.trim()) this.confirm(codeField.value, await this.setup.preview(codeField.value));
      });
    };
    this.at.replaceChildren(
      h("h1", {}, words.say("setup")),
      h("p", { role: "alert", id: "wrong" }, wrong && words.say(wrong)),
      h("form", { onsubmit: go }, h("label", {}, words.say("setup_code"), codeField), h("label", {}, words.say("setup_token"), tokenField), h("button", { type: "submit", "data-option": "go" }, words.say("setup_go"))),
    );
  }

  confirm(code: string, preview: Preview): void {
    const { words } = this;
    const places = [preview.name, preview.office, preview.services.join(", ")].filter((text) => text !== "").join(" · ");
    this.at.replaceChildren(
      h("h1", {}, words.say("setup_confirm")),
      h("p", { id: "claimed" }, h("strong", {}, places)),
      h("p", {}, words.say("setup_terminals", { n: preview.terminals })),
      h("div", { class: "choices" },
        h("button", { "data-option": "yes", onclick: () => void this.trying(async () => { await this.setup.claim(code, preview.terminals); this.done(); }) }, words.say("setup_yes")),
        h("button", { "data-option": "no", onclick: () => this.draw("") }, words.say("setup_no"))),
    );
  }

  async trying(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (reason) {
      this.draw(reason instanceof Wrong ? reason.key : "setup_store");
    }
  }
}
