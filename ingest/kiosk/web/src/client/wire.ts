// What goes over the wire: addresses, bodies, answers, and which of them are the server's.
//
// A captive portal answers 200 to everything, a proxy has errors of its own: an answer is
// believed when it is of the kind that the protocol says, and means nothing otherwise.

export interface Service { code: string; it?: string; en?: string; de?: string }

// Config is what a terminal asks of citizens: GET /v1/terminals/self/config.
export interface Config {
  terminal: string;
  comune: string;
  name: string;
  office: string;
  channel: string;
  scale: string;
  services: Service[];
  default_service: string;
  faces: string[]; // In the order in which they stand, left to right.
  reasons: string[];
  languages: string[];
  cooldown_ms: number;
  test: boolean;
  watermark: string;
}

const FACES = ["green", "yellow", "red"];
const strings = (value: unknown, otherwise: string[]): string[] =>
  Array.isArray(value) && value.every((one) => typeof one === "string") ? value as string[] : otherwise;

// configOf reads a configuration. What is missing or of another kind is as in a terminal
// that nobody has configured; null: it is none at all.
export function configOf(value: unknown): Config | null {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  const of = value as Record<string, unknown>;
  const text = (key: string): string => typeof of[key] === "string" ? of[key] as string : "";
  const faces = strings(of["faces"], FACES).filter((face) => FACES.includes(face));
  const services = (Array.isArray(of["services"]) ? of["services"] as Service[] : [])
    .filter((one) => typeof one === "object" && one !== null && typeof one.code === "string");
  const cooldown = Number(of["cooldown_ms"] ?? 2000);
  return {
    terminal: text("terminal"), comune: text("comune"), name: text("name"), office: text("office"), channel: text("channel"), scale: text("scale") || "mlf3",
    services, default_service: text("default_service"),
    faces: new Set(faces).size === 3 && faces.length === 3 ? faces : FACES,
    reasons: strings(of["reasons"], []), languages: strings(of["languages"], ["it", "en", "de"]),
    cooldown_ms: cooldown >= 0 && cooldown <= 60_000 ? cooldown : 2000,
    test: of["test"] === true, watermark: text("watermark"),
  };
}

// plain is of a server that tells no configuration yet.
export const plain = (): Config => configOf({ reasons: ["waiting_time", "staff", "must_return", "negative_answer", "other"] })!;

export interface Request { method: "GET" | "POST"; url: string; token?: string; body?: unknown; etag?: string }

// An Answer is what came of a request, whole.
export interface Answer {
  status: number;
  type: string; // Media type, without parameters.
  body: unknown; // Of JSON; undefined: it was none.
  date: number; // By the server's clock, in milliseconds; NaN: it did not say.
  retryAfter: number; // Milliseconds.
  etag: string;
}

// Net sends a request. It throws where no whole answer came within its time.
export type Net = (request: Request) => Promise<Answer>;

const TIMEOUT = 20_000; // Milliseconds. A server that is full says so sooner.

// retryAfterOf reads Retry-After: seconds, or a date.
export function retryAfterOf(text: string | null, now: number): number {
  if (!text) return 0;
  const wait = /^\d+$/.test(text.trim()) ? Number(text) * 1000 : Date.parse(text) - now;
  return wait > 0 ? Math.min(wait, 86_400_000) : 0;
}

// fetched is a Net of fetch. Redirects are errors: nothing here redirects, portals do.
export const fetched = (fetch: typeof globalThis.fetch, wall: () => number): Net => async ({ method, url, token, body, etag }) => {
  const enough = new AbortController();
  const timer = setTimeout(() => enough.abort(), TIMEOUT);
  try {
    const headers: Record<string, string> = {};
    if (token) headers["Authorization"] = `Bearer ${token}`;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (etag) headers["If-None-Match"] = etag;
    const init: RequestInit = { method, headers, redirect: "error", cache: "no-store", credentials: "omit", signal: enough.signal };
    if (body !== undefined) init.body = JSON.stringify(body);
    const got = await fetch(url, init);
    const text = await got.text(); // A body that is cut is no answer.
    const type = (got.headers.get("Content-Type") ?? "").split(";", 1)[0]!.trim().toLowerCase();
    let parsed: unknown;
    if (type === "application/json" || type === "application/problem+json") {
      try { parsed = JSON.parse(text); } catch { parsed = undefined; }
    }
    return {
      status: got.status, type, body: parsed, etag: got.headers.get("ETag") ?? "",
      date: Date.parse(got.headers.get("Date") ?? ""), retryAfter: retryAfterOf(got.headers.get("Retry-After"), wall()),
    };
  } finally {
    clearTimeout(timer);
  }
};

// problem is the code of an error that the server itself has told; "" for any other answer.
export function problem({ type, body }: Answer): string {
  if (type !== "application/problem+json" || typeof body !== "object" || body === null) return "";
  const urn = (body as { type?: unknown }).type;
  return typeof urn === "string" ? /([\w-]+)$/.exec(urn)?.[1] ?? "unknown" : "unknown";
}

// ours tells whether an answer is of the server, so that its clock may be believed.
export const ours = (answer: Answer): boolean =>
  problem(answer) !== "" || answer.status === 304 || answer.status < 300 && answer.type === "application/json" && typeof answer.body === "object" && answer.body !== null;

// taken tells whether the answer says that so many votes are on the log, each of them
// accepted or rejected for good.
export function taken({ status, type, body }: Answer, votes: number): boolean {
  if (status !== 202 || type !== "application/json" || typeof body !== "object" || body === null) return false;
  const { accepted, rejected } = body as { accepted?: unknown; rejected?: unknown };
  return Number.isInteger(accepted) && Array.isArray(rejected) && (accepted as number) + rejected.length === votes;
}

// rejected are the codes of the votes that an answer has rejected.
export const rejected = ({ body }: Answer): unknown[] =>
  (body as { rejected: unknown[] }).rejected.map((one) => typeof one === "object" && one !== null ? (one as { code?: unknown }).code : undefined);

export interface Watermark { highest: number; missing: [number, number][] }

// watermarkOf reads a watermark of a stream; null: it is none, or another's.
export function watermarkOf({ status, body }: Answer, stream: string): Watermark | null {
  if (status !== 200 || typeof body !== "object" || body === null) return null;
  const of = body as { stream?: unknown; highest?: unknown; missing?: unknown };
  const whole = (n: unknown): boolean => Number.isSafeInteger(n) && (n as number) >= 0;
  const spans = of.missing as unknown[];
  if (of.stream !== stream || !whole(of.highest) || !Array.isArray(spans)) return null;
  if (!spans.every((span) => Array.isArray(span) && span.length === 2 && span.every(whole))) return null;
  return { highest: of.highest as number, missing: spans as [number, number][] };
}

// closed tells whether a number is counted or voided, and may be forgotten.
export const closed = ({ highest, missing }: Watermark, seq: number): boolean =>
  seq <= highest && !missing.some(([first, last]) => first <= seq && seq <= last);
