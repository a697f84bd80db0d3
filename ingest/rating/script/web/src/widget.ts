// A rating form for a page that has none: one tag. It stands in the element that has the
// attribute data-mlf-rating, or behind the script.
import { build, choose, make } from "./form.ts";
import { deliver, endpoint, here, safely, start } from "./send.ts";

const script = document.currentScript as HTMLScriptElement | null;
const site = script && script.dataset.site;

safely(() => {
  if (!script || !site) return;
  const to = endpoint(script, site);
  const { question: asked, service, lang, text } = script.dataset;
  const question = asked === "ease" ? "ease" : "clarity";
  const { language, words } = choose([lang, document.documentElement.lang, ...navigator.languages]);
  document.head.append(make("link", { rel: "stylesheet", href: script.src.replace(/[?#].*$/, "").replace(/[^/]*$/, "widget.css") }));
  const form = build(words, { title: words[question], heading: "h2", text: text === "event", checked: true }, safely((a) => {
    deliver(to, { value: a.value, reason: a.reason, question, service, page: here(), website: a.website });
    // What the citizen wrote is the site's: it is sent to nobody.
    document.dispatchEvent(new CustomEvent("mlf-rating", { detail: { value: a.value, reason: a.reason, text: a.text } }));
  }));
  form.lang = language;
  const place = document.querySelector("[data-mlf-rating]");
  if (place) place.append(form);
  else script.after(form);
  start(to);
})();
