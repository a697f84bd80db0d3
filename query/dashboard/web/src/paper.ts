// Printing: what is drawn to the width of the screen is drawn again to that of the
// paper, and tables that can be opened are open there.

const drawn = new Set<() => void>();
let opened: HTMLDetailsElement[] = [];

function turn(on: boolean): void {
  document.documentElement.toggleAttribute("data-paper", on); // paper.css makes the page as wide as the paper is.
  if (on) {
    opened = [...document.querySelectorAll<HTMLDetailsElement>(".bulletin details.twin:not([open])")];
    for (const details of opened) details.open = true;
  } else {
    for (const details of opened) details.open = false;
  }
  for (const draw of drawn) draw();
}

// onPaper has something drawn anew before it is printed and after. It returns how to stop.
export function onPaper(draw: () => void): () => void {
  if (drawn.size === 0) {
    addEventListener("beforeprint", before);
    addEventListener("afterprint", after);
  }
  drawn.add(draw);
  return () => {
    drawn.delete(draw);
    if (drawn.size > 0) return;
    removeEventListener("beforeprint", before);
    removeEventListener("afterprint", after);
  };
}

const before = () => turn(true);
const after = () => turn(false);

// running puts a line above each page, and its number and a line below, where the
// browser has boxes for that (Chrome 131). It returns how to take them away.
export function running(above: string, below: string): () => void {
  const css = (content: string) => `"${content.replace(/["\\]/g, "\\$&").replace(/\n/g, " ")}"`;
  const sheet = [...document.styleSheets].find(({ ownerNode, href }) => href && (ownerNode as Element | null)?.id !== "dark");
  try { // A rule by script is no inline style: the page's policy allows it.
    sheet?.insertRule(`@page { @top-left { content: ${css(above)}; } @bottom-left { content: ${css(below)}; } @bottom-right { content: counter(page) " / " counter(pages); } }`, sheet.cssRules.length);
  } catch {
    return () => {}; // A browser without such rules prints without them.
  }
  const rule = sheet?.cssRules[sheet.cssRules.length - 1];
  return () => {
    const at = rule ? [...sheet!.cssRules].indexOf(rule) : -1;
    if (at >= 0) sheet!.deleteRule(at);
  };
}
