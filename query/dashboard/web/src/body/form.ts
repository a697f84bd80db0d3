// Forms of the desk: what is wrong is said beside the field that it is about, and the
// first of these has the focus.

import { Refused } from "../ask.ts";
import { h, opened, text, type Child } from "../elements.ts";
import { wrong, tell } from "./words.ts";

type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

// A Field is a control with its name, a hint, and what is wrong with it.
export interface Field<C extends HTMLElement = HTMLElement> {
  readonly element: HTMLElement;
  readonly control: C; // What has the focus.
  readonly name: string; // By which the API calls it.
  check(): string; // What is wrong; "" for nothing.
  fault(what: string): void;
}

// field puts a control under its name.
export function field<C extends Control>(name: string, title: string, control: C, check: (value: string) => string = () => "", hint = ""): Field<C> {
  const error = h("p", { class: "fault", id: `${control.id}-fault`, hidden: true });
  const about = hint ? h("p", { class: "quiet", id: `${control.id}-hint` }, hint) : null;
  describe(control, about, error);
  return {
    name, control, check: () => check(control.value.trim()), fault: (what) => mark(control, error, what),
    element: h("div", { class: "field" }, h("label", { for: control.id }, title), about, control, error),
  };
}

function describe(control: Element, about: Element | null, error: Element): void {
  control.setAttribute("aria-describedby", [about?.id, error.id].filter(Boolean).join(" "));
}

function mark(control: Element, error: HTMLElement, what: string): void {
  error.hidden = what === "";
  text(error, what);
  if (what) control.setAttribute("aria-invalid", "true");
  else control.removeAttribute("aria-invalid");
}

// choices are boxes to be ticked, of which some must be.
export function choices(id: string, name: string, title: string, of: readonly (readonly [value: string, says: string])[], chosen: readonly string[], fault: string): Field<HTMLInputElement> & { values(): string[] } {
  const boxes = of.map(([value, says], i) => {
    const box = h("input", { type: "checkbox", id: `${id}-${i}`, value, checked: chosen.includes(value) });
    return { box, element: h("li", {}, box, h("label", { for: box.id }, says)) };
  });
  const error = h("p", { class: "fault", id: `${id}-fault`, hidden: true });
  const set = h("fieldset", { class: "choices", id }, h("legend", {}, title), h("div", {}, h("ul", {}, ...boxes.map(({ element }) => element))), error);
  describe(set, null, error);
  const values = () => boxes.filter(({ box }) => box.checked).map(({ box }) => box.value);
  return { name, element: set, control: boxes[0]?.box ?? h("input"), values, check: () => (values().length === 0 ? fault : ""), fault: (what) => { error.hidden = what === ""; text(error, what); } };
}

export const option = (value: string, says: string, selected = false): HTMLOptionElement => h("option", { value, selected }, says);

// tick is a box with its name beside it.
export function tick(id: string, title: string, checked = false): { element: HTMLElement; box: HTMLInputElement } {
  const box = h("input", { type: "checkbox", id, checked });
  return { box, element: h("div", { class: "tick" }, box, h("label", { for: id }, title)) };
}

export interface FormOf {
  readonly id: string;
  readonly fields: readonly Field[] | (() => readonly Field[]); // As they are when it is sent.
  readonly content: readonly Child[];
  readonly act: string; // What the button says.
  readonly submit: () => Promise<void>;
  readonly refused?: (error: unknown) => readonly Node[] | null; // What is said instead.
  readonly beside?: readonly Child[]; // The button.
}

// form makes a form. It is sent once at a time; what is refused stays to be mended.
export function form({ id, fields, content, act, submit, refused, beside = [] }: FormOf): HTMLFormElement {
  const said = h("div", { class: "form-said", id: `${id}-said`, role: "alert" });
  const button = h("button", { class: "btn btn-primary", id: `${id}-act` }, act);
  let busy = false;
  const send = async (event: Event) => {
    event.preventDefault();
    if (busy) return;
    said.replaceChildren();
    const all = typeof fields === "function" ? fields() : fields;
    const wrongs = all.map((one) => ({ one, what: one.check() }));
    for (const { one, what } of wrongs) one.fault(what);
    const first = wrongs.find(({ what }) => what !== "");
    if (first) return first.one.control.focus();
    busy = true;
    button.setAttribute("aria-disabled", "true"); // It keeps the focus, which disabled would not.
    text(button, tell("desk_sending"));
    try {
      await submit();
    } catch (error) {
      const field = fieldOf(error, all);
      if (field) {
        field.fault(wrong(error));
        field.control.focus();
      } else said.replaceChildren(...(refused?.(error) ?? [h("p", { class: "notice" }, wrong(error))]));
    } finally {
      busy = false;
      button.removeAttribute("aria-disabled");
      text(button, act);
    }
  };
  return h("form", { id, class: "desk-form", novalidate: true, onsubmit: send }, ...content, said, h("div", { class: "acts" }, button, ...beside));
}

// fieldOf is the field that a problem names.
function fieldOf(error: unknown, fields: readonly Field[]): Field | undefined {
  if (!(error instanceof Refused)) return undefined;
  const { member, field: named, parameter } = error.problem as { member?: string; field?: string; parameter?: string };
  const name = member ?? named ?? parameter;
  return name === undefined ? undefined : fields.find((one) => one.name === name);
}

// sure asks before something is done that cannot be taken back. It says what follows.
export function sure(of: { readonly title: string; readonly about: readonly string[]; readonly act: string; readonly grave?: boolean }, act: () => Promise<void>, then: () => void): void {
  const dialog: HTMLDialogElement = h("dialog", { "aria-labelledby": "sure-title", "aria-describedby": "sure-about" });
  const not = h("button", { type: "button", class: "btn btn-outline-primary", id: "sure-not", onclick: () => dialog.close() }, tell("desk_not"));
  const made = form({
    id: "sure", fields: [], act: of.act, content: [h("div", { id: "sure-about" }, ...of.about.map((line) => h("p", {}, line)))],
    submit: async () => { await act(); dialog.close(); then(); },
    beside: [not],
  });
  dialog.append(h("h2", { id: "sure-title" }, of.title), made);
  opened(dialog);
  if (of.grave) not.focus(); // Enter does nothing by mistake.
}
