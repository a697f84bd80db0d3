// The page behind the code on a poster, and behind the button of a message: /v/KEY?s=service,
// and m=message. Stars, an answer, and nothing else; one rating a session, and of a message
// one for good, which the server knows.
import { build, choose, make } from "./form.ts";
import { deliver, endpoint, safely, start } from "./send.ts";

const script = document.currentScript as HTMLScriptElement | null;

safely(() => {
  const main = document.querySelector("main");
  if (!script || !main) return;
  const asked = new URLSearchParams(location.search);
  const { language, words } = choose([asked.get("lang"), ...navigator.languages]);
  const message = asked.get("m") || undefined;
  const title = message ? words.ease : words.service;
  document.documentElement.lang = language;
  document.title = title;
  const say = (text: string) => main.replaceChildren(make("h1", { class: "mlf-title" }, title), make("p", { class: "mlf mlf-thanks", role: "status" }, text));
  const found = /\/v\/([\w-]{1,64})\/?$/.exec(location.pathname);
  if (!found) return say(words.unknown);
  const site = found[1]!;
  const to = endpoint(script, site);
  const service = asked.get("s") || undefined;
  const mark = `mlf-rated ${site} ${service || ""} ${message || ""}`;
  const rated = () => { try { return sessionStorage.getItem(mark) !== null; } catch { return false; } };
  start(to);
  if (rated()) return say(words.thanks);
  main.replaceChildren(build(words, { title, heading: "h1" }, safely((a) => {
    if (rated()) return; // In another view of this tab that was still open.
    deliver(to, { value: a.value, reason: a.reason, service, message, question: message && "ease", website: a.website });
    try { sessionStorage.setItem(mark, "1"); } catch { /* A browser that keeps nothing. */ }
  })));
})();
