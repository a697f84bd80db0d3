// What helps a citizen to read, hear and reach: each for one citizen, and as before for
// the next.

import { h } from "./elements.ts";
import { Voice } from "./voice.ts";
import { isLanguage, LANGUAGES, Words, type Key, type Language } from "./words.ts";

const SIDES = ["middle", "left", "right"] as const;

export class Tools {
  words: Words;
  private readonly voice: Voice;
  private offered: Language[] = LANGUAGES;
  private side: typeof SIDES[number] = "middle";
  private contrast = false;
  private moving = false; // The buttons are made anew.
  private shown: readonly Language[] = LANGUAGES;

  constructor(private readonly at: HTMLElement, private readonly changed: () => void, private readonly spoken: () => string) {
    this.words = new Words("it");
    this.voice = new Voice(() => { if (this.at.childElementCount > 0) this.draw(this.shown); });
  }

  // languages are those that are offered; the first is that of the house.
  languages(names: readonly string[]): void {
    const known = names.filter(isLanguage);
    const before = this.offered[0];
    this.offered = known.length > 0 ? known : LANGUAGES;
    if (before !== this.offered[0] && this.words.language === before) this.speak(this.offered[0]!);
  }

  everyLanguage(key: Key): string[] { return this.offered.map((language) => new Words(language).say(key)); }

  private speak(language: Language): void {
    this.words = new Words(language);
    document.documentElement.lang = language;
  }

  // reset makes all as it was for the next citizen.
  reset(): void {
    this.speak(this.offered[0]!);
    [this.side, this.contrast] = ["middle", false];
    this.voice.stop();
    [this.voice.on, this.voice.volume] = [false, 2];
    this.apply();
  }

  private apply(): void {
    const { dataset } = document.documentElement;
    dataset["reach"] = this.side;
    dataset["contrast"] = this.contrast ? "high" : "normal";
  }

  quiet(): void { this.voice.stop(); }
  get speaking(): boolean { return this.voice.speaking; }
  get listening(): boolean { return this.voice.on; }

  // read says the screen to who has asked for it; said, a part of it.
  read(): void { if (this.voice.on) this.voice.say(this.spoken(), this.words.say("lang")); }
  said(text: string): void { if (this.voice.on && !this.moving) this.voice.say(text, this.words.say("lang")); }
  hide(): void { this.at.replaceChildren(); }

  draw(languages: readonly Language[] = this.offered): void {
    const { words, voice } = this;
    this.shown = languages;
    const at = document.activeElement?.getAttribute("data-tool");
    const button = (name: string, tool: string, pressed: boolean | null, press: () => void, lang?: string): HTMLElement =>
      h("button", { "data-tool": tool, "aria-pressed": pressed === null ? null : String(pressed), lang, onclick: press }, name);
    this.at.setAttribute("aria-label", words.say("tools"));
    this.at.replaceChildren(...[
      ...(languages.length > 1 ? languages : []).map((language) => button(new Words(language).say("name"), language, words.language === language, () => { this.speak(language); this.changed(); }, language)),
      ...(Voice.there() ? [button(words.say(voice.on ? "stop" : "listen"), "listen", voice.on, () => this.listen())] : []),
      ...(voice.on ? [button(words.say("louder", { n: voice.volume }), "louder", null, () => { voice.volume = voice.volume % 3 + 1; this.read(); this.draw(languages); })] : []),
      button(words.say("contrast"), "contrast", this.contrast, () => { this.contrast = !this.contrast; this.apply(); this.draw(languages); }),
      button(words.say("reach", { side: words.say(this.side) }), "reach", null, () => { this.side = SIDES[(SIDES.indexOf(this.side) + 1) % SIDES.length]!; this.apply(); this.draw(languages); }),
      voice.mute ? h("p", { role: "status" }, words.say("mute")) : null,
    ].filter((one) => one !== null));
    this.moving = true;
    if (at) this.at.querySelector<HTMLElement>(`[data-tool="${at}"]`)?.focus(); // Whoever goes by keys stays where he was.
    this.moving = false;
  }

  // listen begins to read screens aloud, or ends it.
  listen(): void {
    this.voice.on = !this.voice.on;
    if (this.voice.on) this.read();
    else this.voice.stop();
    this.draw(this.shown);
  }
}
