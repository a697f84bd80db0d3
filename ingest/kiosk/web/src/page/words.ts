// What is on the screen, in three languages.

import labels from "labels";
import de from "../../messages/de.json";
import en from "../../messages/en.json";
import it from "../../messages/it.json";
import type { Service } from "../client/wire.ts";

export type Language = "it" | "en" | "de";
export type Key = keyof typeof it;

const ALL: Record<Language, Record<Key, string>> = { it, en, de };
export const LANGUAGES = Object.keys(ALL) as Language[];
export const isLanguage = (name: string): name is Language => name in ALL;

export class Words {
  constructor(readonly language: Language) {}

  say(key: Key, parts: Record<string, string | number> = {}): string {
    return ALL[this.language][key].replace(/\{(\w+)\}/g, (_, name: string) => String(parts[name] ?? ""));
  }
  face(code: string): string { return labels.faces[code]?.[this.language] ?? code; }
  reason(code: string): string { return labels.reasons[code]?.[this.language] ?? code; }
  service(of: Service): string { return of[this.language] || of.it || of.code; }
}
