// Elements of the page: finding, changing, making them.

export const $ = (id) => document.getElementById(id);

// text changes an element only when there is something to change, so that
// screen readers are told of changes and of nothing else.
export function text(element, value) {
  if (element.textContent !== value) element.textContent = value;
}

export function svg(name, attributes = {}, content = "") {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (content !== "") element.textContent = content;
  return element;
}

export function span(className, ...content) {
  const element = document.createElement("span");
  element.className = className;
  element.append(...content);
  return element;
}

// fill puts rows into a table: cells are texts or nodes, the first is the head.
// Rows that say the same as before are left alone, with the reader's selection.
// The roles are those that the elements have by themselves, and lose in some
// browsers where a narrow page stacks the cells.
export function fill(table, rows) {
  const heads = [...table.tHead.rows[0].cells].map((head) => head.textContent);
  const body = document.createElement("tbody");
  body.setAttribute("role", "rowgroup");
  body.append(...rows.map((cells) => {
    const line = document.createElement("tr");
    line.setAttribute("role", "row");
    line.append(...cells.map((content, i) => cell(content, i, heads[i])));
    return line;
  }));
  const [old] = table.tBodies;
  if (old.innerHTML !== body.innerHTML) old.replaceWith(body);
  fit(table);
}

function cell(content, i, head) {
  const element = document.createElement(i === 0 ? "th" : "td");
  element.setAttribute("role", i === 0 ? "rowheader" : "cell");
  if (i === 0) element.scope = "row";
  else element.dataset.head = head;
  if (typeof content === "string" && i > 0) element.className = "n";
  element.append(content);
  return element;
}

// fit stacks the cells of a table that is wider than its place.
function fit(table) {
  table.classList.remove("stacked");
  table.classList.toggle("stacked", table.offsetWidth > table.parentElement.clientWidth + 1);
}

// keepFitting fits tables again whenever their size, their place or their letters change.
export function keepFitting(tables) {
  const watch = new ResizeObserver((entries) => requestAnimationFrame(() => {
    const changed = new Set(entries.map(({ target }) => (target.tHead ? target : target.querySelector(":scope > table"))));
    for (const table of changed) fit(table);
  }));
  for (const table of tables) {
    watch.observe(table);
    watch.observe(table.parentElement);
  }
}
