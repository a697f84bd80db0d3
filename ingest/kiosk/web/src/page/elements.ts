// Making elements.

export type Child = Node | string | null | undefined | false;
type Listener = (event: never) => unknown;

// h makes an element. What begins with "on" listens; true is an attribute without a value;
// false, null and undefined are none.
export function h<K extends keyof HTMLElementTagNameMap>(name: K, attributes: Record<string, string | number | boolean | Listener | null | undefined> = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(key.slice(2), value as EventListener);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, String(value));
  }
  for (const child of children) if (child !== null && child !== undefined && child !== false) element.append(child);
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

// face is the drawn face, for who sees.
export function face(code: string): SVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", `face ${code}`);
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#face-${code}`);
  svg.append(use);
  return svg;
}
