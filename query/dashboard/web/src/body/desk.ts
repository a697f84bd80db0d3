// Requests of the desk. Nothing of it is left in the browser's cache, nor asked of one.

import { request } from "../ask.ts";

export const path = (ipa: string, ...rest: readonly string[]): string => ["v1/bodies", ipa, ...rest].map((part, i) => (i === 0 ? part : encodeURIComponent(part))).join("/");

// read asks for something.
export async function read<T>(at: string, signal: AbortSignal): Promise<T> {
  return (await (await request(at, { signal, cache: "no-store" })).json()) as T;
}

// newID is a UUID at random, by which the same request is known when it is sent again.
// Browsers have one of their own only where a page came over TLS.
export function newID(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

// change has something done, and returns what is answered; null for nothing. It goes on
// when the reader goes elsewhere: what was begun is not to be left in doubt.
export async function change<T>(method: "POST" | "PUT" | "DELETE", at: string, body?: unknown): Promise<T | null> {
  const given = body === undefined ? {} : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const answer = await request(at, { method, signal: new AbortController().signal, cache: "no-store", ...given });
  const text = await answer.text();
  return text === "" ? null : (JSON.parse(text) as T);
}
