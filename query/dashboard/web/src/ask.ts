// Asks the public API: everything that a view shows in one request, so that it is
// all of one position.

import { address, queryOf, type Parameters } from "./address.ts";
import type { Disclosure } from "./answers.ts";
import { setClock } from "./clock.ts";

const LIMIT = 30000; // Milliseconds after which a request is given up: slow lines are slow.

export interface Ask {
  readonly id: string;
  readonly path: string; // Of a GET.
  readonly parameters?: Parameters;
}

// callOf is the GET that asks the same, relative to the page's root.
export const callOf = (ask: Ask): string => {
  const query = queryOf(ask.parameters ?? {});
  return ask.path.slice(1) + (query && `?${query}`);
};

// A Problem is an answer that is none, as the API tells it (RFC 9457).
export interface Problem {
  readonly type?: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
}

// Silent: there was no answer. Refused: there was one, but not what was asked. Any
// other error is the page's own.
export class Silent extends Error {}
export class Refused extends Error {
  readonly problem: Problem;
  readonly wait: number; // Milliseconds that the server asks for.
  constructor(problem: Problem, wait = 0) {
    super(problem.detail ?? problem.title);
    this.problem = problem;
    this.wait = wait;
  }
}

// Answers are of one batch: each a body, or why there is none.
export class Answers {
  readonly position: string;
  private readonly bodies: ReadonlyMap<string, unknown>;
  private readonly problems: ReadonlyMap<string, Problem>;

  constructor(position: string, bodies: ReadonlyMap<string, unknown>, problems: ReadonlyMap<string, Problem>) {
    this.position = position;
    this.bodies = bodies;
    this.problems = problems;
  }

  // disclosure is how the figures are shown: to whom, and how exactly.
  get disclosure(): Disclosure | undefined {
    const metas = [...this.bodies.values()].map((body) => (body as { meta?: { disclosure?: Disclosure } }).meta?.disclosure);
    return metas.find((one) => one !== undefined);
  }

  // of returns the body of an answer, and throws Refused where there is none.
  of<T>(id: string): T {
    const problem = this.problems.get(id);
    if (problem) throw new Refused(problem);
    if (!this.bodies.has(id)) throw new Error(`nothing was asked under ${id}`);
    return this.bodies.get(id) as T;
  }

  // maybe returns null where there is no answer.
  maybe<T>(id: string): T | null {
    return this.problems.has(id) ? null : this.of<T>(id);
  }
}

let token = ""; // Of a body's reader. In memory alone: it goes with the page.

// signIn has all that is asked from now on asked as the reader of a token; "" as anybody.
export const signIn = (given: string): void => void (token = given.trim());
export const signedIn = (): boolean => token !== "";

// request is a fetch with its limit of time, the reader's token, and errors that
// say whose they are.
export async function request(path: string, options: RequestInit & { signal: AbortSignal }): Promise<Response> {
  const limit = new AbortController();
  const stop = () => limit.abort();
  const timer = setTimeout(stop, LIMIT);
  options.signal.addEventListener("abort", stop);
  const headers = new Headers(options.headers);
  if (token) headers.set("Authorization", `Bearer ${token}`);
  try {
    const answer = await fetch(address(path), { ...options, headers, signal: limit.signal });
    const body = await answer.blob(); // The limit is on all of it.
    if (!answer.ok) throw await refusal(answer, body);
    return new Response(body, answer);
  } catch (error) {
    if (error instanceof Refused) throw error;
    throw new Silent(`${path}: ${(error as Error).message}`);
  } finally {
    clearTimeout(timer);
    options.signal.removeEventListener("abort", stop);
  }
}

async function refusal(answer: Response, body: Blob): Promise<Refused> {
  const wait = 1000 * (Number(answer.headers.get("Retry-After")) || 0); // A date there is as good as nothing.
  try {
    return new Refused({ ...(JSON.parse(await body.text()) as Problem), status: answer.status }, wait);
  } catch {
    return new Refused({ status: answer.status, title: `${answer.status}` }, wait);
  }
}

async function json<T>(answer: Response): Promise<T> {
  try {
    return (await answer.json()) as T;
  } catch { // Somebody between here and the server answered.
    throw new Refused({ status: 502, title: "no JSON" });
  }
}

interface Batch {
  position: string;
  answers: { id: string; status: number; body: unknown }[];
}

// together asks for all of asks at one position.
export async function together(asks: readonly Ask[], signal: AbortSignal): Promise<Answers> {
  if (asks.length === 0) return new Answers("", new Map(), new Map());
  const answer = await json<Batch>(await request("v1/query", {
    method: "POST", signal, cache: "no-store",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ queries: asks }),
  }));
  const bodies = new Map<string, unknown>();
  const problems = new Map<string, Problem>();
  for (const { id, status, body } of answer.answers) {
    if (status >= 200 && status < 300) bodies.set(id, body);
    else problems.set(id, { ...(body as Problem), status });
  }
  for (const body of bodies.values()) {
    const made = (body as { meta?: { generated_at?: string } }).meta?.generated_at;
    if (made) setClock(made);
  }
  return new Answers(answer.position, bodies, problems);
}

// get asks for one thing that is no statistic: names, lists, the ledger.
export async function get<T>(path: string, signal: AbortSignal): Promise<T> {
  return json<T>(await request(path, { signal }));
}
