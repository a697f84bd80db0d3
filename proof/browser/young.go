package browser

// Young deletes what came after Chrome 102, Firefox 102 or Safari 15.4 and a page is
// tempted to use: run before a page's own scripts, it makes a browser as old.
const Young = `
	for (const name of ["any", "timeout"]) delete AbortSignal[name];
	for (const name of ["toReversed", "toSorted", "toSpliced", "with", "findLast", "findLastIndex"]) {
		delete Array.prototype[name];
	}
	for (const name of ["fromAsync"]) delete Array[name];
	for (const name of ["groupBy"]) { delete Object[name]; delete Map[name]; }
	for (const name of ["withResolvers", "try"]) delete Promise[name];
	for (const name of ["canParse", "parse"]) delete URL[name];
	for (const name of ["intersection", "union", "difference"]) delete Set.prototype[name];
	for (const name of ["isWellFormed", "toWellFormed"]) delete String.prototype[name];
	for (const name of ["Iterator", "requestIdleCallback", "scheduler", "navigation", "cookieStore", "Temporal"]) delete window[name];
	for (const name of ["Segmenter", "DurationFormat"]) delete Intl[name];
	for (const name of ["startViewTransition"]) delete Document.prototype[name];
	for (const name of ["checkVisibility", "moveBefore", "setHTML"]) delete Element.prototype[name];
	delete Response.json; delete window.Document.prototype.adoptedStyleSheets;`
