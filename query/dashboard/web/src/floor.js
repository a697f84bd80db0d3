// Says so where the page cannot work: in a browser that is too old, and where the
// modules never started. Written so that any browser understands it (ES5). OLD is
// what to say, by language: it is put in when the page is built.
/* global OLD */
(function () {
  var root = document.documentElement;

  // What the page uses, and with structuredClone and TransformStream the marks of
  // Chrome 102, Firefox 102 and Safari 15.4, the oldest in which it is tested.
  function young() {
    return typeof Symbol === "function" && "noModule" in document.createElement("script") &&
      typeof structuredClone === "function" && typeof TransformStream === "function" &&
      typeof fetch === "function" && typeof AbortController === "function" && typeof ResizeObserver === "function" &&
      typeof URLSearchParams === "function" && "allSettled" in Promise && "replaceChildren" in Element.prototype &&
      typeof HTMLDialogElement === "function" &&
      typeof Intl === "object" && "PluralRules" in Intl && "RelativeTimeFormat" in Intl;
  }

  function say() {
    root.setAttribute("data-old", ""); // The modules do not try, and nothing empty is shown.
    var asked = /[?&]lang=(it|en|de)\b/.exec(location.search);
    var own = /^(it|en|de)\b/.exec(navigator.language || "");
    var lang = (asked || own || ["", "it"])[1];
    var old = document.getElementById("old");
    old.textContent = OLD[lang];
    old.lang = lang;
    old.hidden = false;
    old.removeAttribute("hidden"); // Of browsers that do not know the property.
  }

  if (!young()) {
    say();
    return;
  }
  window.addEventListener("load", function () {
    if (!root.hasAttribute("data-started")) say();
  });
})();
