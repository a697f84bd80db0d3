// The page on which citizens vote.

import { Device } from "../client/device.ts";
import { Indexed } from "../client/indexed.ts";
import { fetched } from "../client/wire.ts";
import { machine } from "../client/world.ts";
import { Guard } from "./guard.ts";
import { Kiosk } from "./kiosk.ts";
import { awake, DATABASE, exclusive, facts, hold, kept, left, local, survives } from "./machine.ts";
import { Setup, Wrong } from "./setup.ts";
import { Update } from "./update.ts";

// The page's address ends in a slash; the service is where it is.
const api = (path: string): string => new URL(`../${path}`, location.href.split("#", 1)[0]).href;

// given takes what the address brought, once: a code or a token is in no history.
function given(): { code: string; token: string } {
  const of = new URLSearchParams(location.hash.slice(1));
  if (location.hash) history.replaceState(null, "", location.pathname + location.search);
  return { code: of.get("c") ?? "", token: of.get("t") ?? "" };
}

// listen takes presses from fingers and keys, each of them once.
function listen(guard: Guard, kiosk: Kiosk): void {
  const passive = { capture: true, passive: true };
  addEventListener("pointerdown", (event) => guard.down(event.pointerId), passive);
  addEventListener("pointerup", (event) => guard.up(event.pointerId), passive);
  addEventListener("pointercancel", (event) => guard.up(event.pointerId), passive);
  addEventListener("contextmenu", (event) => event.preventDefault());
  addEventListener("blur", () => guard.away());
  addEventListener("click", (event) => {
    if (kiosk.screen === "setup") return;
    if (guard.click(event.detail)) return;
    event.stopPropagation();
    event.preventDefault();
  }, true);
  addEventListener("focusin", ({ target }) => kiosk.reached(target as Element));
  addEventListener("keyup", (event) => guard.keyUp(event.code || event.key), true);
  addEventListener("keydown", (event) => {
    if (kiosk.screen === "setup" || event.ctrlKey || event.altKey || event.metaKey) return;
    const buttons = [...document.querySelectorAll<HTMLButtonElement>("#screen button:enabled, #tools button:enabled")];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const digit = /^[1-9]$/.test(event.key) ? Number(event.key) - 1 : -1;
    const enter = event.key === "Enter" || event.key === " ";
    const voice = event.key === "0";
    if (step === undefined && digit < 0 && !enter && !voice) return;
    event.preventDefault();
    if (!guard.key(event.code || event.key, event.repeat)) return;
    if (step !== undefined) buttons[(at < 0 ? (step > 0 ? 0 : buttons.length - 1) : at + step + buttons.length) % buttons.length]?.focus();
    else if (voice) kiosk.listen();
    else if (digit >= 0) document.querySelectorAll<HTMLButtonElement>("#screen button:enabled")[digit]?.click();
    else if (at >= 0) buttons[at]!.click();
    else if (kiosk.screen === "attract") buttons[0]?.click();
  }, true);
}

// setUp brings what the address brought into the device; what was begun is ended.
async function setUp(setup: Setup, kiosk: Kiosk, { code, token }: { code: string; token: string }): Promise<void> {
  try {
    if (token) await setup.token(token);
    else await setup.resume();
    if (code) kiosk.toSetup("", code);
  } catch (reason) {
    kiosk.toSetup(reason instanceof Wrong ? reason.key : "setup_store", code);
  }
}

async function main(): Promise<void> {
  const brought = given();
  let update: Update | null = null;
  const net = fetched((input, init) => fetch(input, init), machine.wall);
  const device: Device = new Device({ storage: new Indexed(DATABASE, left), places: [local, kept()], net, world: machine, api, facts, exclusive, survives, changed: () => kiosk.changed(), failed: (reason) => console.error(reason) });
  const guard = new Guard(machine.mono, (kind) => device.ignored(kind));
  const kiosk: Kiosk = new Kiosk(device, guard, () => update?.maybe());
  if (!isSecureContext) return kiosk.plainScreen("https", "https_more");
  kiosk.plainScreen("starting");
  await hold(() => kiosk.plainScreen("other_window", "other_window_more"));
  kiosk.plainScreen("starting");
  kiosk.setup = new Setup(device, net, api, machine.id);
  listen(guard, kiosk);
  awake();
  addEventListener("online", () => device.kick()); // A hint, no more.
  update = new Update(() => kiosk.idle);
  void update.begin().catch(() => {}); // Without a worker the page needs a network to start.
  await device.start();
  kiosk.changed();
  await setUp(kiosk.setup, kiosk, brought);
  addEventListener("hashchange", () => void setUp(kiosk.setup!, kiosk, given()));
}

void main();
