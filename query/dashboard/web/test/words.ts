// The words of the page, spoken by a test: Italian, with labels that are their codes.

import it from "../messages/it.ts";
import * as words from "../src/words.ts";
import type { Message, Words } from "../src/words.ts";

const say = (key: Message, values: Record<string, string> = {}): string =>
  (it as Record<string, string>)[key]!.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? `{${name}}`);
const counted: Words["counted"] = (key, n) => say(n === 1 ? `${key}_one` : key, { n: words.number(n) });

export const spoken: Words = {
  ...words, say, counted, label: (_, code) => code,
  range: (low, high) => say("range", { low: words.percent(low), high: words.percent(high) }),
  points: (difference) => say("points", { n: words.decimal(100 * difference, 1) }),
};
