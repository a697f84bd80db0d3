// Elements of the page: finding, making and changing them.

export const $ = <E extends Element = HTMLElement>(id: string): E => {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no element ${id}`);
  return found as unknown as E;
};

export type Child = Node | string | number | null | undefined | false;
type Listener = (event: never) => unknown;
type Attributes = Record<string, string | number | boolean | Listener | null | undefined>;

// h makes an element. What begins with "on" listens; true is an attribute without
// a value; false, null and undefined are none.
export function h<K extends keyof HTMLElementTagNameMap>(name: K, attributes: Attributes = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(key.slice(2), value as EventListener);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, String(value));
  }
  put(element, ...children);
  return element;
}

// put appends what is there of children.
export function put(element: Element, ...children: Child[]): void {
  for (const child of children) {
    if (child !== null && child !== undefined && child !== false) element.append(typeof child === "number" ? String(child) : child);
  }
}

const SVG = "http://www.w3.org/2000/svg";

export function svg(name: string, attributes: Record<string, string | number> = {}, ...children: (Node | string)[]): SVGElement {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

// text changes an element only when there is something to change, so that screen
// readers are told of changes and of nothing else.
export function text(element: Element, value: string): void {
  if (element.textContent !== value) element.textContent = value;
}

// face is the drawn face, for who sees.
export const face = (name: string): SVGElement =>
  svg("svg", { class: `face ${name}`, "aria-hidden": "true" }, svg("use", { href: `#face-${name}` }));

// opened shows a dialog, which is in the document until it is closed.
export function opened(dialog: HTMLDialogElement): HTMLDialogElement {
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
