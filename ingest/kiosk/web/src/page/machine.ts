// What the browser is asked for: places for marks, locks, what is free on the disk, a
// screen that stays on.

import { markOf, type Mark, type Place } from "../client/marks.ts";

const NAME = "mlf-kiosk";
export const DATABASE = NAME;

// local is localStorage; kept, the Cache of the service worker. Neither is IndexedDB.
export const local: Place = {
  async read() { return markOf(localStorage.getItem(NAME)); },
  async write(mark) { localStorage.setItem(NAME, JSON.stringify(mark)); },
};

class Kept implements Place {
  private writing: Promise<void> | null = null;
  private next: Mark | null = null;

  async read(): Promise<Mark | null> {
    const found = await (await caches.open(`${NAME}-mark`)).match(new URL("mark", location.href));
    return found ? markOf(await found.text()) : null;
  }

  // write writes the newest only: marks come faster than a cache takes them.
  async write(mark: Mark): Promise<void> {
    this.next = mark;
    this.writing ??= this.drain().finally(() => { this.writing = null; });
    await this.writing;
  }

  private async drain(): Promise<void> {
    const cache = await caches.open(`${NAME}-mark`);
    while (this.next) {
      const mark = this.next;
      this.next = null;
      await cache.put(new URL("mark", location.href), new Response(JSON.stringify(mark)));
    }
  }
}
export const kept = (): Place => new Kept();

// left counts the databases that were left because nobody could read them any more.
let remembered = 0;
export const left = {
  get(): number {
    try { remembered = Math.max(remembered, Number(localStorage.getItem(`${NAME}-left`)) || 0); } catch { /* As in this run. */ }
    return remembered;
  },
  set(n: number): void {
    remembered = n;
    try { localStorage.setItem(`${NAME}-left`, String(n)); } catch { /* The next run finds it out anew. */ }
  },
};

// hold takes the device for this document until it ends. late is called where another
// window has it, and it is waited for.
export function hold(late: () => void): Promise<void> {
  return new Promise((held) => {
    const timer = setTimeout(late, 1500); // A document that is just being left has it for a moment.
    void navigator.locks.request(NAME, () => {
      clearTimeout(timer);
      held();
      return new Promise(() => {});
    });
  });
}

export const exclusive = <R>(work: () => Promise<R>): Promise<R> => navigator.locks.request(`${NAME}-drain`, work) as Promise<R>;

// facts are what a heartbeat tells of the machine.
export async function facts(): Promise<Record<string, unknown>> {
  const [persisted, estimate] = await Promise.all([navigator.storage.persisted(), navigator.storage.estimate()]);
  return { storage: { persisted, free: Math.max(0, (estimate.quota ?? 0) - (estimate.usage ?? 0)) }, version: VERSION };
}

// survives tells whether a database is there when it is opened again, and has room for
// more than what a full disk has left over.
export async function survives(): Promise<boolean> {
  const name = `${NAME}-trial`;
  const open = (): Promise<IDBDatabase> => new Promise((done, fail) => {
    const asked = indexedDB.open(name, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("rows");
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => fail(asked.error);
  });
  const ended = (running: IDBTransaction): Promise<void> => new Promise((done, fail) => { running.oncomplete = () => done(); running.onabort = () => fail(running.error); });
  try {
    const first = await open();
    const writing = first.transaction("rows", "readwrite", { durability: "strict" });
    writing.objectStore("rows").put("kept", 1);
    for (let i = 2; i < 18; i++) writing.objectStore("rows").put(crypto.getRandomValues(new Uint8Array(65_536)), i); // Nothing makes it smaller.
    await ended(writing);
    first.close();
    const second = await open();
    const reading = second.transaction("rows");
    const found = reading.objectStore("rows").get(1);
    await ended(reading);
    second.close();
    indexedDB.deleteDatabase(name);
    return found.result === "kept";
  } catch {
    return false;
  }
}

// awake keeps the screen on while the page is seen.
export function awake(): void {
  const ask = (): void => {
    if (document.visibilityState === "visible") navigator.wakeLock?.request("screen").catch(() => {}); // A battery may say no.
  };
  document.addEventListener("visibilitychange", ask);
  ask();
}
