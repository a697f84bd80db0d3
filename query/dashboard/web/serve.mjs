// Serves the page while it is worked on: node serve.mjs http://127.0.0.1:8081 [port]
// answers with ../built, and hands everything else on to a running mlf query.
import { createServer, request } from "node:http";
import { readFile } from "node:fs/promises";
import path from "node:path";

const [target = "http://127.0.0.1:8081", port = "8090"] = process.argv.slice(2);
const built = path.join(import.meta.dirname, "..", "built");
const VIEWS = /^\/(|trend|map|heatmap|ranking|compare|reasons|participation|place|quality|bulletin|network|body)$/;
const TYPES = { ".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".woff2": "font/woff2", ".json": "application/json" };

createServer(async (asked, answer) => {
  const { pathname } = new URL(asked.url, "http://page");
  const file = VIEWS.test(pathname) ? "index.html" : pathname.startsWith("/assets/") ? pathname.slice(1) : null;
  if (!file) {
    const on = request(new URL(asked.url, target), { method: asked.method, headers: asked.headers, agent: false }, (given) => {
      answer.writeHead(given.statusCode, given.headers);
      given.pipe(answer);
    });
    on.on("error", () => answer.writeHead(502).end());
    return asked.pipe(on);
  }
  try {
    const body = await readFile(path.join(built, path.normalize(file)));
    answer.writeHead(200, { "Content-Type": TYPES[path.extname(file)], "Content-Security-Policy": "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'", "Cache-Control": "no-store" });
    answer.end(body);
  } catch {
    answer.writeHead(404).end();
  }
}).listen(Number(port), "127.0.0.1", () => console.log(`http://127.0.0.1:${port}/`));
