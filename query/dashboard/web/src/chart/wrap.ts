// Text in lines: SVG breaks none by itself.

import type { Size } from "./marks.ts";

// wrap breaks a text between its words, so that each line fits where any can.
export function wrap(text: string, width: number, measure: Size["measure"]): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines[lines.length - 1];
    if (last !== undefined && measure(`${last} ${word}`) <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
