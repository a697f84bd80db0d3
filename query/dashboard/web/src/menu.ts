// What can be done with a figure or a chart: files, pictures, the request itself.

import { address, only, PLACE, TIME } from "./address.ts";
import { callOf, request, signedIn, type Ask } from "./ask.ts";
import { pngFile, standAlone, svgFile, type Picture } from "./chart/export.ts";
import { h, text } from "./elements.ts";
import { failure } from "./notice.ts";
import { say } from "./words.ts";

const FILES = [["csv", "CSV"], ["excel", "Excel (CSV)"], ["xlsx", "Excel (XLSX)"], ["parquet", "Parquet"]] as const;

// save hands a file to the reader.
export function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = h("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}

// fileName says of what a file is: the question, the place and the time.
function fileName({ path, parameters = {} }: Ask): string {
  const words = [...path.split("/").slice(2), ...Object.values(only(parameters, ...PLACE, "service", "channel", ...TIME))];
  return ["mlf", ...words].join("-").replace(/[^\w-]+/g, "_").slice(0, 100);
}

// menu offers the answer to ask, its files, and the picture if there is one.
export function menu(title: string, { ask, files = ask }: { ask: Ask; files?: Ask }, picture?: () => Picture): HTMLElement {
  const said = h("div", { role: "status" });
  const name = fileName(files);
  const entries: HTMLElement[] = FILES.map(([format, word]) => fileLink(files, format, word, name, said));
  if (picture) {
    const drawn = (make: (alone: SVGSVGElement) => Blob | Promise<Blob>, ending: string) => async () => {
      try {
        save(await make(standAlone(picture())), `${name}.${ending}`);
      } catch (error) {
        said.replaceChildren(failure(error));
      }
    };
    entries.push(h("button", { type: "button", class: "btn btn-link", onclick: drawn(pngFile, "png") }, "PNG"),
      h("button", { type: "button", class: "btn btn-link", onclick: drawn(svgFile, "svg") }, "SVG"));
  }
  return h("details", { class: "menu" },
    h("summary", { "aria-label": `${say("take_with_you")}: ${title}` }, say("take_with_you")),
    h("div", { class: "menu-body" },
      h("ul", {}, ...entries.map((entry) => h("li", {}, entry))), said,
      h("p", { class: "menu-title" }, say("explain_call")), apiCall(address(callOf(ask)))));
}

// fileLink is a link; a reader with a token, which links cannot send, has the file
// fetched and handed on.
function fileLink(ask: Ask, format: string, word: string, name: string, said: HTMLElement): HTMLElement {
  const path = callOf({ ...ask, parameters: { ...ask.parameters, format } });
  const ending = format === "excel" ? "csv" : format;
  if (!signedIn()) return h("a", { href: address(path), download: `${name}.${ending}`, "data-format": format }, word);
  const fetched = async () => {
    try {
      const answer = await request(path, { signal: new AbortController().signal });
      save(await answer.blob(), `${name}.${ending}`);
    } catch (error) {
      said.replaceChildren(failure(error));
    }
  };
  return h("button", { type: "button", class: "btn btn-link", "data-format": format, onclick: fetched }, word);
}

// apiCall shows an address of the API, and copies it.
export function apiCall(url: string): HTMLElement {
  const done = h("span", { role: "status", class: "done" });
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(url);
      text(done, say("copied"));
    } catch { // Not over plain HTTP, not without leave: it can still be selected.
      text(done, say("copy_by_hand"));
    }
  };
  return h("div", { class: "api-call" }, h("code", { tabindex: "0" }, url),
    h("button", { type: "button", class: "btn btn-outline-primary btn-sm", onclick: copy }, say("copy")), done);
}
