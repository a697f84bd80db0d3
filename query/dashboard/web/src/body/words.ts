// What the desk says: a catalogue of its own, which comes with it and not before.

import type it from "../../messages/it/body.json";
import { language, number, say, type Language } from "../words.ts";
import { Refused, Silent } from "../ask.ts";
import { reason } from "../notice.ts";

export type Told = keyof typeof it;

const FILES: Record<Language, () => Promise<{ default: Record<Told, string> }>> = {
  it: () => import("../../messages/it/body.json"),
  en: () => import("../../messages/en/body.json"),
  de: () => import("../../messages/de/body.json"),
};

let words: Record<Told, string> | null = null;

// speakDesk takes the messages of the language that the page speaks.
export async function speakDesk(): Promise<void> {
  words = (await FILES[language()]()).default;
}

// tell is a message with its values in it.
export function tell(key: Told, values: Record<string, string> = {}): string {
  if (!words) throw new Error("the desk does not speak yet");
  return words[key].replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? `{${name}}`);
}

// wrong says why something could not be done, and whether it may have been.
export function wrong(error: unknown): string {
  if (error instanceof Silent) return tell("desk_silent");
  if (!(error instanceof Refused)) {
    console.error(error);
    return reason(error);
  }
  const { status, type, detail, title } = error.problem;
  if (type === "urn:mlf:problem:issuer-needed") return tell("desk_no_issuer");
  if (type === "urn:mlf:problem:no-webhooks") return tell("hooks_none_here");
  if (status === 429) return say("too_often", { n: number(Math.max(1, Math.round(error.wait / 1000))) });
  if (status === 401 || status === 403) return tell("desk_not_yours");
  if (status === 404) return tell("desk_not_found");
  if (status >= 500) return tell("desk_later");
  return tell("desk_refused", { detail: detail ?? title });
}
