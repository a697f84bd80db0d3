// The service worker: the page starts without a network. It answers with the files of one
// version, all of them, and knows nothing of votes.

interface Waits extends Event { waitUntil(what: Promise<unknown>): void }
interface Asked extends Waits { request: Request; respondWith(answer: Promise<Response>): void }
interface Scope {
  addEventListener(type: "install" | "activate", heard: (event: Waits) => void): void;
  addEventListener(type: "fetch", heard: (event: Asked) => void): void;
  addEventListener(type: "message", heard: (event: Event & { data: unknown }) => void): void;
  skipWaiting(): Promise<void>;
  clients: { claim(): Promise<void> };
  registration: { scope: string };
}
const scope = self as unknown as Scope;
const PREFIX = "mlf-kiosk-files-";
const NAME = PREFIX + VERSION;

scope.addEventListener("install", (event) => event.waitUntil((async () => {
  const cache = await caches.open(NAME);
  await cache.addAll(FILES.map((file) => new Request(new URL(file, scope.registration.scope), { cache: "reload" })));
})()));

scope.addEventListener("activate", (event) => event.waitUntil((async () => {
  for (const name of await caches.keys()) if (name.startsWith(PREFIX) && name !== NAME) await caches.delete(name);
  await scope.clients.claim();
})()));

scope.addEventListener("message", ({ data }) => { if (data === "take over") void scope.skipWaiting(); });

scope.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || !request.url.startsWith(scope.registration.scope)) return;
  event.respondWith((async () => {
    const page = request.mode === "navigate" ? new URL("./", scope.registration.scope) : request.url;
    try {
      const kept = await (await caches.open(NAME)).match(page);
      if (kept) return kept;
    } catch { /* The disk cannot be read: the page is to come all the same, and say that it is out of order. */ }
    return fetch(request);
  })());
});
