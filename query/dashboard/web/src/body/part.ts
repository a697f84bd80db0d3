// A part of the desk asks for its own, and shows itself anew after something was done.

import { h, text } from "../elements.ts";
import { say } from "../words.ts";
import { wrong } from "./words.ts";

export class Part {
  readonly element: HTMLElement;
  readonly signal: AbortSignal;
  private readonly said = h("p", { class: "done", role: "status" });
  private readonly room = h("div", { class: "room" });
  private readonly heading: HTMLElement;
  private readonly draw: (part: Part) => Promise<readonly (Node | null)[]>;

  constructor(id: string, title: string, signal: AbortSignal, draw: (part: Part) => Promise<readonly (Node | null)[]>) {
    this.heading = h("h2", { id, tabindex: "-1" }, title);
    this.element = h("section", { class: "card part", "aria-labelledby": id }, this.heading, this.said, this.room);
    this.signal = signal;
    this.draw = draw;
  }

  // show asks and shows. Who is in it with the keyboard stays at the same thing; where that
  // is gone, at the heading. done says what was done before.
  async show(done = ""): Promise<this> {
    const at = this.room.contains(document.activeElement) ? document.activeElement!.id : null;
    try {
      const drawn = await this.draw(this);
      if (this.signal.aborted) return this;
      this.room.replaceChildren(...drawn.filter((one) => one !== null));
    } catch (error) {
      if (this.signal.aborted) return this;
      this.room.replaceChildren(h("p", { class: "notice", role: "alert" }, wrong(error)),
        h("button", { type: "button", class: "btn btn-primary", id: `${this.heading.id}-again`, onclick: () => void this.show() }, say("again")));
    }
    this.say(done);
    if (at !== null || done !== "") this.focus(at ?? "");
    return this;
  }

  // say tells what was done, or is being done.
  say(what: string): void {
    text(this.said, what);
  }

  private focus(id: string): void {
    const held = document.activeElement;
    if (held && held !== document.body && held.isConnected && !this.room.contains(held)) return; // The reader is elsewhere by now.
    (document.getElementById(id) ?? this.heading).focus({ preventScroll: id !== "" });
  }
}
