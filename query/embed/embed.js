/* Tells the page around this one how high it is: when it was laid out, when its width
   changes, and when that page asks. It reads nothing of that page. */
(function () {
  "use strict";
  if (window.parent === window) return;
  function tell() {
    var height = Math.ceil(document.documentElement.getBoundingClientRect().height);
    window.parent.postMessage({ mlf: "height", height: height }, "*");
  }
  window.addEventListener("load", tell);
  window.addEventListener("resize", tell);
  window.addEventListener("message", function (event) {
    if (event.source === window.parent && event.data && event.data.mlf === "ask") tell();
  });
})();
