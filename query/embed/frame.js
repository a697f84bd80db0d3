/* Makes each frame that shows figures from where this script is from as high as what is in
   it. For pages of others: it does nothing else, and stores nothing. */
(function () {
  "use strict";
  var script = document.currentScript;
  if (!script || window.mlfFrames) return;
  var base = script.src.replace(/frame\.js([?#].*)?$/, "");
  var origin = /^https?:\/\/[^/]+/.exec(base)[0];
  window.mlfFrames = true;
  function frames() {
    return [].filter.call(document.getElementsByTagName("iframe"), function (frame) {
      return frame.src.indexOf(base) === 0;
    });
  }
  window.addEventListener("message", function (event) {
    var told = event.data;
    if (event.origin !== origin || !told || told.mlf !== "height") return;
    if (typeof told.height !== "number" || !(told.height > 0 && told.height < 5000)) return;
    frames().forEach(function (frame) {
      if (frame.contentWindow !== event.source) return;
      frame.style.border = "0"; /* What is in it has an outline of its own. */
      frame.style.height = told.height + "px";
    });
  });
  /* A frame that was there before this script has told nobody. */
  frames().forEach(function (frame) {
    if (frame.contentWindow) frame.contentWindow.postMessage({ mlf: "ask" }, "*");
  });
})();
