// A chart as a file: a drawing that stands alone, with its title above and its source
// below, as SVG or painted into a PNG. Patterns and colours are those on the screen.

import { svg } from "../elements.ts";

// What an element looks like, in this order; the rest is where it is.
const LOOKS = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "opacity", "font-family", "font-size", "font-weight", "text-anchor"];

const MARGIN = 16;
const LINE = 20;

// A Picture is what goes into a file: a drawing in the page, its legend, and lines of
// text above and below it.
export interface Picture {
  readonly drawn: SVGSVGElement;
  readonly legend: Element; // A list, whose entries each have a swatch.
  readonly above: readonly string[];
  readonly below: readonly string[];
}

// standAlone returns a copy of a picture that needs no style sheet.
export function standAlone({ drawn, legend, above, below }: Picture): SVGSVGElement {
  const { width, height } = drawn.getBoundingClientRect();
  const { color, backgroundColor, fontFamily } = getComputedStyle(drawn.closest(".card") ?? document.body);
  const entries = [...legend.children];
  const lines = above.length + entries.length + below.length;
  const all = { width: Math.ceil(width + 2 * MARGIN), height: Math.ceil(height + 2 * MARGIN + LINE * lines) };
  const line = (content: string, y: number, size: number, weight = "400", x = MARGIN) =>
    svg("text", { x, y, fill: color, "font-family": fontFamily, "font-size": `${size}px`, "font-weight": weight }, content);
  const copy = svg("svg", { ...all, viewBox: `0 0 ${all.width} ${all.height}`, xmlns: "http://www.w3.org/2000/svg" }) as SVGSVGElement;
  const patterns = svg("defs");
  const body = svg("g", { transform: `translate(${MARGIN} ${MARGIN + LINE * above.length})` });
  for (const child of drawn.children) body.append(dressed(child, patterns));
  let y = MARGIN + LINE * (above.length + 1) + height;
  const beside = entries.flatMap((entry) => {
    const swatch = svg("g", { transform: `translate(${MARGIN} ${y - 10})` });
    for (const sign of entry.querySelector(".swatch")?.children ?? []) swatch.append(dressed(sign, patterns));
    y += LINE;
    return [swatch, line(entry.textContent ?? "", y - LINE, 13, "400", MARGIN + 24)];
  });
  copy.append(patterns, svg("rect", { ...all, fill: backgroundColor }),
    ...above.map((content, i) => line(content, MARGIN + LINE * (i + 0.6), i === 0 ? 16 : 13, i === 0 ? "600" : "400")),
    body, ...beside, ...below.map((content, i) => line(content, y + LINE * i, 12)));
  return copy;
}

// dressed copies an element with its looks written down, and the patterns that it is filled with.
function dressed(from: Element, patterns: SVGElement): SVGElement {
  const copy = svg(from.localName);
  for (const { name, value } of from.attributes) {
    if (name !== "class" && name !== "style") copy.setAttribute(name, value);
  }
  const looks = getComputedStyle(from);
  for (const look of LOOKS) {
    const value = looks.getPropertyValue(look);
    const pattern = /url\("?#([\w-]+)"?\)/.exec(value)?.[1];
    copy.setAttribute(look, pattern ? `url(#${pattern})` : value);
    if (pattern && !patterns.querySelector(`#${pattern}`)) {
      const original = document.getElementById(pattern);
      if (original) patterns.append(dressed(original, patterns));
    }
  }
  for (const node of from.childNodes) {
    if (node instanceof Element) copy.append(dressed(node, patterns));
    else if (node.nodeValue) copy.append(node.nodeValue);
  }
  return copy;
}

export const svgFile = (alone: SVGSVGElement): Blob =>
  new Blob([new XMLSerializer().serializeToString(alone)], { type: "image/svg+xml" });

// pngFile paints a drawing that stands alone. The page's policy lets no picture in that
// is not the server's, so it is painted mark by mark.
export async function pngFile(alone: SVGSVGElement, scale = 2): Promise<Blob> {
  const canvas = document.createElement("canvas");
  canvas.width = scale * number(alone, "width");
  canvas.height = scale * number(alone, "height");
  const context = canvas.getContext("2d");
  if (!context) throw new Error("no canvas to paint on");
  context.scale(scale, scale);
  for (const child of alone.children) paint(context, child, alone);
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("nothing was painted"))), "image/png"));
}

const number = (element: Element, name: string): number => parseFloat(element.getAttribute(name) ?? "0") || 0;

// paint knows the elements that charts are made of.
function paint(context: CanvasRenderingContext2D, element: Element, alone: Element): void {
  if (element.localName === "defs" || element.getAttribute("visibility") === "hidden") return;
  context.save();
  move(context, element.getAttribute("transform") ?? "");
  context.globalAlpha *= number(element, "opacity") || 1;
  if (element.localName === "g") {
    for (const child of element.children) paint(context, child, alone);
  } else if (element.localName === "text") {
    letters(context, element);
  } else {
    const path = outlineOf(element);
    const fill = inkOf(context, element, "fill", alone);
    if (fill) { context.fillStyle = fill; context.fill(path); }
    const stroke = inkOf(context, element, "stroke", alone);
    if (stroke) {
      context.strokeStyle = stroke;
      context.lineWidth = number(element, "stroke-width");
      context.setLineDash((element.getAttribute("stroke-dasharray") ?? "").match(/[\d.]+/g)?.map(Number) ?? []);
      context.stroke(path);
    }
  }
  context.restore();
}

// move takes the transforms that marks have.
function move(context: CanvasRenderingContext2D, transform: string): void {
  for (const [, name, values] of transform.matchAll(/(\w+)\(([^)]*)\)/g)) {
    const [a = 0, b] = (values ?? "").split(/[\s,]+/).map(Number);
    if (name === "translate") context.translate(a, b ?? 0);
    else if (name === "scale") context.scale(a, b ?? a);
    else if (name === "rotate") context.rotate((a * Math.PI) / 180);
    else throw new Error(`transform ${name} cannot be painted`);
  }
}

function outlineOf(element: Element): Path2D {
  const at = (name: string) => number(element, name);
  const path = new Path2D(element.localName === "path" ? element.getAttribute("d") ?? "" : undefined);
  if (element.localName === "rect") path.rect(at("x"), at("y"), at("width"), at("height"));
  else if (element.localName === "circle") path.arc(at("cx"), at("cy"), at("r"), 0, 2 * Math.PI);
  else if (element.localName === "line") { path.moveTo(at("x1"), at("y1")); path.lineTo(at("x2"), at("y2")); }
  else if (element.localName !== "path") throw new Error(`${element.localName} cannot be painted`);
  return path;
}

// inkOf is a colour, or a pattern, with its opacity; null for none.
function inkOf(context: CanvasRenderingContext2D, element: Element, what: "fill" | "stroke", alone: Element): string | CanvasPattern | null {
  const ink = element.getAttribute(what) ?? "none";
  const thin = element.getAttribute(`${what}-opacity`) ?? "1";
  if (ink === "none" || thin === "0") return null;
  const pattern = /url\(#([\w-]+)\)/.exec(ink)?.[1];
  if (pattern) return tile(context, alone.querySelector(`#${pattern}`), alone);
  return thin === "1" ? ink : ink.replace(/^rgb\((.*)\)$/, `rgba($1, ${thin})`);
}

// tile paints one tile of a pattern, in the canvas' own resolution.
function tile(context: CanvasRenderingContext2D, pattern: Element | null, alone: Element): CanvasPattern | null {
  if (!pattern) return null;
  const scale = context.getTransform().a || 1;
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(scale * number(pattern, "width")));
  canvas.height = Math.max(1, Math.round(scale * number(pattern, "height")));
  const inside = canvas.getContext("2d");
  if (!inside) return null;
  inside.scale(scale, scale);
  for (const child of pattern.children) paint(inside, child, alone);
  const ink = context.createPattern(canvas, "repeat");
  const turned = /rotate\(([-\d.]+)\)/.exec(pattern.getAttribute("patternTransform") ?? "")?.[1];
  ink?.setTransform(new DOMMatrix().scale(1 / scale).rotate(Number(turned ?? 0)));
  return ink;
}

function letters(context: CanvasRenderingContext2D, element: Element): void {
  const at = (name: string) => element.getAttribute(name) ?? "";
  context.font = `${at("font-weight")} ${at("font-size")} ${at("font-family")}`;
  context.textAlign = ({ start: "left", middle: "center", end: "right" } as const)[at("text-anchor") as "start" | "middle" | "end"] ?? "left";
  context.fillStyle = at("fill");
  context.fillText(element.textContent ?? "", number(element, "x"), number(element, "y"));
}
