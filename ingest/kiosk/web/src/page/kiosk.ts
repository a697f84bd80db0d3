// The screens, and how one leads to the next.

import type { Device } from "../client/device.ts";
import type { Ticket } from "../client/queue.ts";
import type { Terminal } from "../client/storage.ts";
import { plain, type Config } from "../client/wire.ts";
import { face, h, type Child } from "./elements.ts";
import type { Guard } from "./guard.ts";
import { Tools } from "./tools.ts";
import type { Setup } from "./setup.ts";
import { SetupForm } from "./setup_form.ts";
import type { Key } from "./words.ts";

// A Screen is one of those that a citizen or a caretaker may see. The first four are
// those on which nobody is in the middle of something.
export type Screen = "attract" | "home" | "broken" | "starting" | "comune" | "service" | "face" | "reason" | "thanks" | "not_stored" | "setup" | "https" | "other_window";

const CHOOSE = 20; // Seconds for a choice, and as many more for who asks.
const ATTRACT = 60_000; // Milliseconds after which nobody is there.
const SORRY = 4000;
const LEAST = 800; // Of a thank-you, however short the pause between two votes is.

// An Option is something to press.
interface Option { code: string; name: string; face?: string; press: () => void }

export class Kiosk {
  screen: Screen = "starting";
  private readonly main: HTMLElement;
  private readonly trouble: HTMLElement;
  private readonly tools: Tools;
  private terminal: Terminal | null = null;
  private service: string | undefined;
  private ticket: Ticket | null = null;
  private busy = false; // A vote is being stored.
  private ends = () => {}; // Ends the screen's clock.
  private shown = ""; // What home was drawn from.
  setup: Setup | null = null;
  private form: SetupForm | null = null;

  constructor(private readonly device: Device, private readonly guard: Guard, private readonly idled: () => void) {
    this.main = document.getElementById("screen")!;
    this.trouble = document.getElementById("trouble")!;
    this.tools = new Tools(document.getElementById("tools")!, () => this.redraw(), () => this.spoken());
  }

  // idle tells whether nobody is in the middle of something.
  get idle(): boolean { return !this.busy && this.ticket === null && ["attract", "broken", "starting", "setup"].includes(this.screen) || this.screen === this.drawn && !this.touched && !this.tools.listening; }
  private touched = false; // Somebody has chosen something.
  private drawn: Screen = "starting"; // The screen that was home when it was drawn.

  private config(of: Terminal | null): Config { return of?.config ?? plain(); }

  // changed follows the device, unless a citizen is in the middle of something.
  changed(): void {
    if (["https", "other_window"].includes(this.screen)) return;
    const [trouble] = this.device.troubles();
    const { words } = this.tools;
    const barred = this.device.terminals.filter((one) => one.revoked || one.closed).map((one) => words.say(one.closed ? "trouble_closed" : "trouble_revoked", { name: this.config(one).name || one.key }));
    this.trouble.textContent = barred.length > 0 ? barred.join(" · ") : trouble ? words.say(`trouble_${trouble.trouble as "offline"}`, { name: this.config(this.device.terminals.find(({ key }) => key === trouble.key) ?? null).name }) : this.config(this.device.terminals[0] ?? null).test ? words.say("test") : "";
    if (this.busy || this.screen === "not_stored" || this.screen === "thanks") return;
    const { state } = this.device;
    if (state === "broken" || state === "ready" && this.device.voting.length === 0 && this.screen !== "setup") {
      if (this.screen !== "broken") { this.ticket = null; this.plainScreen("broken", "broken_more"); }
    } else if (state === "unset") {
      if (this.screen !== "setup") this.toSetup();
    } else if (state === "ready" && this.device.voting.length > 0) {
      if (["broken", "starting", "setup"].includes(this.screen)) this.home();
      else if (this.screen === this.drawn && !this.touched && this.shown !== this.source() || this.terminal && !this.device.voting.some(({ key }) => key === this.terminal?.key)) this.home();
    }
  }

  toSetup(wrong: Key | "" = "", code = ""): void {
    if (!this.setup) return;
    this.begin("setup", "bad");
    this.form = new SetupForm(this.main, this.tools.words, this.setup, () => this.home());
    this.form.draw(wrong, code);
    this.tools.draw(["it", "en", "de"]);
    this.tools.read();
  }

  // plainScreen says one thing.
  plainScreen(screen: Screen & ("broken" | "https" | "other_window" | "starting" | "thanks" | "not_stored"), more?: "broken_more" | "https_more" | "other_window_more" | "thanks_more" | "not_stored_more"): void {
    this.begin(screen, screen === "thanks" ? "thanks" : "bad");
    const { words } = this.tools;
    this.main.append(h("h1", {}, words.say(screen)), ...(more ? [h("p", {}, words.say(more))] : []));
    if (screen === "broken") this.tools.draw(["it", "en", "de"]);
    else this.tools.hide();
    this.tools.read();
  }

  private source(): string { return JSON.stringify([this.device.voting.map(({ key, config }) => [key, config]), this.tools.words.language]); }

  // first is the screen that home is: the first choice that there is.
  private first(): Screen {
    const { voting } = this.device;
    return voting.length > 1 ? "comune" : this.config(voting[0] ?? null).services.length > 1 ? "service" : "face";
  }

  home(): void {
    const { voting, state } = this.device;
    if (state !== "ready" || voting.length === 0) return this.changed0(state);
    [this.ticket, this.service, this.touched] = [null, undefined, false];
    this.terminal = voting.length === 1 ? voting[0]! : null;
    this.tools.languages(this.config(voting[0]!).languages);
    this.drawn = this.first();
    this.draw(this.drawn);
    this.shown = this.source();
    this.idled();
  }

  private changed0(state: string): void {
    this.screen = "starting";
    if (state !== "starting") this.changed();
  }

  private redraw(): void {
    const { screen } = this;
    if (screen === "setup") this.toSetup(this.form?.wrong, this.form?.code);
    else if (screen === "broken") this.plainScreen("broken", "broken_more");
    else this.draw(screen);
    this.shown = this.source();
    this.changed();
  }

  // draw draws one of the screens on which something is chosen.
  private draw(screen: Screen): void {
    const { words } = this.tools;
    const config = this.config(this.terminal);
    const service = config.services.find(({ code }) => code === this.service);
    if (screen === "attract") return this.attract();
    if (screen === "comune") {
      const options = this.device.voting.map((of) => ({ code: of.key, name: this.config(of).name || of.key, press: () => { this.terminal = of; this.next(this.config(of).services.length > 1 ? "service" : "face"); } }));
      this.choose(screen, words.say("which_comune"), options);
    } else if (screen === "service") {
      const options = config.services.map((of) => ({ code: of.code, name: words.service(of), press: () => { this.service = of.code; this.next("face"); } }));
      this.choose(screen, words.say("which_service"), options);
    } else if (screen === "face") {
      const options = config.faces.map((code) => ({ code, name: words.face(code), face: code, press: () => void this.vote(code) }));
      this.choose(screen, service ? words.say("question_service", { service: words.service(service) }) : words.say("question"), options);
    } else if (screen === "reason") {
      const options = config.reasons.map((code) => ({ code, name: words.reason(code), press: () => void this.reason(code) }));
      options.push({ code: "skipped", name: words.say("skip"), press: () => void this.reason("skipped") });
      this.choose(screen, words.say("why"), options);
    }
  }

  private next(screen: Screen): void {
    this.touched = true;
    this.draw(screen);
  }

  private attract(): void {
    this.tools.reset();
    this.begin("attract", "attract");
    const all = this.tools.everyLanguage("touch");
    this.main.append(h("h1", {}, this.tools.words.say("title")), h("button", { "data-option": "begin", onclick: () => this.home() }, ...all.map((text) => h("span", {}, text))));
    this.tools.draw();
    this.idled();
  }

  private choose(screen: Screen, title: string, options: Option[]): void {
    this.begin(screen, options.some((one) => one.face) ? "faces" : "list");
    const atHome = screen === this.first() && !this.touched;
    const buttons = options.map(({ code, name, face: of, press }) => h("button", { "data-option": code, onclick: press }, of ? face(of) : null, h("span", {}, name)));
    const time = h("output", { role: "timer", "aria-live": "off" });
    const extra: Child[] = atHome ? [] : [h("div", { class: "time" },
      time,
      h("button", { "data-option": "more", onclick: () => { left += CHOOSE; tell(); } }, this.tools.words.say("more_time")),
      screen === "reason" ? null : h("button", { "data-option": "back", onclick: () => this.home() }, this.tools.words.say("back")))];
    this.main.append(h("h1", {}, title), h("div", { class: "choices" }, ...buttons), ...extra.filter((one): one is HTMLElement => !!one));
    this.tools.draw();
    this.tools.read();
    let left = CHOOSE;
    const tell = (): void => { time.textContent = this.tools.words.say("seconds", { n: left }); };
    if (atHome) return this.after(ATTRACT, () => { this.home(); this.attract(); });
    tell();
    const timer = setInterval(() => {
      if (this.tools.speaking) return; // Who listens has not heard all that there is yet.
      left--;
      tell();
      if (left > 0) return;
      if (screen === "reason") void this.reason("timeout");
      else { this.tools.reset(); this.home(); }
    }, 1000);
    this.ends = () => clearInterval(timer);
  }

  private after(milliseconds: number, then: () => void): void {
    const timer = setTimeout(then, milliseconds);
    this.ends = () => clearTimeout(timer);
  }

  // begin empties the screen for another.
  private begin(screen: Screen, look: string): void {
    this.ends();
    this.ends = () => {};
    this.tools.quiet();
    (document.activeElement as HTMLElement | null)?.blur(); // Keys begin with the first answer.
    this.screen = screen;
    this.main.className = look;
    this.main.replaceChildren();
    this.main.scrollTop = 0;
    document.documentElement.dataset["screen"] = screen;
  }

  private async vote(code: string): Promise<void> {
    const terminal = this.terminal;
    if (this.busy || !terminal) return;
    const config = this.config(terminal);
    const open = code === "red" && config.reasons.length > 0;
    const service = this.service ?? (config.services.length === 1 ? config.services[0]!.code : undefined);
    await this.storing(async () => {
      const ticket = await this.device.press(terminal.key, { face: code, open, ...(service !== undefined && { service }) });
      if (!open) return this.thank();
      this.ticket = ticket;
      this.next("reason");
    });
  }

  private async reason(code: string): Promise<void> {
    const { ticket } = this;
    if (this.busy || !ticket) return;
    await this.storing(async () => {
      await this.device.seal(ticket, code);
      this.ticket = null;
      this.thank();
    });
  }

  // storing does what stores; what cannot be stored is said, never thanked for.
  private async storing(work: () => Promise<void>): Promise<void> {
    this.busy = true;
    this.ends();
    for (const button of this.main.querySelectorAll("button")) button.disabled = true;
    try {
      await work();
    } catch {
      this.ticket = null;
      const { dataset } = document.documentElement;
      dataset["unstored"] = String(Number(dataset["unstored"] ?? 0) + 1);
      this.plainScreen("not_stored", "not_stored_more");
      this.leave(SORRY);
    } finally {
      this.busy = false;
    }
  }

  private thank(): void {
    const pause = Math.max(LEAST, this.config(this.terminal).cooldown_ms);
    this.plainScreen("thanks", "thanks_more");
    const { dataset } = document.documentElement;
    dataset["thanked"] = String(Number(dataset["thanked"] ?? 0) + 1);
    this.guard.rest(pause);
    this.leave(pause);
  }

  // leave ends a citizen's visit after a pause, and when what is being said is said.
  private leave(pause: number): void {
    this.after(pause, () => this.tools.speaking ? this.leave(200) : (this.tools.reset(), this.home()));
  }

  // listen begins or ends the reading aloud of screens.
  listen(): void {
    if (this.screen === "attract") this.home();
    if (!["thanks", "not_stored"].includes(this.screen)) this.tools.listen();
  }

  // reached is told what somebody goes over by keys.
  reached(element: Element): void {
    const name = element.closest("button:focus-visible")?.textContent ?? ""; // A finger knows where it is.
    if (name !== "") this.tools.said(name);
  }

  // spoken is the screen in words: what is asked, and what may be answered.
  private spoken(): string {
    const title = this.main.querySelector("h1")?.textContent ?? "";
    const rest = [...this.main.querySelectorAll("p")].map((one) => one.textContent ?? "");
    const options = [...this.main.querySelectorAll("button")].map((one, i) => this.tools.words.say("option", { n: i + 1, name: one.textContent ?? "" }));
    const how = options.length > 0 ? [this.tools.words.say("by_keys")] : [];
    return [title, ...rest, ...options, ...how].join(" ").trim();
  }
}
