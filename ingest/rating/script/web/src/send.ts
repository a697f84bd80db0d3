// How a rating gets to the server: it is stored first, sent, and forgotten when the
// server has said what became of it. Nothing here may disturb the page around.

/** What is sent of a rating (POST /v1/ratings/KEY). */
export interface Rating {
  value: number;
  reason?: string; // A code of ours.
  answer?: string | null; // The label that was chosen; null: none was.
  question?: string;
  service?: string;
  page?: string;
  message?: string; // Which message has asked.
  website?: string; // The honeypot.
}

/** A rating that waits: where it goes, when it was given, and until when nobody else sends it. */
interface Waiting {
  to: string;
  at: number;
  until: number;
  tries: number;
  body: Rating & { id: string; test?: boolean };
}

const STORE = "mlf-ratings";
const WAITING_MAX = 50; // The oldest go first.
const AGE_MAX = 29 * 24 * 3600_000; // The server knows an id again for 30 days.
const LEASE = 30_000; // No other page sends what this one is sending.
const RETRY_MAX = 600_000;

/** safely runs f; what goes wrong in it is nobody's but ours. */
export function safely<A extends unknown[]>(f: (...args: A) => void): (...args: A) => void {
  return (...args) => {
    try {
      f(...args);
    } catch {
      // The page goes on.
    }
  };
}

/** The answers of a site, from the script that it has put into its pages. */
export function endpoint(script: HTMLScriptElement, site: string): string {
  return `${script.src.replace(/[?#].*$/, "").replace(/[^/]*$/, "")}ratings/${encodeURIComponent(site)}`;
}

/** here is the page's address without what a citizen has asked it. */
export const here = () => location.origin + location.pathname;

let memory: Waiting[] = []; // Where a browser keeps nothing.
let timer = 0;
let waking = Infinity;

function stored(): Waiting[] {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(STORE) || "[]");
    return Array.isArray(list) ? list.filter((w) => w && w.to && w.body && w.body.id) : [];
  } catch {
    return [];
  }
}

function store(list: Waiting[]): boolean {
  try {
    if (list.length) localStorage.setItem(STORE, JSON.stringify(list.slice(-WAITING_MAX)));
    else localStorage.removeItem(STORE);
    return true;
  } catch {
    return false;
  }
}

/** add lets w wait, the newest of all. */
function add(w: Waiting): void {
  if (!store(stored().concat(w))) memory = memory.concat(w).slice(-WAITING_MAX);
}

/** change puts w, or nothing, in the place of what waits under its id; what was given up stays so. */
function change(w: Waiting, stays: boolean): void {
  const swap = (list: Waiting[]) => list.map((other) => (other.body.id === w.body.id ? w : other)).filter((other) => stays || other !== w);
  if (memory.some((other) => other.body.id === w.body.id)) memory = swap(memory);
  else store(swap(stored()));
}

function send(w: Waiting): void {
  w.until = Date.now() + LEASE;
  change(w, true);
  const age = Date.now() - w.at;
  const later = (pause: number) => {
    w.tries++;
    w.until = Date.now() + Math.max(pause, Math.min(RETRY_MAX, 5_000 * 6 ** (w.tries - 1)));
    change(w, true);
    wake(w.until);
  };
  fetch(w.to, {
    method: "POST",
    credentials: "omit",
    keepalive: true, // The citizen may leave at once.
    referrerPolicy: "strict-origin",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(age < 0 ? w.body : { ...w.body, age_ms: age }), // A clock that was set back tells no age.
  }).then((answer) => {
    // What says nothing in JSON is not ours: a hotel's door, a proxy.
    const ours = /json/.test(answer.headers.get("Content-Type") || "");
    const taken = answer.ok && ours;
    const never = answer.status >= 400 && answer.status < 500 && ![408, 425, 429].includes(answer.status);
    if (taken || never) change(w, false);
    else later(1000 * (Number(answer.headers.get("Retry-After")) || 0));
  }).catch(() => later(0));
}

/** wake looks for waiting ratings again at a time, or before. */
function wake(at: number): void {
  if (at >= waking) return;
  waking = at;
  clearTimeout(timer);
  timer = window.setTimeout(safely(() => drain()), Math.max(1000, at - Date.now()));
}

let own = ""; // What this script may send: the ratings to its own server.

function drain(): void {
  waking = Infinity;
  const now = Date.now();
  const all = stored();
  const young = all.filter((w) => now - w.at < AGE_MAX);
  if (young.length < all.length) store(young);
  const due = young.concat(memory).filter((w) => w.to.startsWith(own));
  let next = Infinity;
  for (const w of due) {
    if (w.until <= now || w.until > now + RETRY_MAX + LEASE) send(w); // One far ahead is of a clock that was wrong.
    else next = Math.min(next, w.until);
  }
  if (next < Infinity) wake(next);
}

/** start sends what waits for the server of to, now and when the line is back. */
export function start(to: string): void {
  own = to.replace(/ratings\/[^/]*$/, "");
  addEventListener("online", safely(() => drain()));
  wake(0);
}

/** uuid is a random one (RFC 9562); pages without TLS have no randomUUID. */
function uuid(): string {
  const b = crypto.getRandomValues(new Uint8Array(16));
  b[6] = (b[6]! & 15) | 64;
  b[8] = (b[8]! & 63) | 128;
  const hex = Array.from(b, (x) => x.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** deliver takes a finished rating on. */
export function deliver(to: string, rating: Rating): void {
  const body: Waiting["body"] = { id: uuid(), ...rating };
  if (navigator.webdriver) body.test = true;
  const w: Waiting = { to, at: Date.now(), until: 0, tries: 0, body };
  add(w);
  send(w);
}
