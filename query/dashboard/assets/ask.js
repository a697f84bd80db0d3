// Asks the public API: one request with its limit, and a question that is asked
// again and again, each at its own pace and with its own trouble.

const EVERY = 2000; // Milliseconds between two questions.
const LIMIT = 30000; // After which a request is given up: slow lines are slow.
const QUIET = 15000; // The longest wait for a server that does not answer at all,
const REFUSED = 60000; // and for one that says no,
const TOLD = 300000; // and the longest that a Retry-After may tell.

// The page may be served under any path: addresses go from where this file is.
const root = new URL("../", import.meta.url);
export const address = (path) => new URL(path, root).href;

// Silent: there was no answer. Refused: there was one, but not what was asked.
// Any other error is the page's own.
export class Silent extends Error {}
export class Refused extends Error {
  constructor(message, wait) {
    super(message);
    this.wait = wait; // Milliseconds that the server asks for.
  }
}

// ask returns the answer to one request. It throws Silent, Refused, or what
// signal was aborted with.
export async function ask(path, signal) {
  const limit = new AbortController();
  const stop = () => limit.abort();
  const timer = setTimeout(stop, LIMIT);
  signal.addEventListener("abort", stop);
  try {
    const answer = await fetch(address(path), { signal: limit.signal, cache: "no-store" });
    if (!answer.ok) throw new Refused(`${path}: ${answer.status}`, told(answer.headers.get("Retry-After")));
    const body = await answer.text();
    return parse(path, body);
  } catch (error) {
    if (error instanceof Refused) throw error;
    throw new Silent(`${path}: ${error.message}`);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}

// parse refuses what is no JSON: somebody between here and the server answered.
function parse(path, body) {
  try {
    return JSON.parse(body);
  } catch (error) {
    throw new Refused(`${path}: ${error.message}`, 0);
  }
}

// told reads Retry-After, in seconds; a date there is as good as nothing.
const told = (header) => Math.min(TOLD, 1000 * (Number(header) || 0));

// A Question is asked again and again while the page is seen. read(signal)
// returns its answer; due() tells whether it is worth asking; changed() is called
// after each answer and each trouble.
export class Question {
  constructor({ read, due = () => true, changed }) {
    Object.assign(this, { read, due, changed });
    this.data = null; // The last answer, whatever happened since.
    this.at = 0; // When it came, by performance.now().
    this.trouble = ""; // Of the last request: "", "silent", "refused" or "own".
    this.began = 0; // When the request under way began; 0 for none.
    this.took = 0; // How long the last request was under way.
    this.failures = 0; // In a row,
    this.failedAt = 0; // and when the last was.
    this.notBefore = 0; // The server asked to be left alone until then.
    this.timer = 0;
    this.under = null;
  }

  // wake asks now, unless a request is under way or the server wants none yet.
  wake() {
    clearTimeout(this.timer);
    if (this.began > 0 || document.hidden) return;
    const early = this.notBefore - performance.now();
    if (early > 0) this.timer = setTimeout(() => this.wake(), early);
    else void this.turn();
  }

  // rest stops asking until the next wake.
  rest() {
    clearTimeout(this.timer);
    this.under?.abort();
  }

  async turn() {
    if (this.due()) {
      const mine = new AbortController();
      this.under = mine;
      this.began = performance.now();
      await this.once(mine.signal);
      this.took = performance.now() - this.began;
      this.began = 0;
      this.under = null;
      if (mine.signal.aborted) return void this.wake(); // Hidden; perhaps seen again by now.
      this.changed(this);
    }
    this.timer = setTimeout(() => this.wake(), this.pause());
  }

  async once(signal) {
    try {
      const data = await this.read(signal);
      if (signal.aborted) return;
      Object.assign(this, { data, at: performance.now(), trouble: "", failures: 0, notBefore: 0 });
    } catch (error) {
      if (signal.aborted) return;
      this.failures++;
      this.failedAt = performance.now();
      this.trouble = error instanceof Refused ? "refused" : error instanceof Silent ? "silent" : "own";
      if (this.trouble === "own") console.error(error);
      this.notBefore = performance.now() + (error.wait ?? 0);
    }
  }

  // pause is longer where answers take long, and doubles with each failure. Many
  // pages were opened at the same moment, or lost their server at the same: each
  // adds a part of its own to its waits, so that they do not come back as one.
  pause() {
    if (this.failures === 0) return Math.max(EVERY, this.took) * (0.9 + 0.2 * Math.random());
    const most = this.trouble === "silent" ? QUIET : REFUSED;
    const wait = Math.min(most, EVERY * 2 ** Math.min(this.failures - 1, 10));
    const asked = Math.max(0, this.notBefore - performance.now());
    return Math.max(wait * (0.75 + 0.5 * Math.random()), asked * (1 + 0.5 * Math.random()));
  }
}
