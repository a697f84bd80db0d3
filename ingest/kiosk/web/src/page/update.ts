// New versions of the page: looked for every hour, taken when nobody stands before it.

const HOUR = 3_600_000;

export class Update {
  private waiting: ServiceWorker | null = null;

  constructor(private readonly idle: () => boolean) {}

  // begin registers the worker by which the page starts without a network. The first one
  // takes the page at once; any later one waits.
  async begin(): Promise<void> {
    if (!("serviceWorker" in navigator)) return;
    const registration = await navigator.serviceWorker.register("sw.js", { updateViaCache: "none" });
    const look = (worker: ServiceWorker | null): void => {
      if (worker?.state === "installed" && registration.active) { this.waiting = worker; this.maybe(); }
    };
    look(registration.waiting);
    registration.addEventListener("updatefound", () => {
      const worker = registration.installing;
      worker?.addEventListener("statechange", () => look(worker));
    });
    setInterval(() => { registration.update().catch(() => {}); }, HOUR); // Without a network there is none.
  }

  // maybe takes a version that waits, if nobody is in the middle of something.
  maybe(): void {
    if (!this.waiting || !this.idle()) return;
    const worker = this.waiting;
    this.waiting = null;
    navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
    worker.postMessage("take over");
  }
}
